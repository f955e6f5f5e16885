"""The names of those in front of the site's device, for those who sit in the group with them."""

from django.db import migrations

FORWARD = """
-- A patient may read nobody else's evidence; who was let into the group sees the faces, and so may know the names.
CREATE FUNCTION room_on_site(p_session uuid) RETURNS TABLE (called text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.called
  FROM schedule_rosterentry r JOIN people_person p ON p.id = r.patient_id
  WHERE r.session_id = p_session AND r.clinic_id = app_clinic() AND r.stands
    AND (app_kind() = 'staff' OR EXISTS (
      SELECT 1 FROM room_seat s
      WHERE s.session_id = p_session AND s.clinic_id = app_clinic() AND s.state = 'admitted' AND s.place = 'group'
        AND (s.person_id = app_person() OR s.device_id = app_person())))
    AND (SELECT e.kind <> 'out' AND e.place = 'on_site' FROM schedule_evidence e
         WHERE e.session_id = r.session_id AND e.patient_id = r.patient_id AND e.source IN ('kiosk', 'desk', 'hand')
         ORDER BY e.at DESC, e.id DESC LIMIT 1)
  ORDER BY p.called, p.id $$;
REVOKE EXECUTE ON FUNCTION room_on_site(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION room_on_site(uuid) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0008_aside"), ("schedule", "0006_room_device")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]

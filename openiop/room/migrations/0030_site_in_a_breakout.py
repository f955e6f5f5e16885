"""Who is in front of the site's device, for those who sit where it sits: in the group, or in a breakout."""

from django.db import migrations

ON_SITE = """
CREATE OR REPLACE FUNCTION room_on_site(p_session uuid) RETURNS TABLE (called text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.called
  FROM schedule_rosterentry r JOIN people_person p ON p.id = r.patient_id
  WHERE r.session_id = p_session AND r.clinic_id = app_clinic() AND r.stands AND no_guest_elsewhere(p_session)
    AND (app_kind() = 'staff' OR EXISTS (
      SELECT 1 FROM room_seat s
      WHERE s.session_id = p_session AND s.clinic_id = app_clinic() AND s.state = 'admitted'
        AND s.place = coalesce((SELECT d.place FROM room_seat d WHERE d.session_id = p_session AND d.role = 'site'
                                AND d.state = 'admitted' LIMIT 1), 'group')
        AND (s.person_id = app_person() OR s.device_id = app_person())))
    AND (SELECT e.kind <> 'out' AND e.place = 'on_site' FROM schedule_evidence e
         WHERE e.session_id = r.session_id AND e.patient_id = r.patient_id AND e.source IN ('kiosk', 'desk', 'hand')
         ORDER BY e.at DESC, e.id DESC LIMIT 1)
  ORDER BY p.called, p.id $$;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0029_helper_waits_for_their_person")]
    operations = [migrations.RunSQL(ON_SITE, migrations.RunSQL.noop)]

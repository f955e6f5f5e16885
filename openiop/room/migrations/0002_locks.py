"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import OURS, SIGNED_IN, lock

# A patient sees only their own seat here; who else is in the room comes through a function of its own.
OWN_SEAT = f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR person_id = (SELECT app_person())
  OR device_id = (SELECT app_person()))"""
OWN_EVENT = f"{OURS} AND ((SELECT app_kind()) IN ('staff', 'device') OR patient_id = (SELECT app_person()))"

ROOM_SEATS = """
CREATE FUNCTION room_seats(p_session uuid)
RETURNS TABLE (id uuid, person_id uuid, role text, state text, place text, ready boolean, called text,
  asked_at timestamptz, hand_at timestamptz, audio boolean, video boolean, feed text, online boolean,
  seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH me AS (
    SELECT s.* FROM room_seat s
    WHERE s.session_id = p_session AND s.clinic_id = app_clinic()
      AND (s.person_id = app_person() OR s.device_id = app_person())
  )
  SELECT s.id, s.person_id, s.role, s.state, s.place, s.ready, coalesce(p.called, d.name), s.asked_at, s.hand_at,
         s.audio, s.video, CASE WHEN (s.media->>'published')::boolean THEN s.media->>'feed' ELSE '' END, s.online, s.seen_at
  FROM room_seat s
  LEFT JOIN people_person p ON p.id = s.person_id
  LEFT JOIN people_device d ON d.id = s.device_id
  WHERE s.session_id = p_session AND s.clinic_id = app_clinic() AND (
    app_kind() = 'staff'
    OR EXISTS (SELECT 1 FROM me WHERE me.id = s.id)
    OR EXISTS (SELECT 1 FROM me WHERE me.state = 'admitted' AND s.state = 'admitted' AND s.place = me.place)
    OR (s.role = 'facilitator' AND EXISTS (SELECT 1 FROM me)))
$$;
REVOKE EXECUTE ON FUNCTION room_seats(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION room_seats(uuid) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0001_tables")]
    operations = [
        lock("room_liveroom", web=SIGNED_IN),
        lock("room_seat", web=OWN_SEAT),
        lock("room_doorevent", web=OWN_EVENT, append_only=True),
        migrations.RunSQL(ROOM_SEATS, migrations.RunSQL.noop),
    ]

"""A supporter in the room: their own seat, the room of their meeting and its keys; no board, nobody's record.

Once their link is over they still reach their own seat in that meeting, so that it is left and not merely lost.
"""

from django.db import migrations, models

from openiop.lib.rls import OURS, let_guests

HERE = "session_id = (SELECT app_guest_session())"
OWN_SEAT = "session_id = (SELECT app_link_session()) AND person_id = (SELECT app_person())"
OF_OWN_SEAT = """EXISTS (SELECT 1 FROM room_seat s WHERE s.id = seat_id
  AND s.session_id = (SELECT app_link_session()) AND s.person_id = (SELECT app_person()))"""
KEYS = ("room_keypackage", "room_keycommit", "room_keywelcome", "room_keyroster")

# The functions that pass the lock look at one's seat, and an earlier meeting's seat is still there.
DOORS = """
CREATE FUNCTION no_guest_elsewhere(p_session uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT app_kind() <> 'supporter' OR p_session IS NOT DISTINCT FROM app_guest_session() $$;
REVOKE EXECUTE ON FUNCTION no_guest_elsewhere(uuid) FROM PUBLIC, openiop_web, openiop_worker;

CREATE OR REPLACE FUNCTION room_seats(p_session uuid)
RETURNS TABLE (id uuid, person_id uuid, role text, state text, place text, ready boolean, called text,
  asked_at timestamptz, hand_at timestamptz, audio boolean, video boolean, feed text, online boolean,
  seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH me AS (
    SELECT s.* FROM room_seat s
    WHERE s.session_id = p_session AND s.clinic_id = app_clinic() AND no_guest_elsewhere(p_session)
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

CREATE OR REPLACE FUNCTION room_on_site(p_session uuid) RETURNS TABLE (called text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.called
  FROM schedule_rosterentry r JOIN people_person p ON p.id = r.patient_id
  WHERE r.session_id = p_session AND r.clinic_id = app_clinic() AND r.stands AND no_guest_elsewhere(p_session)
    AND (app_kind() = 'staff' OR EXISTS (
      SELECT 1 FROM room_seat s
      WHERE s.session_id = p_session AND s.clinic_id = app_clinic() AND s.state = 'admitted' AND s.place = 'group'
        AND (s.person_id = app_person() OR s.device_id = app_person())))
    AND (SELECT e.kind <> 'out' AND e.place = 'on_site' FROM schedule_evidence e
         WHERE e.session_id = r.session_id AND e.patient_id = r.patient_id AND e.source IN ('kiosk', 'desk', 'hand')
         ORDER BY e.at DESC, e.id DESC LIMIT 1)
  ORDER BY p.called, p.id $$;

CREATE OR REPLACE FUNCTION my_breakout(p_session uuid)
RETURNS TABLE (room_id uuid, name text, ends_at timestamptz, closing boolean, asked_at timestamptz,
  message_id uuid, message text, message_by text, message_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id, r.name, b.ends_at, b.closing_at IS NOT NULL, h.asked_at, m.id, coalesce(m.text, ''),
         coalesce(p.called, ''), m.at
  FROM room_seat s
  JOIN room_breakoutroom r ON s.place = 'breakout:' || r.id
  JOIN room_breakoutround b ON b.id = r.round_id AND b.ended_at IS NULL
  LEFT JOIN room_helpcall h ON h.seat_id = s.id AND h.ended_at IS NULL
  LEFT JOIN LATERAL (
    SELECT * FROM room_breakoutmessage WHERE round_id = b.id ORDER BY at DESC, id DESC LIMIT 1) m ON true
  LEFT JOIN people_person p ON p.id = m.by_id
  WHERE s.session_id = p_session AND s.clinic_id = app_clinic() AND s.state = 'admitted'
    AND no_guest_elsewhere(p_session) AND (s.person_id = app_person() OR s.device_id = app_person())
$$;

CREATE OR REPLACE FUNCTION my_poll(p_session uuid)
RETURNS TABLE (id uuid, kind text, question text, options jsonb, named boolean, kept boolean, open boolean,
  mine smallint, counts jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.id, p.kind, p.question, p.options, p.named, p.kept, p.closed_at IS NULL, a.value,
         CASE WHEN p.shown_at IS NOT NULL
                OR (SELECT coalesce(sum(n::int), 0) FROM jsonb_array_elements_text(p.counts) n) >= 4
              THEN p.counts END
  FROM room_poll p
  LEFT JOIN room_pollanswer a ON a.poll_id = p.id AND a.patient_id = app_person()
  WHERE p.session_id = p_session AND p.clinic_id = app_clinic() AND p.put_away_at IS NULL
    AND no_guest_elsewhere(p_session)
    AND EXISTS (SELECT 1 FROM room_seat s WHERE s.session_id = p_session AND s.state = 'admitted'
      AND (s.place = 'group' OR s.place LIKE 'breakout:%')
      AND (s.person_id = app_person() OR s.device_id = app_person()))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0016_polls"), ("schedule", "0007_guests")]
    operations = [
        migrations.AlterField(
            "seat",
            "role",
            models.TextField(
                choices=[(role, role) for role in ("patient", "facilitator", "staff", "site", "supporter")],
                default="patient",
            ),
        ),
        let_guests("room_seat", read=OWN_SEAT, write=OWN_SEAT),
        let_guests("room_doorevent", read="false", write=OF_OWN_SEAT),
        migrations.RunSQL(
            "CREATE POLICY guest_insert ON room_doorevent FOR INSERT TO openiop_web "
            f"WITH CHECK ({OURS} AND (SELECT app_kind()) = 'supporter' AND patient_id IS NULL AND by_id = app_person())",
            migrations.RunSQL.noop,
        ),
        let_guests("room_liveroom", read=HERE),
        let_guests("room_encryptionchoice", read=HERE),
        let_guests("room_timer", read=HERE),
        *[let_guests(table, read=HERE, write=HERE) for table in KEYS],
        let_guests("room_helpcall", read=OF_OWN_SEAT, write=OF_OWN_SEAT),
        migrations.RunSQL(DOORS, migrations.RunSQL.noop),
    ]

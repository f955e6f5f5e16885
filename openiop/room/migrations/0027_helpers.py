"""Helpers in the room: their own seat in the sessions they are booked for, beside the person they are with.

No signal, no case, no door, no chat, no board, nobody's row but their own. Who else sits there `room_seats` tells, as it
tells everybody who sits there.
"""

from django.db import migrations, models

from openiop.lib.rls import OURS, let_helpers

HERE = "session_id IN (SELECT app_helper_sessions())"
# Also of a session they are booked for no longer, so that the seat is left and not merely lost.
OWN_SEAT = "person_id = (SELECT app_person()) AND role = 'helper'"
OF_OWN_SEAT = "EXISTS (SELECT 1 FROM room_seat s WHERE s.id = seat_id AND s.person_id = (SELECT app_person()))"
KEYS = ("room_keypackage", "room_keycommit", "room_keywelcome", "room_keyroster")

DOORS = """
-- As before for supporters; helpers reach only the sessions they are booked for.
CREATE OR REPLACE FUNCTION no_guest_elsewhere(p_session uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT CASE app_kind() WHEN 'supporter' THEN p_session IS NOT DISTINCT FROM app_guest_session()
    WHEN 'helper' THEN p_session IN (SELECT app_helper_sessions()) ELSE true END $$;

-- Of those alone whom room_seats shows to the acting person: everybody sees who interprets.
CREATE FUNCTION room_helpers(p_session uuid) RETURNS TABLE (seat_id uuid, kind text, language text, pinned boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id, h.kind, h.language, h.pinned FROM room_seats(p_session) r
  JOIN schedule_sessionhelper h ON h.session_id = p_session AND h.helper_id = r.person_id AND h.stands
  WHERE r.role = 'helper' $$;
REVOKE EXECUTE ON FUNCTION room_helpers(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION room_helpers(uuid) TO openiop_web, openiop_worker;

-- For a helper's own seat: where the person they are with sits now, else the group.
CREATE FUNCTION helper_place(p_session uuid, p_helper uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT coalesce((
    SELECT s.place FROM schedule_sessionhelper h
    JOIN room_seat s ON s.session_id = h.session_id AND s.person_id = h.patient_id
    WHERE h.session_id = p_session AND h.helper_id = p_helper AND h.stands AND s.state = 'admitted'), 'group') $$;
REVOKE EXECUTE ON FUNCTION helper_place(uuid, uuid) FROM PUBLIC, openiop_web, openiop_worker;

-- Whoever moves somebody (staff, a rule, the clock) moves who is with them; and no helper chooses a place.
CREATE FUNCTION helper_sits_beside() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  NEW.place := helper_place(NEW.session_id, NEW.person_id);
  RETURN NEW;
END $$;
CREATE TRIGGER a_helper_sits_beside BEFORE INSERT OR UPDATE ON room_seat
  FOR EACH ROW WHEN (NEW.role = 'helper') EXECUTE FUNCTION helper_sits_beside();
CREATE FUNCTION helpers_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE room_seat s SET place = s.place FROM schedule_sessionhelper h
  WHERE h.session_id = NEW.session_id AND h.patient_id = NEW.person_id AND h.stands
    AND s.session_id = h.session_id AND s.person_id = h.helper_id AND s.role = 'helper';
  RETURN NULL;
END $$;
CREATE TRIGGER helpers_follow AFTER UPDATE ON room_seat
  FOR EACH ROW WHEN (NEW.role = 'patient' AND (NEW.place, NEW.state) IS DISTINCT FROM (OLD.place, OLD.state))
  EXECUTE FUNCTION helpers_follow();
CREATE FUNCTION helpers_booked_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE room_seat s SET place = s.place
  WHERE s.session_id = NEW.session_id AND s.person_id = NEW.helper_id AND s.role = 'helper';
  RETURN NULL;
END $$;
CREATE TRIGGER helpers_booked_follow AFTER INSERT OR UPDATE ON schedule_sessionhelper
  FOR EACH ROW EXECUTE FUNCTION helpers_booked_follow();
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0026_guests_at_the_door"), ("schedule", "0010_helpers")]
    operations = [
        migrations.AlterField(
            "seat",
            "role",
            models.TextField(
                choices=[(role, role) for role in ("patient", "facilitator", "staff", "site", "supporter", "helper")],
                default="patient",
            ),
        ),
        # Whoever comes without a seat yet has to find the door locked, a site's device too.
        migrations.RunSQL(
            "CREATE POLICY at_the_door ON room_doorlock FOR SELECT TO openiop_web "
            f"USING ({OURS} AND (SELECT app_kind()) IN ('helper', 'device'))",
            migrations.RunSQL.noop,
        ),
        let_helpers("room_doorlock", read=HERE),
        let_helpers("room_seat", read=OWN_SEAT, write=OWN_SEAT),
        let_helpers("room_doorevent", read="false", write=OF_OWN_SEAT),
        migrations.RunSQL(
            "CREATE POLICY helper_insert ON room_doorevent FOR INSERT TO openiop_web "
            f"WITH CHECK ({OURS} AND (SELECT app_kind()) = 'helper' AND patient_id IS NULL AND by_id = app_person())",
            migrations.RunSQL.noop,
        ),
        *[let_helpers(table, read=HERE) for table in ("room_liveroom", "room_encryptionchoice", "room_timer")],
        *[let_helpers(table, read=HERE) for table in ("room_spotlight", "room_stick")],
        *[let_helpers(table, read=HERE, write=HERE) for table in KEYS],
        migrations.RunSQL(DOORS, migrations.RunSQL.noop),
    ]

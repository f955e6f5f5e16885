"""No joint meeting opens, and nobody is let in to one, until each partner was asked alone and found safe."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION joint_meeting_may_open(p_session uuid, p_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT NOT EXISTS (SELECT 1 FROM schedule_block b WHERE b.session_id = p_session AND b.kind = 'couple')
    OR NOT EXISTS (SELECT 1 FROM schedule_rosterentry r WHERE r.session_id = p_session AND r.stands
                   AND joint_screen_state(r.patient_id, p_at) <> 'suitable') $$;
REVOKE EXECUTE ON FUNCTION joint_meeting_may_open(uuid, timestamptz) FROM PUBLIC, openiop_worker;
GRANT EXECUTE ON FUNCTION joint_meeting_may_open(uuid, timestamptz) TO openiop_web;

-- The time decides whether a screen is still in date, and nothing else. Alone with staff anybody may be at any time.
CREATE FUNCTION joint_meeting_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  moment timestamptz := CASE TG_TABLE_NAME WHEN 'room_liveroom' THEN (to_jsonb(NEW)->>'opened_at')::timestamptz
    ELSE greatest((to_jsonb(NEW)->>'admitted_at')::timestamptz, (to_jsonb(NEW)->>'asked_at')::timestamptz) END;
BEGIN
  IF NOT joint_meeting_may_open(NEW.session_id, moment) THEN
    RAISE EXCEPTION 'each partner is asked alone first' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'joint_meeting_may_open', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER joint_room_opens BEFORE INSERT ON room_liveroom
  FOR EACH ROW WHEN (NEW.place NOT LIKE 'aside:%') EXECUTE FUNCTION joint_meeting_guard();
CREATE TRIGGER joint_room_opens_again BEFORE UPDATE OF ended_at ON room_liveroom
  FOR EACH ROW WHEN (NEW.place NOT LIKE 'aside:%' AND OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL)
  EXECUTE FUNCTION joint_meeting_guard();
CREATE TRIGGER joint_seat_begins BEFORE INSERT ON room_seat
  FOR EACH ROW WHEN (NEW.role = 'patient' AND NEW.state = 'admitted' AND NEW.place NOT LIKE 'aside:%')
  EXECUTE FUNCTION joint_meeting_guard();
CREATE TRIGGER joint_seat_let_in BEFORE UPDATE OF state ON room_seat
  FOR EACH ROW WHEN (NEW.role = 'patient' AND NEW.state = 'admitted' AND OLD.state <> 'admitted'
    AND NEW.place NOT LIKE 'aside:%')
  EXECUTE FUNCTION joint_meeting_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0021_leading_chat"), ("safety", "0010_joint_screen_locks")]
    operations = [migrations.RunSQL(GUARDS, migrations.RunSQL.noop)]

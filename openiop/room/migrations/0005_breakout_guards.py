"""Breakouts: who may read and write, what must never be, and the two doors through the lock."""

from django.db import migrations

from openiop.lib.rls import OURS, STAFF, lock

# A round, its rooms and who sits where are the facilitators'; patients learn of their own room through `my_breakout`.
OWN_CALL = f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR EXISTS (SELECT 1 FROM room_seat s
  WHERE s.id = seat_id AND (s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person()))))"""

GUARDS = """
ALTER TABLE room_breakoutseat ADD CONSTRAINT breakout_room_of_its_round
  FOREIGN KEY (room_id, round_id) REFERENCES room_breakoutroom (id, round_id);

-- Sees all rows whoever writes. Holds the round, so that nobody is moved into a room that ends at the same moment.
CREATE FUNCTION seat_place_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM room_breakoutroom r JOIN room_breakoutround b ON b.id = r.round_id
    WHERE 'breakout:' || r.id = NEW.place AND b.session_id = NEW.session_id
      AND b.opened_at IS NOT NULL AND b.ended_at IS NULL FOR SHARE OF b;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such breakout runs here' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'seat_in_a_running_breakout', TABLE = 'room_seat';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER seat_place_begins BEFORE INSERT ON room_seat
  FOR EACH ROW WHEN (NEW.place LIKE 'breakout:%') EXECUTE FUNCTION seat_place_guard();
CREATE TRIGGER seat_place_changes BEFORE UPDATE ON room_seat
  FOR EACH ROW WHEN (NEW.place LIKE 'breakout:%' AND NEW.place IS DISTINCT FROM OLD.place)
  EXECUTE FUNCTION seat_place_guard();

CREATE FUNCTION breakout_seat_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  -- One at a time in a round, so that two cannot be put together by two facilitators at once.
  PERFORM 1 FROM room_breakoutround WHERE id = NEW.round_id FOR UPDATE;
  IF NOT EXISTS (SELECT 1 FROM room_seat s JOIN room_breakoutround b ON b.session_id = s.session_id
                 WHERE s.id = NEW.seat_id AND b.id = NEW.round_id) THEN
    RAISE EXCEPTION 'a seat of another session' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'breakout_seat_of_its_session', TABLE = 'room_breakoutseat';
  END IF;
  IF EXISTS (
      SELECT 1 FROM room_breakoutseat o
      JOIN room_seat theirs ON theirs.id = o.seat_id
      JOIN room_seat mine ON mine.id = NEW.seat_id
      JOIN schedule_nottogether n
        ON (n.first_id = mine.person_id AND n.second_id = theirs.person_id)
        OR (n.second_id = mine.person_id AND n.first_id = theirs.person_id)
      WHERE o.room_id = NEW.room_id AND o.id <> NEW.id) THEN
    RAISE EXCEPTION 'kept apart' USING ERRCODE = 'check_violation', CONSTRAINT = 'breakout_not_together',
      TABLE = 'room_breakoutseat';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER breakout_seat_guard BEFORE INSERT OR UPDATE ON room_breakoutseat
  FOR EACH ROW EXECUTE FUNCTION breakout_seat_guard();

-- Judged at the end of the transaction: a round and its rooms are written one after the other.
CREATE FUNCTION breakout_round_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM room_breakoutround WHERE id = NEW.id)
     AND (SELECT count(*) FROM room_breakoutroom WHERE round_id = NEW.id) NOT BETWEEN 2 AND 6 THEN
    RAISE EXCEPTION 'two to six rooms' USING ERRCODE = 'check_violation', CONSTRAINT = 'two_to_six_breakouts',
      TABLE = 'room_breakoutround';
  END IF;
  IF NEW.ended_at IS NOT NULL AND EXISTS (
      SELECT 1 FROM room_seat s JOIN room_breakoutroom r ON s.place = 'breakout:' || r.id WHERE r.round_id = NEW.id) THEN
    RAISE EXCEPTION 'somebody is still inside' USING ERRCODE = 'check_violation', CONSTRAINT = 'nobody_left_in_a_breakout',
      TABLE = 'room_breakoutround';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER breakout_round_guard AFTER INSERT OR UPDATE ON room_breakoutround
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION breakout_round_guard();
"""

DOORS = """
CREATE FUNCTION my_breakout(p_session uuid)
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
    AND (s.person_id = app_person() OR s.device_id = app_person())
$$;

-- The end of a round, whoever brings it about: staff at any time, anybody with a seat once its time is over.
CREATE FUNCTION breakouts_end(p_session uuid, p_at timestamptz, p_due boolean) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  ending uuid;
  places text[];
BEGIN
  IF NOT (app_kind() = 'staff' OR (p_due AND EXISTS (
      SELECT 1 FROM room_seat s WHERE s.session_id = p_session AND s.clinic_id = app_clinic()
        AND (s.person_id = app_person() OR s.device_id = app_person())))) THEN
    RETURN;
  END IF;
  SELECT id INTO ending FROM room_breakoutround b
    WHERE b.session_id = p_session AND b.clinic_id = app_clinic() AND b.opened_at IS NOT NULL AND b.ended_at IS NULL
      AND (NOT p_due OR b.ends_at <= p_at)
    FOR UPDATE;
  IF ending IS NULL THEN
    RETURN;
  END IF;
  SELECT array_agg('breakout:' || id) INTO places FROM room_breakoutroom WHERE round_id = ending;
  -- Whoever is offline, has left or never joined comes back to the group as well: no room is left to come back to.
  UPDATE room_seat SET place = 'group' WHERE session_id = p_session AND place = ANY (places);
  UPDATE room_helpcall h SET ended_at = p_at, ended = 'rooms ended'
    FROM room_seat s WHERE s.id = h.seat_id AND s.session_id = p_session AND h.ended_at IS NULL;
  UPDATE room_liveroom SET ended_at = p_at WHERE session_id = p_session AND place = ANY (places) AND ended_at IS NULL;
  UPDATE room_breakoutround SET ended_at = p_at WHERE id = ending;
  RETURN QUERY SELECT unnest(places);
END $$;
REVOKE EXECUTE ON FUNCTION my_breakout(uuid), breakouts_end(uuid, timestamptz, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_breakout(uuid), breakouts_end(uuid, timestamptz, boolean) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0004_breakouts"), ("schedule", "0003_guards")]
    operations = [
        lock("room_breakoutround", web=STAFF),
        lock("room_breakoutroom", web=STAFF),
        lock("room_breakoutseat", web=STAFF),
        lock("room_breakoutmessage", web=STAFF, append_only=True),
        lock("room_helpcall", web=OWN_CALL),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
        migrations.RunSQL(DOORS, migrations.RunSQL.noop),
    ]

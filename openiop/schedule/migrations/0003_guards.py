"""What must never be: copies that drift from their session, full groups, and people who are kept apart together.

Copied columns (`during`, `audience`, lengths) are bound to their source by composite keys, so that moving a
session moves its roster, and the exclusion constraints of 0001 judge the truth.
"""

from django.db import migrations

FORWARD = """
ALTER TABLE schedule_block ADD CONSTRAINT block_of_its_session
  FOREIGN KEY (session_id, session_minutes) REFERENCES schedule_caresession (id, minutes) ON UPDATE CASCADE;
ALTER TABLE schedule_block ADD CONSTRAINT blocks_do_not_overlap
  EXCLUDE USING gist (session_id WITH =, int4range(offset_minutes, offset_minutes + minutes) WITH &&);
ALTER TABLE schedule_caresession ADD CONSTRAINT session_is_as_long_as_it_says
  CHECK (extract(epoch FROM upper(during) - lower(during)) = minutes * 60);
ALTER TABLE schedule_caresession ADD CONSTRAINT session_has_its_tracks_audience
  FOREIGN KEY (track_id, audience) REFERENCES programs_track (id, audience);
ALTER TABLE schedule_sessionstaff ADD CONSTRAINT staff_at_the_sessions_time
  FOREIGN KEY (session_id, during) REFERENCES schedule_caresession (id, during) ON UPDATE CASCADE;
ALTER TABLE schedule_rosterentry ADD CONSTRAINT roster_at_the_sessions_time
  FOREIGN KEY (session_id, during) REFERENCES schedule_caresession (id, during) ON UPDATE CASCADE;
ALTER TABLE schedule_rosterentry ADD CONSTRAINT roster_of_one_audience
  FOREIGN KEY (session_id, audience) REFERENCES schedule_caresession (id, audience);
ALTER TABLE schedule_rosterentry ADD CONSTRAINT roster_has_the_enrolments_audience
  FOREIGN KEY (enrolment_id, audience) REFERENCES programs_enrolment (id, audience);
ALTER TABLE schedule_blockminutes ADD CONSTRAINT minutes_of_their_block
  FOREIGN KEY (block_id, block_length) REFERENCES schedule_block (id, minutes) ON UPDATE CASCADE;
ALTER TABLE schedule_correction ADD CONSTRAINT correction_of_its_block
  FOREIGN KEY (block_id, block_length) REFERENCES schedule_block (id, minutes) ON UPDATE CASCADE;
REVOKE DELETE ON schedule_caresession, schedule_rosterentry, schedule_blockminutes FROM openiop_web, openiop_worker;

-- Sees the whole roster whoever writes, and holds the session while it counts, so that two cannot take the last place.
CREATE FUNCTION roster_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  places integer;
BEGIN
  IF NOT NEW.stands THEN
    RETURN NEW;
  END IF;
  SELECT capacity INTO places FROM schedule_caresession WHERE id = NEW.session_id FOR UPDATE;
  IF (SELECT count(*) FROM schedule_rosterentry
      WHERE session_id = NEW.session_id AND stands AND id <> NEW.id) >= places THEN
    RAISE EXCEPTION 'the session is full' USING ERRCODE = 'check_violation', CONSTRAINT = 'session_is_full',
      TABLE = 'schedule_rosterentry';
  END IF;
  IF EXISTS (
      SELECT 1 FROM schedule_nottogether n JOIN schedule_rosterentry r
        ON r.session_id = NEW.session_id AND r.stands AND r.id <> NEW.id
       AND ((n.first_id = NEW.patient_id AND n.second_id = r.patient_id)
         OR (n.second_id = NEW.patient_id AND n.first_id = r.patient_id))) THEN
    RAISE EXCEPTION 'kept apart' USING ERRCODE = 'check_violation', CONSTRAINT = 'not_together',
      TABLE = 'schedule_rosterentry';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER roster_guard BEFORE INSERT OR UPDATE OF session_id, patient_id, stands ON schedule_rosterentry
  FOR EACH ROW EXECUTE FUNCTION roster_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("schedule", "0002_locks"), ("programs", "0002_locks")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]

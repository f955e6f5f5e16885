"""Whoever helps one person is inside only while that person is: at the door with them, gone when they go."""

from django.db import migrations

WAITS = """
CREATE OR REPLACE FUNCTION helper_sits_beside() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  theirs text;
  booked uuid;
BEGIN
  SELECT h.patient_id, s.state INTO booked, theirs FROM schedule_sessionhelper h
    LEFT JOIN room_seat s ON s.session_id = h.session_id AND s.person_id = h.patient_id
    WHERE h.session_id = NEW.session_id AND h.helper_id = NEW.person_id AND h.stands;
  NEW.place := helper_place(NEW.session_id, NEW.person_id);
  IF booked IS NOT NULL AND NEW.state = 'admitted' AND theirs IS DISTINCT FROM 'admitted' THEN
    NEW.state := 'waiting';
  ELSIF NEW.state = 'waiting' AND (booked IS NULL OR theirs = 'admitted') THEN
    NEW.state := 'admitted';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0028_cards")]

    operations = [migrations.RunSQL(WAITS, migrations.RunSQL.noop)]

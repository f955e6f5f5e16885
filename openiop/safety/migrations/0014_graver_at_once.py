from django.db import migrations

# The clocks a case was promised change only when they start anew, or when a graver answer came at the same moment: two
# answers of one form, or a device whose clock is behind.
CLOCKS = """
CREATE OR REPLACE FUNCTION safety_case_keeps_its_clocks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.since = OLD.since AND NEW.tier <= OLD.tier AND OLD.contact_minutes IS NOT NULL
    AND (NEW.acknowledge_minutes, NEW.contact_minutes, NEW.repeat_minutes)
      IS DISTINCT FROM (OLD.acknowledge_minutes, OLD.contact_minutes, OLD.repeat_minutes) THEN
    RAISE EXCEPTION 'a case keeps the clocks it was promised' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0013_joint_screen_words")]

    operations = [migrations.RunSQL(CLOCKS, migrations.RunSQL.noop)]

"""A guardian told in an emergency: with why it could not wait, the minor's agreement is not asked for."""

from django.db import migrations, models

GUARD = """
CREATE OR REPLACE FUNCTION guardian_notice_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  minor people_person;
  rule safety_guardianrule;
  told_on date;
BEGIN
  SELECT * INTO minor FROM people_person p WHERE p.id = NEW.patient_id;
  SELECT (NEW.told_at AT TIME ZONE c.zone)::date INTO told_on FROM people_clinic c WHERE c.id = NEW.clinic_id;
  -- Whichever rule the page named: the state's in force counts.
  SELECT * INTO rule FROM safety_guardianrule r
    WHERE r.clinic_id = NEW.clinic_id AND r.state = minor.home_state AND r.effective_from <= told_on
      AND (r.effective_to IS NULL OR r.effective_to > told_on)
    ORDER BY r.effective_from DESC, r.made_at DESC LIMIT 1;
  NEW.rule_id := rule.id;
  IF minor.born_on + make_interval(years => coalesce(rule.minor_until, 18)) <= told_on THEN
    PERFORM restricted_refuse('guardian_of_a_minor', 'this person is of age');
  ELSIF EXISTS (SELECT FROM safety_guardian g WHERE g.id = NEW.guardian_id AND g.ended_at <= NEW.told_at)
     OR EXISTS (SELECT FROM safety_implicated i WHERE i.guardian_id = NEW.guardian_id) THEN
    PERFORM restricted_refuse('guardian_is_not_implicated', 'this guardian may not be told');
  ELSIF rule.telling = 'minor_agrees' AND NOT NEW.agreed AND btrim(NEW.emergency) = '' THEN
    PERFORM restricted_refuse('minor_agreed', 'the state asks for the agreement of the minor');
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0019_restricted_table_shown")]
    operations = [
        migrations.AddField(
            model_name="guardiannotice",
            name="emergency",
            field=models.TextField(
                blank=True, default="", verbose_name="In an emergency: why it could not wait for the minor’s agreement"
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]

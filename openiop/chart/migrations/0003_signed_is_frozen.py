"""What is signed stays as it was signed: the database refuses to change or delete it, whoever asks."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION signed_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.signed_at IS NOT NULL THEN
    RAISE EXCEPTION 'signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_is_frozen', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER signed_is_frozen BEFORE UPDATE OR DELETE ON chart_plan FOR EACH ROW EXECUTE FUNCTION signed_is_frozen();
CREATE TRIGGER signed_is_frozen BEFORE UPDATE OR DELETE ON chart_groupnote FOR EACH ROW EXECUTE FUNCTION signed_is_frozen();
CREATE TRIGGER signed_is_frozen BEFORE UPDATE OR DELETE ON chart_notepart FOR EACH ROW EXECUTE FUNCTION signed_is_frozen();

CREATE FUNCTION goals_of_a_signed_plan_are_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM chart_plan WHERE id = coalesce(OLD.plan_id, NEW.plan_id) AND signed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_is_frozen', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER goals_frozen BEFORE INSERT OR UPDATE OR DELETE ON chart_goal
  FOR EACH ROW EXECUTE FUNCTION goals_of_a_signed_plan_are_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("chart", "0002_locks")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]

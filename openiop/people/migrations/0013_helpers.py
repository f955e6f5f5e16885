"""Helpers: a principal of a kind of its own, to whom every table is closed first, as to supporters (0011).

`rls.lock` makes the restrictive policy for each new table; here for those that are there already. `rls.let_helpers` opens the
few rows that the rooms they are booked for need, in the app those belong to.
"""

from django.db import migrations, models

from openiop.lib.rls import NO_HELPER, let_helpers

CLOSED_TO_HELPERS = """
DO $$
DECLARE
  closed regclass;
BEGIN
  FOR closed IN
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relrowsecurity AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'helpers')
  LOOP
    EXECUTE format('CREATE POLICY helpers ON %s AS RESTRICTIVE TO openiop_web '
                   'USING ((SELECT app_kind()) <> ''helper'')', closed);
  END LOOP;
END $$;
"""
MINE = "person_id = (SELECT app_person())"


class Migration(migrations.Migration):
    dependencies = [("people", "0012_joint_screen_days"), ("audit", "0002_own_chain")]

    operations = [
        migrations.AlterField(
            model_name="person",
            name="kind",
            field=models.TextField(
                choices=[
                    ("patient", "Patient"),
                    ("staff", "Staff"),
                    ("supporter", "Supporter"),
                    ("helper", "Helper"),
                ]
            ),
        ),
        migrations.RunSQL(CLOSED_TO_HELPERS, migrations.RunSQL.noop),
        let_helpers("people_person", read="id = (SELECT app_person())"),
        let_helpers("people_invitation", read=MINE, write=MINE),
        migrations.RunSQL(
            f"ALTER POLICY helpers ON people_clinic USING (true) WITH CHECK ({NO_HELPER})", migrations.RunSQL.noop
        ),
    ]

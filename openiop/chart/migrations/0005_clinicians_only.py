"""Narratives are for clinicians: the database shows none to billing, the desk or intake, even to a query that forgot."""

from django.db import migrations

from openiop.lib.rls import STAFF, lock

CLINICIAN = f"{STAFF} AND (SELECT app_is_clinician())"
NARRATIVES = ("chart_groupnote", "chart_notepart", "chart_addendum")

FUNCTION = """
CREATE FUNCTION app_is_clinician() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM people_person WHERE id = app_person() AND active AND kind = 'staff'
    AND roles && ARRAY['director', 'facilitator', 'therapist', 'prescriber']) $$;
REVOKE EXECUTE ON FUNCTION app_is_clinician() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_is_clinician() TO openiop_web;
"""


def narrow(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        ALTER POLICY web_read ON {table} USING ({CLINICIAN});
        ALTER POLICY web_insert ON {table} WITH CHECK ({CLINICIAN});
        ALTER POLICY web_update ON {table} USING ({CLINICIAN}) WITH CHECK ({CLINICIAN});
        ALTER POLICY web_delete ON {table} USING ({CLINICIAN});
        """,
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):
    dependencies = [("chart", "0004_two_authors")]
    operations = [
        migrations.RunSQL(FUNCTION, migrations.RunSQL.noop),
        *(narrow(table) for table in NARRATIVES),
        lock("chart_sheet", web=CLINICIAN),
    ]

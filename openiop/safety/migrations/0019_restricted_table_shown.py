"""The table of who reads what, shown to the clinic's own staff."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION restricted_table_of(p_kind text) RETURNS TABLE (reader text, person_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.reader, t.person_id FROM restricted_table(app_clinic(), p_kind) t WHERE app_kind() = 'staff' $$;
REVOKE EXECUTE ON FUNCTION restricted_table_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION restricted_table_of(text) TO openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0018_unreached")]
    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]

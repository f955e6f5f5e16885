"""Who signs in comes with their clinic, in one question: every page asks it first, before anybody is known."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION clinic_of_login(p_login uuid) RETURNS SETOF people_clinic LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT c.* FROM people_clinic c JOIN people_person p ON p.clinic_id = c.id WHERE p.login_id = p_login $$;
REVOKE EXECUTE ON FUNCTION clinic_of_login(uuid) FROM PUBLIC, openiop_worker;
GRANT EXECUTE ON FUNCTION clinic_of_login(uuid) TO openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0005_call_back")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]

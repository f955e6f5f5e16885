"""Everybody chooses the language of their own pages, and changes nothing else of their own row."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION choose_language(p_language text) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  UPDATE people_person SET language = p_language WHERE id = app_person() AND clinic_id = app_clinic() $$;
REVOKE EXECUTE ON FUNCTION choose_language(text) FROM PUBLIC, openiop_worker;
GRANT EXECUTE ON FUNCTION choose_language(text) TO openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0003_invitations")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]

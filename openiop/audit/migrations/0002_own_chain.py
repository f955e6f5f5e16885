"""The web role checks the chain of its own clinic alone, and calls none of the functions that build one."""

from django.db import migrations

FORWARD = """
ALTER TABLE audit_event_rest ENABLE ROW LEVEL SECURITY;

-- Named by login role: inside a SECURITY DEFINER function the current user is the owner.
ALTER FUNCTION audit_broken(uuid) RENAME TO audit_broken_anywhere;
REVOKE EXECUTE ON FUNCTION audit_broken_anywhere(uuid), audit_digest(uuid, bigint, bytea), audit_open_month(date)
  FROM openiop_web, PUBLIC;
CREATE FUNCTION audit_broken(p_clinic uuid) RETURNS TABLE (link bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF session_user = 'openiop_web' AND p_clinic IS DISTINCT FROM app_clinic() THEN
    RAISE EXCEPTION 'the trail of another clinic';
  END IF;
  RETURN QUERY SELECT b.link FROM audit_broken_anywhere(p_clinic) b;
END $$;
REVOKE EXECUTE ON FUNCTION audit_broken(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_broken(uuid) TO openiop_web, openiop_worker;

CREATE FUNCTION audit_clinics() RETURNS TABLE (clinic_id uuid, links bigint) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$ SELECT h.clinic_id, h.link FROM audit_head h ORDER BY 1 $$;
REVOKE EXECUTE ON FUNCTION audit_clinics() FROM PUBLIC, openiop_web;
GRANT EXECUTE ON FUNCTION audit_clinics() TO openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_trail")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]

"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import SIGNED_IN, STAFF, lock, own

FUNCTIONS = """
ALTER TABLE people_clinic ENABLE ROW LEVEL SECURITY;
CREATE POLICY web_read ON people_clinic FOR SELECT TO openiop_web USING (id = (SELECT app_clinic()));
CREATE POLICY web_update ON people_clinic FOR UPDATE TO openiop_web
  USING (id = (SELECT app_clinic()) AND (SELECT app_kind()) = 'staff');
-- The worker goes through the clinics one by one; their settings are not about patients.
CREATE POLICY worker ON people_clinic FOR SELECT TO openiop_worker USING (true);
REVOKE DELETE ON people_clinic, people_person, people_agreement, people_document FROM openiop_web, openiop_worker;

-- Sign-in has to pass the lock: before these answer, nobody is known. They tell nothing to who holds no secret.
CREATE FUNCTION person_of_login(p_login uuid) RETURNS SETOF people_person LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$ SELECT * FROM people_person WHERE login_id = p_login $$;
CREATE FUNCTION device_of_token(p_hash text) RETURNS SETOF people_device LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT * FROM people_device WHERE token_hash = p_hash AND p_hash <> '' AND revoked_at IS NULL $$;
CREATE FUNCTION pair_device(p_pairing_hash text, p_token_hash text, p_at timestamptz) RETURNS SETOF people_device
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE people_device SET token_hash = p_token_hash, paired_at = p_at, pairing_hash = '', pairing_ends_at = NULL
  WHERE pairing_hash = p_pairing_hash AND p_pairing_hash <> '' AND pairing_ends_at > p_at AND revoked_at IS NULL
  RETURNING * $$;
REVOKE EXECUTE ON FUNCTION person_of_login(uuid), device_of_token(text), pair_device(text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION person_of_login(uuid), device_of_token(text), pair_device(text, text, timestamptz)
  TO openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_tables")]
    operations = [
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        lock("people_site", web=SIGNED_IN, write=STAFF),
        lock(
            "people_person",
            web=f"{own('id')} OR ({SIGNED_IN} AND kind = 'staff')",
            write=STAFF,
        ),
        lock("people_licence", web=SIGNED_IN, write=STAFF),
        lock("people_device", web=own("id"), write=STAFF),
        lock("people_tie", web=own()),
        lock("people_document", web=SIGNED_IN, write=STAFF),
        lock("people_agreement", web=own()),
    ]

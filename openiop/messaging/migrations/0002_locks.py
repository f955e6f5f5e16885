"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import SIGNED_IN, STAFF, lock

# Mail about signing in is written before anybody is known; its clinic is found by the address.
FUNCTIONS = """
CREATE FUNCTION deliver_sign_in_mail(p_id uuid, p_address text, p_subject text, p_body text, p_at timestamptz)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO messaging_delivery
    (id, clinic_id, to_id, way, address, subject, body, because, made_at, not_before, tries, error)
  SELECT p_id, p.clinic_id, p.id, 'email', p_address, p_subject, p_body, 'sign-in', p_at, p_at, 0, ''
  FROM people_person p JOIN people_login l ON l.id = p.login_id WHERE l.email = lower(p_address)
$$;
REVOKE EXECUTE ON FUNCTION deliver_sign_in_mail(uuid, text, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION deliver_sign_in_mail(uuid, text, text, text, timestamptz) TO openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_tables"), ("people", "0002_locks")]
    operations = [
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        lock("messaging_delivery", web=STAFF, write=SIGNED_IN),
    ]

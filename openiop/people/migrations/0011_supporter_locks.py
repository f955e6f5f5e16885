"""Supporters: who may read and write, what must never be, and how a guest of one meeting is held to it.

A supporter is a principal of a kind of its own. Every table is closed to them by a restrictive policy (`rls.lock` makes
it for each new table; here for those that are there already); `rls.let_guests` opens the few rows that one meeting's
room needs, in the app they belong to.
"""

from django.db import migrations

from openiop.lib.rls import STAFF, let_guests, lock, own

CLOSED_TO_GUESTS = """
DO $$
DECLARE
  closed regclass;
BEGIN
  FOR closed IN
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relrowsecurity AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'guests')
  LOOP
    EXECUTE format('CREATE POLICY guests ON %s AS RESTRICTIVE TO openiop_web '
                   'USING ((SELECT app_kind()) <> ''supporter'')', closed);
  END LOOP;
END $$;
"""

GUARDS = """
ALTER TABLE people_supporterlink ADD CONSTRAINT link_of_its_supporter
  FOREIGN KEY (consent_id, supporter_id) REFERENCES people_supporterconsent (id, supporter_id);
REVOKE DELETE ON people_supporterconsent, people_supporterlink FROM openiop_web, openiop_worker;

-- Sees all rows whoever writes.
CREATE FUNCTION supporter_consent_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM people_person p JOIN people_person s ON s.clinic_id = p.clinic_id
                 WHERE p.id = NEW.patient_id AND p.kind = 'patient' AND p.clinic_id = NEW.clinic_id
                   AND s.id = NEW.supporter_id AND s.kind = 'supporter') THEN
    RAISE EXCEPTION 'a patient names a supporter' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'consent_names_a_supporter', TABLE = 'people_supporterconsent';
  END IF;
  IF TG_OP = 'UPDATE' AND (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS NULL
      OR (NEW.patient_id, NEW.supporter_id, NEW.may_know) IS DISTINCT FROM
         (OLD.patient_id, OLD.supporter_id, OLD.may_know)) THEN
    RAISE EXCEPTION 'another consent is another row' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'consent_stays_as_it_was', TABLE = 'people_supporterconsent';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER supporter_consent_guard BEFORE INSERT OR UPDATE ON people_supporterconsent
  FOR EACH ROW EXECUTE FUNCTION supporter_consent_guard();
"""

# A patient reads the names of those who support them.
NAMED = """
CREATE POLICY supporters_of_a_patient ON people_person FOR SELECT TO openiop_web USING (
  kind = 'supporter' AND clinic_id = (SELECT app_clinic()) AND EXISTS (
    SELECT 1 FROM people_supporterconsent c
    WHERE c.supporter_id = people_person.id AND c.patient_id = (SELECT app_person())));
"""

LINKS = """
CREATE FUNCTION supporter_link_stands(l people_supporterlink, p_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT l.revoked_at IS NULL AND l.ends_at > p_at AND EXISTS (
    SELECT 1 FROM people_supporterconsent c WHERE c.id = l.consent_id AND c.withdrawn_at IS NULL
      AND c.agreed_at <= p_at AND c.ends_at > p_at AND 'meetings' = ANY (c.may_know)) $$;

-- Nobody is known yet: these answer only to who holds the token or the cookie.
CREATE FUNCTION supporter_link_of_token(p_hash text, p_at timestamptz) RETURNS SETOF people_supporterlink
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM people_supporterlink l
  WHERE l.token_hash = p_hash AND l.used_at IS NULL AND supporter_link_stands(l, p_at) $$;
CREATE FUNCTION use_supporter_link(p_hash text, p_cookie_hash text, p_at timestamptz)
RETURNS SETOF people_supporterlink LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE people_supporterlink l SET used_at = p_at, cookie_hash = p_cookie_hash
  WHERE l.token_hash = p_hash AND p_cookie_hash <> '' AND l.used_at IS NULL AND supporter_link_stands(l, p_at)
  RETURNING l.* $$;
CREATE FUNCTION supporter_link_of_cookie(p_hash text, p_at timestamptz) RETURNS SETOF people_supporterlink
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM people_supporterlink l
  WHERE l.cookie_hash = p_hash AND p_hash <> '' AND supporter_link_stands(l, p_at) $$;
CREATE FUNCTION supporter_of_link(p_cookie_hash text, p_at timestamptz) RETURNS SETOF people_person
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.* FROM supporter_link_of_cookie(p_cookie_hash, p_at) l JOIN people_person p ON p.id = l.supporter_id $$;

-- For policies: the meeting of the acting supporter's link, and the same only for as long as the link stands.
CREATE FUNCTION app_link_session() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT l.session_id FROM people_supporterlink l
  WHERE l.id = nullif(current_setting('app.link', true), '')::uuid AND l.supporter_id = app_person()
    AND l.clinic_id = app_clinic() AND l.used_at IS NOT NULL $$;
CREATE FUNCTION app_guest_session() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT l.session_id FROM people_supporterlink l
  WHERE l.id = nullif(current_setting('app.link', true), '')::uuid AND l.supporter_id = app_person()
    AND l.clinic_id = app_clinic() AND l.used_at IS NOT NULL
    AND supporter_link_stands(l, nullif(current_setting('app.at', true), '')::timestamptz) $$;

REVOKE EXECUTE ON FUNCTION supporter_link_stands(people_supporterlink, timestamptz),
  supporter_link_of_token(text, timestamptz), use_supporter_link(text, text, timestamptz),
  supporter_link_of_cookie(text, timestamptz), supporter_of_link(text, timestamptz), app_link_session(),
  app_guest_session() FROM PUBLIC, openiop_web, openiop_worker;
GRANT EXECUTE ON FUNCTION supporter_link_of_token(text, timestamptz), use_supporter_link(text, text, timestamptz),
  supporter_link_of_cookie(text, timestamptz), supporter_of_link(text, timestamptz) TO openiop_web;
GRANT EXECUTE ON FUNCTION app_link_session(), app_guest_session() TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0010_supporters"), ("audit", "0002_own_chain")]
    operations = [
        migrations.RunSQL(CLOSED_TO_GUESTS, migrations.RunSQL.noop),
        lock("people_supporterconsent", web=own()),
        lock("people_supporterlink", web=STAFF),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
        migrations.RunSQL(NAMED, migrations.RunSQL.noop),
        migrations.RunSQL(LINKS, migrations.RunSQL.noop),
        let_guests("people_person", read="id = (SELECT app_person())"),
        migrations.RunSQL(
            "ALTER POLICY guests ON people_clinic USING (true) WITH CHECK ((SELECT app_kind()) <> 'supporter')",
            migrations.RunSQL.noop,
        ),
    ]

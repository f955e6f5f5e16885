"""The trail's tables, its chain, and the only door to write to it."""

from django.db import migrations, models

from openiop.lib import rls

FORWARD = """
CREATE TABLE audit_event (
  id uuid NOT NULL, clinic_id uuid NOT NULL, link bigint NOT NULL, n integer NOT NULL, at timestamptz NOT NULL,
  person_id uuid, person_kind text NOT NULL, verb text NOT NULL, patient_id uuid,
  thing text NOT NULL, thing_id text NOT NULL, reason text NOT NULL, origin text NOT NULL,
  outcome text NOT NULL, detail jsonb NOT NULL,
  PRIMARY KEY (clinic_id, at, id)
) PARTITION BY RANGE (at);
CREATE INDEX audit_event_link ON audit_event (clinic_id, link);
CREATE INDEX audit_event_patient ON audit_event (clinic_id, patient_id, at);
CREATE TABLE audit_event_rest PARTITION OF audit_event DEFAULT;
CREATE TABLE audit_link (
  clinic_id uuid NOT NULL, link bigint NOT NULL, at timestamptz NOT NULL, events integer NOT NULL,
  hash bytea NOT NULL, PRIMARY KEY (clinic_id, link)
);
CREATE TABLE audit_head (clinic_id uuid PRIMARY KEY, link bigint NOT NULL, hash bytea NOT NULL);

-- One partition for each month, made ahead by the worker, or by the first event that needs it.
CREATE FUNCTION audit_open_month(p_day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  first_day date := date_trunc('month', p_day)::date;
  partition text := 'audit_event_' || to_char(first_day, 'YYYYMM');
BEGIN
  IF to_regclass(partition) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF audit_event FOR VALUES FROM (%L) TO (%L)', partition,
      first_day::timestamp AT TIME ZONE 'UTC', (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('REVOKE ALL ON %I FROM openiop_web, openiop_worker', partition);
  END IF;
END $$;

CREATE FUNCTION audit_digest(p_clinic uuid, p_link bigint, p_previous bytea) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
  SELECT sha256(p_previous || convert_to(coalesce(string_agg(to_jsonb(e)::text, E'\\n' ORDER BY e.n), ''), 'UTF8'))
  FROM audit_event e WHERE e.clinic_id = p_clinic AND e.link = p_link
$$;

CREATE FUNCTION audit_append(p_clinic uuid, p_events jsonb) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  head audit_head;
  digest bytea;
BEGIN
  IF p_clinic IS DISTINCT FROM app_clinic() THEN
    RAISE EXCEPTION 'the trail of another clinic';
  END IF;
  PERFORM audit_open_month(day) FROM (
    SELECT DISTINCT date_trunc('month', (e->>'at')::timestamptz AT TIME ZONE 'UTC')::date AS day
    FROM jsonb_array_elements(p_events) AS t(e)) months;
  INSERT INTO audit_head VALUES (p_clinic, 0, sha256(p_clinic::text::bytea)) ON CONFLICT DO NOTHING;
  SELECT * INTO head FROM audit_head WHERE clinic_id = p_clinic FOR UPDATE;
  INSERT INTO audit_event
    SELECT (e->>'id')::uuid, p_clinic, head.link + 1, ord, (e->>'at')::timestamptz, (e->>'person_id')::uuid,
           e->>'person_kind', e->>'verb', (e->>'patient_id')::uuid, e->>'thing', e->>'thing_id', e->>'reason',
           e->>'origin', e->>'outcome', e->'detail'
    FROM jsonb_array_elements(p_events) WITH ORDINALITY AS t(e, ord);
  digest := audit_digest(p_clinic, head.link + 1, head.hash);
  INSERT INTO audit_link VALUES (p_clinic, head.link + 1, clock_timestamp(), jsonb_array_length(p_events), digest);
  UPDATE audit_head SET link = head.link + 1, hash = digest WHERE clinic_id = p_clinic;
  RETURN head.link + 1;
END $$;

CREATE FUNCTION audit_broken(p_clinic uuid) RETURNS TABLE (link bigint) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT l.link FROM audit_link l LEFT JOIN audit_link before
    ON before.clinic_id = l.clinic_id AND before.link = l.link - 1
  WHERE l.clinic_id = p_clinic AND (
    l.hash IS DISTINCT FROM
      audit_digest(p_clinic, l.link, coalesce(before.hash, CASE WHEN l.link = 1 THEN sha256(p_clinic::text::bytea) END))
    OR l.events <> (SELECT count(*) FROM audit_event e WHERE e.clinic_id = p_clinic AND e.link = l.link))
  UNION
  SELECT h.link FROM audit_head h LEFT JOIN audit_link l USING (clinic_id, link)
  WHERE h.clinic_id = p_clinic AND h.hash IS DISTINCT FROM l.hash
  ORDER BY 1
$$;

REVOKE ALL ON audit_event, audit_event_rest, audit_link, audit_head FROM openiop_web, openiop_worker;
GRANT SELECT ON audit_event, audit_link TO openiop_web, openiop_worker;
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY;
CREATE POLICY web_read ON audit_event FOR SELECT TO openiop_web
  USING (clinic_id = (SELECT app_clinic()) AND (SELECT app_kind()) = 'staff');
CREATE POLICY worker ON audit_event FOR SELECT TO openiop_worker USING (clinic_id = (SELECT app_clinic()));
REVOKE EXECUTE ON FUNCTION audit_append(uuid, jsonb), audit_broken(uuid), audit_open_month(date),
  audit_digest(uuid, bigint, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append(uuid, jsonb) TO openiop_web, openiop_worker;
GRANT EXECUTE ON FUNCTION audit_broken(uuid), audit_open_month(date) TO openiop_worker;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(rls.FUNCTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("clinic_id", models.UUIDField()),
                ("link", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("person_id", models.UUIDField(null=True)),
                ("person_kind", models.TextField()),
                ("verb", models.TextField()),
                ("patient_id", models.UUIDField(null=True)),
                ("thing", models.TextField()),
                ("thing_id", models.TextField()),
                ("reason", models.TextField()),
                ("origin", models.TextField()),
                ("outcome", models.TextField()),
                ("detail", models.JSONField()),
            ],
            options={"db_table": "audit_event", "managed": False},
        ),
    ]

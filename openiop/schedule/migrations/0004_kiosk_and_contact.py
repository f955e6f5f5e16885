"""Contact without treatment in the evidence; the kiosk's way to find a place without seeing any patient."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, lock

THE_DEVICE_ITSELF = f"{OURS} AND (SELECT app_kind()) = 'device' AND device_id = (SELECT app_person())"

FORWARD = """
CREATE FUNCTION folded_name(p_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT lower(btrim(regexp_replace(regexp_replace(
    normalize(p_name, NFKD), U&'[\\0300-\\036F]', '', 'g'), '\\s+', ' ', 'g'))) $$;

-- A kiosk may read no patient. It gives what somebody typed and gets the one place that fits, if any, at its own site
-- and around now: more than one person means none, and the front desk asks who it is.
CREATE FUNCTION kiosk_match(p_code text, p_name text, p_year integer, p_at timestamptz)
RETURNS TABLE (entry_id uuid, session_id uuid, patient_id uuid, called text, room text, is_here boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH fits AS (
    SELECT r.id, r.session_id, r.patient_id, p.called, coalesce(m.name, '') AS room, r.during
    FROM schedule_rosterentry r
    JOIN schedule_caresession s ON s.id = r.session_id AND s.cancelled_at IS NULL
    JOIN people_device d ON d.id = (SELECT app_person()) AND d.kind = 'kiosk' AND d.revoked_at IS NULL
    LEFT JOIN schedule_room m ON m.id = s.room_id
    JOIN people_person p ON p.id = r.patient_id AND p.active
    WHERE (SELECT app_kind()) = 'device' AND r.clinic_id = (SELECT app_clinic()) AND r.stands
      AND s.modality <> 'virtual' AND (m.id IS NULL OR m.site_id = d.site_id)
      AND p_at >= lower(r.during) - interval '2 hours' AND p_at <= upper(r.during) + interval '2 hours'
      AND CASE WHEN p_code <> '' THEN r.arrival_code = p_code
          ELSE folded_name(p_name) <> '' AND p_year = extract(year FROM p.born_on)
               AND folded_name(p_name) IN (folded_name(p.called), folded_name(p.given_name)) END)
  SELECT f.id, f.session_id, f.patient_id, f.called, f.room,
    coalesce((SELECT e.kind <> 'out' FROM schedule_evidence e
              WHERE e.session_id = f.session_id AND e.patient_id = f.patient_id AND e.source IN ('kiosk', 'desk', 'hand')
              ORDER BY e.at DESC, e.id DESC LIMIT 1), false)
  FROM fits f
  WHERE (SELECT count(DISTINCT x.patient_id) FROM fits x) = 1
  ORDER BY upper(f.during) <= p_at, greatest(lower(f.during) - p_at, interval '0'), lower(f.during) DESC
  LIMIT 1 $$;
REVOKE EXECUTE ON FUNCTION kiosk_match(text, text, integer, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kiosk_match(text, text, integer, timestamptz) TO openiop_web;
REVOKE UPDATE, DELETE ON schedule_kiosktry FROM openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0002_locks"), ("schedule", "0003_guards")]
    operations = [
        migrations.AddField("evidence", "treatment", models.BooleanField(default=True)),
        migrations.CreateModel(
            name="KioskTry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.device"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["device", "at"], name="kiosk_tries")]},
        ),
        lock("schedule_kiosktry", web=THE_DEVICE_ITSELF),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]

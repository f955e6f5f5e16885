"""Answering at the site's kiosk: a turn opened by a one-time code, and answers that say where they were given."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import lock, own

FUNCTIONS = """
-- The kiosk gives whom it found and the code's hash, and gets the turn that this opens, once; whoever sat there before does not any more.
CREATE FUNCTION kiosk_open(p_patient uuid, p_hash text, p_at timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH begun AS (
  UPDATE measures_kiosksitting s SET device_id = app_person(), begun_at = p_at, active_at = p_at
  WHERE s.id = (
    SELECT x.id FROM measures_kiosksitting x
    JOIN people_device d ON d.id = app_person() AND d.kind = 'kiosk' AND d.revoked_at IS NULL
    JOIN people_person p ON p.id = x.patient_id AND p.active
    WHERE app_kind() = 'device' AND x.clinic_id = app_clinic() AND d.clinic_id = x.clinic_id
      AND x.patient_id = p_patient AND x.code_hash = p_hash AND x.begun_at IS NULL
      AND p_at >= x.made_at AND p_at < x.good_until
    ORDER BY x.made_at DESC LIMIT 1 FOR UPDATE OF x)
    AND s.begun_at IS NULL
  RETURNING s.id),
  before AS (
  UPDATE measures_kiosksitting o SET ended_at = p_at FROM begun
  WHERE o.clinic_id = app_clinic() AND o.device_id = app_person() AND o.ended_at IS NULL AND o.id <> begun.id)
  SELECT id FROM begun $$;

-- Whose turn it is at this kiosk: nobody's once it has ended or was left alone for twice the clinic's minutes.
CREATE FUNCTION kiosk_sitting(p_sitting uuid, p_at timestamptz) RETURNS SETOF people_person
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.* FROM measures_kiosksitting s
  JOIN people_device d ON d.id = s.device_id AND d.kind = 'kiosk' AND d.revoked_at IS NULL
  JOIN people_clinic c ON c.id = s.clinic_id
  JOIN people_person p ON p.id = s.patient_id AND p.active
  WHERE app_kind() = 'device' AND s.device_id = app_person() AND s.clinic_id = app_clinic() AND s.id = p_sitting
    AND s.ended_at IS NULL AND p_at < s.active_at + 2 * c.kiosk_logoff_minutes * interval '1 minute' $$;
REVOKE EXECUTE ON FUNCTION kiosk_open(uuid, text, timestamptz), kiosk_sitting(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kiosk_open(uuid, text, timestamptz), kiosk_sitting(uuid, timestamptz) TO openiop_web;
REVOKE DELETE ON measures_kiosksitting FROM openiop_web, openiop_worker;
"""

# Checked for new rows at once and for old ones without holding anybody up: what was true of them stays true.
SWAP = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE measures_answer DROP CONSTRAINT what_staff_wrote_down_names_them;
ALTER TABLE measures_answer ADD CONSTRAINT what_staff_wrote_down_names_them CHECK (
  (by_id IS NULL AND how IN ('self', 'kiosk')) OR (NOT (how IN ('self', 'kiosk')) AND by_id IS NOT NULL)) NOT VALID;
"""


def of(to: str, **options: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to, **options)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0016_calls_for_help"),
        ("measures", "0014_reminders_after_care"),
    ]
    operations = [
        migrations.AlterField(
            "answer",
            "how",
            models.TextField(
                choices=[
                    ("self", "by themselves"),
                    ("kiosk", "by themselves, at the site’s kiosk"),
                    ("read_out", "read out by staff"),
                    ("paper", "copied from paper"),
                ],
                default="self",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SWAP, migrations.RunSQL.noop)],
            state_operations=[
                migrations.RemoveConstraint("answer", "what_staff_wrote_down_names_them"),
                migrations.AddConstraint(
                    "answer",
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("by", None), ("how__in", ("self", "kiosk"))),
                            models.Q(models.Q(("how__in", ("self", "kiosk")), _negated=True), ("by__isnull", False)),
                            _connector="OR",
                        ),
                        name="what_staff_wrote_down_names_them",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KioskSitting",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("code_hash", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("good_until", models.DateTimeField()),
                ("begun_at", models.DateTimeField(null=True)),
                ("active_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("clinic", of("people.clinic")),
                ("device", of("people.device", null=True)),
                ("made_by", of("people.person")),
                ("patient", of("people.person")),
            ],
            options={
                "indexes": [models.Index(fields=["patient", "-made_at"], name="kiosk_sittings")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("active_at", None), ("begun_at", None), ("device", None)),
                            models.Q(
                                ("active_at__isnull", False), ("begun_at__isnull", False), ("device__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="a_sitting_is_at_a_device",
                    )
                ],
            },
        ),
        lock("measures_kiosksitting", web=own()),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]

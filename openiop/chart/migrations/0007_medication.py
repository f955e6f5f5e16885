"""What patients take, change by change: read by those who treat them and by themselves, written by clinicians."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, lock

TREATS = f"{STAFF} AND measures_treats(patient_id)"
OWN = f"{OURS} AND (SELECT app_kind()) = 'patient' AND patient_id = (SELECT app_person())"
# What is written down is its writer's own; its versions, and the changes of one medication, are one person's. A day is
# the clinic's, which may be one ahead of the day in UTC.
GUARDS = """
CREATE TRIGGER by_a_clinician BEFORE INSERT ON chart_medicationchange
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();
ALTER TABLE chart_medicationchange
  ADD CONSTRAINT medication_change_of_its_root
    FOREIGN KEY (root, patient_id) REFERENCES chart_medicationchange (id, patient_id),
  ADD CONSTRAINT medication_change_of_its_medication
    FOREIGN KEY (medication, patient_id) REFERENCES chart_medicationchange (id, patient_id),
  ADD CONSTRAINT medication_change_not_before_it_was
    CHECK (happened_on <= (at AT TIME ZONE 'UTC')::date + 1);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("chart", "0006_papers"),
        ("measures", "0010_observed"),
        ("people", "0018_hand_over_minutes"),
    ]

    operations = [
        migrations.CreateModel(
            name="MedicationChange",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("medication", models.UUIDField()),
                ("root", models.UUIDField()),
                ("version", models.PositiveSmallIntegerField(default=1)),
                ("because", models.TextField(blank=True, verbose_name="Why it is corrected")),
                ("in_error", models.BooleanField(default=False)),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("begun", "started"),
                            ("taken", "taken already"),
                            ("dose", "dose changed"),
                            ("stopped", "stopped"),
                        ]
                    ),
                ),
                ("happened_on", models.DateField()),
                ("name", models.TextField(blank=True)),
                ("rxnorm", models.TextField(blank=True)),
                ("dose", models.TextField(blank=True)),
                (
                    "decided",
                    models.TextField(
                        choices=[
                            ("clinic", "a prescriber of this clinic"),
                            ("elsewhere", "a prescriber outside this clinic"),
                            ("own", "the person themselves, without a prescriber"),
                            ("unknown", "not known"),
                        ]
                    ),
                ),
                ("prescriber", models.TextField(blank=True)),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                ("key", models.UUIDField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["patient", "-at"], name="medication_latest")],
                "constraints": [
                    models.UniqueConstraint(fields=("patient", "key"), name="medication_kept_once"),
                    models.UniqueConstraint(fields=("root", "version"), name="medication_corrected_in_turn"),
                    models.UniqueConstraint(fields=("id", "patient"), name="medication_patient"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("because", ""), ("in_error", False), ("root", models.F("id")), ("version", 1)),
                            models.Q(("version__gt", 1), models.Q(("because", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="medication_corrected_with_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind__in", ("begun", "taken")),
                                ("medication", models.F("root")),
                                models.Q(("name", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("kind__in", ("begun", "taken")), _negated=True),
                                models.Q(("medication", models.F("root")), _negated=True),
                                ("name", ""),
                                ("rxnorm", ""),
                            ),
                            _connector="OR",
                        ),
                        name="medication_named_where_it_opens",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ("begun", "taken")),
                            models.Q(("kind", "dose"), models.Q(("dose", ""), _negated=True)),
                            models.Q(("dose", ""), ("kind", "stopped")),
                            _connector="OR",
                        ),
                        name="medication_dose_where_it_changes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rxnorm__regex", "^([0-9]{1,8})?$")), name="rxnorm_code_is_a_number"
                    ),
                ],
            },
        ),
        lock("chart_medicationchange", web=f"({TREATS}) OR ({OWN})", write=TREATS, append_only=True),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]

"""How people leave: their own word, for those who lead and clinicians. Added to, never changed."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, lock

OWN = f"{OURS} AND patient_id = (SELECT app_person())"
LEADS = """(SELECT app_kind()) = 'staff' AND ((SELECT app_is_clinician()) OR EXISTS (
  SELECT 1 FROM schedule_sessionstaff s WHERE s.session_id = room_leaving.session_id
    AND s.staff_id = (SELECT app_person())))"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0011_supporter_locks"),
        ("room", "0023_leading_asides"),
        ("schedule", "0007_guests"),
    ]

    operations = [
        migrations.CreateModel(
            name="Leaving",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.UUIDField()),
                (
                    "how",
                    models.TextField(
                        choices=[
                            ("calmer", "calmer"),
                            ("same", "about the same"),
                            ("worse", "worse"),
                            ("not_safe", "not safe"),
                        ]
                    ),
                ),
                ("at", models.DateTimeField()),
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
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="leavings", to="schedule.caresession"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("session", "patient", "key"), name="one_leaving_per_tap"),
                    models.CheckConstraint(
                        condition=models.Q(("how__in", ["calmer", "same", "worse", "not_safe"])),
                        name="leaving_says_something",
                    ),
                ],
            },
        ),
        lock("room_leaving", web=f"({OWN}) OR ({OURS} AND {LEADS})", write=OWN, append_only=True),
    ]

"""The household plan: the patient's and staff's, each version written in one's own name and never changed."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import lock, own

WRITES = f"{own()} AND written_by_id = (SELECT app_person())"


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0017_private_notes"),
        ("room", "0033_private_notes"),
    ]

    operations = [
        migrations.CreateModel(
            name="HouseholdPlan",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("written_at", models.DateTimeField()),
                ("at_home", models.TextField(blank=True, verbose_name="Who is at home during the group")),
                ("where", models.TextField(blank=True, verbose_name="Where I sit, and what closes the door")),
                ("sound", models.TextField(blank=True, verbose_name="Headphones, and where they lie")),
                ("distracts", models.TextField(blank=True, verbose_name="What distracts me")),
                ("helps", models.TextField(blank=True, verbose_name="What helps me stay with it")),
                ("walks_in", models.TextField(blank=True, verbose_name="What I do when somebody walks in")),
                ("code_word", models.TextField(blank=True, verbose_name="A word that means: I cannot talk freely now")),
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
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("patient", "version"), name="one_household_plan_per_version")
                ],
            },
        ),
        lock("room_householdplan", web=own(), write=WRITES, append_only=True),
    ]

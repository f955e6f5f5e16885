"""*Still with us?*, asked and answered: read by whoever counts minutes, written by a patient's own screen of itself alone."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, lock, own

MINE = f"{OURS} AND (SELECT app_kind()) = 'patient' AND patient_id = (SELECT app_person())"
ASKED = f"""{MINE} AND EXISTS (SELECT 1 FROM schedule_rosterentry r
  WHERE r.session_id = schedule_stillquestion.session_id AND r.patient_id = (SELECT app_person()))"""
ANSWERED = f"""{MINE} AND EXISTS (SELECT 1 FROM schedule_stillquestion q
  WHERE q.id = schedule_stillanswer.question_id AND q.patient_id = (SELECT app_person()))"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0019_still_with_us"),
        ("schedule", "0010_helpers"),
    ]

    operations = [
        migrations.CreateModel(
            name="StillQuestion",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                ("after_minutes", models.PositiveSmallIntegerField()),
                ("grace_minutes", models.PositiveSmallIntegerField()),
                ("counts", models.BooleanField()),
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="schedule.caresession"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StillAnswer",
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
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "question",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answer", to="schedule.stillquestion"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="stillquestion",
            index=models.Index(fields=["session", "patient", "at"], name="still_in_session"),
        ),
        lock("schedule_stillquestion", web=own(), write=ASKED, append_only=True),
        lock("schedule_stillanswer", web=own(), write=ANSWERED, append_only=True),
    ]

"""The private signal: what a patient tapped, and the answer only they see. Added to, never changed.

Who leads the session and clinicians read; a patient reads their own. Nobody else, whatever they ask.
"""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, lock

OWN = f"{OURS} AND patient_id = (SELECT app_person())"
LEADS = """(SELECT app_kind()) = 'staff' AND ((SELECT app_is_clinician()) OR EXISTS (
  SELECT 1 FROM schedule_sessionstaff s WHERE s.session_id = {session} AND s.staff_id = (SELECT app_person())))"""
SIGNAL = f"({OWN}) OR ({OURS} AND {LEADS.format(session='room_signal.session_id')})"
ANSWERER = f"""{OURS} AND by_id = (SELECT app_person()) AND (SELECT app_kind()) = 'staff'
  AND EXISTS (SELECT 1 FROM room_signal r WHERE r.id = room_signalanswer.signal_id
    AND r.patient_id = room_signalanswer.patient_id)"""
# The signal's own lock decides: whoever may read it may read its answers.
ANSWER = f"{OURS} AND EXISTS (SELECT 1 FROM room_signal r WHERE r.id = room_signalanswer.signal_id)"


class Migration(migrations.Migration):
    dependencies = [
        ("chart", "0005_clinicians_only"),
        ("people", "0004_own_language"),
        ("room", "0005_breakout_guards"),
        ("schedule", "0005_attested"),
    ]

    operations = [
        migrations.CreateModel(
            name="Signal",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("key", models.UUIDField()),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("word", "needs a word"),
                            ("not_alone", "is not alone"),
                            ("urges", "has strong urges"),
                            ("stepping_away", "is stepping away, safe"),
                            ("not_safe", "is not safe there"),
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
                    "seat",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signals", to="room.seat"
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
            name="SignalAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("preset", models.TextField()),
                ("at", models.DateTimeField()),
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
                (
                    "signal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="room.signal"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["session", "at"], name="signal_by_session"),
        ),
        migrations.AddConstraint(
            model_name="signal",
            constraint=models.UniqueConstraint(fields=("seat", "key"), name="one_signal_per_tap"),
        ),
        migrations.AddConstraint(
            model_name="signal",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["word", "not_alone", "urges", "stepping_away", "not_safe"])),
                name="a_signal_says_something",
            ),
        ),
        lock("room_signal", web=SIGNAL, write=OWN, append_only=True),
        lock("room_signalanswer", web=ANSWER, write=ANSWERER, append_only=True),
    ]

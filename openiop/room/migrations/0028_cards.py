"""The agenda's mark and skills cards. Whoever sits in the group sees them, whoever leads sets them; a kept card is its
patient's alone.
"""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, let_guests, lock

IN_THE_GROUP = """EXISTS (SELECT 1 FROM room_seat s WHERE s.session_id = {table}.session_id AND s.state = 'admitted'
  AND (s.place = 'group' OR s.place LIKE 'breakout:%')
  AND (s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person())))"""
LEADS = f"""{STAFF} AND EXISTS (SELECT 1 FROM schedule_sessionstaff f
  WHERE f.session_id = {{table}}.session_id AND f.staff_id = (SELECT app_person()) AND f.stands)"""
OWN = f"{OURS} AND patient_id = (SELECT app_person())"
HERE = "session_id = (SELECT app_guest_session())"


def shown_in_the_group(table):
    """Staff and whoever sits in the group read it; whoever leads writes it; a guest reads it in their own meeting."""
    read = f"({STAFF}) OR ({OURS} AND {IN_THE_GROUP.format(table=table)})"
    return [lock(table, web=read, write=LEADS.format(table=table)), let_guests(table, read=HERE)]


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0012_joint_screen_days"),
        ("room", "0027_helpers"),
        ("schedule", "0009_one_device"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgendaMark",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                ("n", models.PositiveSmallIntegerField()),
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
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="schedule.caresession"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="CardShown",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("code", models.TextField()),
                ("at", models.DateTimeField()),
                ("put_away_at", models.DateTimeField(null=True)),
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
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards_shown",
                        to="schedule.caresession",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("put_away_at", None)), fields=("session",), name="one_card_at_a_time"
                    ),
                    models.CheckConstraint(condition=models.Q(("code", ""), _negated=True), name="a_card_has_a_code"),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeptCard",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("code", models.TextField()),
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
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("patient", "code"), name="a_card_is_kept_once")],
            },
        ),
        *shown_in_the_group("room_agendamark"),
        *shown_in_the_group("room_cardshown"),
        lock("room_keptcard", web=OWN),
    ]

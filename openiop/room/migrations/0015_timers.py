"""Breaks and timers: whoever sits in the group sees the clock, whoever leads it sets it."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, lock

IN_THE_GROUP = """EXISTS (SELECT 1 FROM room_seat s WHERE s.session_id = {table}.session_id AND s.state = 'admitted'
  AND (s.place = 'group' OR s.place LIKE 'breakout:%')
  AND (s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person())))"""
LEADS = f"""{STAFF} AND EXISTS (SELECT 1 FROM schedule_sessionstaff f
  WHERE f.session_id = {{table}}.session_id AND f.staff_id = (SELECT app_person()) AND f.stands)"""
TIMER = f"({STAFF}) OR ({OURS} AND {IN_THE_GROUP.format(table='room_timer')})"


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_device_at_its_site"),
        ("room", "0014_key_locks"),
        ("schedule", "0006_room_device"),
    ]

    operations = [
        migrations.CreateModel(
            name="Timer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.TextField(choices=[("break", "break"), ("exercise", "exercise")])),
                ("started_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(null=True)),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="timers", to="schedule.caresession"
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at", None)), fields=("session",), name="one_timer_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("started_at"))), name="timer_takes_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["break", "exercise"])), name="timer_is_for_something"
                    ),
                ],
            },
        ),
        lock("room_timer", web=TIMER, write=LEADS.format(table="room_timer")),
    ]

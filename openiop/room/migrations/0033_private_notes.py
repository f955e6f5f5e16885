"""Private lines beside the tiles: whoever wrote them, and nobody else; the worker deletes them and reads no word."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, lock

OWN = f"{OURS} AND person_id = (SELECT app_person()) AND (SELECT app_kind()) IN ('patient', 'staff')"
WRITES = f"{OWN} AND of_staff = ((SELECT app_kind()) = 'staff')"
READS_NO_WORD = """
REVOKE ALL ON room_roomnote FROM openiop_worker;
GRANT DELETE, SELECT (id, clinic_id, session_id, person_id, of_staff, until) ON room_roomnote TO openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0017_private_notes"), ("room", "0032_board_days"), ("schedule", "0010_helpers")]

    operations = [
        migrations.CreateModel(
            name="RoomNote",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("of_staff", models.BooleanField()),
                ("title", models.TextField()),
                ("began_at", models.DateTimeField()),
                ("text", models.TextField()),
                ("edition", models.UUIDField()),
                ("changed_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "person",
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
            options={
                "indexes": [models.Index(fields=["until"], name="room_notes_until")],
                "constraints": [
                    models.UniqueConstraint(fields=("session", "person"), name="one_room_note_each"),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="a_room_note_says_something"
                    ),
                ],
            },
        ),
        lock("room_roomnote", web=OWN, write=WRITES),
        migrations.RunSQL(READS_NO_WORD, migrations.RunSQL.noop),
    ]

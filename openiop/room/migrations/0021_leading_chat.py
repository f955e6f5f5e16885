"""The chat of a live group: whoever leads reads all of it, others what was written to everybody where they sit."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, lock

MINE = "(s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person()))"
LEADS = """(SELECT app_kind()) = 'staff' AND ((SELECT app_is_clinician()) OR EXISTS (SELECT 1 FROM schedule_sessionstaff t
  WHERE t.session_id = room_chatline.session_id AND t.staff_id = (SELECT app_person())))"""
OWN = f"EXISTS (SELECT 1 FROM room_seat s WHERE s.id = room_chatline.seat_id AND {MINE})"
HERE = f"""room_chatline."to" = 'everyone' AND EXISTS (SELECT 1 FROM room_seat s
  WHERE s.session_id = room_chatline.session_id AND s.place = room_chatline.place AND s.state = 'admitted' AND {MINE})"""
READ = f"{OURS} AND (({LEADS}) OR ({OWN}) OR ({HERE}))"
# In one's own name, where one sits; who leads removes, and whoever ends the session deletes.
WRITE = f"""{OURS} AND EXISTS (SELECT 1 FROM room_seat s WHERE s.id = room_chatline.seat_id AND {MINE}
  AND s.session_id = room_chatline.session_id AND s.place = room_chatline.place AND s.state = 'admitted')"""
WRITERS = f"""
DROP POLICY web_insert ON room_chatline;
CREATE POLICY web_insert ON room_chatline FOR INSERT TO openiop_web WITH CHECK ({WRITE});
"""
HAS_A_SEAT = f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR EXISTS (
  SELECT 1 FROM room_seat s WHERE s.session_id = room_chat.session_id AND {MINE}))"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0009_plan_review"),
        ("room", "0020_leading_floor"),
        ("schedule", "0006_room_device"),
    ]

    operations = [
        migrations.CreateModel(
            name="Chat",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("mode", models.TextField(choices=[("everyone", "everyone"), ("facilitators", "facilitators")])),
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
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="chat", to="schedule.caresession"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("mode__in", ("everyone", "facilitators"))), name="chat_is_open_to_somebody"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChatLine",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("place", models.TextField()),
                ("key", models.UUIDField()),
                ("name", models.TextField()),
                ("role", models.TextField()),
                ("to", models.TextField(choices=[("everyone", "everyone"), ("facilitators", "facilitators")])),
                ("text", models.CharField(blank=True, max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "removed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "seat",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="room.seat"),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="schedule.caresession"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["session", "at"], name="chat_by_session")],
                "constraints": [
                    models.UniqueConstraint(fields=("seat", "key"), name="one_chat_line_a_key"),
                    models.CheckConstraint(
                        condition=models.Q(("removed_by", None), ("text", ""), _connector="XOR"),
                        name="a_removed_line_has_no_words_left",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to__in", ("everyone", "facilitators"))), name="chat_line_to_somebody"
                    ),
                ],
            },
        ),
        lock("room_chat", web=HAS_A_SEAT, write=STAFF),
        lock("room_chatline", web=READ, write=f"{OURS} AND {LEADS}"),
        migrations.RunSQL(WRITERS, migrations.RunSQL.noop),
    ]

"""The door while somebody leads: its lock, words to those who wait, and how their line was when they tried it."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, lock

MINE = "(s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person()))"
HAS_A_SEAT = f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR EXISTS (
  SELECT 1 FROM room_seat s WHERE s.session_id = room_doorlock.session_id AND {MINE}))"""
# Words to all are for whoever has a seat; words to one are for that seat.
TOLD_ME = f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR EXISTS (
  SELECT 1 FROM room_seat s WHERE s.session_id = room_doormessage.session_id AND {MINE}
    AND (room_doormessage.seat_id IS NULL OR room_doormessage.seat_id = s.id)))"""

# Sees all rows whoever writes.
LOCKED_DOOR = """
CREATE FUNCTION seat_door_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM room_doorlock WHERE session_id = NEW.session_id AND opened_at IS NULL) THEN
    RAISE EXCEPTION 'the door is locked' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'seat_through_a_locked_door', TABLE = 'room_seat';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER seat_through_a_locked_door BEFORE UPDATE ON room_seat
  FOR EACH ROW WHEN (NEW.role IN ('patient', 'supporter') AND NEW.state = 'admitted' AND OLD.state <> 'admitted'
    AND OLD.admitted_at IS NULL) EXECUTE FUNCTION seat_door_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_device_at_its_site"),
        ("room", "0018_companions"),
        ("schedule", "0006_room_device"),
    ]

    operations = [
        migrations.AddField(
            model_name="seat",
            name="network",
            field=models.TextField(blank=True, choices=[("good", "good"), ("weak", "weak")]),
        ),
        migrations.CreateModel(
            name="DoorLock",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(null=True)),
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
                    "opened_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="door_locks",
                        to="schedule.caresession",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("opened_at", None)), fields=("session",), name="one_lock_at_a_door"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("opened_at", None), ("opened_by", None)),
                            models.Q(("opened_at__isnull", False), ("opened_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_lock_is_opened_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DoorMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "preset",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("soon", "we begin in a few minutes"),
                            ("late", "we are running a little late"),
                            ("finishing", "we are finishing with somebody first"),
                            ("talk", "one of us will speak with you first"),
                        ],
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=280)),
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
                    "seat",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="room.seat"
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
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("preset", ""), models.Q(("text", ""), _negated=True)),
                            models.Q(("preset__in", ["soon", "late", "finishing", "talk"]), ("text", "")),
                            _connector="OR",
                        ),
                        name="a_door_message_says_one_thing",
                    )
                ],
            },
        ),
        lock("room_doorlock", web=HAS_A_SEAT, write=STAFF),
        lock("room_doormessage", web=TOLD_ME, write=STAFF),
        migrations.RunSQL(LOCKED_DOOR, migrations.RunSQL.noop),
    ]

"""Who has the floor: asked to speak, in the spotlight, holding the talking stick."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, lock

MINE = "(s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person()))"


def here(table: str) -> str:
    """For staff, and for whoever sits at this place now."""
    return f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR EXISTS (
      SELECT 1 FROM room_seat s WHERE s.session_id = {table}.session_id AND s.place = {table}.place
        AND s.state = 'admitted' AND {MINE}))"""


def own(table: str) -> str:
    return f"{OURS} AND EXISTS (SELECT 1 FROM room_seat s WHERE s.id = {table}.seat_id AND {MINE})"


# Only staff ask and light; what stands before or upon oneself one may take away oneself.
TAKE_AWAY = f"""
CREATE POLICY web_own_delete ON room_speakask FOR DELETE TO openiop_web USING ({own("room_speakask")});
CREATE POLICY web_own_delete ON room_spotlight FOR DELETE TO openiop_web USING ({own("room_spotlight")});
"""

# From whoever holds it, whoever leads, or from where it lies, to the hand that rose first: that hand has been called and goes down.
STICK = """
CREATE FUNCTION stick_pass(p_session uuid, p_holder uuid, p_at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  me room_seat;
  stick room_stick;
  holder uuid;
  following uuid;
BEGIN
  SELECT * INTO me FROM room_seat s WHERE s.session_id = p_session AND s.clinic_id = app_clinic()
    AND s.state = 'admitted' AND (s.person_id = app_person() OR s.device_id = app_person());
  IF NOT FOUND THEN
    RETURN 'not yours';
  END IF;
  SELECT * INTO stick FROM room_stick t WHERE t.session_id = p_session AND t.place = me.place FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'not yours';
  END IF;
  -- Who went somewhere else, or out, holds it no longer.
  SELECT s.id INTO holder FROM room_seat s
    WHERE s.id = stick.seat_id AND s.state = 'admitted' AND s.place = me.place;
  IF holder IS DISTINCT FROM p_holder THEN
    RETURN CASE WHEN me.role = 'facilitator' OR p_holder = me.id THEN 'moved on' ELSE 'not yours' END;
  END IF;
  IF NOT (me.role = 'facilitator' OR holder IS NULL OR holder = me.id) THEN
    RETURN 'not yours';
  END IF;
  SELECT s.id INTO following FROM room_seat s
    WHERE s.session_id = p_session AND s.place = me.place AND s.state = 'admitted' AND s.online
      AND s.hand_at IS NOT NULL AND s.id IS DISTINCT FROM holder
    ORDER BY s.hand_at, s.id LIMIT 1;
  UPDATE room_seat SET hand_at = NULL WHERE id = following;
  UPDATE room_stick SET seat_id = following, at = p_at WHERE id = stick.id;
  RETURN 'passed';
END $$;
REVOKE EXECUTE ON FUNCTION stick_pass(uuid, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stick_pass(uuid, uuid, timestamptz) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_device_at_its_site"),
        ("room", "0019_leading_door"),
        ("schedule", "0006_room_device"),
    ]

    operations = [
        migrations.CreateModel(
            name="SpeakAsk",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="speak_ask", to="room.seat"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Spotlight",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("place", models.TextField()),
                ("n", models.PositiveSmallIntegerField()),
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
                    models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="room.seat"),
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
                    models.UniqueConstraint(fields=("session", "place", "n"), name="two_spotlights_a_place"),
                    models.CheckConstraint(condition=models.Q(("n__in", (1, 2))), name="first_or_second_spotlight"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Stick",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("place", models.TextField()),
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
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="room.seat"
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
                "constraints": [models.UniqueConstraint(fields=("session", "place"), name="one_stick_a_place")],
            },
        ),
        lock("room_speakask", web=f"({own('room_speakask')}) OR ({STAFF})", write=STAFF),
        lock("room_spotlight", web=here("room_spotlight"), write=STAFF),
        lock("room_stick", web=here("room_stick"), write=STAFF),
        migrations.RunSQL(TAKE_AWAY, migrations.RunSQL.noop),
        migrations.RunSQL(STICK, "DROP FUNCTION stick_pass(uuid, uuid, timestamptz)"),
    ]

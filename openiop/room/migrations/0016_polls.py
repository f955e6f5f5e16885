"""Polls: facilitators read the question, patients ask `my_poll`, and an anonymous answer is read by nobody."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, lock

LEADS = f"""{STAFF} AND EXISTS (SELECT 1 FROM schedule_sessionstaff f
  WHERE f.session_id = room_poll.session_id AND f.staff_id = (SELECT app_person()) AND f.stands)"""
ANSWER = f"""{OURS} AND (patient_id = (SELECT app_person()) OR ((SELECT app_kind()) = 'staff'
  AND EXISTS (SELECT 1 FROM room_poll p WHERE p.id = poll_id AND p.named)))"""

DOORS = """
-- How many values an answer may have: 0 to 10, or one for each option.
CREATE FUNCTION poll_values(p_kind text, p_options jsonb) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_kind WHEN 'yes_no' THEN 2 WHEN 'choices' THEN jsonb_array_length(p_options) ELSE 11 END $$;

-- What whoever sits in the group may know of the poll that is on: counts only once it is closed, and then only where
-- so many answered that nobody stands out, or a facilitator shows it.
CREATE FUNCTION my_poll(p_session uuid)
RETURNS TABLE (id uuid, kind text, question text, options jsonb, named boolean, kept boolean, open boolean,
  mine smallint, counts jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.id, p.kind, p.question, p.options, p.named, p.kept, p.closed_at IS NULL, a.value,
         CASE WHEN p.shown_at IS NOT NULL
                OR (SELECT coalesce(sum(n::int), 0) FROM jsonb_array_elements_text(p.counts) n) >= 4
              THEN p.counts END
  FROM room_poll p
  LEFT JOIN room_pollanswer a ON a.poll_id = p.id AND a.patient_id = app_person()
  WHERE p.session_id = p_session AND p.clinic_id = app_clinic() AND p.put_away_at IS NULL
    AND EXISTS (SELECT 1 FROM room_seat s WHERE s.session_id = p_session AND s.state = 'admitted'
      AND (s.place = 'group' OR s.place LIKE 'breakout:%')
      AND (s.person_id = app_person() OR s.device_id = app_person()))
$$;

-- A patient in the group answers, or changes their answer, while the poll is open. Holds the poll, so that no answer
-- comes after the counting. Returns whether it was kept.
CREATE FUNCTION poll_answer(p_id uuid, p_poll uuid, p_value int, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM room_poll p JOIN room_seat s ON s.session_id = p.session_id
    WHERE p.id = p_poll AND p.clinic_id = app_clinic() AND p.closed_at IS NULL
      AND p_value >= 0 AND p_value < poll_values(p.kind, p.options)
      AND s.person_id = app_person() AND s.role = 'patient' AND s.state = 'admitted'
      AND (s.place = 'group' OR s.place LIKE 'breakout:%')
    FOR UPDATE OF p;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO room_pollanswer (id, clinic_id, poll_id, patient_id, value, at)
    VALUES (p_id, app_clinic(), p_poll, app_person(), p_value, p_at)
    ON CONFLICT ON CONSTRAINT one_answer_each DO UPDATE SET value = EXCLUDED.value, at = EXCLUDED.at;
  RETURN true;
END $$;

-- How many answered the poll that is on; for staff, and never what.
CREATE FUNCTION poll_answered(p_poll uuid) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(*)::int FROM room_pollanswer a JOIN room_poll p ON p.id = a.poll_id
  WHERE a.poll_id = p_poll AND p.clinic_id = app_clinic() AND app_kind() = 'staff' $$;

-- Counts and closes. What must not be known later is deleted here, with the counting, and not by somebody who forgets.
CREATE FUNCTION poll_close(p_poll uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  closing room_poll%ROWTYPE;
BEGIN
  SELECT * INTO closing FROM room_poll p WHERE p.id = p_poll AND p.clinic_id = app_clinic() AND p.closed_at IS NULL
    AND (app_kind() = 'system' OR EXISTS (SELECT 1 FROM schedule_sessionstaff f
      WHERE f.session_id = p.session_id AND f.staff_id = app_person() AND f.stands)) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE room_poll SET closed_at = p_at, counts = (
    SELECT jsonb_agg((SELECT count(*) FROM room_pollanswer a WHERE a.poll_id = p_poll AND a.value = v) ORDER BY v)
    FROM generate_series(0, poll_values(closing.kind, closing.options) - 1) v) WHERE id = p_poll;
  IF NOT closing.named THEN
    DELETE FROM room_pollanswer WHERE poll_id = p_poll;
  END IF;
END $$;
-- Closes, and then puts away what is kept and deletes what is not, answers and all.
CREATE FUNCTION poll_put_away(p_poll uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  going room_poll%ROWTYPE;
BEGIN
  PERFORM poll_close(p_poll, p_at);
  SELECT * INTO going FROM room_poll p WHERE p.id = p_poll AND p.clinic_id = app_clinic() AND p.put_away_at IS NULL
    AND (app_kind() = 'system' OR EXISTS (SELECT 1 FROM schedule_sessionstaff f
      WHERE f.session_id = p.session_id AND f.staff_id = app_person() AND f.stands)) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF going.kept THEN
    UPDATE room_poll SET put_away_at = p_at WHERE id = p_poll;
  ELSE
    DELETE FROM room_pollanswer WHERE poll_id = p_poll;
    DELETE FROM room_poll WHERE id = p_poll;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION my_poll(uuid), poll_answer(uuid, uuid, int, timestamptz), poll_answered(uuid),
  poll_close(uuid, timestamptz), poll_put_away(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_poll(uuid), poll_answer(uuid, uuid, int, timestamptz), poll_answered(uuid),
  poll_close(uuid, timestamptz), poll_put_away(uuid, timestamptz) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_device_at_its_site"),
        ("room", "0015_timers"),
        ("schedule", "0006_room_device"),
    ]

    operations = [
        migrations.CreateModel(
            name="MyPoll",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("question", models.TextField()),
                ("options", models.JSONField()),
                ("named", models.BooleanField()),
                ("kept", models.BooleanField()),
                ("open", models.BooleanField()),
                ("mine", models.PositiveSmallIntegerField(null=True)),
                ("counts", models.JSONField(null=True)),
            ],
            options={"db_table": "my_poll", "managed": False},
        ),
        migrations.CreateModel(
            name="Poll",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("feelings", "feelings, 0 to 10"),
                            ("commitment", "commitment, 0 to 10"),
                            ("yes_no", "yes or no"),
                            ("choices", "own options"),
                        ]
                    ),
                ),
                ("question", models.CharField(blank=True, max_length=200)),
                ("options", models.JSONField(default=list)),
                ("named", models.BooleanField()),
                ("kept", models.BooleanField()),
                ("asked_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("counts", models.JSONField(null=True)),
                ("shown_at", models.DateTimeField(null=True)),
                ("put_away_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="polls", to="schedule.caresession"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PollAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("value", models.PositiveSmallIntegerField()),
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
                    "poll",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="answers", to="room.poll"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="poll",
            constraint=models.UniqueConstraint(
                condition=models.Q(("put_away_at", None)), fields=("session",), name="one_poll_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="poll",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["feelings", "commitment", "yes_no", "choices"])),
                name="poll_asks_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="poll",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("counts", None)),
                    models.Q(("closed_at__isnull", False), ("counts__isnull", False)),
                    _connector="OR",
                ),
                name="closed_poll_is_counted",
            ),
        ),
        migrations.AddConstraint(
            model_name="poll",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("put_away_at", None), ("shown_at", None)), ("closed_at__isnull", False), _connector="OR"
                ),
                name="poll_is_closed_before_it_is_shown",
            ),
        ),
        migrations.AddConstraint(
            model_name="pollanswer",
            constraint=models.UniqueConstraint(fields=("poll", "patient"), name="one_answer_each"),
        ),
        lock("room_poll", web=STAFF, write=LEADS),
        # Written by poll_answer and poll_close alone.
        lock("room_pollanswer", web=ANSWER, write="false"),
        migrations.RunSQL(DOORS, migrations.RunSQL.noop),
    ]

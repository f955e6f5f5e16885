"""Calls from staff climb, may be silent, are taken back with a reason; and where staff say they are today."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

import openiop.lib.ids
from openiop.lib.rls import STAFF, lock

OWN = f"{STAFF} AND staff_id = (SELECT app_person())"

GUARDS = """
-- Called, taken and ended in one's own name; what was said once stays. Whoever called says nothing of what was found.
CREATE OR REPLACE FUNCTION safety_alert_in_own_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  clock interval := NEW.found_minutes * interval '1 minute';
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.made_by_id IS DISTINCT FROM app_person() OR NEW.taken_at IS NOT NULL OR NEW.over_at IS NOT NULL
      OR NEW.withdrawn_at IS NOT NULL THEN
      RAISE EXCEPTION 'an alert is called in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.made_by_id, NEW.made_at, NEW.drill, NEW.silent, NEW.key, NEW.pressed_at, NEW.climb_seconds, NEW.found_minutes)
      IS DISTINCT FROM
      (OLD.made_by_id, OLD.made_at, OLD.drill, OLD.silent, OLD.key, OLD.pressed_at, OLD.climb_seconds, OLD.found_minutes)
    OR (OLD.withdrawn_at IS NOT NULL
      AND (NEW.withdrawn_at, NEW.withdrawn_because) IS DISTINCT FROM (OLD.withdrawn_at, OLD.withdrawn_because))
    OR OLD.over_at IS NOT NULL THEN
    RAISE EXCEPTION 'what was said of an alert stays' USING ERRCODE = 'check_violation';
  END IF;
  -- Somebody else may take it only where whoever went has said nothing for too long.
  IF OLD.taken_at IS NOT NULL AND (NEW.taken_by_id, NEW.taken_at) IS DISTINCT FROM (OLD.taken_by_id, OLD.taken_at)
    AND (NEW.taken_at IS NULL
      OR NEW.taken_at < CASE WHEN OLD.taken_at < OLD.made_at + clock THEN OLD.made_at ELSE OLD.taken_at END + clock) THEN
    RAISE EXCEPTION 'somebody has taken it' USING ERRCODE = 'check_violation';
  END IF;
  IF (NEW.taken_at IS DISTINCT FROM OLD.taken_at
      AND (NEW.taken_by_id IS DISTINCT FROM app_person() OR NEW.taken_by_id = NEW.made_by_id))
    OR (NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at AND NEW.made_by_id IS DISTINCT FROM app_person())
    OR (NEW.over_at IS NOT NULL
      AND (NEW.over_by_id IS DISTINCT FROM app_person() OR (NEW.over_by_id = NEW.made_by_id AND NOT NEW.drill))) THEN
    RAISE EXCEPTION 'an alert is answered in one''s own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""

# Calls that were taken before there was a second clock have none: they stay in sight, and on the day of the upgrade
# nobody is asked about them.
TAKEN_BEFORE = "UPDATE safety_staffalert SET found_minutes = 0 WHERE taken_at IS NOT NULL AND over_at IS NULL"


def of(to: str, related: str = "+", **options: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name=related, to=to, **options)


def key() -> models.UUIDField:
    return models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0016_calls_for_help"),
        ("safety", "0020_guardian_told_in_an_emergency"),
    ]

    operations = [
        migrations.AddField("staffalert", "silent", models.BooleanField(default=False, db_default=False)),
        migrations.AddField("staffalert", "key", models.UUIDField(null=True)),
        migrations.AddField("staffalert", "pressed_at", models.DateTimeField(null=True)),
        migrations.AddField("staffalert", "climb_seconds", models.PositiveSmallIntegerField(default=30, db_default=30)),
        migrations.AddField("staffalert", "found_minutes", models.PositiveSmallIntegerField(default=10, db_default=10)),
        migrations.AddField("staffalert", "next_step_at", models.DateTimeField(db_default=Now())),
        migrations.AddField("staffalert", "failures", models.PositiveSmallIntegerField(default=0, db_default=0)),
        migrations.AddField("staffalert", "withdrawn_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "staffalert",
            "withdrawn_because",
            models.TextField(blank=True, default="", db_default="", verbose_name="Why you take it back"),
        ),
        migrations.AlterField("staffalert", "outcome", models.TextField(blank=True, verbose_name="What was found")),
        migrations.RemoveField("staffalert", "sent_at"),
        migrations.AddConstraint(
            "staffalert",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at", None), ("withdrawn_because", "")),
                    models.Q(("withdrawn_at__isnull", False), models.Q(("withdrawn_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="alert_taken_back_with_a_reason",
            ),
        ),
        migrations.AddConstraint(
            "staffalert", models.UniqueConstraint(fields=("made_by", "key"), name="one_alert_a_press")
        ),
        migrations.CreateModel(
            name="AlertPage",
            fields=[
                ("id", key()),
                ("because", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("alert", of("safety.staffalert", "pages")),
                ("clinic", of("people.clinic")),
                ("to", of("people.person")),
            ],
            options={"indexes": [models.Index(fields=["alert", "sent_at"], name="alert_page_unsent")]},
        ),
        migrations.CreateModel(
            name="StaffPlace",
            fields=[
                ("id", key()),
                ("where", models.TextField(blank=True, verbose_name="Room")),
                ("told_at", models.DateTimeField()),
                ("clinic", of("people.clinic")),
                ("site", of("people.site", null=True, verbose_name="Site")),
                ("staff", of("people.person")),
            ],
            options={"indexes": [models.Index(fields=["clinic", "staff", "-told_at"], name="staff_place_newest")]},
        ),
        lock("safety_alertpage", web=STAFF),
        migrations.RunSQL(
            "REVOKE UPDATE, DELETE ON safety_alertpage FROM openiop_web; REVOKE DELETE ON safety_alertpage FROM openiop_worker",
            migrations.RunSQL.noop,
        ),
        lock("safety_staffplace", web=STAFF, write=OWN, append_only=True),
        migrations.RunSQL(TAKEN_BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]

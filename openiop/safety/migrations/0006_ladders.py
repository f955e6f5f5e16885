"""The clinic's own ladders as dated versions; the clocks that a case was promised; the ways of a page."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import SIGNED_IN, STAFF, lock

GUARDS = """
-- A ladder that leaves somebody unasked is refused when its transaction commits, whoever wrote it.
CREATE FUNCTION safety_ladder_is_whole() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  the_ladder uuid := CASE TG_TABLE_NAME WHEN 'safety_ladder' THEN NEW.id ELSE (to_jsonb(NEW)->>'ladder_id')::uuid END;
  rungs integer; highest integer; supervisors integer; last_asks text;
BEGIN
  SELECT count(*), max(rung), count(*) FILTER (WHERE asks = 'supervisor') INTO rungs, highest, supervisors
    FROM safety_ladderrung WHERE ladder_id = the_ladder;
  SELECT asks INTO last_asks FROM safety_ladderrung WHERE ladder_id = the_ladder ORDER BY rung DESC LIMIT 1;
  IF rungs = 0 OR highest <> rungs - 1 THEN
    RAISE EXCEPTION 'a ladder has no hole' USING ERRCODE = 'check_violation';
  END IF;
  IF supervisors = 0 OR last_asks IS DISTINCT FROM 'everyone' THEN
    RAISE EXCEPTION 'a ladder asks the supervisor, and at last everyone at the desk' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON safety_ladder DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION safety_ladder_is_whole();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON safety_ladderrung DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION safety_ladder_is_whole();

-- Only a director, in their own name, from now on; and a named rung is one of the clinic's own clinicians.
CREATE FUNCTION safety_ladder_by_a_director() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.made_by_id IS DISTINCT FROM app_person() OR NEW.effective_from < NEW.made_at OR NOT EXISTS (
    SELECT FROM people_person p WHERE p.id = NEW.made_by_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
      AND p.active AND 'director' = ANY (p.roles::text[]))
  THEN
    RAISE EXCEPTION 'only a director, in their own name, sets a ladder' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER by_a_director BEFORE INSERT ON safety_ladder
  FOR EACH ROW EXECUTE FUNCTION safety_ladder_by_a_director();
CREATE FUNCTION safety_rung_names_a_clinician() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.person_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM people_person p WHERE p.id = NEW.person_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
      AND p.active AND p.roles::text[] && ARRAY['director', 'facilitator', 'therapist', 'prescriber'])
  THEN
    RAISE EXCEPTION 'a rung names a clinician of this clinic' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER names_a_clinician BEFORE INSERT ON safety_ladderrung
  FOR EACH ROW EXECUTE FUNCTION safety_rung_names_a_clinician();

-- The clocks a case was promised change only when they start anew.
CREATE FUNCTION safety_case_keeps_its_clocks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.since = OLD.since AND OLD.contact_minutes IS NOT NULL
    AND (NEW.acknowledge_minutes, NEW.contact_minutes, NEW.repeat_minutes)
      IS DISTINCT FROM (OLD.acknowledge_minutes, OLD.contact_minutes, OLD.repeat_minutes) THEN
    RAISE EXCEPTION 'a case keeps the clocks it was promised' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keeps_its_clocks BEFORE UPDATE ON safety_case
  FOR EACH ROW EXECUTE FUNCTION safety_case_keeps_its_clocks();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0008_device_at_its_site"),
        ("safety", "0005_plans"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="acknowledge_minutes",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="contact_minutes",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="repeat_minutes",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="page",
            name="ways",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=["desk", "push", "sms", "email"], size=None
            ),
        ),
        migrations.CreateModel(
            name="Ladder",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("tier", models.PositiveSmallIntegerField()),
                ("place", models.TextField(choices=[("virtual", "at home or elsewhere"), ("on_site", "on site")])),
                ("in_hours", models.BooleanField()),
                ("effective_from", models.DateTimeField(verbose_name="In force from")),
                ("contact_minutes", models.PositiveSmallIntegerField(verbose_name="Contact made within (minutes)")),
                (
                    "repeat_minutes",
                    models.PositiveSmallIntegerField(verbose_name="Last rung asked again every (minutes)"),
                ),
                ("made_at", models.DateTimeField()),
                ("why", models.TextField(verbose_name="Why it is changed")),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LadderRung",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("rung", models.PositiveSmallIntegerField()),
                (
                    "asks",
                    models.TextField(
                        choices=[
                            ("live", "who is with them now"),
                            ("primary", "their therapist"),
                            ("on_call", "first on call"),
                            ("second_on_call", "second on call"),
                            ("supervisor", "supervisor"),
                            ("everyone", "everyone at the desk"),
                            ("role", "everybody with a role"),
                            ("person", "a named clinician"),
                        ]
                    ),
                ),
                (
                    "role",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("director", "Program director"),
                            ("facilitator", "Group facilitator"),
                            ("prescriber", "Prescriber"),
                            ("therapist", "Therapist"),
                        ],
                    ),
                ),
                ("minutes", models.PositiveSmallIntegerField()),
                (
                    "ways",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(
                            choices=[
                                ("desk", "desk"),
                                ("push", "notification"),
                                ("sms", "text message"),
                                ("email", "e-mail"),
                            ]
                        ),
                        size=None,
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "ladder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rungs", to="safety.ladder"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="ladder",
            index=models.Index(
                fields=["clinic", "tier", "place", "in_hours", "-effective_from"], name="ladder_in_force"
            ),
        ),
        migrations.AddConstraint(
            model_name="ladder",
            constraint=models.CheckConstraint(condition=models.Q(("tier__range", (1, 4))), name="ladder_tier"),
        ),
        migrations.AddConstraint(
            model_name="ladder",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__in", ("virtual", "on_site"))), name="ladder_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="ladder",
            constraint=models.CheckConstraint(
                condition=models.Q(("contact_minutes__range", (1, 2880)), ("repeat_minutes__range", (1, 1440))),
                name="ladder_has_its_clocks",
            ),
        ),
        migrations.AddConstraint(
            model_name="ladder",
            constraint=models.CheckConstraint(condition=models.Q(("why", ""), _negated=True), name="ladder_says_why"),
        ),
        migrations.AddConstraint(
            model_name="ladderrung",
            constraint=models.UniqueConstraint(fields=("ladder", "rung"), name="one_rung_a_place"),
        ),
        migrations.AddConstraint(
            model_name="ladderrung",
            constraint=models.UniqueConstraint(
                fields=("ladder", "asks", "role", "person"), name="nobody_on_two_rungs", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="ladderrung",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "asks__in",
                        ("live", "primary", "on_call", "second_on_call", "supervisor", "everyone", "role", "person"),
                    )
                ),
                name="rung_asks_the_clinics_own",
            ),
        ),
        migrations.AddConstraint(
            model_name="ladderrung",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("asks", "role"), ("role__in", ["director", "facilitator", "prescriber", "therapist"])),
                    models.Q(models.Q(("asks", "role"), _negated=True), ("role", "")),
                    _connector="OR",
                ),
                name="rung_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="ladderrung",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("asks", "person"), ("person__isnull", False)),
                    models.Q(models.Q(("asks", "person"), _negated=True), ("person", None)),
                    _connector="OR",
                ),
                name="rung_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="ladderrung",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__range", (1, 1440))), name="rung_has_its_clock"
            ),
        ),
        migrations.AddConstraint(
            model_name="ladderrung",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ways__contains", ["desk"]), ("ways__contained_by", ["desk", "push", "sms", "email"])
                ),
                name="rung_has_its_ways",
            ),
        ),
        # A patient's own answer pages by it, so whoever is signed in reads it.
        lock("safety_ladder", web=SIGNED_IN, write=STAFF, append_only=True),
        lock("safety_ladderrung", web=SIGNED_IN, write=STAFF, append_only=True),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]

"""Somebody of the staff stays with a person at high risk: named, with them in their own word, ended by a decision."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import STAFF, lock

GUARDS = """
ALTER TABLE safety_onetoone ADD CONSTRAINT one_to_one_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
ALTER TABLE safety_onetooneend ADD CONSTRAINT one_to_one_end_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_onetooneend
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();

-- Staff of the clinic stay, and nobody else. Named by a clinician or by whoever is with them, in their own name.
CREATE FUNCTION safety_one_to_one_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.ended_at IS NOT NULL OR NOT EXISTS (
    SELECT FROM safety_case c WHERE c.id = NEW.case_id AND c.closed_at IS NULL AND c.tier >= 3) THEN
    RAISE EXCEPTION 'somebody stays with a person whose high case is open' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (
    SELECT FROM people_person p WHERE p.id = NEW.who_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
      AND p.active) THEN
    RAISE EXCEPTION 'staff of this clinic stay with a patient' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.named_by_id IS DISTINCT FROM app_person()
    OR (NEW.confirmed_at IS NOT NULL AND NEW.who_id IS DISTINCT FROM app_person())
    OR NOT (
      EXISTS (
        SELECT FROM people_person p WHERE p.id = app_person() AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
          AND p.active AND p.roles::text[] && ARRAY['director', 'facilitator', 'therapist', 'prescriber'])
      OR EXISTS (
        SELECT FROM safety_onetoone o WHERE o.case_id = NEW.case_id AND o.who_id = app_person()
          AND o.confirmed_at IS NOT NULL AND (o.ended_at IS NULL OR o.ended_at = NEW.named_at))) THEN
    RAISE EXCEPTION 'a clinician, or who is with them, names the next' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER begins BEFORE INSERT ON safety_onetoone
  FOR EACH ROW EXECUTE FUNCTION safety_one_to_one_begins();

-- Each moment is set once; who was named confirms; only a clinician's decision says that it is over.
CREATE FUNCTION safety_one_to_one_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR (OLD.confirmed_at IS NOT NULL
      AND (NEW.confirmed_at, NEW.until_at) IS DISTINCT FROM (OLD.confirmed_at, OLD.until_at)) THEN
    RAISE EXCEPTION 'what was said of who stays is kept' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at AND NEW.who_id IS DISTINCT FROM app_person() THEN
    RAISE EXCEPTION 'one is with somebody in one''s own word' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.how = 'over' AND NOT EXISTS (
    SELECT FROM safety_onetooneend e WHERE e.case_id = NEW.case_id AND e.at = NEW.ended_at AND e.by_id = app_person())
  THEN
    RAISE EXCEPTION 'a clinician decides, with a reason, that it is over' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER changes BEFORE UPDATE ON safety_onetoone
  FOR EACH ROW EXECUTE FUNCTION safety_one_to_one_changes();

-- No gap: at the end of the transaction somebody else, or they anew, is with them from the very moment on. It is asked
-- as the transaction is committed, whoever acts by then, and so reads past the lock.
CREATE FUNCTION safety_one_to_one_has_no_gap() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM safety_onetoone o WHERE o.case_id = NEW.case_id AND o.id <> NEW.id AND o.confirmed_at = NEW.ended_at) THEN
    RAISE EXCEPTION 'handed on to nobody' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER no_gap AFTER UPDATE ON safety_onetoone DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.how = 'handed') EXECUTE FUNCTION safety_one_to_one_has_no_gap();

CREATE FUNCTION safety_case_closes_after_one_to_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM safety_onetoone o WHERE o.case_id = NEW.id AND o.ended_at IS NULL) THEN
    RAISE EXCEPTION 'somebody is named to stay with them' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER closes_after_one_to_one BEFORE UPDATE ON safety_case
  FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL)
  EXECUTE FUNCTION safety_case_closes_after_one_to_one();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0018_hand_over_minutes"),
        ("safety", "0024_whoever_led_may_stay"),
    ]

    operations = [
        migrations.CreateModel(
            name="OneToOne",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "place",
                    models.TextField(
                        choices=[("on_site", "in the room with them"), ("virtual", "on the line with them")],
                        verbose_name="How",
                    ),
                ),
                ("where", models.TextField(blank=True, verbose_name="Room")),
                ("named_at", models.DateTimeField()),
                ("within_minutes", models.PositiveSmallIntegerField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("until_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "how",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("handed", "handed on"),
                            ("over", "not needed any more"),
                            ("instead", "somebody else was named instead"),
                        ],
                        default="",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="one_to_ones", to="safety.case"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "named_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.site"
                    ),
                ),
                (
                    "who",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.person",
                        verbose_name="Who stays with them",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("ended_at", None)), fields=["who"], name="one_to_one_open_of")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False), ("ended_at", None)),
                        fields=("case",),
                        name="one_is_with_them",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at", None), ("ended_at", None)),
                        fields=("case",),
                        name="one_is_asked_to_stay",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("how", "")),
                            models.Q(("ended_at__isnull", False), ("how__in", ("handed", "over", "instead"))),
                            _connector="OR",
                        ),
                        name="one_to_one_ends_as_one_of",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("how", "handed"), _negated=True), ("confirmed_at__isnull", False), _connector="OR"
                        ),
                        name="handed_on_by_who_was_there",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("how", "instead"), _negated=True), ("confirmed_at", None), _connector="OR"
                        ),
                        name="replaced_only_while_asked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("place", "on_site"), models.Q(("place", "virtual"), ("site", None)), _connector="OR"
                        ),
                        name="one_to_one_has_its_place",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until_at", None),
                            models.Q(("confirmed_at__isnull", False), ("until_at__gt", models.F("confirmed_at"))),
                            _connector="OR",
                        ),
                        name="duty_ends_after_it_began",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OneToOneClock",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("minutes", models.PositiveSmallIntegerField(verbose_name="Somebody is with them within (minutes)")),
                ("source", models.TextField(verbose_name="Where this number is from")),
                ("effective_from", models.DateTimeField(verbose_name="In force from")),
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
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("minutes__range", (1, 60))), name="one_to_one_within_an_hour"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True), name="one_to_one_clock_names_its_source"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OneToOneEnd",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "why",
                    models.TextField(
                        choices=[
                            ("lowered", "The risk was assessed again and is lower"),
                            ("ambulance", "Left with an ambulance"),
                            ("other_care", "In other professional care"),
                            ("family", "Picked up by somebody of theirs"),
                            ("left", "Left, or ended the call, alone"),
                        ],
                        verbose_name="Why nobody needs to stay any more",
                    ),
                ),
                ("words", models.TextField(verbose_name="What was found and agreed")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="one_to_one_ends", to="safety.case"
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
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("why__in", ("lowered", "ambulance", "other_care", "family", "left")),
                            models.Q(("words", ""), _negated=True),
                        ),
                        name="one_to_one_ends_with_a_reason",
                    )
                ],
            },
        ),
        # The patient reads none of it: no page of theirs names who stays.
        lock("safety_onetoone", web=STAFF, append_only=True),
        lock("safety_onetooneend", web=STAFF, append_only=True),
        lock("safety_onetooneclock", web=STAFF, append_only=True),
        migrations.RunSQL(
            "GRANT UPDATE (confirmed_at, until_at, ended_at, how) ON safety_onetoone TO openiop_web",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]

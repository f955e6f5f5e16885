"""What a clinician decides when somebody is not reached, and whom nobody may contact."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import STAFF, lock

GUARDS = """
ALTER TABLE safety_reachdecision ADD CONSTRAINT decision_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_reachdecision
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_donotcontact
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_marklifted
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();

-- Whoever harms the patient is not contacted about them, whatever anybody writes.
CREATE FUNCTION safety_decision_heeds_its_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.mark_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM safety_donotcontact m WHERE m.id = NEW.mark_id AND m.patient_id = NEW.patient_id
      AND NOT m.source_of_harm)
  THEN
    RAISE EXCEPTION 'the source of harm is never contacted' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER heeds_its_mark BEFORE INSERT ON safety_reachdecision
  FOR EACH ROW EXECUTE FUNCTION safety_decision_heeds_its_mark();

-- Paging rests until the time that a clinician wrote down, and no other.
CREATE FUNCTION safety_case_waits_as_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.tries_again_at IS NOT DISTINCT FROM OLD.tries_again_at THEN
    RETURN NEW;
  END IF;
  IF NEW.tries_again_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM safety_reachdecision d WHERE d.case_id = NEW.id AND d.tries_again_at = NEW.tries_again_at)
    OR (TG_OP = 'UPDATE' AND app_kind() = 'patient') THEN
    RAISE EXCEPTION 'only a decision says until when we keep trying' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER waits_as_decided BEFORE INSERT OR UPDATE ON safety_case
  FOR EACH ROW EXECUTE FUNCTION safety_case_waits_as_decided();

-- A page calls staff. Whoever else might be told is told by a person, never by the ladder.
CREATE FUNCTION safety_page_calls_staff() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM people_person p WHERE p.id = NEW.to_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff')
  THEN
    RAISE EXCEPTION 'a page calls staff of this clinic' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER calls_staff BEFORE INSERT ON safety_page
  FOR EACH ROW EXECUTE FUNCTION safety_page_calls_staff();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0012_joint_screen_days"),
        ("safety", "0017_restricted_locks"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="tries_again_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="DoNotContact",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "whom",
                    models.TextField(
                        choices=[("person", "a person"), ("police", "the police")],
                        default="person",
                        verbose_name="Who must not be contacted",
                    ),
                ),
                ("name", models.TextField(blank=True, verbose_name="Their name")),
                ("relation", models.TextField(blank=True, verbose_name="What they are to the patient")),
                ("phone", models.TextField(blank=True, verbose_name="Their telephone")),
                ("why", models.TextField(verbose_name="Why, in the patient’s words")),
                ("source_of_harm", models.BooleanField(default=False, verbose_name="They are the source of harm")),
                ("until", models.DateField(blank=True, null=True, verbose_name="Until")),
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
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MarkLifted",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("why", models.TextField(verbose_name="What the patient said")),
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
                    "mark",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lifted", to="safety.donotcontact"
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReachDecision",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                (
                    "choice",
                    models.TextField(
                        choices=[
                            ("keep_trying", "Keep trying, until a time"),
                            ("emergency_contact", "Ask somebody they named, such as the emergency contact"),
                            ("welfare_check", "Ask for a welfare check"),
                            ("other", "Something else"),
                        ],
                        verbose_name="What happens now",
                    ),
                ),
                ("tries_again_at", models.DateTimeField(blank=True, null=True, verbose_name="Keep trying until")),
                (
                    "helper",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("988", "through the 988 Lifeline"),
                            ("mobile_crisis", "by a mobile crisis team"),
                            ("police", "by the police"),
                        ],
                        verbose_name="The welfare check",
                    ),
                ),
                ("whom", models.TextField(blank=True, verbose_name="Who is asked")),
                ("phone", models.TextField(blank=True, verbose_name="Their telephone")),
                ("reasons", models.TextField(verbose_name="Why")),
                ("consulted", models.TextField(verbose_name="Who was asked for advice")),
                (
                    "despite_mark",
                    models.TextField(blank=True, verbose_name="Why somebody marked is contacted all the same"),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="safety.case"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "mark",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="safety.donotcontact",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="donotcontact",
            index=models.Index(fields=["patient"], name="do_not_contact_of"),
        ),
        migrations.AddConstraint(
            model_name="donotcontact",
            constraint=models.CheckConstraint(condition=models.Q(("why", ""), _negated=True), name="a_mark_says_why"),
        ),
        migrations.AddConstraint(
            model_name="donotcontact",
            constraint=models.CheckConstraint(
                condition=models.Q(("whom__in", ("person", "police"))), name="a_mark_is_about"
            ),
        ),
        migrations.AddConstraint(
            model_name="donotcontact",
            constraint=models.CheckConstraint(
                condition=models.Q(("whom", "police"), models.Q(("name", ""), _negated=True), _connector="OR"),
                name="a_mark_names_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="marklifted",
            constraint=models.CheckConstraint(condition=models.Q(("why", ""), _negated=True), name="lifting_says_why"),
        ),
        migrations.AddConstraint(
            model_name="reachdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("choice__in", ("keep_trying", "emergency_contact", "welfare_check", "other"))),
                name="decision_is_one_of",
            ),
        ),
        migrations.AddConstraint(
            model_name="reachdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reasons", ""), _negated=True), models.Q(("consulted", ""), _negated=True)
                ),
                name="decision_has_reasons",
            ),
        ),
        migrations.AddConstraint(
            model_name="reachdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("choice", "keep_trying"), ("tries_again_at__gt", models.F("at"))),
                    models.Q(models.Q(("choice", "keep_trying"), _negated=True), ("tries_again_at", None)),
                    _connector="OR",
                ),
                name="keep_trying_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="reachdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("choice", "welfare_check"), ("helper__in", ("988", "mobile_crisis", "police"))),
                    models.Q(models.Q(("choice", "welfare_check"), _negated=True), ("helper", "")),
                    _connector="OR",
                ),
                name="a_welfare_check_names_who_goes",
            ),
        ),
        migrations.AddConstraint(
            model_name="reachdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("choice", "emergency_contact"), _negated=True),
                    models.Q(("whom", ""), _negated=True),
                    _connector="OR",
                ),
                name="decision_names_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="reachdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("mark", None), models.Q(("despite_mark", ""), _negated=True), _connector="OR"),
                name="against_a_mark_with_a_reason",
            ),
        ),
        lock("safety_donotcontact", web=STAFF, append_only=True),
        lock("safety_marklifted", web=STAFF, append_only=True),
        lock("safety_reachdecision", web=STAFF, append_only=True),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]

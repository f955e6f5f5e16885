"""What is open passes from the one who goes to the one who comes, and stays with them until it is taken."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import STAFF, lock, own

GUARDS = """
ALTER TABLE safety_handoverword ADD CONSTRAINT hand_over_word_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
ALTER TABLE safety_handedcase ADD CONSTRAINT handed_case_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_handoverto
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_handoverword
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();

-- Staff hand over their own, in their own name. The end of a shift or of a session is the worker's to notice.
CREATE FUNCTION safety_hand_over_in_own_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF app_kind() = 'staff' AND (NEW.kind <> 'own' OR NEW.goes_id IS DISTINCT FROM app_person()) THEN
    RAISE EXCEPTION 'one hands over one''s own' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER in_own_name BEFORE INSERT ON safety_handover
  FOR EACH ROW EXECUTE FUNCTION safety_hand_over_in_own_name();

-- Taken over by a clinician in their own name, who does not go: nobody takes over from themselves, but for whoever
-- led with others and is on call now.
CREATE FUNCTION safety_hand_over_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  h safety_handover;
BEGIN
  SELECT * INTO h FROM safety_handover WHERE id = NEW.hand_over_id;
  IF NEW.how = 'taken' AND (
    NEW.by_id IS DISTINCT FROM app_person() OR (NEW.by_id = h.goes_id AND h.kind = 'own')
    OR NOT EXISTS (
      SELECT FROM people_person p WHERE p.id = NEW.by_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
        AND p.active AND p.roles::text[] && ARRAY['director', 'facilitator', 'therapist', 'prescriber'])
    OR ((NEW.by_id = h.goes_id OR NEW.by_id = ANY (h.together)) AND NOT EXISTS (
      SELECT FROM safety_oncallshift s WHERE s.clinic_id = h.clinic_id AND s.rung = 1 AND s.staff_id = NEW.by_id
        AND s.during @> NEW.at))) THEN
    RAISE EXCEPTION 'a clinician who stays takes over, in their own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.how <> 'taken' AND app_kind() = 'staff'
    AND (NEW.how <> 'nothing_open' OR h.kind <> 'own' OR NEW.by_id IS DISTINCT FROM app_person()) THEN
    RAISE EXCEPTION 'that nothing was open is the worker''s to find' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.how = 'nothing_open' AND h.kind <> 'own' AND EXISTS (
    SELECT FROM safety_case c WHERE c.clinic_id = h.clinic_id AND c.closed_at IS NULL
      AND (h.kind = 'shift' OR c.patient_id = ANY (h.patients))) THEN
    RAISE EXCEPTION 'something is open' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ends BEFORE INSERT ON safety_handoverend
  FOR EACH ROW EXECUTE FUNCTION safety_hand_over_ends();

-- A patient's own answer draws the ladder and reads no hand-over: this gives who is asked, and nothing else.
CREATE FUNCTION still_responsible(p_clinic uuid, p_at timestamptz) RETURNS TABLE (staff_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT h.goes_id FROM safety_handover h
  WHERE h.clinic_id = p_clinic AND p_clinic = app_clinic() AND h.kind = 'shift' AND h.due_at <= p_at
    AND NOT EXISTS (SELECT FROM safety_handoverend e WHERE e.hand_over_id = h.id)
  ORDER BY h.due_at $$;
REVOKE EXECUTE ON FUNCTION still_responsible(uuid, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION still_responsible(uuid, timestamptz) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0018_hand_over_minutes"),
        ("safety", "0021_calls_climb"),
    ]

    operations = [
        migrations.CreateModel(
            name="HandOver",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("shift", "the end of a shift on call"),
                            ("session", "the end of a session"),
                            ("own", "somebody goes"),
                        ]
                    ),
                ),
                ("key", models.TextField()),
                (
                    "together",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                (
                    "patients",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("session_id", models.UUIDField(null=True)),
                ("due_at", models.DateTimeField()),
                ("within_minutes", models.PositiveSmallIntegerField()),
                ("made_at", models.DateTimeField()),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "goes",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandOverEnd",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "how",
                    models.TextField(
                        choices=[
                            ("taken", "taken over"),
                            ("nothing_open", "nothing was open"),
                            ("stays", "the same person stays"),
                        ]
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "hand_over",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="end", to="safety.handover"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandedCase",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("tier", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="handed", to="safety.case"
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
                (
                    "to",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "end",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="safety.handoverend"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandOverPage",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("rung", models.PositiveSmallIntegerField()),
                ("because", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "hand_over",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pages", to="safety.handover"
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandOverTo",
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
                    "hand_over",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="named", to="safety.handover"
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.person",
                        verbose_name="Who takes over",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="HandOverWord",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("words", models.TextField(verbose_name="A line for the one who comes")),
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="hand_over_words", to="safety.case"
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
                (
                    "hand_over",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="words", to="safety.handover"
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
            name="LeftAtRisk",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("session_id", models.UUIDField()),
                ("left_at", models.DateTimeField()),
                ("level", models.PositiveSmallIntegerField()),
                ("noted_at", models.DateTimeField()),
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
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.UniqueConstraint(fields=("clinic", "key"), name="one_hand_over_an_end"),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("shift", "session", "own"))), name="hand_over_is_one_of"
            ),
        ),
        migrations.AddConstraint(
            model_name="handover",
            constraint=models.CheckConstraint(
                condition=models.Q(("within_minutes__range", (1, 240))), name="hand_over_has_a_clock"
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverend",
            constraint=models.CheckConstraint(
                condition=models.Q(("how__in", ("taken", "nothing_open", "stays"))), name="hand_over_ended_as_one_of"
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverend",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("how", "taken"), _negated=True), ("by__isnull", False), _connector="OR"),
                name="taken_over_by_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="handedcase",
            constraint=models.UniqueConstraint(fields=("end", "case"), name="handed_once"),
        ),
        migrations.AddIndex(
            model_name="handoverpage",
            index=models.Index(
                condition=models.Q(("sent_at", None)), fields=["hand_over"], name="hand_over_page_unsent"
            ),
        ),
        migrations.AddConstraint(
            model_name="handoverword",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="a_line_says_something"
            ),
        ),
        migrations.AddIndex(
            model_name="leftatrisk",
            index=models.Index(fields=["clinic", "left_at"], name="left_at_risk_when"),
        ),
        migrations.AddConstraint(
            model_name="leftatrisk",
            constraint=models.UniqueConstraint(fields=("patient", "session_id"), name="left_at_risk_once"),
        ),
        lock("safety_handover", web=STAFF, append_only=True),
        lock("safety_handoverto", web=STAFF, append_only=True),
        lock("safety_handoverword", web=STAFF, append_only=True),
        lock("safety_handoverpage", web=STAFF, append_only=True),
        lock("safety_handoverend", web=STAFF, append_only=True),
        # The patient may read who has their case now, as with who took it.
        lock("safety_handedcase", web=own(), write=STAFF, append_only=True),
        lock("safety_leftatrisk", web=STAFF, append_only=True),
        migrations.RunSQL("GRANT UPDATE (sent_at) ON safety_handoverpage TO openiop_worker", migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]

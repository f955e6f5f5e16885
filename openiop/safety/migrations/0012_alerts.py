"""Staff call staff: what rings on every desk, taken and ended by name."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import STAFF, lock

GUARDS = """
-- Called, taken and ended in one's own name; what was said once stays.
CREATE FUNCTION safety_alert_in_own_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.made_by_id IS DISTINCT FROM app_person() OR NEW.taken_at IS NOT NULL OR NEW.over_at IS NOT NULL THEN
      RAISE EXCEPTION 'an alert is called in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.made_by_id, NEW.made_at, NEW.drill) IS DISTINCT FROM (OLD.made_by_id, OLD.made_at, OLD.drill)
    OR (OLD.taken_at IS NOT NULL AND (NEW.taken_by_id, NEW.taken_at) IS DISTINCT FROM (OLD.taken_by_id, OLD.taken_at))
    OR OLD.over_at IS NOT NULL THEN
    RAISE EXCEPTION 'what was said of an alert stays' USING ERRCODE = 'check_violation';
  END IF;
  IF (OLD.taken_at IS NULL AND NEW.taken_at IS NOT NULL AND NEW.taken_by_id IS DISTINCT FROM app_person())
    OR (NEW.over_at IS NOT NULL AND NEW.over_by_id IS DISTINCT FROM app_person()) THEN
    RAISE EXCEPTION 'an alert is answered in one''s own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER in_own_name BEFORE INSERT OR UPDATE ON safety_staffalert
  FOR EACH ROW EXECUTE FUNCTION safety_alert_in_own_name();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0011_supporter_locks"),
        ("safety", "0011_assessments"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaffAlert",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("where", models.TextField(blank=True, verbose_name="Where")),
                ("drill", models.BooleanField(default=False, verbose_name="This is a drill")),
                ("made_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("taken_at", models.DateTimeField(null=True)),
                ("over_at", models.DateTimeField(null=True)),
                ("outcome", models.TextField(blank=True, verbose_name="What it was")),
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
                (
                    "over_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="people.site",
                        verbose_name="Site",
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("over_at", None)), fields=["clinic"], name="alert_open")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("taken_at", None), ("taken_by", None)),
                            models.Q(("taken_at__isnull", False), ("taken_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="alert_taken_by_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("over_at", None), ("over_by", None)),
                            models.Q(
                                ("over_at__isnull", False),
                                ("over_by__isnull", False),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="alert_over_with_a_word",
                    ),
                ],
            },
        ),
        lock("safety_staffalert", web=STAFF),
        migrations.RunSQL(
            "REVOKE DELETE ON safety_staffalert FROM openiop_web, openiop_worker", migrations.RunSQL.noop
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]

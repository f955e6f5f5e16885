"""A session's helpers, and what a helper may read here: the sessions they are booked for, and those sessions' blocks."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.constraints
import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, STAFF, let_helpers, lock

OWN_OR_STAFF = f"{OURS} AND ((SELECT app_kind()) = 'staff' OR helper_id = (SELECT app_person()))"

# Still to come, on, or over for no longer than a room stays open; `app.at` is the time of the request.
BOOKINGS = """
ALTER TABLE schedule_sessionhelper ADD CONSTRAINT helper_at_the_sessions_time
  FOREIGN KEY (session_id, during) REFERENCES schedule_caresession (id, during) ON UPDATE CASCADE;
CREATE FUNCTION app_helper_sessions() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT h.session_id FROM schedule_sessionhelper h JOIN schedule_caresession s ON s.id = h.session_id
  WHERE app_kind() = 'helper' AND h.helper_id = app_person() AND h.clinic_id = app_clinic() AND h.stands
    AND s.cancelled_at IS NULL
    AND upper(h.during) + interval '60 minutes' > nullif(current_setting('app.at', true), '')::timestamptz $$;
REVOKE EXECUTE ON FUNCTION app_helper_sessions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_helper_sessions() TO openiop_web, openiop_worker;
CREATE POLICY helper_read ON schedule_caresession FOR SELECT TO openiop_web
  USING (clinic_id = (SELECT app_clinic()) AND (SELECT app_kind()) = 'helper');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0013_helpers"),
        ("schedule", "0009_one_device"),
    ]

    operations = [
        migrations.CreateModel(
            name="SessionHelper",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("interpreter", "interprets"),
                            ("sign", "interprets in sign language"),
                            ("captioner", "writes captions"),
                        ]
                    ),
                ),
                (
                    "language",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("es", "Spanish"),
                            ("zh", "Chinese"),
                            ("vi", "Vietnamese"),
                            ("ar", "Arabic"),
                            ("ht", "Haitian Creole"),
                            ("pt", "Portuguese"),
                            ("fr", "French"),
                            ("ru", "Russian"),
                            ("uk", "Ukrainian"),
                            ("ko", "Korean"),
                            ("tl", "Tagalog"),
                            ("so", "Somali"),
                            ("en", "English"),
                        ],
                    ),
                ),
                ("during", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("stands", models.BooleanField(default=True)),
                ("pinned", models.BooleanField(default=False)),
                ("booked_at", models.DateTimeField()),
                (
                    "booked_by",
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
                    "helper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="helpers", to="schedule.caresession"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("session", "helper"), name="helps_once"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("stands", True)),
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        expressions=[("helper", "="), ("during", "&&")],
                        name="helper_booked_once",
                        violation_error_message="This person is booked for another session at that time.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "interpreter"), models.Q(("language", ""), _negated=True)),
                            models.Q(("kind__in", ("sign", "captioner")), ("language", "")),
                            _connector="OR",
                        ),
                        name="an_interpreter_has_a_language",
                    ),
                ],
            },
        ),
        lock("schedule_sessionhelper", web=OWN_OR_STAFF, write=STAFF),
        migrations.RunSQL(BOOKINGS, migrations.RunSQL.noop),
        let_helpers("schedule_sessionhelper", read="session_id IN (SELECT app_helper_sessions())"),
        let_helpers("schedule_caresession", read="id IN (SELECT app_helper_sessions())"),
        let_helpers("schedule_block", read="session_id IN (SELECT app_helper_sessions())"),
    ]

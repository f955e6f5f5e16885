"""Days on which the clinic is closed, shifts on offer, and alarms about hours that nobody covers."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import SIGNED_IN, STAFF, lock


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0011_supporter_locks"),
        ("safety", "0007_places"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClosedDay",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("on", models.DateField(verbose_name="Day")),
                ("name", models.TextField(verbose_name="Why")),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("clinic", "on"), name="closed_once_a_day")],
            },
        ),
        migrations.CreateModel(
            name="RotaAlarm",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("gap_begins_at", models.DateTimeField()),
                ("gap_ends_at", models.DateTimeField()),
                ("number", models.PositiveSmallIntegerField()),
                ("made_at", models.DateTimeField()),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("clinic", "gap_begins_at", "number"), name="one_alarm_a_gap")
                ],
            },
        ),
        migrations.CreateModel(
            name="ShiftOffer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("offered_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
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
                    "offered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
                    ),
                ),
                (
                    "shift",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="offers", to="safety.oncallshift"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at", None), ("withdrawn_at", None)),
                        fields=("shift",),
                        name="one_open_offer_a_shift",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at", None), ("accepted_by", None)),
                            models.Q(
                                ("accepted_at__isnull", False), ("accepted_by__isnull", False), ("withdrawn_at", None)
                            ),
                            _connector="OR",
                        ),
                        name="accepted_by_somebody_or_not",
                    ),
                ],
            },
        ),
        # A patient's own answer asks whether staff are here today.
        lock("safety_closedday", web=SIGNED_IN, write=STAFF),
        lock("safety_shiftoffer", web=STAFF),
        lock("safety_rotaalarm", web=STAFF, append_only=True),
    ]

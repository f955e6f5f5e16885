"""Boards expire after the clinic's own days; a facilitator may keep one longer and says why."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import STAFF, lock


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0015_end_to_end"),
        ("room", "0031_help_call_key"),
    ]

    operations = [
        migrations.CreateModel(
            name="BoardHold",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("until", models.DateField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="board",
            name="held_until",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="boardpolicy",
            name="keep_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Empty: a board is kept until somebody destroys it. Boards that are older already go within the hour. A facilitator may keep one longer and says why. What was filed to a chart stays there.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3650),
                ],
                verbose_name="Destroy boards so many days after the last session they were open in",
            ),
        ),
        migrations.AddConstraint(
            model_name="boardpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("keep_days", None), ("keep_days__range", (1, 3650)), _connector="OR"),
                name="board_days_in_bounds",
            ),
        ),
        migrations.AddField(
            model_name="boardhold",
            name="board",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="room.board"),
        ),
        migrations.AddField(
            model_name="boardhold",
            name="by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.AddField(
            model_name="boardhold",
            name="clinic",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"),
        ),
        lock("room_boardhold", web=STAFF),
    ]

"""How fast a call from staff to staff climbs, and when it rings again without a word on what was found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0015_end_to_end")]
    operations = [
        migrations.AddField(
            "clinic",
            "alert_climb_seconds",
            models.PositiveSmallIntegerField(
                default=30, db_default=30, verbose_name="When staff need help: ask the next after (seconds)"
            ),
        ),
        migrations.AddField(
            "clinic",
            "alert_found_minutes",
            models.PositiveSmallIntegerField(
                default=10,
                db_default=10,
                verbose_name="When staff need help: call again without a word on what was found (minutes)",
            ),
        ),
        migrations.AddConstraint(
            "clinic",
            models.CheckConstraint(
                condition=models.Q(("alert_climb_seconds__range", (5, 600)), ("alert_found_minutes__range", (1, 120))),
                name="calls_for_help_climb",
            ),
        ),
    ]

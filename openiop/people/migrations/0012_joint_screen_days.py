"""How long it holds that each partner was asked alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0011_supporter_locks")]
    operations = [
        migrations.AddField(
            "clinic",
            "joint_screen_days",
            models.PositiveSmallIntegerField(default=30, verbose_name="Ask each partner alone again after (days)"),
        ),
        migrations.AddConstraint(
            "clinic",
            models.CheckConstraint(
                condition=models.Q(joint_screen_days__range=(1, 365)), name="joint_screen_within_a_year"
            ),
        ),
    ]

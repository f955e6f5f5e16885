"""When a patient's screen asks *still with us?*, and whether an unanswered question takes minutes: not until chosen."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0018_hand_over_minutes"),
    ]

    operations = [
        migrations.AddField(
            model_name="clinic",
            name="still_after_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                verbose_name="Ask “Still with us?” when a patient's device was not touched for",
            ),
        ),
        migrations.AddField(
            model_name="clinic",
            name="still_counts",
            field=models.BooleanField(
                db_default=False,
                default=False,
                verbose_name="Minutes after an unanswered “Still with us?” do not count",
            ),
        ),
        migrations.AddField(
            model_name="clinic",
            name="still_grace_minutes",
            field=models.PositiveSmallIntegerField(
                db_default=2, default=2, verbose_name="“Still with us?” counts as unanswered after (minutes)"
            ),
        ),
        migrations.AddConstraint(
            model_name="clinic",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("still_after_minutes", 0), ("still_after_minutes__range", (10, 60)), _connector="OR"),
                    ("still_grace_minutes__range", (1, 10)),
                ),
                name="still_with_us_is_asked_gently",
            ),
        ),
    ]

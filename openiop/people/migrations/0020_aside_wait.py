"""How long a clinician who was asked to a private place may take before others are asked as well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0019_still_with_us")]
    operations = [
        migrations.AddField(
            "clinic",
            "aside_wait_minutes",
            models.PositiveSmallIntegerField(
                default=2,
                db_default=2,
                verbose_name="Ask others as well when a clinician who was asked to a private place is not there after (minutes)",
            ),
        ),
    ]

"""Whether the clinic's rooms are sealed from person to person from their beginning."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0014_reminders")]
    operations = [
        migrations.AddField(
            "clinic",
            "end_to_end",
            models.BooleanField(default=False, verbose_name="Encrypt the rooms end to end from the start"),
        ),
    ]

"""What one patient answered to an item is found by an index, built while answers go on being kept."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("measures", "0007_asked_and_read"),
        ("people", "0012_joint_screen_days"),
    ]

    operations = [
        AddIndexConcurrently("answer", models.Index(fields=["patient", "item"], name="answers_of_a_patient")),
    ]

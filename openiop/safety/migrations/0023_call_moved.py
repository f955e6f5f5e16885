"""A call of staff whose place is corrected asks anew from there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("safety", "0022_hand_over")]

    operations = [migrations.AddField("staffalert", "moved_at", models.DateTimeField(null=True))]

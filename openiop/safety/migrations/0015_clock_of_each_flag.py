from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("safety", "0014_graver_at_once")]

    operations = [migrations.AddField("flag", "contact_minutes", models.PositiveSmallIntegerField(null=True))]

"""A call for help carries the device's key, so that it is kept once however often a bad line sends it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("room", "0030_site_in_a_breakout")]
    operations = [
        migrations.AddField(model_name="helpcall", name="key", field=models.UUIDField(null=True)),
        migrations.AddConstraint(
            model_name="helpcall",
            constraint=models.UniqueConstraint(fields=("seat", "key"), name="one_help_call_per_press"),
        ),
    ]

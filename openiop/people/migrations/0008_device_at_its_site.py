"""A device is named together with its site, so that a room can be bound to one that stands there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0007_pause")]
    operations = [
        migrations.AddConstraint("device", models.UniqueConstraint(fields=["id", "site"], name="device_at_its_site"))
    ]

"""Which device stands in a room: only one of the same site, and only in one room."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
ALTER TABLE schedule_room ADD CONSTRAINT device_stands_at_the_rooms_site
  FOREIGN KEY (device_id, site_id) REFERENCES people_device (id, site_id);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0008_device_at_its_site"), ("schedule", "0005_attested")]
    operations = [
        migrations.AddField(
            "room",
            "device",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.device",
            ),
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]

"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import OURS, SIGNED_IN, lock

# A patient sees only their own seat here; who else is in the room comes through a function of its own.
OWN_SEAT = f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR person_id = (SELECT app_person())
  OR device_id = (SELECT app_person()))"""
OWN_EVENT = f"{OURS} AND ((SELECT app_kind()) IN ('staff', 'device') OR patient_id = (SELECT app_person()))"


class Migration(migrations.Migration):
    dependencies = [("room", "0001_tables")]
    operations = [
        lock("room_liveroom", web=SIGNED_IN),
        lock("room_seat", web=OWN_SEAT),
        lock("room_doorevent", web=OWN_EVENT, append_only=True),
    ]

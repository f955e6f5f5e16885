"""Row-level security for the check-ins a clinic put together: patients are asked by them, staff choose them."""

from django.db import migrations

from openiop.lib.rls import SIGNED_IN, STAFF, lock


class Migration(migrations.Migration):
    dependencies = [("measures", "0005_check_in_forms")]
    operations = [lock("measures_checkinform", web=SIGNED_IN, write=STAFF, append_only=True)]

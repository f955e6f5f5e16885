"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import SIGNED_IN, STAFF, lock, own


class Migration(migrations.Migration):
    dependencies = [("measures", "0001_tables")]
    operations = [
        lock("measures_cadence", web=SIGNED_IN, write=STAFF),
        lock("measures_response", web=own()),
        lock("measures_answer", web=own(), append_only=True),
    ]

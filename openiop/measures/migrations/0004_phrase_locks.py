"""Row-level security for a clinic's own phrases: everybody's words are searched with them, staff change them."""

from django.db import migrations

from openiop.lib.rls import SIGNED_IN, STAFF, lock


class Migration(migrations.Migration):
    dependencies = [("measures", "0003_phrases")]
    operations = [
        lock("measures_ownphrase", web=SIGNED_IN, write=STAFF),
        lock("measures_phraseoff", web=SIGNED_IN, write=STAFF),
    ]

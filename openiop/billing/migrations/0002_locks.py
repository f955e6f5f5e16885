"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import STAFF, lock


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_tables")]
    operations = [
        lock("billing_payer", web=STAFF),
        lock("billing_rule", web=STAFF),
        lock("billing_coverage", web=STAFF),
        lock("billing_signedday", web=STAFF),
        lock("billing_charge", web=STAFF),
    ]

"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import STAFF, lock, own


class Migration(migrations.Migration):
    dependencies = [("chart", "0001_tables")]
    operations = [
        lock("chart_plan", web=own(), write=STAFF),
        lock("chart_goal", web=own(), write=STAFF),
        lock("chart_groupnote", web=STAFF),
        lock("chart_notepart", web=STAFF),
        lock("chart_addendum", web=STAFF, append_only=True),
    ]

"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import OURS, SIGNED_IN, STAFF, lock, own

WRITTEN_BY_DEVICES_TOO = f"{own()} OR ({OURS} AND (SELECT app_kind()) = 'device')"


class Migration(migrations.Migration):
    dependencies = [("safety", "0001_tables"), ("people", "0002_locks")]
    operations = [
        lock("safety_oncallshift", web=SIGNED_IN, write=STAFF),
        lock("safety_whereabouts", web=own(), write=WRITTEN_BY_DEVICES_TOO, append_only=True),
        lock("safety_case", web=own()),
        lock("safety_flag", web=own(), append_only=True),
        lock("safety_page", web=own()),
        # The patient may read who has it; what was said and found is the staff's.
        lock("safety_acknowledgement", web=own(), write=STAFF, append_only=True),
        lock("safety_contact", web=STAFF, append_only=True),
        lock("safety_closure", web=STAFF, append_only=True),
        migrations.RunSQL(
            """
            REVOKE DELETE ON safety_case, safety_page FROM openiop_web, openiop_worker;
            REVOKE UPDATE ON safety_page FROM openiop_web, openiop_worker;
            GRANT UPDATE (sent_at) ON safety_page TO openiop_worker;
            """,
            migrations.RunSQL.noop,
        ),
    ]

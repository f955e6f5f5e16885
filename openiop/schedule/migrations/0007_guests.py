"""What a supporter may read here: the one meeting of their link, and its blocks."""

from django.db import migrations

from openiop.lib.rls import OURS, let_guests


class Migration(migrations.Migration):
    dependencies = [("people", "0011_supporter_locks"), ("schedule", "0006_room_device")]
    operations = [
        let_guests("schedule_caresession", read="id = (SELECT app_guest_session())"),
        migrations.RunSQL(
            "CREATE POLICY guest_read ON schedule_caresession FOR SELECT TO openiop_web "
            f"USING ({OURS} AND (SELECT app_kind()) = 'supporter')",
            migrations.RunSQL.noop,
        ),
        let_guests("schedule_block", read="session_id = (SELECT app_guest_session())"),
    ]

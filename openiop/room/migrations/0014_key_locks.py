"""Row-level security of the keys' tables: only those who are inside, of the session they are inside of."""

from django.db import migrations

from openiop.lib.rls import OURS, SIGNED_IN, STAFF, lock

MINE = "(s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person()))"


def inside(table: str) -> str:
    return f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR EXISTS (
      SELECT 1 FROM room_seat s WHERE s.session_id = {table}.session_id AND s.state = 'admitted' AND {MINE}))"""


def own(table: str) -> str:
    return f"{OURS} AND EXISTS (SELECT 1 FROM room_seat s WHERE s.id = {table}.seat_id AND {MINE})"


# A package is bound to the sign-in it came from: nobody, staff neither, publishes one for another seat.
PACKAGE_IS_MINE = f"""
DROP POLICY web_insert ON room_keypackage;
CREATE POLICY web_insert ON room_keypackage FOR INSERT TO openiop_web
  WITH CHECK ({inside("room_keypackage")} AND {own("room_keypackage")});
"""
# A welcome is written by whoever brings somebody in, and read by the one brought in. Staff end the session and with it all of them.
WELCOME_IS_FOR_ONE = f"""
DROP POLICY web_read ON room_keywelcome;
CREATE POLICY web_read ON room_keywelcome FOR SELECT TO openiop_web
  USING (({own("room_keywelcome")}) OR ({STAFF}));
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0013_keys")]
    operations = [
        lock("room_encryptionchoice", web=SIGNED_IN, write=STAFF, append_only=True),
        lock("room_keypackage", web=inside("room_keypackage")),
        lock("room_keycommit", web=inside("room_keycommit")),
        lock("room_keywelcome", web=inside("room_keywelcome")),
        lock("room_keyroster", web=inside("room_keyroster")),
        migrations.RunSQL(PACKAGE_IS_MINE, migrations.RunSQL.noop),
        migrations.RunSQL(WELCOME_IS_FOR_ONE, migrations.RunSQL.noop),
    ]

"""A supporter reads the door's lock and words, what asks or lights them, and the chat where they sit."""

from django.db import migrations

from openiop.lib.rls import NO_GUEST, let_guests

HERE = "session_id = (SELECT app_guest_session())"
OF_OWN_SEAT = """EXISTS (SELECT 1 FROM room_seat s WHERE s.id = seat_id
  AND s.session_id = (SELECT app_guest_session()) AND s.person_id = (SELECT app_person()))"""
# The tables' own policies say which of these rows are for whoever sits where; these keep it to the one meeting.
READ = ("room_doorlock", "room_doormessage", "room_stick", "room_chat")


def their_own_may_go(table: str) -> migrations.RunSQL:
    """What stands before or upon themselves a supporter takes away themselves."""
    return migrations.RunSQL(
        f"ALTER POLICY guests_delete ON {table} USING ({NO_GUEST} OR ({OF_OWN_SEAT}))", migrations.RunSQL.noop
    )


class Migration(migrations.Migration):
    dependencies = [("room", "0025_joint_breakouts"), ("people", "0012_joint_screen_days")]
    operations = [
        *[let_guests(table, read=HERE) for table in READ],
        let_guests("room_speakask", read=OF_OWN_SEAT),
        their_own_may_go("room_speakask"),
        let_guests("room_spotlight", read=HERE),
        their_own_may_go("room_spotlight"),
        let_guests("room_chatline", read=HERE, write=OF_OWN_SEAT),
    ]

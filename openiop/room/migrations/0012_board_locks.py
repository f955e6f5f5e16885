"""Row-level security of the boards: whoever sits at a board's place, and staff."""

from django.db import migrations

from openiop.lib.rls import OURS, SIGNED_IN, STAFF, lock

# Admitted, at this very place, in a room that has not ended. A board that went on to another evening is out of reach
# of those who sat in an earlier one, because `session_id` went with it.
SITS_THERE = f"""{OURS} AND ((SELECT app_kind()) = 'staff' OR EXISTS (
  SELECT 1 FROM room_seat s JOIN room_liveroom l ON l.session_id = s.session_id AND l.place = s.place
  WHERE s.session_id = room_board.session_id AND s.place = room_board.place AND s.state = 'admitted'
    AND l.ended_at IS NULL AND (s.person_id = (SELECT app_person()) OR s.device_id = (SELECT app_person()))))"""


def of_a_board(table: str) -> str:
    return f"{OURS} AND EXISTS (SELECT 1 FROM room_board b WHERE b.id = {table}.board_id)"


def only_staff_delete(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(f"ALTER POLICY web_delete ON {table} USING ({STAFF})", migrations.RunSQL.noop)


# Passes the lock, because taking rows away is otherwise for staff: a board on which patients alone draw must be put
# together too. What the board shows is the same before and after.
COMPACT = """
CREATE FUNCTION board_compact(p_board uuid, p_seq bigint, p_data bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM room_board WHERE id = p_board AND clinic_id = app_clinic() AND seq = p_seq AND destroyed_at IS NULL;
  IF NOT FOUND THEN RAISE EXCEPTION 'no such state of a board here'; END IF;
  INSERT INTO room_boardsnapshot (id, clinic_id, board_id, seq, data)
    VALUES (gen_random_uuid(), app_clinic(), p_board, p_seq, p_data)
    ON CONFLICT (board_id) DO UPDATE SET seq = excluded.seq, data = excluded.data;
  DELETE FROM room_boardupdate WHERE board_id = p_board AND seq <= p_seq;
  UPDATE room_board SET size = length(p_data) WHERE id = p_board;
END $$;
REVOKE EXECUTE ON FUNCTION board_compact(uuid, bigint, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION board_compact(uuid, bigint, bytea) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0011_boards")]
    operations = [
        lock("room_boardpolicy", web=SIGNED_IN, write=STAFF),
        lock("room_board", web=SITS_THERE),
        lock("room_boardupdate", web=of_a_board("room_boardupdate")),
        lock("room_boardsnapshot", web=of_a_board("room_boardsnapshot"), write=STAFF),
        lock("room_boardimage", web=of_a_board("room_boardimage")),
        lock("room_boardclear", web=STAFF),
        only_staff_delete("room_board"),
        only_staff_delete("room_boardupdate"),
        only_staff_delete("room_boardimage"),
        migrations.RunSQL(COMPACT, migrations.RunSQL.noop),
    ]

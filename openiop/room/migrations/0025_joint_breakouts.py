"""A couple's meeting that is open goes on: its breakouts open whatever a partner has said since.

Their opening lets nobody in; a seat that is let in is looked at by guards of its own (0022).
"""

from django.db import migrations

OPENS = """
DROP TRIGGER joint_room_opens ON room_liveroom;
CREATE TRIGGER joint_room_opens BEFORE INSERT ON room_liveroom
  FOR EACH ROW WHEN (NEW.place NOT LIKE 'aside:%' AND NEW.place NOT LIKE 'breakout:%')
  EXECUTE FUNCTION joint_meeting_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0024_leaving")]
    operations = [migrations.RunSQL(OPENS, migrations.RunSQL.noop)]

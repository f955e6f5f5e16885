"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import OURS, SIGNED_IN, STAFF, lock, own

WRITTEN_BY_DEVICES_TOO = f"{own()} OR ({OURS} AND (SELECT app_kind()) = 'device')"
STAFF_DEVICES_AND_THE_ROSTER = f"""{OURS} AND ((SELECT app_kind()) IN ('staff', 'device') OR EXISTS (
  SELECT 1 FROM schedule_rosterentry r
  WHERE r.session_id = schedule_caresession.id AND r.patient_id = (SELECT app_person())))"""


class Migration(migrations.Migration):
    dependencies = [("schedule", "0001_tables")]
    operations = [
        lock("schedule_room", web=SIGNED_IN, write=STAFF),
        lock("schedule_series", web=SIGNED_IN, write=STAFF),
        lock("schedule_seriesfacilitator", web=SIGNED_IN, write=STAFF),
        lock("schedule_seriesmember", web=own(), write=STAFF),
        lock("schedule_seriesexception", web=SIGNED_IN, write=STAFF),
        lock("schedule_caresession", web=STAFF_DEVICES_AND_THE_ROSTER, write=STAFF),
        lock("schedule_block", web=SIGNED_IN, write=STAFF),
        lock("schedule_sessionstaff", web=SIGNED_IN, write=STAFF),
        lock("schedule_nottogether", web=STAFF),
        lock("schedule_rosterentry", web=own(), write=STAFF),
        lock("schedule_evidence", web=own(), write=WRITTEN_BY_DEVICES_TOO, append_only=True),
        lock("schedule_blockminutes", web=own(), write=STAFF),
        lock("schedule_correction", web=own(), write=STAFF, append_only=True),
        lock("schedule_outreachcall", web=STAFF, append_only=True),
    ]

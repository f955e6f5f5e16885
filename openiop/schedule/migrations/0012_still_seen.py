"""Whoever leads may answer *still with us?* for somebody they see take part, in their own name."""

import django.db.models.deletion
from django.db import migrations, models

from openiop.lib.rls import OURS

QUESTION = """EXISTS (SELECT 1 FROM schedule_stillquestion q
  WHERE q.id = schedule_stillanswer.question_id AND q.patient_id = schedule_stillanswer.patient_id)"""
MINE = "(SELECT app_kind()) = 'patient' AND patient_id = (SELECT app_person()) AND seen_by_id IS NULL"
SEEN = "(SELECT app_kind()) = 'staff' AND seen_by_id = (SELECT app_person())"
ANSWERED = (
    f"ALTER POLICY web_insert ON schedule_stillanswer WITH CHECK ({OURS} AND {QUESTION} AND (({MINE}) OR ({SEEN})))"
)


class Migration(migrations.Migration):
    dependencies = [("people", "0019_still_with_us"), ("schedule", "0011_still_with_us")]

    operations = [
        migrations.AddField(
            "stillanswer",
            "seen_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
            ),
        ),
        migrations.RunSQL(ANSWERED, migrations.RunSQL.noop),
    ]

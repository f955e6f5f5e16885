"""One word for how people arrive: a poll whose answers are offered by us, anonymous and never kept."""

from django.db import migrations, models
from django.db.models import Q

KINDS = ["feelings", "commitment", "yes_no", "choices", "arrival"]

VALUES = """
CREATE OR REPLACE FUNCTION poll_values(p_kind text, p_options jsonb) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_kind = 'yes_no' THEN 2
              WHEN p_kind IN ('choices', 'arrival') THEN jsonb_array_length(p_options) ELSE 11 END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0035_called")]
    operations = [
        migrations.RunSQL(VALUES, migrations.RunSQL.noop),
        migrations.AlterField(
            "poll",
            "kind",
            models.TextField(
                choices=[
                    ("feelings", "feelings, 0 to 10"),
                    ("commitment", "commitment, 0 to 10"),
                    ("yes_no", "yes or no"),
                    ("choices", "own options"),
                    ("arrival", "one word for how somebody arrives"),
                ]
            ),
        ),
        migrations.RemoveConstraint("poll", "poll_asks_something"),
        migrations.AddConstraint(
            "poll", models.CheckConstraint(condition=Q(kind__in=KINDS), name="poll_asks_something")
        ),
        migrations.AddConstraint(
            "poll",
            models.CheckConstraint(
                condition=~Q(kind="arrival") | Q(named=False, kept=False), name="arrival_is_nobodys_and_not_kept"
            ),
        ),
    ]

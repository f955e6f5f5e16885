"""Being harmed, said in one's own words, ends a joint screen as the two questions do."""

from django.db import migrations

FUNCTION = """
-- The newest screen counts. A flag raised since ends it whatever became of its case: the person is asked alone again.
-- A line lost is private where the case is, and says nothing new about home.
CREATE OR REPLACE FUNCTION joint_screen_state(p_patient uuid, p_at timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce((
    SELECT CASE
      WHEN NOT s.suitable THEN 'unsuitable'
      WHEN EXISTS (SELECT 1 FROM safety_flag f WHERE f.patient_id = p_patient AND f.raised_at >= s.at
                   AND (f.reason IN ('safe_now', 'harmed_at_home')
                        OR (f.kind = 'harmed' AND f.reason <> 'line_lost'))) THEN 'harm'
      WHEN s.at + make_interval(days => c.joint_screen_days) <= p_at THEN 'expired'
      ELSE 'suitable' END
    FROM safety_jointscreen s JOIN people_clinic c ON c.id = s.clinic_id
    WHERE s.patient_id = p_patient ORDER BY s.at DESC, s.id DESC LIMIT 1), 'never') $$;
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0012_alerts")]
    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]

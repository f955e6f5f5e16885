"""What was said alone is for clinicians, and how it stands with one person is decided in one place."""

from django.db import migrations

from openiop.lib.rls import STAFF, lock

CLINICIAN = """EXISTS (SELECT 1 FROM people_person p WHERE p.id = (SELECT app_person()) AND p.active AND p.kind = 'staff'
  AND p.roles && ARRAY['director', 'facilitator', 'therapist', 'prescriber'])"""

FUNCTIONS = f"""
-- The newest screen counts. A flag raised since ends it whatever became of its case: the person is asked alone again.
CREATE FUNCTION joint_screen_state(p_patient uuid, p_at timestamptz) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT coalesce((
    SELECT CASE
      WHEN NOT s.suitable THEN 'unsuitable'
      WHEN EXISTS (SELECT 1 FROM safety_flag f WHERE f.patient_id = p_patient AND f.raised_at >= s.at
                   AND f.reason IN ('safe_now', 'harmed_at_home')) THEN 'harm'
      WHEN s.at + make_interval(days => c.joint_screen_days) <= p_at THEN 'expired'
      ELSE 'suitable' END
    FROM safety_jointscreen s JOIN people_clinic c ON c.id = s.clinic_id
    WHERE s.patient_id = p_patient ORDER BY s.at DESC, s.id DESC LIMIT 1), 'never') $$;

CREATE FUNCTION joint_screens(p_patients uuid[], p_at timestamptz) RETURNS TABLE (patient_id uuid, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.id, joint_screen_state(p.id, p_at) FROM people_person p
  WHERE p.id = ANY (p_patients) AND p.clinic_id = app_clinic() AND {CLINICIAN.replace("p.", "me.").replace(" p ", " me ")} $$;

REVOKE EXECUTE ON FUNCTION joint_screen_state(uuid, timestamptz), joint_screens(uuid[], timestamptz)
  FROM PUBLIC, openiop_web, openiop_worker;
GRANT EXECUTE ON FUNCTION joint_screens(uuid[], timestamptz) TO openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0009_joint_screen"), ("people", "0012_joint_screen_days")]
    operations = [
        lock("safety_jointscreen", web=f"{STAFF} AND {CLINICIAN}", append_only=True),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]

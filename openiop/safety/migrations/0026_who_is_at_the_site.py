"""Who is at a site today, for the ladder of somebody who is there: a patient's own answer draws it."""

from django.db import migrations

FUNCTION = """
-- Ids of staff who said today that they are at this site; nothing of where in it, nor of anybody else.
CREATE FUNCTION staff_at(p_site uuid, p_at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT last.staff_id FROM (
    SELECT DISTINCT ON (w.staff_id) w.staff_id, w.site_id, w.told_at FROM safety_staffplace w
    WHERE w.clinic_id = app_clinic() AND w.told_at <= p_at AND w.told_at > p_at - interval '24 hours'
    ORDER BY w.staff_id, w.told_at DESC) last
  JOIN people_clinic c ON c.id = app_clinic()
  WHERE last.site_id = p_site AND (last.told_at AT TIME ZONE c.zone)::date = (p_at AT TIME ZONE c.zone)::date
  ORDER BY last.staff_id $$;
REVOKE EXECUTE ON FUNCTION staff_at(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION staff_at(uuid, timestamptz) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0025_one_to_one")]
    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]

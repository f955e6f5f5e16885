"""Which media server a session's rooms are on, and how much each carries."""

from django.db import migrations, models

# Counts over all clinics, and nothing else: a media server is shared.
MEDIA_LOAD = """
CREATE FUNCTION media_load(p_at timestamptz)
RETURNS TABLE (instance text, sessions bigint, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.instance, count(DISTINCT r.session_id),
         count(DISTINCT s.id) FILTER (WHERE s.state = 'admitted' AND s.online)
  FROM room_liveroom r
  LEFT JOIN room_seat s ON s.session_id = r.session_id
  WHERE r.ended_at IS NULL AND r.opened_at > p_at - interval '12 hours' AND r.instance <> ''
  GROUP BY r.instance
$$;
REVOKE EXECUTE ON FUNCTION media_load(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION media_load(timestamptz) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0002_locks")]
    operations = [
        migrations.AddField("liveroom", "instance", models.TextField(default="")),
        migrations.RunSQL(MEDIA_LOAD, migrations.RunSQL.noop),
    ]

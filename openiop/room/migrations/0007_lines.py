"""Which socket speaks for a tab, and who saves data just now."""

from django.db import migrations, models

# Of those alone whom room_seats shows to the acting person.
SAVING = """
CREATE FUNCTION room_saving(p_session uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id FROM room_seats(p_session) r JOIN room_seat s ON s.id = r.id WHERE s.saving
$$;
REVOKE EXECUTE ON FUNCTION room_saving(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION room_saving(uuid) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [("room", "0006_signals")]
    operations = [
        migrations.AddField("seat", "line", models.UUIDField(null=True)),
        migrations.AddField("seat", "saving", models.BooleanField(default=False)),
        migrations.RunSQL(SAVING, "DROP FUNCTION room_saving(uuid)"),
    ]

"""A patient on site with their own phone: a seat that never has sound or picture."""

from django.db import migrations, models

# Of those alone whom room_seats shows to the acting person.
COMPANIONS = """
CREATE FUNCTION room_companions(p_session uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id FROM room_seats(p_session) r JOIN room_seat s ON s.id = r.id WHERE s.companion
$$;
REVOKE EXECUTE ON FUNCTION room_companions(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION room_companions(uuid) TO openiop_web, openiop_worker;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0009_plan_review"),
        ("room", "0017_guests"),
        ("schedule", "0006_room_device"),
    ]

    operations = [
        migrations.AddField(
            model_name="seat",
            name="companion",
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("companion", False),
                    models.Q(("audio", False), ("media", {}), ("role", "patient"), ("video", False)),
                    _connector="OR",
                ),
                name="companion_has_no_media",
            ),
        ),
        migrations.RunSQL(COMPANIONS, "DROP FUNCTION room_companions(uuid)"),
    ]

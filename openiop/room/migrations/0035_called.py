"""A clinician who does not lead, called to a private place with one person: in that place while the call stands, else out.

Where they sit the database decides, as it does for helpers: whoever moves or loses the person, whatever ends the call.
"""

from django.db import migrations, models

SITS = """
-- In the private place they were called to, and no verb of theirs or of others moves them anywhere else.
CREATE FUNCTION called_sits_beside() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  beside uuid;
BEGIN
  SELECT a.seat_id INTO beside FROM room_asideask a
    JOIN room_seat s ON s.id = a.seat_id AND s.state = 'admitted'
    WHERE a.session_id = NEW.session_id AND a.whom_id = NEW.person_id AND a.called
      AND a.coming_at IS NOT NULL AND a.ended_at IS NULL;
  IF beside IS NOT NULL THEN
    NEW.place := 'aside:' || beside;
  ELSE
    NEW.place := 'group';
    IF NEW.state = 'admitted' THEN
      NEW.state := 'left';
    END IF;
  END IF;
  IF NEW.state <> 'admitted' THEN
    NEW.hand_at := NULL; NEW.audio := false; NEW.video := false; NEW.saving := false; NEW.media := '{}';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a_called_sits_beside BEFORE INSERT OR UPDATE ON room_seat
  FOR EACH ROW WHEN (NEW.role = 'called') EXECUTE FUNCTION called_sits_beside();

-- The person is in the room no longer, has gone back from the private place, or sits on site with a phone that hears
-- nothing: nobody is called to it any more.
CREATE FUNCTION call_ends_with_the_place() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE room_asideask SET ended_at = greatest(app_at(), at), ended = CASE
      WHEN arrived_at IS NOT NULL THEN 'over' WHEN NEW.state <> 'admitted' THEN 'gone' ELSE 'back' END
    WHERE seat_id = NEW.id AND called AND ended_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER call_ends_with_the_place AFTER UPDATE ON room_seat
  FOR EACH ROW WHEN (NEW.role = 'patient' AND (NEW.state <> 'admitted' AND OLD.state = 'admitted'
    OR OLD.place LIKE 'aside:%' AND NEW.place IS DISTINCT FROM OLD.place
    OR NEW.companion AND NOT OLD.companion))
  EXECUTE FUNCTION call_ends_with_the_place();

-- A call that is over puts out whoever was called. They may read the record for a day more, if they were there: to
-- write down what happened. Whoever never came reads nothing from then on.
CREATE FUNCTION call_is_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE people_tie SET ends_at = CASE WHEN NEW.arrived_at IS NULL THEN NEW.ended_at
                                  ELSE NEW.ended_at + interval '24 hours' END
    WHERE staff_id = NEW.whom_id AND role = 'called' AND because = 'aside ' || NEW.id;
  UPDATE room_seat SET place = place
    WHERE session_id = NEW.session_id AND person_id = NEW.whom_id AND role = 'called';
  RETURN NULL;
END $$;
CREATE TRIGGER call_is_over AFTER UPDATE ON room_asideask
  FOR EACH ROW WHEN (NEW.called AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION call_is_over();

-- What the person themselves may know of it, and nobody else: who asked, who is coming, who is there. Nothing where their
-- screen may be looked at by whoever harms them (docs/rules/private.md; a tap that says "not safe").
CREATE FUNCTION my_company(p_session uuid) RETURNS TABLE (id uuid, word text, asked_by text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.id, t.word, b.called, CASE WHEN t.word = 'asked' THEN '' ELSE w.called END
  FROM room_asideask a
  JOIN room_seat s ON s.id = a.seat_id AND s.role = 'patient' AND s.state = 'admitted' AND s.person_id = app_person()
  JOIN people_clinic c ON c.id = a.clinic_id
  JOIN people_person b ON b.id = a.by_id
  JOIN people_person w ON w.id = a.whom_id
  LEFT JOIN room_seat h ON h.session_id = a.session_id AND h.person_id = a.whom_id AND h.role = 'called'
  CROSS JOIN LATERAL (SELECT CASE
    WHEN a.arrived_at IS NOT NULL THEN CASE
      WHEN h.online AND h.seen_at > app_at() - interval '25 seconds' THEN 'here' ELSE 'lost' END
    WHEN a.coming_at + make_interval(mins => c.aside_wait_minutes) > app_at() THEN 'coming'
    ELSE 'asked' END AS word) t
  WHERE a.session_id = p_session AND a.clinic_id = app_clinic() AND app_kind() = 'patient'
    AND a.called AND a.ended_at IS NULL
    AND NOT EXISTS (SELECT FROM room_signal g WHERE g.seat_id = s.id AND g.kind = 'not_safe')
    AND NOT EXISTS (SELECT FROM safety_case k JOIN safety_flag f ON f.case_id = k.id
                    WHERE k.patient_id = s.person_id AND k.closed_at IS NULL AND f.kind = 'harmed') $$;
REVOKE EXECUTE ON FUNCTION my_company(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_company(uuid) TO openiop_web, openiop_worker;
REVOKE EXECUTE ON FUNCTION called_sits_beside(), call_ends_with_the_place(), call_is_over()
  FROM PUBLIC, openiop_web, openiop_worker;
"""

ENDS = ("came", "declined", "withdrawn", "taken", "unable", "back", "gone", "over")
ROLES = ("patient", "facilitator", "staff", "site", "supporter", "helper", "called")


class Migration(migrations.Migration):
    dependencies = [
        ("room", "0034_household_plan"),
        ("people", "0020_aside_wait"),
        ("safety", "0017_restricted_locks"),
    ]
    operations = [
        migrations.AlterField(
            "seat", "role", models.TextField(choices=[(role, role) for role in ROLES], default="patient")
        ),
        migrations.AddField("asideask", "called", models.BooleanField(default=False)),
        migrations.AddField("asideask", "coming_at", models.DateTimeField(null=True)),
        migrations.AddField("asideask", "arrived_at", models.DateTimeField(null=True)),
        migrations.AddField("asideask", "climbed_at", models.DateTimeField(null=True)),
        migrations.AlterField("asideask", "ended", models.TextField(blank=True, choices=[(how, how) for how in ENDS])),
        migrations.AddConstraint(
            "asideask",
            models.UniqueConstraint(
                fields=["session", "whom"],
                condition=models.Q(called=True, ended_at=None, coming_at__isnull=False),
                name="called_to_one_private_place",
            ),
        ),
        migrations.AddConstraint(
            "asideask",
            models.CheckConstraint(
                condition=models.Q(coming_at=None, arrived_at=None) | models.Q(called=True, coming_at__isnull=False),
                name="called_comes_before_arriving",
            ),
        ),
        migrations.CreateModel(
            name="MyCompany",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("word", models.TextField()),
                ("asked_by", models.TextField()),
                ("name", models.TextField()),
            ],
            options={"db_table": "my_company", "managed": False},
        ),
        migrations.RunSQL(SITS, migrations.RunSQL.noop),
    ]

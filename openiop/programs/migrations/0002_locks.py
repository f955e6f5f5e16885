"""Row-level security: what each role may read and write here."""

from django.db import migrations

from openiop.lib.rls import SIGNED_IN, STAFF, lock, own


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_tables")]
    operations = [
        lock("programs_program", web=SIGNED_IN, write=STAFF),
        lock("programs_track", web=SIGNED_IN, write=STAFF),
        lock("programs_enrolment", web=own(), write=STAFF),
        lock("programs_diagnosis", web=own(), write=STAFF),
        migrations.RunSQL(
            """
            ALTER TABLE programs_enrolment ADD CONSTRAINT enrolment_has_its_tracks_audience
              FOREIGN KEY (track_id, audience) REFERENCES programs_track (id, audience);
            REVOKE DELETE ON programs_enrolment, programs_diagnosis FROM openiop_web, openiop_worker;
            """,
            migrations.RunSQL.noop,
        ),
    ]

"""Invitations: how somebody without a password comes in, and a time of its own for patients' screens."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import lock, own

# Whoever holds the link is nobody yet; it answers only to who holds the token.
FUNCTIONS = """
CREATE FUNCTION invitation_of_token(p_hash text, p_at timestamptz) RETURNS SETOF people_invitation
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM people_invitation WHERE token_hash = p_hash AND used_at IS NULL AND ends_at > p_at $$;
REVOKE EXECUTE ON FUNCTION invitation_of_token(text, timestamptz) FROM PUBLIC, openiop_worker;
GRANT EXECUTE ON FUNCTION invitation_of_token(text, timestamptz) TO openiop_web;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0002_locks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("token_hash", models.TextField(unique=True)),
                ("made_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="clinic",
            name="patient_logoff_minutes",
            field=models.PositiveSmallIntegerField(default=60, verbose_name="Lock a patient's screen after (minutes)"),
        ),
        migrations.AddConstraint(
            model_name="clinic",
            constraint=models.CheckConstraint(
                condition=models.Q(("patient_logoff_minutes__range", (1, 720))),
                name="patient_logoff_within_twelve_hours",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="clinic",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"),
        ),
        migrations.AddField(
            model_name="invitation",
            name="login",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="made_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.AddField(
            model_name="invitation",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        lock("people_invitation", web=own("person_id")),
        migrations.RunSQL(
            "REVOKE DELETE ON people_invitation FROM openiop_web, openiop_worker;", migrations.RunSQL.noop
        ),
    ]

"""Three ways out, each with its receipt; and browsers that asked to be notified, seen by their owner alone."""

import django.db.models.deletion
from django.db import migrations, models

import openiop.lib.ids
from openiop.lib.rls import OURS, lock

MY_OWN = f"{OURS} AND person_id = (SELECT app_person()) AND (SELECT app_kind()) = 'staff'"


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0002_locks"),
        ("people", "0008_device_at_its_site"),
    ]

    operations = [
        migrations.CreateModel(
            name="PushSubscription",
            fields=[
                (
                    "id",
                    models.UUIDField(default=openiop.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("endpoint", models.TextField()),
                ("p256dh", models.TextField()),
                ("auth", models.TextField()),
                ("name", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="delivery",
            name="delivery_due",
        ),
        migrations.AddField(
            model_name="delivery",
            name="claimed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="perhaps_twice",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="delivery",
            name="receipt",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="way",
            field=models.TextField(
                choices=[("email", "e-mail"), ("sms", "text message"), ("push", "notification")], default="email"
            ),
        ),
        migrations.AddField(
            model_name="pushsubscription",
            name="clinic",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.clinic"),
        ),
        migrations.AddField(
            model_name="pushsubscription",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="subscription",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="messaging.pushsubscription",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("given_up_at", None), ("sent_at", None)),
                fields=["way", "not_before"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["because"], name="delivery_because"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("subscription", None), ("way", "push"), _connector="OR"),
                name="only_a_push_has_a_subscription",
            ),
        ),
        migrations.AddConstraint(
            model_name="pushsubscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("person", "endpoint"), name="one_subscription_a_browser"
            ),
        ),
        lock("messaging_pushsubscription", web=MY_OWN),
        migrations.RunSQL(
            "REVOKE DELETE ON messaging_pushsubscription FROM openiop_web, openiop_worker", migrations.RunSQL.noop
        ),
    ]

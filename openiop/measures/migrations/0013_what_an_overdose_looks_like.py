"""No breath, no pulse, hardly any oxygen and an unknown number of doses are taken: an overdose is never refused."""

from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("measures", "0012_half_way"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="substanceevent",
            name="each_event_says_what_it_needs",
        ),
        migrations.RemoveConstraint(
            model_name="substanceevent",
            name="naloxone_names_who_gave_it",
        ),
        migrations.RemoveConstraint(
            model_name="vitalsign",
            name="a_vital_sign_of_a_living_person",
        ),
        migrations.AddConstraint(
            model_name="substanceevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("doses", None),
                        ("given_by", ""),
                        ("kind", "withdrawal"),
                        ("medical", ""),
                        ("signs__len__gt", 0),
                    ),
                    models.Q(
                        ("kind__in", ["overdose", "naloxone"]),
                        ("signs__len", 0),
                        models.Q(("medical", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="each_event_says_what_it_needs",
            ),
        ),
        migrations.AddConstraint(
            model_name="substanceevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("doses", None),
                    models.Q(("doses__range", (1, 20)), models.Q(("given_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="naloxone_names_who_gave_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="vitalsign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("code", "systolic"),
                        ("unit", "mm[Hg]"),
                        ("value__gte", Decimal("40")),
                        ("value__lte", Decimal("300")),
                    ),
                    models.Q(
                        ("code", "diastolic"),
                        ("unit", "mm[Hg]"),
                        ("value__gte", Decimal("20")),
                        ("value__lte", Decimal("200")),
                    ),
                    models.Q(
                        ("code", "pulse"),
                        ("unit", "/min"),
                        ("value__gte", Decimal("0")),
                        ("value__lte", Decimal("300")),
                    ),
                    models.Q(
                        ("code", "breaths"),
                        ("unit", "/min"),
                        ("value__gte", Decimal("0")),
                        ("value__lte", Decimal("80")),
                    ),
                    models.Q(
                        ("code", "oxygen"), ("unit", "%"), ("value__gte", Decimal("0")), ("value__lte", Decimal("100"))
                    ),
                    models.Q(
                        ("code", "temperature"),
                        ("unit", "Cel"),
                        ("value__gte", Decimal("25")),
                        ("value__lte", Decimal("45")),
                    ),
                    _connector="OR",
                ),
                name="a_vital_sign_of_a_living_person",
            ),
        ),
    ]

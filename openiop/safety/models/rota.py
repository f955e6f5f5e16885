"""Who answers out of hours."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.lib import refusals
from openiop.people.models import Person, Row


class OnCallShift(Row):
    """Who answers out of hours. Rung 1 is asked before rung 2."""

    staff = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("Clinician"))
    rung = models.PositiveSmallIntegerField(_("Asked"), choices=[(1, _("first")), (2, _("second"))], default=1)
    during = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_on_call_per_rung",
                expressions=[
                    ("clinic", RangeOperators.EQUAL),
                    ("rung", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("Somebody else is already on call, asked in the same place, in those hours."),
            )
        ]


refusals.register(
    {
        "one_on_call_per_rung": (
            "begins_at",
            _("Somebody else is already on call, asked in the same place, in those hours."),
        )
    }
)

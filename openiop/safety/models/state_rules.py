"""What a state asks for, as this clinic has checked it: reporting clocks and agencies, and telling guardians."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.people.models import STATES, Person, Row
from openiop.safety import reporting
from openiop.safety.models.restricted import KINDS
from openiop.safety.reporting import Clocks, Within
from openiop.safety.states import ShippedRule, shipped_rule

UNITS = [(reporting.HOURS, _("hours")), (reporting.WORKING_DAYS, _("working days"))]
SINCES = [(reporting.LEARNED, _("after we learned of it")), (reporting.FIRST_REPORT, _("after the first report"))]


class DatedQuerySet(models.QuerySet[Any]):
    def in_force(self, clinic_id: Any, *, state: str, on: date, **which: Any) -> Any:
        """The clinic's newest row for this state on that day, or None."""
        ours = self.filter(clinic_id=clinic_id, state=state, effective_from__lte=on, **which)
        ours = ours.filter(Q(effective_to=None) | Q(effective_to__gt=on))
        return ours.order_by("-effective_from", "-made_at").first()


class Dated(Row):
    """A rule of a state in force from one day until before another, with where it was read and who checked it when.

    Added to, never changed; the newest in force counts.
    """

    state = models.CharField(_("State"), max_length=2, choices=[(s, s) for s in STATES])
    source = models.TextField(_("Where this is written"))
    checked_on = models.DateField(_("Last checked on"))
    checked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    effective_from = models.DateField(_("In force from"))
    effective_to = models.DateField(_("In force until before"), null=True, blank=True)
    made_at = models.DateTimeField()

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True


class StateRule(Dated):
    """When and to whom one kind is reported in one state."""

    kind = models.TextField(_("What it is"), choices=KINDS)
    agency = models.TextField(_("Agency"))
    phone = models.CharField(_("Its telephone, ten digits"), max_length=10, blank=True)
    first_amount = models.PositiveSmallIntegerField(_("First report within (0: at once)"))
    first_unit = models.TextField(_("counted in"), choices=UNITS)
    written_amount = models.PositiveSmallIntegerField(_("In writing within"), null=True, blank=True)
    written_unit = models.TextField(_("counted in"), choices=UNITS, default=reporting.HOURS)
    written_since = models.TextField(_("counted from"), choices=SINCES, default=reporting.LEARNED)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(source="") & ~Q(agency=""), name="state_rule_has_a_source"),
            models.CheckConstraint(condition=Q(phone__regex=r"^([0-9]{10})?$"), name="agency_number_has_ten_digits"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=F("effective_from")), name="state_rule_has_its_days"
            ),
            models.CheckConstraint(
                condition=Q(first_amount__lte=1440) & (Q(written_amount=None) | Q(written_amount__lte=1440)),
                name="state_rule_within_sixty_days",
            ),
        ]

    @property
    def clocks(self) -> Clocks:
        written = self.written_amount
        return Clocks(
            Within(self.first_amount, self.first_unit),
            None if written is None else Within(written, self.written_unit, self.written_since),
        )


class GuardianRule(Dated):
    """Until which age somebody is a minor in one state, and whether their guardian is told of a danger."""

    minor_until = models.PositiveSmallIntegerField(_("A minor until the age of"))
    telling = models.TextField(
        _("A guardian of a minor in danger"),
        choices=[
            (reporting.MUST, _("is told")),
            (reporting.MAY, _("may be told, as the clinician judges")),
            (reporting.MINOR_AGREES, _("is told only if the minor agrees")),
        ],
    )
    words = models.TextField(_("What the rule says, in plain words"))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(source="") & ~Q(words=""), name="guardian_rule_has_a_source"),
            models.CheckConstraint(condition=Q(minor_until__range=(12, 21)), name="guardian_rule_age"),
            models.CheckConstraint(condition=Q(telling__in=reporting.TELLING_GUARDIANS), name="guardian_rule_telling"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gt=F("effective_from")),
                name="guardian_rule_has_its_days",
            ),
        ]


def rule_for(clinic_id: Any, *, state: str, kind: str, on: date) -> StateRule | ShippedRule | None:
    """Return the clinic's own checked rule, else what ships (unconfirmed), else None: nobody here knows."""
    own = StateRule.objects.in_force(clinic_id, state=state, kind=kind, on=on)
    return own or shipped_rule(state, kind)


@transaction.atomic
def enter_rule(row: Dated, *, by: Person, at: datetime) -> Dated:
    """Keep a rule that `by` has checked, as a new row."""
    row.clinic_id, row.checked_by, row.made_at = by.clinic_id, by, at
    row.save(force_insert=True)
    trail.record("state-rule.enter", thing=row, state=row.state)
    return row


refusals.register(
    {
        "state_rule_has_its_days": ("effective_to", _("It ends after it begins.")),
        "guardian_rule_has_its_days": ("effective_to", _("It ends after it begins.")),
        "agency_number_has_ten_digits": ("phone", _("Ten digits, or nothing.")),
        "guardian_rule_age": ("minor_until", _("An age from 12 to 21.")),
        "state_rule_within_sixty_days": _("A clock runs at most sixty days."),
    }
)

"""Coverage, dated payer rules, and charges for signed days. Claims come later."""

from __future__ import annotations

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.people import access
from openiop.people.models import Person, Role, Row


class Payer(Row):
    name = models.TextField(_("Name"))
    kind = models.TextField(
        _("Kind"),
        choices=[
            ("commercial", _("Commercial")),
            ("medicaid", _("Medicaid")),
            ("medicare", _("Medicare")),
            ("self", _("Self-pay")),
        ],
    )

    def __str__(self) -> str:
        return self.name


class Rule(Row):
    """How a payer pays for a day, from one date to another, and where that is written.

    `below`: what happens to a day with fewer countable minutes than the per diem needs. `virtual`: whether a
    day with minutes from home earns the per diem. `discrete`: kind of block → code for single services.
    """

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="rules", verbose_name=_("Payer"))
    code = models.TextField(_("Per diem code"))
    revenue_code = models.TextField(_("Revenue code"), blank=True)
    per_diem_minutes = models.PositiveIntegerField(_("Minutes a day for the per diem"), default=180)
    below = models.TextField(
        _("A day below that"),
        choices=[
            ("hold", _("hold for the biller")),
            ("discrete", _("single services")),
            ("nothing", _("nothing")),
        ],
        default="hold",
    )
    virtual = models.TextField(
        _("A day from home"),
        choices=[("covered", _("covered")), ("refused", _("refused")), ("hold", _("hold for the biller"))],
        default="hold",
    )
    discrete = models.JSONField(_("Codes of single services"), default=dict, blank=True)
    amount_cents = models.PositiveIntegerField(_("Amount (cents)"), null=True, blank=True)
    in_force = DateRangeField()
    source = models.TextField(_("Source"))


class Coverage(Row):
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="coverages")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    member_id = models.TextField(_("Member number"), blank=True)
    during = DateRangeField()
    rank = models.PositiveSmallIntegerField(default=1)


class SignedDay(Row):
    """A signed part of a note that billing has taken up; with a lease while a worker prices it."""

    part_id = models.UUIDField(unique=True)
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    leased_until = models.DateTimeField()
    done_at = models.DateTimeField(null=True)


class ChargeQuerySet(models.QuerySet["Charge"]):
    def visible_to(self, person: access.Actor) -> ChargeQuerySet:
        """Billing and the director: codes, units and times, never narratives."""
        ours = self.filter(clinic_id=person.clinic_id)
        allowed = isinstance(person, Person) and person.has_role(Role.BILLING, Role.DIRECTOR)
        return ours if allowed else ours.none()


class Charge(Row):
    """One line for one patient's day: what is charged, or why not. `reason` is a sentence for the biller."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    n = models.PositiveSmallIntegerField()
    code = models.TextField(blank=True)
    revenue_code = models.TextField(blank=True)
    units = models.PositiveSmallIntegerField(default=1)
    amount_cents = models.PositiveIntegerField(null=True)
    status = models.TextField(
        choices=[
            ("ready", _("ready")),
            ("hold", _("for the biller")),
            ("refused", _("refused")),
            ("nothing", _("not charged")),
        ]
    )
    reason = models.TextField()
    source = models.TextField(blank=True)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, null=True, related_name="+")
    priced_at = models.DateTimeField()

    objects = ChargeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "on", "n"], name="one_line_of_a_number")]

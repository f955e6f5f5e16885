"""Coverage, dated payer rules, and charges for signed days. Claims come later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.billing import pricing
from openiop.lib.money import dollars
from openiop.people import access
from openiop.people.models import Person, Role, Row

OPEN_TO = (Role.BILLING, Role.DIRECTOR)


def may_bill(person: access.Actor) -> bool:
    """Billing and the director see money; intake writes coverage besides."""
    return isinstance(person, Person) and person.has_role(*OPEN_TO)


class PayerQuerySet(models.QuerySet["Payer"]):
    def visible_to(self, person: access.Actor) -> PayerQuerySet:
        ours = self.filter(clinic_id=person.clinic_id)
        allowed = isinstance(person, Person) and person.has_role(*OPEN_TO, Role.INTAKE)
        return ours if allowed else ours.none()


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

    objects = PayerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["clinic", "name"], name="one_payer_of_a_name")]

    def __str__(self) -> str:
        return self.name


class RuleQuerySet(models.QuerySet["Rule"]):
    def visible_to(self, person: access.Actor) -> RuleQuerySet:
        ours = self.filter(clinic_id=person.clinic_id)
        return ours if may_bill(person) else ours.none()


class Rule(Row):
    """How a payer pays for a day, and where that is written. `in_force` is half-open: its last day is not in it.

    `per_diem_minutes`: empty where the payer does not decide by minutes. `below`: what happens to a day with fewer
    countable minutes. `virtual`: whether a day with minutes from home earns the per diem. `discrete`: kind of block →
    list of {"code", "least", "most"}, whole minutes. A payer has at most one rule on any day.
    """

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="rules", verbose_name=_("Payer"))
    code = models.TextField(_("Per diem code"))
    revenue_code = models.TextField(_("Revenue code"), blank=True)
    per_diem_minutes = models.PositiveIntegerField(
        _("Minutes a day for the per diem"), default=180, null=True, blank=True
    )
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

    objects = RuleQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_rule_at_a_time",
                expressions=[("payer", RangeOperators.EQUAL), ("in_force", RangeOperators.OVERLAPS)],
                violation_error_message=_("This payer already has a rule for some of those days. End that one first."),
            ),
            models.CheckConstraint(condition=~Q(source=""), name="rule_names_its_source"),
        ]

    def as_priced(self) -> pricing.PayerRule:
        """Return the row as the pure rule reads it."""
        return pricing.PayerRule(
            payer_kind=self.payer.kind,
            service="psychiatric",
            code=self.code,
            revenue_code=self.revenue_code,
            per_diem_minutes=self.per_diem_minutes,
            effective_from=self.in_force.lower,
            effective_to=self.in_force.upper,
            source=self.source,
            trust="read",
            below=self.below,  # type: ignore[arg-type]
            virtual=self.virtual,  # type: ignore[arg-type]
            amount_cents=self.amount_cents,
            discrete={kind: [self._service(row) for row in rows] for kind, rows in self.discrete.items()},
        )

    def _service(self, row: dict[str, Any]) -> pricing.Service:
        return pricing.Service(
            row["code"], self.source, "read", least_minutes=row.get("least") or 1, most_minutes=row.get("most")
        )


class CoverageQuerySet(models.QuerySet["Coverage"]):
    def on(self, day: date) -> CoverageQuerySet:
        return self.filter(during__contains=day)

    def visible_to(self, person: access.Actor) -> CoverageQuerySet:
        ours = self.filter(clinic_id=person.clinic_id)
        allowed = isinstance(person, Person) and person.has_role(*OPEN_TO, Role.INTAKE)
        return ours if allowed else ours.none()


class Coverage(Row):
    """Who pays for a patient, from one day to another (half-open). Rank 1 is asked first."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="coverages")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="+")
    member_id = models.TextField(_("Member number"), blank=True)
    during = DateRangeField()
    rank = models.PositiveSmallIntegerField(default=1)

    objects = CoverageQuerySet.as_manager()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_coverage_per_rank",
                expressions=[
                    ("patient", RangeOperators.EQUAL),
                    ("rank", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This person already has coverage of that rank for some of those days."),
            )
        ]


class SignedDayQuerySet(models.QuerySet["SignedDay"]):
    def visible_to(self, person: access.Actor) -> SignedDayQuerySet:
        ours = self.filter(clinic_id=person.clinic_id)
        return ours if may_bill(person) else ours.none()


class SignedDay(Row):
    """A signed part of a note that billing has taken up, with its codes and times and none of its words.

    Claimed (a lease while a worker prices the day) → done. A lease that ran out is claimed again; `attempts` counts
    the claims, so that a record which ends its worker each time is given to the biller instead of being tried for
    ever. `blocks` is copied from what was signed: {"kind", "title", "counts", "seconds", "place", "treatment"}.
    """

    part_id = models.UUIDField(unique=True)
    session_id = models.UUIDField()
    session = models.TextField()
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    blocks = models.JSONField(default=list)
    came_at = models.DateTimeField(null=True)
    went_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField()
    leased_until = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    objects = SignedDayQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["leased_until"], condition=Q(done_at=None), name="signed_day_due"),
            models.Index(fields=["patient", "on"], name="signed_day_of_patient"),
        ]


def days_of(payer: Payer, *, begins_on: date, ends_on: date | None) -> SignedDayQuerySet:
    """Return the signed days from `begins_on` until before `ends_on` that this payer covers."""
    covered = Coverage.objects.filter(payer=payer, patient=OuterRef("patient"), during__contains=OuterRef("on"))
    days = SignedDay.objects.filter(Exists(covered), clinic_id=payer.clinic_id, on__gte=begins_on)
    return days.filter(on__lt=ends_on) if ends_on else days


def price_again(days: Iterable[SignedDay], *, by: Person, at: datetime) -> int:
    """Have these days priced anew by the next round of the job. Returns how many parts were taken up again."""
    found = list(days)
    SignedDay.objects.filter(pk__in=[day.pk for day in found]).update(done_at=None, leased_until=at, attempts=0)
    for day in found:
        trail.record("charge.price-again", patient=day.patient_id, thing=day)
    return len(found)


STATUSES = [
    ("ready", _("ready")),
    ("hold", _("for the biller")),
    ("refused", _("refused")),
    ("nothing", _("not charged")),
]


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
    status = models.TextField(choices=STATUSES)
    reason = models.TextField()
    source = models.TextField(blank=True)
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, null=True, related_name="+")
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, null=True, related_name="+")
    priced_at = models.DateTimeField()

    objects = ChargeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "on", "n"], name="one_line_of_a_number")]
        indexes = [models.Index(fields=["clinic", "-on"], name="charges_by_day")]

    @classmethod
    @transaction.atomic
    def replace(cls, lines: list[Charge], *, patient_id: Any, on: date) -> bool:
        """Put these lines in the place of the day's former ones; equal ones stay. Returns whether anything changed.

        What stood there before is kept in the trail.
        """
        former = list(cls.objects.select_for_update().filter(patient_id=patient_id, on=on).order_by("n"))
        if [line.as_said() for line in former] == [line.as_said() for line in lines]:
            return False
        cls.objects.filter(pk__in=[line.pk for line in former]).delete()
        cls.objects.bulk_create(lines)
        trail.record(
            "charge.reprice" if former else "charge.price",
            patient=patient_id,
            before=[line.as_said() for line in former],
            after=[line.as_said() for line in lines],
        )
        return True

    @property
    def amount(self) -> str:
        return "" if self.amount_cents is None else dollars(self.amount_cents)

    def as_said(self) -> dict[str, Any]:
        """The line in codes and numbers, for comparison and for the trail."""
        return {
            "n": self.n,
            "code": self.code,
            "revenue_code": self.revenue_code,
            "units": self.units,
            "amount_cents": self.amount_cents,
            "status": self.status,
            "reason": self.reason,
            "source": self.source,
            "payer": str(self.payer_id or ""),
        }

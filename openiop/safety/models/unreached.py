"""What a clinician decided about somebody who is not reached, and who must not be contacted about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people.models import Person, Row, Tie
from openiop.safety import unreached
from openiop.safety.models.case import Case
from openiop.safety.models.crisis import acknowledge, held, look_again, wake_about

CHOICES = [
    (unreached.KEEP_TRYING, _("Keep trying, until a time")),
    (unreached.EMERGENCY_CONTACT, _("Ask somebody they named, such as the emergency contact")),
    (unreached.WELFARE_CHECK, _("Ask for a welfare check")),
    (unreached.OTHER, _("Something else")),
]
HELPERS = [
    (unreached.LIFELINE, _("through the 988 Lifeline")),
    (unreached.MOBILE_CRISIS, _("by a mobile crisis team")),
    (unreached.POLICE, _("by the police")),
]
WHOM = [(unreached.PERSON, _("a person")), (unreached.POLICE, _("the police"))]

DECISION_FAULTS = {
    unreached.NO_REASONS: ("reasons", _("Please say why.")),
    unreached.NOBODY_CONSULTED: ("consulted", _("Please name who was asked for advice; or that nobody could be.")),
    unreached.NO_TIME: ("minutes", _("Until when? It is decided again then.")),
    unreached.TIME_IS_PAST: ("minutes", _("This time is over already.")),
    unreached.TOO_LATE: ("minutes", _("That is longer than contact may take here. Choose an earlier time.")),
    unreached.NO_HELPER: ("helper", _("Whom do you ask for the welfare check?")),
    unreached.NOBODY_NAMED: ("whom", _("Whom do you ask?")),
    unreached.MARKED: (
        "despite_mark",
        _("They are marked: do not contact. Write why it is needed all the same, or decide otherwise."),
    ),
    unreached.SOURCE_OF_HARM: (
        "choice",
        _("They are marked as the source of harm and are not contacted. Please decide otherwise."),
    ),
}


class MayNotDecide(Exception):
    """The decision cannot stand. `reasons` are the rule's keys; DECISION_FAULTS has their sentences."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(", ".join(self.reasons))


class NothingToDecide(Exception):
    """The person was reached, or the case was closed, in the meantime."""


class DoNotContact(Row):
    """Somebody who must not be contacted about this patient: who, why, until when.

    Written by staff together with the patient; added to, never changed. It holds until its last day, or until it is
    lifted (`MarkLifted`). One who is marked as the source of harm is never contacted while it holds.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    whom = models.TextField(_("Who must not be contacted"), choices=WHOM, default=unreached.PERSON)
    name = models.TextField(_("Their name"), blank=True)
    relation = models.TextField(_("What they are to the patient"), blank=True)
    phone = models.TextField(_("Their telephone"), blank=True)
    why = models.TextField(_("Why, in the patient’s words"))
    source_of_harm = models.BooleanField(_("They are the source of harm"), default=False)
    until = models.DateField(_("Until"), null=True, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(why=""), name="a_mark_says_why"),
            models.CheckConstraint(condition=Q(whom__in=unreached.WHOM), name="a_mark_is_about"),
            models.CheckConstraint(condition=Q(whom=unreached.POLICE) | ~Q(name=""), name="a_mark_names_somebody"),
        ]
        indexes = [models.Index(fields=["patient"], name="do_not_contact_of")]

    @property
    def called(self) -> Any:
        return self.name or self.get_whom_display()


class MarkLifted(Row):
    """A mark holds no longer, because the patient says so. Added to, never changed."""

    mark = models.OneToOneField(DoNotContact, on_delete=models.PROTECT, related_name="lifted")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    why = models.TextField(_("What the patient said"))
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(why=""), name="lifting_says_why")]


class ReachDecision(Row):
    """What a clinician decided because a person is not reached, with whose advice. Added to, never changed.

    `mark` is the do-not-contact mark that stood against it and `despite_mark` why it was needed all the same; the
    database refuses one whose mark says that they are the source of harm.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    choice = models.TextField(_("What happens now"), choices=CHOICES)
    tries_again_at = models.DateTimeField(_("Keep trying until"), null=True, blank=True)
    helper = models.TextField(_("The welfare check"), choices=HELPERS, blank=True)
    whom = models.TextField(_("Who is asked"), blank=True)
    phone = models.TextField(_("Their telephone"), blank=True)
    reasons = models.TextField(_("Why"))
    consulted = models.TextField(_("Who was asked for advice"))
    mark = models.ForeignKey(DoNotContact, on_delete=models.PROTECT, null=True, related_name="+")
    despite_mark = models.TextField(_("Why somebody marked is contacted all the same"), blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(choice__in=unreached.CHOICES), name="decision_is_one_of"),
            models.CheckConstraint(condition=~Q(reasons="") & ~Q(consulted=""), name="decision_has_reasons"),
            models.CheckConstraint(
                condition=(Q(choice=unreached.KEEP_TRYING) & Q(tries_again_at__gt=models.F("at")))
                | (~Q(choice=unreached.KEEP_TRYING) & Q(tries_again_at=None)),
                name="keep_trying_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(choice=unreached.WELFARE_CHECK, helper__in=unreached.HELPERS)
                | (~Q(choice=unreached.WELFARE_CHECK) & Q(helper="")),
                name="a_welfare_check_names_who_goes",
            ),
            models.CheckConstraint(
                condition=~Q(choice=unreached.EMERGENCY_CONTACT) | ~Q(whom=""), name="decision_names_whom"
            ),
            models.CheckConstraint(condition=Q(mark=None) | ~Q(despite_mark=""), name="against_a_mark_with_a_reason"),
        ]

    @property
    def in_words(self) -> str:
        """The choice with whom it names: "Ask for a welfare check by a mobile crisis team"."""
        return " ".join(str(part) for part in (self.get_choice_display(), self.get_helper_display(), self.whom) if part)


@transaction.atomic
def decide_unreached(
    case: Case,
    *,
    choice: str,
    reasons: str,
    consulted: str,
    by: Person,
    at: datetime,
    helper: str = "",
    whom: str = "",
    phone: str = "",
    tries_again_at: datetime | None = None,
    despite_mark: str = "",
) -> ReachDecision:
    """Decide what happens while `case`'s person is not reached. Whoever decides has the case, if it was nobody's.

    Paging stops until `tries_again_at`, or for as long as contact may take. Nobody is called by it: people call.
    Raises PermissionDenied for non-clinicians, NothingToDecide, and MayNotDecide with what is missing.
    """
    case = held(case, by=by)
    if case.closed_at is not None or case.reached:
        raise NothingToDecide
    said = _as_chosen(choice, helper=helper, whom=whom, phone=phone, tries_again_at=tries_again_at)
    marks = marks_of([case.patient], at=at)[case.patient_id]
    mark = unreached.marked(marks, name=said["whom"], phone=said["phone"], helper=said["helper"])
    despite_mark = despite_mark if mark else ""
    if found := unreached.faults(
        choice=choice,
        reasons=reasons,
        consulted=consulted,
        helper=said["helper"],
        whom=said["whom"],
        tries_again_at=said["tries_again_at"],
        mark=mark,
        despite_mark=despite_mark,
        contact_minutes=case.deadlines.contact_minutes,
        at=at,
    ):
        raise MayNotDecide(found)
    made = ReachDecision.objects.create(
        clinic_id=case.clinic_id,
        case=case,
        patient_id=case.patient_id,
        by=by,
        at=at,
        choice=choice,
        reasons=reasons,
        consulted=consulted,
        mark=mark,
        despite_mark=despite_mark,
        **said,
    )
    _keep_until(case, made, by=by, at=at)
    trail.record(
        "case.decide",
        patient=case.patient_id,
        thing=made,
        choice=choice,
        against_a_mark=bool(mark),
        case=case.pk,
        at=at.isoformat(),
        until=made.tries_again_at.isoformat() if made.tries_again_at else None,
    )
    wake_about(case)
    return made


def _as_chosen(choice: str, **said: Any) -> dict[str, Any]:
    """What belongs to the choice; whatever was filled in for another is left out."""
    belongs = {
        unreached.KEEP_TRYING: ("tries_again_at",),
        unreached.EMERGENCY_CONTACT: ("whom", "phone"),
        unreached.WELFARE_CHECK: ("helper",),
    }.get(choice, ())
    empty = {"helper": "", "whom": "", "phone": "", "tries_again_at": None}
    return {name: said[name] if name in belongs else nothing for name, nothing in empty.items()}


def _keep_until(case: Case, made: ReachDecision, *, by: Person, at: datetime) -> None:
    """Let paging rest as decided. Whoever decided is with the case from here on."""
    acknowledge(case, by=by, at=at)
    case.tries_again_at = made.tries_again_at
    case.save(update_fields=["tries_again_at"])
    look_again(case, at=at)
    Tie.knot(staff=by, patient=case.patient, role="case", because=f"case {case.pk}", at=at)


def decision_asked_at(case: Case) -> datetime | None:
    """From when a clinician is asked to decide about this case; None while nobody is. Reads contacts and decisions."""
    return unreached.asked_at(
        since=case.since,
        contact_minutes=case.deadlines.contact_minutes,
        attempts=[row.at for row in case.contacts.all() if not row.reached],
        decided=[unreached.Decided(row.at, row.tries_again_at) for row in case.decisions.all()],
        is_over=case.closed_at is not None or case.reached,
    )


# --- who must not be contacted ---


def marks_of(patients: Iterable[Person], *, at: datetime) -> dict[UUID, list[DoNotContact]]:
    """By patient, the marks that hold at `at` in the clinic's zone; one query for any number."""
    people = list(patients)
    found: dict[UUID, list[DoNotContact]] = {person.pk: [] for person in people}
    if not people:
        return found
    today = at.astimezone(ZoneInfo(people[0].clinic.zone)).date()
    rows = DoNotContact.objects.filter(patient__in=people, lifted=None).select_related("by").order_by("-at")
    for mark in rows:
        if unreached.holds(mark, today=today):
            found[mark.patient_id].append(mark)
    return found


@transaction.atomic
def mark(
    patient: Person,
    *,
    why: str,
    by: Person,
    at: datetime,
    whom: str = unreached.PERSON,
    name: str = "",
    relation: str = "",
    phone: str = "",
    source_of_harm: bool = False,
    until: Any = None,
) -> DoNotContact:
    """Write with the patient who must not be contacted about them. Raises PermissionDenied for non-clinicians."""
    if not by.is_clinician:
        raise PermissionDenied
    made = DoNotContact.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        whom=whom,
        name=name,
        relation=relation,
        phone=phone,
        why=why,
        source_of_harm=source_of_harm,
        until=until,
        by=by,
        at=at,
    )
    trail.record("do-not-contact.mark", patient=patient, thing=made, source_of_harm=source_of_harm)
    return made


@transaction.atomic
def lift(found: DoNotContact, *, why: str, by: Person, at: datetime) -> MarkLifted:
    """The patient says that it holds no longer. Lifting twice keeps the first. Raises PermissionDenied."""
    if not by.is_clinician:
        raise PermissionDenied
    lifted, is_new = MarkLifted.objects.get_or_create(
        mark=found,
        defaults={"clinic_id": found.clinic_id, "patient_id": found.patient_id, "why": why, "by": by, "at": at},
    )
    if is_new:
        trail.record("do-not-contact.lift", patient=found.patient_id, thing=found)
    return lifted

"""Noticing that somebody is in danger, and not letting go until a person has reached them.

Read from top to bottom: `raise_flag` is called by whoever noticed, in the transaction that holds the evidence.
It opens (or joins) the patient's case and writes the first pages there and then, so that they stand on the desks
whatever else is down. The worker's loop (`jobs.climb`) takes the next step of each case: it climbs the ladder and
hands pages to the mail. Acknowledging stops the paging until contact is due; the second clock, to contact made, has
been running since the evidence. Rules: `ladder`, docs/rules/escalation.md. What the database itself refuses:
migration 0003.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.lib.wake import wake
from openiop.messaging.models import send
from openiop.people import access
from openiop.people.models import STATES, Clinic, Person, PersonQuerySet, Role, Row, Tie
from openiop.safety import ladder


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


class WhereaboutsQuerySet(models.QuerySet["Whereabouts"]):
    def told_by(self, *, at: datetime) -> WhereaboutsQuerySet:
        """What still counts at `at`: told within the last twelve hours."""
        return self.filter(told_at__gt=at - timedelta(hours=12), told_at__lte=at)


class Whereabouts(Row):
    """Where a patient is, as last told: by the door's form, the kiosk or the front desk. Added to, never changed."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="whereabouts")
    told_at = models.DateTimeField()
    place = models.TextField(choices=[("virtual", _("at home or elsewhere")), ("on_site", _("on site"))])
    site = models.ForeignKey("people.Site", on_delete=models.PROTECT, null=True, related_name="+")
    address = models.TextField(blank=True)
    state = models.CharField(max_length=2, choices=[(s, s) for s in STATES], blank=True)
    callback = models.TextField(blank=True)
    company = models.TextField(blank=True)
    headphones = models.BooleanField(null=True)
    private = models.BooleanField(null=True)
    source = models.TextField()

    objects = WhereaboutsQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["clinic", "patient", "-told_at"], name="whereabouts_latest")]

    @classmethod
    def latest(cls, patient_id: Any, *, at: datetime) -> Whereabouts | None:
        """Return where the patient said to be, if told within the last twelve hours."""
        return cls.objects.told_by(at=at).filter(patient_id=patient_id).order_by("-told_at").first()


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> CaseQuerySet:
        return self.filter(closed_at__isnull=True)

    def visible_to(self, person: access.Actor) -> CaseQuerySet:
        """All of the clinic's clinicians: the ladder may reach any of them, and a crisis waits for nobody's roster."""
        ours = self.filter(clinic_id=person.clinic_id)
        if access.kind_of(person) == "patient":
            return ours.filter(patient_id=person.pk)
        return ours if isinstance(person, Person) and person.is_clinician else ours.none()

    def due(self, at: datetime) -> CaseQuerySet:
        return self.open().filter(next_step_at__lte=at)

    def with_steps(self) -> CaseQuerySet:
        """With what `told` and the desk ask for, in a number of queries that does not grow with the cases."""
        return self.select_related("clinic", "patient").prefetch_related(
            models.Prefetch("flags", Flag.objects.order_by("-raised_at")),
            models.Prefetch("pages", Page.objects.select_related("to").order_by("made_at", "rung")),
            models.Prefetch("acknowledgements", Acknowledgement.objects.select_related("by").order_by("at")),
        )


class Case(Row):
    """Everything about one patient's present danger. At most one is open for each patient.

    Open → acknowledged (paging stops until contact is due) → contact made → closed. `tier` is the highest of its
    flags and never falls. `since` is when its clocks started: with the latest evidence that nobody has answered.
    `contacted_at` is when the patient was last reached. `next_step_at` is when the worker looks again; it is moved
    ahead to claim the case, so that a crash means one more look, never none.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cases")
    tier = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    since = models.DateTimeField()
    contacted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    next_step_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(closed_at=None), name="one_open_case"),
            models.UniqueConstraint(fields=["id", "patient"], name="case_patient"),
            models.CheckConstraint(condition=Q(tier__range=(1, 4)), name="tier_1_to_4"),
        ]
        indexes = [models.Index(fields=["next_step_at"], condition=Q(closed_at=None), name="case_due")]

    @property
    def deadlines(self) -> ladder.Deadlines:
        return ladder.deadlines_for(self.tier, self.clinic.deadlines)

    @property
    def ack_due_at(self) -> datetime:
        return self.since + timedelta(minutes=self.deadlines.acknowledge_minutes)

    @property
    def contact_due_at(self) -> datetime:
        return self.since + timedelta(minutes=self.deadlines.contact_minutes)

    @property
    def reached(self) -> bool:
        """Was the patient reached since the latest evidence?"""
        return self.contacted_at is not None and self.contacted_at >= self.since

    @property
    def acknowledgement(self) -> Acknowledgement | None:
        """Who took it last, since the latest evidence."""
        taken = [row for row in self.acknowledgements.all() if row.at >= self.since]
        return max(taken, key=lambda row: row.at, default=None)

    def told(self, *, at: datetime) -> str:
        """`sent`, `somebody_has_it` or `nobody_yet`: what is true for the patient at `at`."""
        return ladder.told_to_patient(self.on_the_ladder(), at=at, deadlines=self.deadlines)

    def rings(self, *, at: datetime) -> bool:
        """Is somebody still being looked for, so that desks sound?"""
        return self.closed_at is None and self.told(at=at) != "somebody_has_it"

    def on_the_ladder(self, rungs: Sequence[ladder.Rung] = ()) -> ladder.Case:
        """The case as the ladder's rules see it; pages need the rungs of this moment."""
        return ladder.Case(
            since=self.since,
            rungs=rungs,
            paged=[
                ladder.Paged(at=page.made_at, rung=ladder.place_of(page.because, rungs)) for page in self.pages.all()
            ],
            acknowledged=[row.at for row in self.acknowledgements.all()],
            contacts=[self.contacted_at] if self.contacted_at else [],
            closed_at=self.closed_at,
        )


class Flag(Row):
    """One reason for concern with its evidence, copied: label, value and where to look. Added to, never changed.

    `key` names the evidence, so that the same answer sent twice raises one flag.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="flags")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    key = models.TextField()
    tier = models.PositiveSmallIntegerField()
    label = models.TextField()
    value = models.TextField()
    url = models.TextField(blank=True)
    raised_at = models.DateTimeField()

    class Meta:
        # By patient, not by clinic: keys are made on patients' devices, and none may silence another's.
        constraints = [models.UniqueConstraint(fields=["patient", "key"], name="one_flag_per_evidence")]


class Page(Row):
    """Somebody is being called to a case. Shown on their desk at once; `sent_at`: handed to their mail as well."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pages")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    rung = models.PositiveSmallIntegerField()
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    because = models.TextField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    @property
    def because_in_words(self) -> Any:
        return BECAUSE[self.because]


BECAUSE = {
    ladder.LIVE: _("is with them now"),
    ladder.PRIMARY: _("their therapist"),
    ladder.ON_CALL: _("on call"),
    ladder.SECOND_ON_CALL: _("second on call"),
    ladder.SUPERVISOR: _("supervisor"),
    ladder.EVERYONE_ON_THE_DESK: _("everyone at the desk is asked"),
}


class Acknowledgement(Row):
    """A clinician took a case at `at`. It stops the paging until contact is due, and nothing else."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="acknowledgements")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class Contact(Row):
    """One attempt to reach the patient. Added to, never changed."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="contacts")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    how = models.TextField(
        _("How"),
        choices=[
            ("phone", _("by telephone")),
            ("room", _("in the room")),
            ("person", _("in person")),
            ("message", _("by message")),
            ("emergency", _("through emergency services")),
        ],
    )
    reached = models.BooleanField(_("Reached"))
    note = models.TextField(_("What was said and agreed"), blank=True)


class Closure(Row):
    """A clinician ended a case, with what was found and done. `disposition` may be empty only after contact."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="closure")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    disposition = models.TextField(
        _("How it ended"),
        blank=True,
        choices=[
            ("safe_with_plan", _("Safe, with a plan")),
            ("same_day_assessment", _("Assessed today")),
            ("higher_level", _("Referred to a higher level of care")),
            ("emergency", _("Emergency services took over")),
            ("with_other_care", _("In other professional care")),
            ("not_a_risk", _("Found not to be a risk")),
        ],
    )
    note = models.TextField(_("What was found and done"), blank=True)


class MayNotClose(Exception):
    """The case cannot be closed yet. `reasons` are the ladder's keys; REFUSALS has their sentences."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


REFUSALS = {
    ladder.CLOSING_NEEDS_A_CLINICIAN: _("Only a clinician closes a case."),
    ladder.CLOSING_NEEDS_CONTACT_OR_DISPOSITION: _(
        "Nobody has logged contact yet. Log the contact first, or say here how it ended."
    ),
}

NOTHING_RUNS = timedelta(days=1)  # how far ahead the worker looks at a case in which no clock runs


@transaction.atomic
def raise_flag(
    patient: Person, *, key: str, evidence: ladder.Evidence, label: Any, value: Any, at: datetime, url: str = ""
) -> Flag:
    """Raise a flag about `patient` in the transaction that holds its evidence, and page the first rung at once.

    `key` names the evidence; a second flag with the same key changes nothing and returns the first. A flag on an
    open case joins it. A higher tier, or anything new after contact was made, starts the clocks and the ladder
    anew: what somebody answered before was something else. `label` and `value` are kept in the staff's language.
    Raises ladder.UnknownEvidence, and ValueError for evidence that raises nothing.
    """
    tier = ladder.tier_for([evidence])
    if tier == 0:
        raise ValueError(f"{evidence.reason} = {evidence.value!r} raises no flag")
    _one_at_a_time(patient)
    if found := Flag.objects.filter(patient=patient, key=key).first():
        return found
    case, is_news = _open_case(patient, tier=tier, at=at)
    with translation.override(settings.LANGUAGE_CODE):
        label, value = str(label), str(value)
    flag = Flag.objects.create(
        clinic_id=patient.clinic_id,
        case=case,
        patient=patient,
        key=key,
        tier=tier,
        label=label,
        value=value,
        url=url,
        raised_at=at,
    )
    trail.record("flag.raise", patient=patient, thing=flag, tier=tier)
    if is_news:
        page_rung(case, 0, at=at)  # which wakes the desks
    else:
        _wake(case)
    return flag


def _one_at_a_time(patient: Person) -> None:
    """Two taps at once open one case: the second waits until the first is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"case of {patient.pk}"])


def _open_case(patient: Person, *, tier: int, at: datetime) -> tuple[Case, bool]:
    """Return the patient's open case, and whether this evidence starts its clocks (anew)."""
    case = Case.objects.open().select_for_update(of=("self",)).filter(patient=patient).first()
    if case is None:
        case = Case.objects.create(
            clinic_id=patient.clinic_id, patient=patient, tier=tier, opened_at=at, since=at, next_step_at=at
        )
        return case, True
    contacts = [case.contacted_at] if case.contacted_at else []
    since = ladder.clocks_start_at([(case.since, case.tier), (at, tier)], contacts=contacts)
    if since <= case.since:
        return case, False
    case.since, case.tier, case.next_step_at = since, max(tier, case.tier), at
    case.save(update_fields=["since", "tier", "next_step_at"])
    return case, True


def page_rung(case: Case, rung: int, *, at: datetime, rungs: Sequence[ladder.Rung] | None = None) -> list[Page]:
    """Write the pages of one rung of the ladder; past the last rung, the last (everyone at the desk) is paged again."""
    rungs = rungs_for(case.patient, at=at) if rungs is None else rungs
    place = min(rung, len(rungs) - 1)
    step = rungs[place]
    who: list[Any] = everyone(case.clinic_id) if step.everyone else list(step.who)
    pages = Page.objects.bulk_create(
        Page(
            clinic_id=case.clinic_id,
            case=case,
            patient_id=case.patient_id,
            rung=place,
            to_id=person,
            because=step.because,
            made_at=at,
        )
        for person in who
    )
    trail.record("case.page", patient=case.patient_id, thing=case, rung=place, people=len(pages), because=step.because)
    _wake(case)
    return pages


def rungs_for(patient: Person, *, at: datetime) -> list[ladder.Rung]:
    """Who would be asked, in which order, if something happened to this patient at `at`. Clinicians only."""
    clinicians = dict(_clinicians(patient.clinic_id).values_list("pk", "roles"))
    ties = list(
        Tie.objects.in_force(at)
        .filter(patient=patient, role__in=["live", "primary"], staff_id__in=clinicians)
        .order_by("begins_at")
        .values_list("role", "staff_id")
    )
    shifts = [
        (rung, staff)
        for rung, staff in OnCallShift.objects.filter(clinic_id=patient.clinic_id, during__contains=at).values_list(
            "rung", "staff_id"
        )
        if staff in clinicians
    ]
    return ladder.route(
        live_with=[staff for role, staff in ties if role == "live"],
        primary=next((staff for role, staff in reversed(ties) if role == "primary"), None),
        on_call=[staff for rung, staff in shifts if rung == 1],
        second_on_call=[staff for rung, staff in shifts if rung == 2],
        supervisors=[staff for staff, roles in clinicians.items() if Role.DIRECTOR in roles],
        in_hours=staff_are_here(patient.clinic, at=at),
    )


def everyone(clinic_id: Any) -> list[UUID]:
    """The clinic's clinicians: who is asked when everyone at the desk is asked."""
    return list(_clinicians(clinic_id).values_list("pk", flat=True))


def _clinicians(clinic_id: Any) -> PersonQuerySet:
    return Person.objects.filter(clinic_id=clinic_id).clinicians().order_by("pk")


def staff_are_here(clinic: Clinic, *, at: datetime) -> bool:
    """Is the clinic open at `at`, in its own time zone?"""
    return clinic.opens <= at.astimezone(ZoneInfo(clinic.zone)).time() < clinic.closes


def take_next_step(case: Case, *, at: datetime) -> ladder.Step:
    """What the worker does when it looks at a case: page the rung that is due, hand unsent pages to the mail.

    The case must be locked by the caller. Doing it twice in the same moment changes nothing the second time.
    """
    if case.closed_at is not None:
        return ladder.Step("rest")
    rungs = rungs_for(case.patient, at=at)
    step = ladder.next_step(case.on_the_ladder(rungs), at=at, deadlines=case.deadlines)
    if step.kind == "page" and step.rung is not None:
        page_rung(case, step.rung, at=at, rungs=rungs)
    if step.kind != "rest":
        _send_pages(case, at=at)
    case.next_step_at = step.next_at or at + NOTHING_RUNS
    case.failures = 0
    case.save(update_fields=["next_step_at", "failures"])
    return step


def _send_pages(case: Case, *, at: datetime) -> None:
    """Write a mail for each page without one. It says nothing but that somebody is needed."""
    for page in Page.objects.filter(case=case, sent_at=None).select_related("to__login"):
        with translation.override(page.to.language):
            send(
                page.to,
                subject=_("Someone needs you"),
                body=_("Someone needs you. Open the desk: %(address)s") % {"address": f"{settings.ORIGIN}/desk"},
                because=f"page {page.pk}",
                at=at,
            )
        page.sent_at = at
        page.save(update_fields=["sent_at"])


@transaction.atomic
def acknowledge(case: Case, *, by: Person, at: datetime) -> Acknowledgement | None:
    """`by` takes the case: paging stops until contact is due. The clock to contact made goes on.

    While somebody else has it, nothing changes and None is returned. Raises PermissionDenied for non-clinicians.
    """
    case = _held(case, by=by)
    if not case.rings(at=at):
        return None
    taken = Acknowledgement.objects.create(
        clinic_id=case.clinic_id, case=case, patient_id=case.patient_id, by=by, at=at
    )
    _look_again(case, at=at)
    Tie.knot(staff=by, patient=case.patient, role="case", because=f"case {case.pk}", at=at)
    trail.record("case.acknowledge", patient=case.patient_id, thing=case)
    _wake(case)
    return taken


@transaction.atomic
def log_contact(case: Case, *, how: str, reached: bool, note: str, by: Person, at: datetime) -> Contact:
    """Log an attempt to reach the patient; reaching them stops both clocks. Raises PermissionDenied.

    On a closed case it is still logged: people call again the day after.
    """
    case = _held(case, by=by)
    contact = Contact.objects.create(
        clinic_id=case.clinic_id,
        case=case,
        patient_id=case.patient_id,
        by=by,
        at=at,
        how=how,
        reached=reached,
        note=note,
    )
    if reached and case.closed_at is None and (case.contacted_at is None or case.contacted_at < at):
        case.contacted_at = at
        case.save(update_fields=["contacted_at"])
    _look_again(case, at=at)
    Tie.knot(staff=by, patient=case.patient, role="case", because=f"case {case.pk}", at=at)
    trail.record("case.contact", patient=case.patient_id, thing=contact, how=how, reached=reached)
    _wake(case)
    return contact


@transaction.atomic
def close(case: Case, *, disposition: str, note: str, by: Person, at: datetime) -> Closure:
    """Close the case. Only a clinician, and only with contact made since the latest evidence or a disposition.

    Raises PermissionDenied for non-clinicians and MayNotClose with the reasons. Closing twice returns the first.
    """
    case = _held(case, by=by)
    if closed := Closure.objects.filter(case=case).first():
        return closed
    reasons = ladder.why_not_close(by_clinician=by.is_clinician, contact_made=case.reached, disposition=disposition)
    if reasons:
        raise MayNotClose(reasons)
    closure = Closure.objects.create(
        clinic_id=case.clinic_id,
        case=case,
        patient_id=case.patient_id,
        by=by,
        at=at,
        disposition=disposition,
        note=note,
    )
    case.closed_at = at
    case.save(update_fields=["closed_at"])
    Tie.objects.filter(patient_id=case.patient_id, role="case", because=f"case {case.pk}").update(
        ends_at=at + timedelta(hours=12)
    )
    trail.record("case.close", patient=case.patient_id, thing=case, disposition=disposition)
    _wake(case)
    return closure


def _held(case: Case, *, by: Person) -> Case:
    """Return the case locked, for a clinician. Raises PermissionDenied."""
    if not by.is_clinician:
        raise PermissionDenied
    return Case.objects.select_for_update(of=("self",)).select_related("clinic", "patient").get(pk=case.pk)


def _look_again(case: Case, *, at: datetime) -> None:
    """Let the worker draw its next step from what is true now."""
    if case.closed_at is None:
        case.next_step_at = at
        case.save(update_fields=["next_step_at"])


def somebody_is_called(clinic_id: Any, *, at: datetime) -> bool:
    """Is anybody of this clinic still waiting for somebody to come? Content-free: what a locked desk may sound."""
    return any(case.rings(at=at) for case in Case.objects.filter(clinic_id=clinic_id).open().with_steps())


def somebody_is_looked_after(clinic_id: Any) -> bool:
    """Is a case open? For those who may know no more."""
    return Case.objects.filter(clinic_id=clinic_id).open().exists()


def _wake(case: Case) -> None:
    wake(f"desk.{case.clinic_id}")
    wake(f"person.{case.patient_id}")


refusals.register(
    {
        "one_on_call_per_rung": (
            "begins_at",
            _("Somebody else is already on call, asked in the same place, in those hours."),
        )
    }
)

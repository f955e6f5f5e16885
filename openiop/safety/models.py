"""Noticing that somebody is in danger, and not letting go until a person has reached them.

Read from top to bottom: `raise_flag` is called by whoever noticed, in the transaction that holds the evidence.
It opens (or joins) the patient's case and writes the first pages there and then. The worker's loop
(`jobs.climb`) sends pages and climbs the ladder. Acknowledging stops the paging and starts nothing else: the
second clock, to contact made, has been running since the flag. Rules: docs/rules/escalation.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people import access
from openiop.people.models import STATES, Clinic, Person, Role, Row, Tie
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
                violation_error_message=_("Somebody else is already on call in those hours."),
            )
        ]


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

    class Meta:
        indexes = [models.Index(fields=["clinic", "patient", "-told_at"], name="whereabouts_latest")]

    @classmethod
    def latest(cls, patient_id: Any, *, at: datetime) -> Whereabouts | None:
        """Return where the patient said to be, if told within the last twelve hours."""
        return (
            cls.objects.filter(patient_id=patient_id, told_at__gt=at - timedelta(hours=12), told_at__lte=at)
            .order_by("-told_at")
            .first()
        )


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


class Case(Row):
    """Everything about one patient's present danger. At most one is open for each patient.

    Open → acknowledged (paging stops) → contact made → closed. `tier` is the highest of its flags and never
    falls while the case is open. `next_step_at` is when the worker looks again; it is moved ahead to claim the
    case, so that a crash means one more look, never none.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cases")
    tier = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()
    rung = models.PositiveSmallIntegerField(default=0)
    ack_due_at = models.DateTimeField()
    contact_due_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    contacted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    next_step_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(closed_at=None), name="one_open_case"),
            models.CheckConstraint(condition=Q(tier__range=(0, 4)), name="tier_0_to_4"),
        ]
        indexes = [models.Index(fields=["next_step_at"], condition=Q(closed_at=None), name="case_due")]


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
        constraints = [models.UniqueConstraint(fields=["clinic", "key"], name="one_flag_per_evidence")]


class Page(Row):
    """Somebody is being called to a case. Written with the flag; shown on their desk at once, sent by the worker."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="pages")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    rung = models.PositiveSmallIntegerField()
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    because = models.TextField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)


class Contact(Row):
    """One attempt to reach the patient. Added to, never changed."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="contacts")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    how = models.TextField(
        choices=[
            ("room", _("in the room")),
            ("phone", _("by telephone")),
            ("person", _("in person")),
            ("message", _("by message")),
            ("emergency", _("through emergency services")),
        ]
    )
    reached = models.BooleanField()
    note = models.TextField(blank=True)


class Closure(Row):
    """A clinician ended a case, with what was found and done."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="closure")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    disposition = models.TextField(
        choices=[
            ("safe_with_plan", _("Safe, with a plan")),
            ("same_day_assessment", _("Assessed today")),
            ("higher_level", _("Referred to a higher level of care")),
            ("emergency", _("Emergency services took over")),
            ("with_other_care", _("In other professional care")),
            ("not_a_risk", _("Found not to be a risk")),
        ]
    )
    note = models.TextField()


class MayNotClose(Exception):
    """The case cannot be closed yet; the text says, in words for the clinician, what is missing."""


@transaction.atomic
def raise_flag(patient: Person, *, key: str, tier: int, label: str, value: str, at: datetime, url: str = "") -> Flag:
    """Raise a flag about `patient` in the transaction that holds its evidence, and page the first rung at once.

    `key` names the evidence; a second flag with the same key changes nothing and returns the first. A flag on
    an open case joins it: a higher tier brings shorter deadlines, and a case that somebody had acknowledged is
    paged again, because what they acknowledged has changed.
    """
    if found := Flag.objects.filter(clinic_id=patient.clinic_id, key=key).first():
        return found
    case = _open_case(patient, tier=tier, at=at)
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
    wake(f"desk.{patient.clinic_id}", alarm=True)
    wake(f"person.{patient.pk}")
    return flag


def _open_case(patient: Person, *, tier: int, at: datetime) -> Case:
    deadlines = ladder.deadlines(tier, patient.clinic.deadlines)
    case = Case.objects.open().select_for_update().filter(patient=patient).first()
    if case is None:
        case = Case.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            tier=tier,
            opened_at=at,
            ack_due_at=at + timedelta(minutes=deadlines.ack_minutes),
            contact_due_at=at + timedelta(minutes=deadlines.contact_minutes),
            next_step_at=at,
        )
        page_rung(case, 0, at=at)
    elif tier > case.tier or case.acknowledged_at:
        case.tier = max(tier, case.tier)
        case.acknowledged_at = case.acknowledged_by = case.contacted_at = None
        case.ack_due_at = min(
            case.ack_due_at if case.ack_due_at > at else at + timedelta(minutes=deadlines.ack_minutes),
            at + timedelta(minutes=deadlines.ack_minutes),
        )
        case.contact_due_at = at + timedelta(minutes=deadlines.contact_minutes)
        case.next_step_at = at
        case.save()
        page_rung(case, 0, at=at)
    return case


def page_rung(case: Case, rung: int, *, at: datetime) -> list[Page]:
    """Write the pages of one rung of the ladder; past the last rung, the last is paged again."""
    rungs = rungs_for(case.patient, at=at)
    step = rungs[min(rung, len(rungs) - 1)]
    pages = [
        Page.objects.create(
            clinic_id=case.clinic_id,
            case=case,
            patient_id=case.patient_id,
            rung=rung,
            to_id=who,
            because=step.because,
            made_at=at,
        )
        for who in step.who
    ]
    trail.record("case.page", patient=case.patient_id, thing=case, rung=rung, people=len(pages), because=step.because)
    wake(f"desk.{case.clinic_id}", alarm=True)
    return pages


def rungs_for(patient: Person, *, at: datetime) -> list[ladder.Rung]:
    """Who would be asked, in which order, if something happened to this patient at `at`."""
    ties = Tie.objects.in_force(at).filter(patient=patient)
    shifts = OnCallShift.objects.filter(clinic_id=patient.clinic_id, during__contains=at).order_by("rung")
    staff = Person.objects.filter(clinic_id=patient.clinic_id).clinicians()
    return ladder.route(
        live_with=_ids(ties.filter(role="live"), "staff_id"),
        primary=_ids(ties.filter(role="primary"), "staff_id"),
        on_call=_ids(shifts, "staff_id"),
        supervisors=_ids(staff.filter(roles__contains=[Role.DIRECTOR]), "pk"),
        everyone=_ids(staff, "pk"),
        in_hours=staff_are_here(patient.clinic, at=at),
    )


def _ids(rows: models.QuerySet[Any], column: str) -> list[UUID]:
    return list(dict.fromkeys(rows.values_list(column, flat=True)))


def staff_are_here(clinic: Clinic, *, at: datetime) -> bool:
    """Is the clinic open at `at`, in its own time zone?"""
    return clinic.opens <= at.astimezone(ZoneInfo(clinic.zone)).time() < clinic.closes


@transaction.atomic
def acknowledge(case: Case, *, by: Person, at: datetime) -> None:
    """`by` takes the case: paging stops. The clock to contact made goes on. Already taken by another: no change."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if not by.is_clinician:
        raise PermissionDenied
    if case.acknowledged_at is None and case.closed_at is None:
        case.acknowledged_at, case.acknowledged_by, case.next_step_at = at, by, case.contact_due_at
        case.save()
        Tie.knot(staff=by, patient=case.patient, role="case", because=f"case {case.pk}", at=at)
        trail.record("case.acknowledge", patient=case.patient_id, thing=case)
    wake(f"desk.{case.clinic_id}")
    wake(f"person.{case.patient_id}")


@transaction.atomic
def log_contact(case: Case, *, how: str, reached: bool, note: str, by: Person, at: datetime) -> Contact:
    """Log an attempt to reach the patient; reaching them stops the second clock."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if not by.is_clinician:
        raise PermissionDenied
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
    if reached and case.contacted_at is None:
        case.contacted_at = at
        case.save(update_fields=["contacted_at"])
    trail.record("case.contact", patient=case.patient_id, thing=contact, how=how, reached=reached)
    wake(f"desk.{case.clinic_id}")
    return contact


@transaction.atomic
def close(case: Case, *, disposition: str, note: str, by: Person, at: datetime) -> Closure:
    """Close the case. Only a clinician, and only with contact made or a recorded disposition and note.

    Raises MayNotClose with a sentence that says what is missing.
    """
    case = Case.objects.select_for_update().get(pk=case.pk)
    if not by.is_clinician:
        raise PermissionDenied
    refusal = ladder.may_not_close(contacted=case.contacted_at is not None, disposition=disposition, note=note)
    if refusal:
        raise MayNotClose(refusal)
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
    wake(f"desk.{case.clinic_id}")
    wake(f"person.{case.patient_id}")
    return closure

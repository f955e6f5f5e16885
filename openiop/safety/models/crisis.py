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

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.messaging.models import send_by
from openiop.people.models import Person, Tie
from openiop.safety import ladder, rungs
from openiop.safety.models.asking import Drawn, everyone, ladder_for
from openiop.safety.models.calls import somebody_calls
from openiop.safety.models.case import Acknowledgement, Case, Closure, Contact, Flag, Page
from openiop.safety.models.handover import a_hand_over_is_late
from openiop.safety.models.one_to_one import OneToOne, somebody_is_left_alone


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
    ladder.CLOSING_ENDS_THE_ONE_TO_ONE_FIRST: _(
        "Somebody is named to stay with them. First say why nobody needs to stay any more."
    ),
}

NOTHING_RUNS = timedelta(days=1)  # how far ahead the worker looks at a case in which no clock runs


@transaction.atomic
def raise_flag(
    patient: Person,
    *,
    key: str,
    evidence: ladder.Evidence,
    label: Any,
    value: Any,
    at: datetime,
    url: str = "",
    kind: str = "",
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
    case, drawn = _open_case(patient, tier=tier, at=at)
    with translation.override(settings.LANGUAGE_CODE):
        label, value = str(label), str(value)
    flag = Flag.objects.create(
        clinic_id=patient.clinic_id,
        case=case,
        patient=patient,
        key=key,
        reason=evidence.reason,
        tier=tier,
        label=label,
        value=value,
        url=url,
        kind=kind,
        raised_at=at,
        contact_minutes=drawn.plan.contact_minutes if drawn else None,
    )
    trail.record(
        "flag.raise",
        patient=patient,
        thing=flag,
        tier=tier,
        case=case.pk,
        at=at.isoformat(),
        contact_minutes=flag.contact_minutes,
    )
    if drawn:
        page_rung(case, 0, drawn=drawn, at=at)  # which wakes the desks
    else:
        wake_about(case)
    return flag


def _one_at_a_time(patient: Person) -> None:
    """Two taps at once open one case: the second waits until the first is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"case of {patient.pk}"])


def _open_case(patient: Person, *, tier: int, at: datetime) -> tuple[Case, Drawn | None]:
    """Return the patient's open case, and the ladder to page by if this evidence starts its clocks (anew).

    The clocks of the plan in force are kept with the case: what its person is told does not change with an edit.
    """
    case = Case.objects.open().select_for_update(of=("self",)).filter(patient=patient).first()
    if case is None:
        drawn = ladder_for(patient, tier=tier, at=at)
        case = Case.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            tier=tier,
            opened_at=at,
            since=at,
            next_step_at=at,
            **_clocks(drawn),
        )
        return case, drawn
    contacts = [case.contacted_at] if case.contacted_at else []
    since = max(case.since, ladder.clocks_start_at([(case.since, case.tier), (at, tier)], contacts=contacts))
    # A graver answer of the same moment (one form, two devices) starts nothing later, and raises the case all the same.
    if since == case.since and tier <= case.tier:
        return case, None
    case.since, case.tier, case.next_step_at = since, max(tier, case.tier), at
    drawn = ladder_for(patient, tier=case.tier, at=at)
    for name, minutes in _clocks(drawn).items():
        setattr(case, name, minutes)
    case.save(update_fields=["since", "tier", "next_step_at", *_clocks(drawn)])
    return case, drawn


def _clocks(drawn: Drawn) -> dict[str, int]:
    return {
        "acknowledge_minutes": drawn.acknowledge_minutes,
        "contact_minutes": drawn.plan.contact_minutes,
        "repeat_minutes": drawn.plan.repeat_minutes,
    }


def page_rung(case: Case, rung: int, *, drawn: Drawn, at: datetime) -> list[Page]:
    """Write the pages of one rung of the ladder; past the last rung, the last (everyone at the desk) is paged again."""
    place = min(rung, len(drawn.rungs) - 1)
    step = drawn.rungs[place]
    who: list[Any] = everyone(case.clinic_id) if step.everyone else list(step.who)
    pages = Page.objects.bulk_create(
        Page(
            clinic_id=case.clinic_id,
            case=case,
            patient_id=case.patient_id,
            rung=place,
            to_id=person,
            because=step.because,
            ways=list(step.ways),
            made_at=at,
        )
        for person in who
    )
    trail.record("case.page", patient=case.patient_id, thing=case, rung=place, people=len(pages), because=step.because)
    wake_about(case)
    return pages


def page_also(case: Case, who: Sequence[Person], *, at: datetime) -> list[Page]:
    """Call people the patient named, beside the ladder, which goes on as it would. Clinicians, and once at a time."""
    called = set(Page.objects.filter(case=case, made_at=at).values_list("to_id", flat=True))
    pages = Page.objects.bulk_create(
        Page(
            clinic_id=case.clinic_id,
            case=case,
            patient_id=case.patient_id,
            rung=0,
            to=person,
            because=ladder.ASKED_FOR,
            made_at=at,
        )
        for person in who
        if person.is_clinician and person.pk not in called
    )
    look_again(case, at=at)
    trail.record("case.page", patient=case.patient_id, thing=case, people=len(pages), because=ladder.ASKED_FOR)
    wake_about(case)
    return pages


def take_next_step(case: Case, *, at: datetime) -> ladder.Step:
    """What the worker does when it looks at a case: page the rung that is due, hand unsent pages to the mail.

    The case must be locked by the caller. Doing it twice in the same moment changes nothing the second time.
    """
    if case.closed_at is not None:
        return ladder.Step("rest")
    drawn = ladder_for(case.patient, tier=case.tier, at=at)
    on_ladder = case.on_the_ladder(drawn.rungs, order=drawn.plan.order)
    step = ladder.next_step(on_ladder, at=at, deadlines=case.deadlines)
    if step.kind == "page" and step.rung is not None:
        page_rung(case, step.rung, drawn=drawn, at=at)
    if step.kind != "rest":
        send_pages(case, at=at)
    case.next_step_at = step.next_at or at + NOTHING_RUNS
    case.failures = 0
    case.save(update_fields=["next_step_at", "failures"])
    return step


def send_pages(case: Case, *, at: datetime) -> None:
    """Write a mail, text and notification for each page without. They say nothing but that somebody is needed.

    Not even our address: its name may tell what kind of clinic this is.
    """
    for page in Page.objects.filter(case=case, sent_at=None).select_related("to__login"):
        with translation.override(page.to.language):
            send_by(
                [way for way in page.ways if way != rungs.DESK],
                page.to,
                subject=_("Someone needs you"),
                body=_("Someone needs you. Open the desk."),
                because=page.delivered_as,
                at=at,
            )
        page.sent_at = at
        page.save(update_fields=["sent_at"])


@transaction.atomic
def acknowledge(case: Case, *, by: Person, at: datetime) -> Acknowledgement | None:
    """`by` takes the case: paging stops until contact is due. The clock to contact made goes on.

    While somebody else has it, nothing changes and None is returned. Raises PermissionDenied for non-clinicians.
    """
    case = held(case, by=by)
    if not case.rings(at=at):
        return None
    taken = Acknowledgement.objects.create(
        clinic_id=case.clinic_id, case=case, patient_id=case.patient_id, by=by, at=at
    )
    look_again(case, at=at)
    Tie.knot(staff=by, patient=case.patient, role="case", because=f"case {case.pk}", at=at)
    trail.record("case.acknowledge", patient=case.patient_id, thing=case, at=at.isoformat())
    wake_about(case)
    return taken


@transaction.atomic
def log_contact(case: Case, *, how: str, reached: bool, note: str, by: Person, at: datetime) -> Contact:
    """Log an attempt to reach the patient; reaching them stops both clocks. Raises PermissionDenied.

    On a closed case it is still logged: people call again the day after.
    """
    case = held(case, by=by)
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
    look_again(case, at=at)
    Tie.knot(staff=by, patient=case.patient, role="case", because=f"case {case.pk}", at=at)
    trail.record(
        "case.contact",
        patient=case.patient_id,
        thing=contact,
        case=case.pk,
        at=at.isoformat(),
        how=how,
        reached=reached,
    )
    wake_about(case)
    return contact


@transaction.atomic
def close(case: Case, *, disposition: str, note: str, by: Person, at: datetime) -> Closure:
    """Close the case. Only a clinician, and only with contact made since the latest evidence or a disposition.

    While somebody is named to stay with the person, that is ended first, with its own reason.

    Raises PermissionDenied for non-clinicians and MayNotClose with the reasons. Closing twice returns the first.
    """
    case = held(case, by=by)
    if closed := Closure.objects.filter(case=case).first():
        return closed
    reasons = ladder.why_not_close(
        by_clinician=by.is_clinician,
        contact_made=case.reached,
        disposition=disposition,
        somebody_stays=OneToOne.objects.filter(case=case).open().exists(),
    )
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
    trail.record("case.close", patient=case.patient_id, thing=case, at=at.isoformat(), disposition=disposition)
    wake_about(case)
    return closure


def held(case: Case, *, by: Person) -> Case:
    """Return the case locked, for a clinician. Raises PermissionDenied."""
    if not by.is_clinician:
        raise PermissionDenied
    return Case.objects.select_for_update(of=("self",)).select_related("clinic", "patient").get(pk=case.pk)


def look_again(case: Case, *, at: datetime) -> None:
    """Let the worker draw its next step from what is true now. A look that is overdue stays overdue."""
    if case.closed_at is None:
        case.next_step_at = min(case.next_step_at, at)
        case.save(update_fields=["next_step_at"])


def somebody_is_called(person: Person, *, at: datetime) -> bool:
    """Does this member of staff's desk sound? Content-free: what a locked desk may do too."""
    if somebody_calls(person, at=at):
        return True
    if a_hand_over_is_late(person.clinic_id, at=at):
        return True
    cases = list(Case.objects.filter(clinic_id=person.clinic_id).open().with_steps().with_one_to_ones())
    return any(case.rings(at=at) for case in cases) or somebody_is_left_alone(cases, at=at)


def somebody_is_looked_after(clinic_id: Any) -> bool:
    """Is a case open? For those who may know no more."""
    return Case.objects.filter(clinic_id=clinic_id).open().exists()


def wake_about(case: Case) -> None:
    wake(f"desk.{case.clinic_id}")
    wake(f"person.{case.patient_id}")

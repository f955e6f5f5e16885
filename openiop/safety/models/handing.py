"""Handing over and taking over: the verbs, and what the worker does about a hand-over that nobody takes.

Read from top to bottom: the worker opens a hand-over as a shift ends (`open_those_due`), schedule's as a session does,
or somebody who goes opens their own. Whoever goes names who comes and writes a line for each case; whoever comes takes
the whole list over in one tap. Each step of the worker is one transaction: killed, it is done again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext

from openiop.audit import trail
from openiop.lib.each import one_by_one
from openiop.lib.wake import wake
from openiop.messaging.models import EVERY_WAY, send_by
from openiop.people.models import Clinic, Person, Role, Tie
from openiop.safety import handover
from openiop.safety.models.asking import everyone
from openiop.safety.models.assessment import RiskAssessment
from openiop.safety.models.case import Case
from openiop.safety.models.crisis import wake_about
from openiop.safety.models.handover import (
    HandedCase,
    HandOver,
    HandOverEnd,
    HandOverPage,
    HandOverTo,
    HandOverWord,
    LeftAtRisk,
)
from openiop.safety.models.rota import OnCallShift

# A worker that was down for longer opens none: that shift's cases stand on the desk of whoever is on call since.
LOOKED_BACK = timedelta(hours=6)


class NotWhatWasShown(Exception):
    """Something came onto the list after it was shown: it is to be read first."""


class OverAlready(Exception):
    """Somebody else was faster, or there is nothing to hand over any more."""


class OpenList(NamedTuple):
    """What a hand-over holds at this moment."""

    cases: list[Case]
    left: list[LeftAtRisk]

    @property
    def is_empty(self) -> bool:
        return not (self.cases or self.left)

    @property
    def tokens(self) -> list[str]:
        """What a page has shown, for `take_over` to compare: each case with its latest danger, each who left."""
        return [f"{case.pk}.{case.since.timestamp():.0f}.{case.tier}" for case in self.cases] + [
            str(row.pk) for row in self.left
        ]


# --- opening ---


def open_hand_over(
    clinic: Clinic,
    *,
    kind: str,
    key: str,
    goes: Iterable[UUID],
    due_at: datetime,
    at: datetime,
    patients: Iterable[UUID] = (),
    session_id: UUID | None = None,
) -> HandOver:
    """Open one, or return the one of the same `key`. Two who open at once open one."""
    first, *others = goes
    found, is_new = HandOver.objects.get_or_create(
        clinic_id=clinic.pk,
        key=key,
        defaults={
            "kind": kind,
            "goes_id": first,
            "together": others,
            "patients": list(patients),
            "session_id": session_id,
            "due_at": due_at,
            "within_minutes": clinic.hand_over_minutes,
            "made_at": at,
        },
    )
    if is_new:
        trail.record("hand-over.open", thing=found, kind=kind, goes=str(first), due_at=due_at.isoformat())
        wake(f"desk.{clinic.pk}")
    return found


@transaction.atomic
def hand_over_mine(*, by: Person, to: Person | None, key: str, at: datetime) -> HandOver:
    """`by` goes before a shift or session ends, and hands over what they have. With nothing in hand it is over at once.

    `key` names the press: the same form sent twice opens one. Raises PermissionDenied for non-clinicians.
    """
    _require_clinician(by)
    _one_at_a_time(f"hand-over of {by.pk}")
    waits = HandOver.objects.waiting().filter(clinic_id=by.clinic_id, kind=handover.OWN, goes=by).first()
    found = waits or open_hand_over(
        by.clinic, kind=handover.OWN, key=f"own {by.pk} {key}", goes=[by.pk], due_at=at, at=at
    )
    if HandOverEnd.objects.filter(hand_over=found).exists():
        return found
    if open_list(found, at=at).is_empty:
        _end(found, how=handover.NOTHING_OPEN, by=by, at=at)
    elif to is not None:
        name_who_comes(found, to=to, by=by, at=at)
    return found


# --- naming, and a line for each case ---


@transaction.atomic
def name_who_comes(hand_over: HandOver, *, to: Person, by: Person, at: datetime) -> HandOverTo:
    """Name who takes over, and ask them on every way. The latest name counts; the clock to the alarm runs on.

    Raises PermissionDenied for non-clinicians, OverAlready, and ValueError for somebody who goes or is no clinician.
    """
    hand_over = _held(hand_over, by=by)
    goes = those_who_go(hand_over, on_call_now(hand_over.clinic_id, at=at))
    if not to.is_clinician or to.clinic_id != hand_over.clinic_id or to.pk in goes:
        raise ValueError("a hand-over goes to a clinician who stays")
    named = HandOverTo.objects.create(clinic_id=hand_over.clinic_id, hand_over=hand_over, to=to, by=by, at=at)
    asked = {page.to_id for page in hand_over.pages.all() if page.because in (handover.FIRST, handover.NAMED)}
    if to.pk not in asked:
        _ask(hand_over, [to.pk], rung=0, because=handover.NAMED, at=at)
    trail.record("hand-over.name", thing=hand_over, to=str(to.pk))
    wake(f"desk.{hand_over.clinic_id}")
    return named


@transaction.atomic
def say_of(hand_over: HandOver, case: Case, *, words: str, by: Person, at: datetime) -> HandOverWord:
    """Write a line about one case for the one who comes. Raises PermissionDenied, OverAlready, ValueError if empty."""
    hand_over = _held(hand_over, by=by)
    if not words.strip() or case.clinic_id != hand_over.clinic_id:
        raise ValueError("a line says something about a case of the clinic")
    said = HandOverWord.objects.create(
        clinic_id=hand_over.clinic_id,
        hand_over=hand_over,
        case=case,
        patient_id=case.patient_id,
        words=words.strip(),
        by=by,
        at=at,
    )
    trail.record("hand-over.say", patient=case.patient_id, thing=said, case=case.pk)
    wake(f"desk.{hand_over.clinic_id}")
    return said


# --- taking over ---


@transaction.atomic
def take_over(hand_over: HandOver, *, shown: Collection[str], by: Person, at: datetime) -> HandOverEnd:
    """`by` takes the whole list over, in one tap. Whoever it was meant for, any clinician who does not go may.

    `shown`: the tokens of the list as the page had it. Raises NotWhatWasShown where something was added since,
    OverAlready, and PermissionDenied for non-clinicians and for those who go.
    """
    hand_over = _held(hand_over, by=by)
    if by.pk in those_who_go(hand_over, on_call_now(hand_over.clinic_id, at=at)):
        raise PermissionDenied
    return _pass_all_to(by, hand_over, how=handover.TAKEN, shown=shown, at=at)


@transaction.atomic
def stay_with_it(hand_over: HandOver, *, shown: Collection[str], by: Person, at: datetime) -> HandOverEnd:
    """`by`, one of those who go, stays after all: they have from now on what the others who go had in hand.

    Of a session and of what is one's own; a shift on call ends by the rota. Raises as `take_over` does.
    """
    hand_over = _held(hand_over, by=by)
    if hand_over.kind not in handover.MAY_STAY or by.pk not in hand_over.goers:
        raise PermissionDenied
    return _pass_all_to(by, hand_over, how=handover.STAYS, shown=shown, at=at)


def _pass_all_to(by: Person, hand_over: HandOver, *, how: str, shown: Collection[str], at: datetime) -> HandOverEnd:
    found = open_list(hand_over, at=at)
    if set(found.tokens) - set(shown):
        raise NotWhatWasShown
    end = _end(hand_over, how=how, by=by, at=at, cases=len(found.cases))
    HandedCase.objects.bulk_create(
        HandedCase(
            clinic_id=case.clinic_id,
            end=end,
            case=case,
            patient_id=case.patient_id,
            tier=case.tier,
            to=by if hand_over.passes(case) else case.holding and case.holding.by,
            at=at,
        )
        for case in found.cases
    )
    for case in found.cases:
        Tie.knot(staff=by, patient=case.patient, role="case", because=f"case {case.pk}", at=at)
        trail.record(
            "case.take-over", patient=case.patient_id, thing=case, hand_over=hand_over.pk, passes=hand_over.passes(case)
        )
        wake_about(case)
    return end


def open_list(hand_over: HandOver, *, at: datetime) -> OpenList:
    """What is on the list now, read afresh: what opened since it was first shown is on it."""
    cases = Case.objects.filter(clinic_id=hand_over.clinic_id).open().with_steps().with_attempts().order_by("-tier")
    return list_of(hand_over, list(cases), left_lately(hand_over.clinic_id, at=at))


def list_of(hand_over: HandOver, cases: Iterable[Case], left: Iterable[LeftAtRisk]) -> OpenList:
    """What of the clinic's open cases, and of those who left early at risk, is on this list."""
    on_it = [case for case in cases if hand_over.concerns(case)]
    also = {case.patient_id for case in on_it}
    return OpenList(
        on_it,
        [
            row
            for row in left
            if row.patient_id not in also and (hand_over.kind == handover.SHIFT or row.patient_id in hand_over.patients)
        ],
    )


def left_lately(clinic_id: Any, *, at: datetime) -> list[LeftAtRisk]:
    """Who left a session early at risk within a day and was not assessed since."""
    rows = list(
        LeftAtRisk.objects.filter(clinic_id=clinic_id, left_at__gt=at - handover.LEFT_COUNTS_FOR)
        .select_related("patient")
        .order_by("-level", "-left_at")
    )
    if not rows:
        return []
    assessed = dict(
        RiskAssessment.objects.filter(patient__in=[row.patient_id for row in rows])
        .order_by("at")
        .values_list("patient_id", "at")
    )
    return [row for row in rows if not (row.patient_id in assessed and assessed[row.patient_id] > row.left_at)]


def note_left_early(patient: Person, *, session_id: UUID, left_at: datetime, level: int, at: datetime) -> None:
    """For the worker: somebody at risk left before the end. Told twice, it is noted once."""
    row, is_new = LeftAtRisk.objects.get_or_create(
        patient=patient,
        session_id=session_id,
        defaults={"clinic_id": patient.clinic_id, "left_at": left_at, "level": level, "noted_at": at},
    )
    if is_new:
        trail.record("left-at-risk.note", patient=patient, thing=row, level=level)


# --- the worker ---


def watch_hand_overs(clinic: Clinic, *, at: datetime) -> int:
    """Open those that are due, and take the next step of each that waits; returns how many are still waiting.

    What fails for one holds up no other.
    """
    list(one_by_one(lambda shift: _open_for(shift, clinic, at=at), _ended(clinic, at=at)))
    waiting = list(HandOver.objects.waiting().filter(clinic_id=clinic.pk, due_at__lte=at).order_by("due_at"))
    return sum(one_by_one(lambda row: take_next_step_of(row, at=at), waiting))


def _ended(clinic: Clinic, *, at: datetime) -> list[OnCallShift]:
    """The first on call's shifts that ended lately, without a hand-over yet."""
    ended = OnCallShift.objects.filter(
        clinic_id=clinic.pk, rung=1, during__endswith__gt=at - LOOKED_BACK, during__endswith__lte=at
    ).order_by("during__endswith")
    shifts = [shift for shift in ended if not shift.during.isempty]
    known = set(HandOver.objects.filter(clinic_id=clinic.pk, key__in=map(_key, shifts)).values_list("key", flat=True))
    return [shift for shift in shifts if _key(shift) not in known]


def _key(shift: OnCallShift) -> str:
    return f"shift {shift.pk} {shift.during.upper.timestamp():.0f}"


def _open_for(shift: OnCallShift, clinic: Clinic, *, at: datetime) -> None:
    open_hand_over(
        clinic, kind=handover.SHIFT, key=_key(shift), goes=[shift.staff_id], due_at=shift.during.upper, at=at
    )


def take_next_step_of(hand_over: HandOver, *, at: datetime) -> None:
    """End it where nothing is open or nobody goes; else ask whom the clock says. Twice changes nothing."""
    _one_at_a_time(f"hand-over {hand_over.pk}")
    hand_over = HandOver.objects.with_people().prefetch_related("pages").get(pk=hand_over.pk)
    if HandOverEnd.objects.filter(hand_over=hand_over).exists():
        return
    found = open_list(hand_over, at=at)
    on_call = on_call_now(hand_over.clinic_id, at=at)
    goes = those_who_go(hand_over, on_call)
    if found.is_empty or _all_stays(found, hand_over, goes):
        _end(hand_over, how=handover.NOTHING_OPEN if found.is_empty else handover.STAYS, by=None, at=at)
        return
    comes = who_comes(hand_over, on_call)
    drawn = handover.rungs(
        goes=goes,
        comes=comes,
        on_call=on_call.get(1, ()),
        second_on_call=on_call.get(2, ()),
        supervisors=_directors(hand_over.clinic_id),
    )
    pages = list(hand_over.pages.all())
    step = handover.next_step(
        due_at=hand_over.due_at,
        within_minutes=hand_over.within_minutes,
        asked=drawn,
        paged=[handover.Pages(page.made_at, page.because) for page in pages],
        at=at,
    )
    if step.kind == "page" and step.rung is not None:
        rung = drawn[step.rung]
        who: list[Any] = everyone(hand_over.clinic_id) if rung.everyone else list(rung.who)
        _ask(hand_over, who, rung=step.rung, because=rung.because, at=at)
    first = {page.to_id for page in pages if page.because in (handover.FIRST, handover.NAMED)}
    if comes is not None and pages and comes not in first and step.rung != 0:
        _ask(hand_over, [comes], rung=0, because=handover.NAMED, at=at)  # the shift was swapped meanwhile
    _send(hand_over, at=at)


def on_call_now(clinic_id: Any, *, at: datetime) -> dict[int, list[UUID]]:
    """The clinicians on call at this moment, by rung."""
    found: dict[int, list[UUID]] = {}
    clinicians = Person.objects.filter(clinic_id=clinic_id).clinicians()
    shifts = OnCallShift.objects.filter(clinic_id=clinic_id, during__contains=at, staff__in=clinicians)
    for rung, staff in shifts.values_list("rung", "staff_id"):
        found.setdefault(rung, []).append(staff)
    return found


def those_who_go(hand_over: HandOver, on_call: dict[int, list[UUID]]) -> list[UUID]:
    """Of those whose shift or session ended, who goes: whoever is first on call now stays."""
    if hand_over.kind == handover.OWN:
        return hand_over.goers
    return [person for person in hand_over.goers if person not in on_call.get(1, ())]


def _all_stays(found: OpenList, hand_over: HandOver, goes: Collection[UUID]) -> bool:
    """Does one of them stay, with nothing in the hands of those who go?"""
    held = {case.holding.by.pk for case in found.cases if case.holding}
    return len(goes) < len(hand_over.goers) and not held & set(goes)


def who_comes(hand_over: HandOver, on_call: dict[int, list[UUID]]) -> UUID | None:
    """Who is to take over: who was named, else whoever is first on call now; never one of those who go."""
    named = hand_over.to_named
    if named is not None:
        return named.pk
    goes = those_who_go(hand_over, on_call)
    return next((staff for staff in on_call.get(1, ()) if staff not in goes), None)


def _directors(clinic_id: Any) -> list[UUID]:
    found = Person.objects.filter(clinic_id=clinic_id, roles__contains=[Role.DIRECTOR]).clinicians()
    return list(found.order_by("pk").values_list("pk", flat=True))


def _ask(hand_over: HandOver, who: Iterable[UUID], *, rung: int, because: str, at: datetime) -> None:
    pages = HandOverPage.objects.bulk_create(
        HandOverPage(
            clinic_id=hand_over.clinic_id, hand_over=hand_over, to_id=person, rung=rung, because=because, made_at=at
        )
        for person in dict.fromkeys(who)
    )
    trail.record("hand-over.page", thing=hand_over, rung=rung, people=len(pages), because=because)
    wake(f"desk.{hand_over.clinic_id}")


def _send(hand_over: HandOver, *, at: datetime) -> None:
    """Hand each page to its person's other ways, once. Nothing that leaves says what it is about."""
    for page in HandOverPage.objects.filter(hand_over=hand_over, sent_at=None).select_related("to__login"):
        with translation.override(page.to.language):
            words: dict[str, Any] = {
                "subject": gettext("Someone needs you"),
                "body": gettext("Someone needs you. Open the desk."),
            }
            send_by(EVERY_WAY, page.to, **words, because=f"hand-over {page.pk}", at=at)
        page.sent_at = at
        page.save(update_fields=["sent_at"])


# --- inside ---


def _end(hand_over: HandOver, *, how: str, by: Person | None, at: datetime, cases: int = 0) -> HandOverEnd:
    end = HandOverEnd.objects.create(clinic_id=hand_over.clinic_id, hand_over=hand_over, how=how, by=by, at=at)
    trail.record("hand-over.end", thing=hand_over, how=how, cases=cases)
    wake(f"desk.{hand_over.clinic_id}")
    return end


def _require_clinician(person: Person) -> None:
    if not person.is_clinician:
        raise PermissionDenied


def _held(hand_over: HandOver, *, by: Person) -> HandOver:
    """Return it for a clinician, with nobody else at it. Raises PermissionDenied, OverAlready."""
    _require_clinician(by)
    _one_at_a_time(f"hand-over {hand_over.pk}")
    found = HandOver.objects.with_people().prefetch_related("pages").get(pk=hand_over.pk, clinic_id=by.clinic_id)
    if HandOverEnd.objects.filter(hand_over=found).exists():
        raise OverAlready
    return found


def _one_at_a_time(what: str) -> None:
    """Rows that are never changed cannot be locked: whoever comes second waits here until the first is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [what])

"""Asking another who leads, or a clinician on duty, to go to a private place: the person is moved once they are there.

What a clinician who does not lead answers is in calling.py. Rules: docs/rules/leading.md, 21 to 28.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.http import Http404
from django.utils.translation import gettext, override

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.messaging.models import EVERY_WAY, send_by
from openiop.people.models import Person
from openiop.room import aside, called, signals
from openiop.room.leading import calling, duty
from openiop.room.leading.door import require_leader
from openiop.room.leading.models import AsideAsk
from openiop.room.models import ASIDE, Seat, SeatState
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession

ANSWER_STAYS = timedelta(minutes=5)  # how long whoever asked reads that the other cannot come


@transaction.atomic
def ask(seat: Seat, *, whom: UUID, by: Person, at: datetime) -> AsideAsk:
    """Ask another who leads this session, or a clinician on duty; it takes the place of an earlier question.

    Whoever is not in the room is called by every way they can be reached, in words that name nobody. Raises
    PermissionDenied, Http404 for somebody who neither leads here nor may be called to this patient now, and Refused:
    "not_inside" for a patient not in, or there by a phone that hears nothing; "with_somebody" while whoever was called
    is with them, and "somebody_comes" while they are on the way in time: of two who ask at once, the second reads so.
    """
    session = seat.session
    require_leader(session, by)
    called.one_at_a_time(session)
    person = others_who_lead(session, than=by).filter(pk=whom).first()
    is_called = person is None
    person = person or duty.may_be_called(session, seat.person_id, whom, at=at)
    if person is None:
        raise Http404
    if seat.role != "patient" or seat.companion or seat.state != SeatState.ADMITTED:
        raise Refused("not_inside")
    before = _standing(session).filter(seat=seat).select_related("session__clinic").first()
    if before and before.called:
        _check_may_be_replaced(calling.word(before, at=at))
    _standing(session).filter(seat=seat).update(ended_at=at, ended="withdrawn")
    question = AsideAsk.objects.create(
        clinic_id=seat.clinic_id, session=session, seat=seat, whom=person, by=by, at=at, called=is_called
    )
    if is_called:
        calling.call(person, question, at=at)
        wake(f"desk.{seat.clinic_id}")
        wake(signals.seat_topic(seat.pk))
    elif person.pk not in free_here(session, at=at):
        _call(person, question, at=at)
    trail.record("room.aside-ask", patient=seat.person_id, thing=session)
    wake(signals.lead_topic(session.pk))
    return question


def _check_may_be_replaced(word: str) -> None:
    if word == "here":
        raise Refused("with_somebody")
    if word == "coming":
        raise Refused("somebody_comes")


@transaction.atomic
def answer(session: CareSession, ask_id: UUID, *, comes: bool, by: Person, at: datetime) -> None:
    """I go, or I cannot; whoever asked may take the question back. Raises PermissionDenied, and Http404.

    Who goes is first at the private place; the patient follows once they are there, as ever (`aside.arrive`). A
    clinician who was called answers elsewhere (`calling.come`); anybody who leads may call them off, until they are
    there: else Refused("with_somebody").
    """
    require_leader(session, by)
    called.one_at_a_time(session)
    question = _standing(session).select_for_update(of=("self",)).filter(pk=ask_id).first()
    if question is None:
        raise Http404
    if question.called:
        _call_off(question, comes=comes, at=at)
        return
    if by.pk != question.whom_id and (comes or by.pk != question.by_id):
        raise PermissionDenied
    if comes:
        aside.call(Seat.objects.select_related("person", "session").get(pk=question.seat_id), by=by, at=at)
        return
    question.ended_at, question.ended = at, "declined" if by.pk == question.whom_id else "withdrawn"
    question.save(update_fields=["ended_at", "ended"])
    wake(signals.lead_topic(session.pk))


def _call_off(question: AsideAsk, *, comes: bool, at: datetime) -> None:
    if comes:
        raise PermissionDenied
    if question.arrived_at and calling.word(question, at=at) == "here":
        raise Refused("with_somebody")
    question.ended_at, question.ended = at, "withdrawn"
    question.save(update_fields=["ended_at", "ended"])
    for topic in (signals.lead_topic(question.session_id), signals.seat_topic(question.seat_id)):
        wake(topic)
    wake(f"principal.{question.whom_id}")
    wake(f"desk.{question.clinic_id}")


def newest(session: CareSession, *, at: datetime) -> list[AsideAsk]:
    """Return the last question about each patient: open, or declined a moment ago.

    Of one to another who leads, only while the patient still sits in the group.
    """
    rows = AsideAsk.objects.filter(session=session).select_related("seat__person", "whom", "by")
    rows = rows.order_by(F("ended_at").desc(nulls_first=True), "-at", "-pk")  # the open one first: there is only one
    latest: dict[Any, AsideAsk] = {}
    for row in rows:
        latest.setdefault(row.seat_id, row)
    return [row for row in reversed(latest.values()) if _matters(row, at=at)]


def _matters(row: AsideAsk, *, at: datetime) -> bool:
    if row.seat.state != SeatState.ADMITTED:
        return False
    if row.seat.place.startswith(ASIDE) and not (row.called and row.ended_at is None):
        return False
    declined = row.ended in ("declined", "unable") and row.ended_at is not None and row.ended_at > at - ANSWER_STAYS
    return row.ended_at is None or declined


def others_who_lead(session: CareSession, *, than: Person) -> Any:
    who = session.staff.filter(stands=True).values_list("staff_id", flat=True)
    return Person.objects.filter(pk__in=who, active=True).exclude(pk=than.pk).order_by("called")


def free_here(session: CareSession, *, at: datetime) -> set[UUID]:
    """Return who of those who lead is in the room now, and not in a private place already."""
    seats = Seat.objects.filter(session=session, role="facilitator", state=SeatState.ADMITTED)
    return {seat.person_id for seat in seats if seat.person_id and seat.here(at) and not seat.place.startswith(ASIDE)}


def _standing(session: CareSession) -> Any:
    return AsideAsk.objects.filter(session=session, ended_at=None)


def _call(person: Person, question: AsideAsk, *, at: datetime) -> None:
    with override(person.language):
        send_by(
            EVERY_WAY,
            person,
            subject=gettext("Please come to your group"),
            body=gettext("You are asked to come to the live group that you lead. Please open it from your day."),
            because=f"aside {question.pk}",
            at=at,
        )

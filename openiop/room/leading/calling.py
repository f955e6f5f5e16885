"""Calling a clinician who does not lead to a private place: they come, they cannot, or nobody is there in time.

Said on a page of their own and on their desk, never in the group. Rules: docs/rules/leading.md, 22 to 28.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext, override

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.messaging.models import EVERY_WAY, Delivery, send_by
from openiop.people.models import Person, Tie
from openiop.room import admission, aside, called, signals
from openiop.room.leading import duty
from openiop.room.leading.models import AsideAsk
from openiop.room.models import LiveRoom, Neighbour, Place, Seat, SeatState
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession

TOLD_FOR = timedelta(minutes=5)  # how long whoever said that they come reads that they need not


class Card(NamedTuple):
    """What one clinician's desk says of one question. `word`: "asked", "coming", "climbed" or how it ended."""

    question: AsideAsk
    word: str


# --- what whoever was asked says ---


@transaction.atomic
def come(session: CareSession, ask_id: UUID, *, by: Person, at: datetime) -> AsideAsk:
    """I am coming. The question stays open, with its clock, until they are in the private place (`aside.arrive`).

    From now on this is their way in, and the record is open to them. Of two who say so the first goes. Raises Http404
    for whoever was not asked, and Refused("no_longer") when somebody else goes, or nobody is needed any more.
    """
    called.one_at_a_time(session)
    question = find(session, ask_id, by=by, at=at)
    if question.ended_at or session_is_over(session, at=at):
        raise Refused("no_longer")
    if _comes_to_somebody_else(question, by=by, at=at):
        raise Refused("already_aside")
    if question.whom_id != by.pk:
        question = _take_over(question, by=by, at=at)
    if question.coming_at is None:
        question.coming_at = at
        question.save(update_fields=["coming_at"])
        _open_the_way(question, at=at)
    _wake(question)
    return question


@transaction.atomic
def cannot(session: CareSession, ask_id: UUID, *, by: Person, at: datetime) -> None:
    """I cannot: whoever asked reads it, and asks the next. Raises as `come` does."""
    called.one_at_a_time(session)
    question = find(session, ask_id, by=by, at=at)
    if question.ended_at or question.whom_id != by.pk or question.arrived_at:
        raise Refused("no_longer")
    _end(question, "declined", at=at)


@transaction.atomic
def unable(mine: Seat, *, at: datetime) -> None:
    """Their browser cannot seal sound and picture, and this session is sealed: out, before anybody is brought."""
    called.hold(mine)
    question = called.standing().filter(session=mine.session_id, whom=mine.person_id).select_related("seat").first()
    if question is None or mine.person is None:
        return
    _end(question, "unable", at=at)
    seat = Seat.objects.select_for_update(of=("self",)).select_related("session", "person").get(pk=question.seat_id)
    if any(row.id == seat.pk for row in duty.alone_aside(Neighbour.of(mine.session_id), at=at)):
        aside.release(seat, by=mine.person, at=at)


def find(session: CareSession, ask_id: UUID, *, by: Person, at: datetime) -> AsideAsk:
    """Return a question that this clinician may answer, or could have. Raises Http404."""
    rows = AsideAsk.objects.select_related("seat__person", "session__clinic", "by", "whom")
    question = rows.filter(pk=ask_id, session=session, called=True).first()
    if question is None or not _is_asked(question, by, at=at):
        raise Http404
    return question


def _is_asked(question: AsideAsk, person: Person, *, at: datetime) -> bool:
    """By name, or as the others are once nobody is there in time; who was, still is when that has changed since."""
    if question.whom_id == person.pk:
        return True
    if question.climbed_at is None and not Delivery.objects.filter(because=_because(question), to=person).exists():
        return False
    return duty.may_be_called(question.session, question.seat.person_id, person.pk, at=at) is not None


def _comes_to_somebody_else(question: AsideAsk, *, by: Person, at: datetime) -> bool:
    """In this session or in another that goes on: nobody is expected in two private places."""
    others = called.standing().filter(whom=by).exclude(pk=question.pk).select_related("session")
    return any(not session_is_over(other.session, at=at) for other in others)


def _take_over(question: AsideAsk, *, by: Person, at: datetime) -> AsideAsk:
    """Whoever did not come in time is told that they need not; the question goes on as somebody else's."""
    if word(question, at=at) not in ("late", "lost"):
        raise Refused("no_longer")
    _end(question, "taken", at=at)
    return AsideAsk.objects.create(
        clinic_id=question.clinic_id,
        session=question.session,
        seat=question.seat,
        whom=by,
        by=question.by,
        at=question.at,
        called=True,
    )


def _open_the_way(question: AsideAsk, *, at: datetime) -> None:
    """The care relation, in the record and the trail; and whoever sits in the group as staff is there no longer."""
    patient, whom = question.seat.person, question.whom
    assert patient is not None  # a patient's seat is a person's
    Tie.knot(
        staff=whom,
        patient=patient,
        role="called",
        because=_because(question),
        at=at,
        until=question.session.ends_at + admission.CLOSES_AFTER + timedelta(days=1),
    )
    trail.record("room.called-comes", patient=patient, thing=question.session)
    inside = Seat.objects.filter(session=question.session, person=whom, state=SeatState.ADMITTED).first()
    if inside is not None:
        called.settle(inside, role=called.CALLED, at=at)
        admission.open_room(question.session, inside.place, at=at)


# --- how it stands ---


def word(question: AsideAsk, *, at: datetime, is_there: bool | None = None) -> str:
    """Return how this question stands now: by its clock, or how it ended."""
    if question.ended_at:
        return question.ended
    if question.arrived_at and is_there is None:
        is_there = any(seat.in_call(at=at) for seat in _seats_of(question))
    return called.word_of(
        at=at,
        asked_at=question.at,
        coming_at=question.coming_at,
        is_there=is_there if question.arrived_at else None,
        after=timedelta(minutes=question.session.clinic.aside_wait_minutes),
    )


def _seats_of(question: AsideAsk) -> Any:
    return Seat.objects.filter(session=question.session_id, person=question.whom_id, role=called.CALLED)


def cards_for(person: Person, *, at: datetime) -> list[Card]:
    """Return what this clinician's desk shows: what waits for them, and for a while that they need not come."""
    newest = AsideAsk.objects.filter(
        clinic_id=person.clinic_id, called=True, session__during__endswith__gt=at - admission.CLOSES_AFTER
    )
    open_now = newest.filter(ended_at=None)
    need_not = newest.filter(arrived_at=None, ended_at__gt=at - TOLD_FOR, whom=person)
    rows = open_now.filter(whom=person) | open_now.filter(climbed_at__isnull=False) | need_not
    found = rows.select_related("session__clinic", "by", "seat").order_by("at", "pk")
    cards = [card for row in found if (card := _card(row, person, at=at))]
    open_for = {card.question.seat_id for card in cards if card.question.ended_at is None}
    return [card for card in cards if card.question.ended_at is None or card.question.seat_id not in open_for]


def _card(row: AsideAsk, person: Person, *, at: datetime) -> Card | None:
    if row.ended_at:
        # Who declined knows it; whoever was called by telephone a moment ago looks for what it was.
        return Card(row, row.ended) if row.ended in ("withdrawn", "taken", "back", "gone") else None
    if session_is_over(row.session, at=at):
        return None
    if row.whom_id == person.pk:
        if row.arrived_at and word(row, at=at) == "here":
            return None
        return Card(row, "coming" if row.coming_at else "asked")
    nobody_is_there = word(row, at=at) in ("late", "lost")
    return Card(row, "climbed") if nobody_is_there and _is_asked(row, person, at=at) else None


def session_is_over(session: CareSession, *, at: datetime) -> bool:
    if session.cancelled_at or at > session.ends_at + admission.CLOSES_AFTER:
        return True
    return LiveRoom.objects.filter(session=session, place=Place.GROUP, ended_at__isnull=False).exists()


# --- when nobody is there in time ---


def tend(session: CareSession, *, at: datetime) -> int:
    """Ask all others who may be called, once, where nobody is there in time; returns for how many that is done now.

    Whoever looks first does it: a tab of those who lead, or the worker.
    """
    open_calls = AsideAsk.objects.filter(session=session, called=True, ended_at=None, climbed_at=None)
    rows = list(open_calls.select_related("session__clinic", "seat"))
    late = [row for row in rows if word(row, at=at) in ("late", "lost")]
    return sum(_climb(row, at=at) for row in late)


def tend_all(clinic_id: Any, *, at: datetime) -> int:
    """As `tend`, for every session of the clinic in which somebody is called; ends what is open in one that is over."""
    sessions = CareSession.objects.filter(
        pk__in=AsideAsk.objects.filter(clinic_id=clinic_id, called=True, ended_at=None).values("session")
    )
    done = 0
    for session in sessions.select_related("clinic"):
        if session_is_over(session, at=at):
            _close(session, at=at)
        else:
            done += tend(session, at=at)
    return done


@transaction.atomic
def _close(session: CareSession, *, at: datetime) -> None:
    """Nobody ended the session, and it is over: nobody comes any more, and whoever never came reads nothing."""
    called.one_at_a_time(session)
    for question in AsideAsk.objects.filter(session=session, called=True, ended_at=None):
        _end(question, "over", at=at)


def _climb(row: AsideAsk, *, at: datetime) -> int:
    if not AsideAsk.objects.filter(pk=row.pk, climbed_at=None, ended_at=None).update(climbed_at=at):
        return 0  # somebody else looked first
    others = [
        each.person for each in duty.on_duty(row.session, [row.seat.person_id], at=at) if each.person != row.whom_id
    ]
    for person in Person.objects.filter(pk__in=others).select_related("login"):
        call(person, row, at=at)
    trail.record("room.called-climbs", patient=row.seat.person_id, thing=row.session)
    _wake(row)
    return 1


def call(person: Person, question: AsideAsk, *, at: datetime) -> None:
    """Call somebody by every way they can be reached, in words that say nothing: telephones lie on tables."""
    with override(person.language):
        subject = gettext("Please open your desk, now")
        body = gettext("A colleague asks for you. Please open your desk: it says where.")
        send_by(EVERY_WAY, person, subject=subject, body=body, because=_because(question), at=at)


def _because(question: AsideAsk) -> str:
    return f"aside {question.pk}"


def _end(question: AsideAsk, how: str, *, at: datetime) -> None:
    question.ended_at, question.ended = at, how
    question.save(update_fields=["ended_at", "ended"])
    _wake(question)


def _wake(question: AsideAsk) -> None:
    wake(signals.lead_topic(question.session_id))
    wake(signals.seat_topic(question.seat_id))
    wake(f"principal.{question.whom_id}")
    wake(f"desk.{question.clinic_id}")

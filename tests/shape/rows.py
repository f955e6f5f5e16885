"""Rows for lists that would otherwise be walked empty: a page is looked at as somebody will meet it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from openiop.chart import medicating
from openiop.lib.ids import uuid7
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.safety import ladder
from openiop.safety.models import (
    Case,
    OneToOne,
    confirm_presence,
    name_who_stays,
    note_disclosure,
    raise_flag,
    set_clock,
)
from openiop.schedule.models import CareSession
from openiop.schedule.stillness import StillAnswer, StillQuestion


def medications_of(patient: Person, *, by: Person, at: Any) -> Any:
    """One is taken, with a new dose and a corrected one before it; one was stopped. Returns what opened the first."""
    rest: dict[str, Any] = {"decided": "clinic", "prescriber": "Dr. Okafor", "by": by, "at": at}
    day = at.date()
    taken = medicating.write(
        patient,
        kind="begun",
        name="Sertraline",
        rxnorm="36437",
        dose="50 mg, mornings",
        happened_on=day - timedelta(days=30),
        key=uuid7(),
        **rest,
    )
    of = taken.medication
    dose = medicating.write(
        patient, kind="dose", of=of, dose="100 mg", happened_on=day - timedelta(days=9), key=uuid7(), **rest
    )
    medicating.correct(
        dose, because="She brought the box.", dose="75 mg, mornings", by=by, at=at, key=uuid7(), reason="Sleeps badly"
    )
    other = medicating.write(
        patient,
        kind="taken",
        name="Diphenhydramine, over the counter",
        happened_on=day - timedelta(days=20),
        key=uuid7(),
        decided="own",
        by=by,
        at=at,
    )
    medicating.write(
        patient, kind="stopped", of=other.medication, happened_on=day - timedelta(days=3), key=uuid7(), **rest
    )
    return taken


def stillness_in(session: CareSession, patient: Person, *, seen_by: Person) -> None:
    """Three questions: one was answered, one took minutes until somebody saw them, one takes them still."""
    for minutes, counts, answered, seen in ((20, False, 1, None), (40, True, 12, seen_by), (80, True, None, None)):
        of: dict[str, Any] = {"clinic_id": session.clinic_id, "patient": patient}
        at = session.begins_at + timedelta(minutes=minutes)
        with acting(patient):
            asked = StillQuestion.objects.create(
                **of, session=session, at=at, after_minutes=10, grace_minutes=2, counts=counts
            )
        if answered:
            with acting(seen or patient):
                StillAnswer.objects.create(**of, question=asked, at=at + timedelta(minutes=answered), seen_by=seen)


def told_outside(patient: Person, *, by: Person, at: Any) -> None:
    note_disclosure(
        patient,
        told_at=at,
        recipient="Paramedic Grace Adeyemi",
        organisation="Harbor County Emergency Medical Services",
        nature="Found unconscious at home",
        what="The name, the medication, and the allergy to penicillin",
        by=by,
        at=at,
    )


def high(patient: Person, *, at: Any) -> Case:
    evidence = ladder.Evidence("staff_concern", 3)
    return raise_flag(patient, key="walk-high", evidence=evidence, label="Asked for", value="by the walk", at=at).case


def stays_with(patient: Person, *, by: Person, at: Any) -> OneToOne:
    """The director is asked to stay with this patient, whose case is high."""
    case = high(patient, at=at)
    return OneToOne.objects.create(
        clinic_id=patient.clinic_id,
        case=case,
        patient=patient,
        who=by,
        place="virtual",
        named_by=by,
        named_at=at,
        within_minutes=5,
    )


def beside_that(others: list[Person], *, by: Person, next_one: Person, at: Any) -> None:
    """The director is with the first of the others and hands on; on site nobody is with the second yet."""
    mine = name_who_stays(high(others[0], at=at), who=by, place="virtual", where="", by=by, at=at)
    confirm_presence(mine, by=by, at=at)
    name_who_stays(mine.case, who=next_one, place="virtual", by=by, at=at)
    high(others[1], at=at)
    set_clock(minutes=4, source="Our own rule since the fall", effective_from=at, by=by, at=at)

"""The assessment after an answer about death: done by a clinician, since then, with a result; by nothing less."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.measures import answering
from openiop.measures.models import Assignment, Response
from openiop.people.access import acting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

TODAY = date(2026, 11, 24)
ALL_NO = {f"asq_{number}": 0 for number in (1, 2, 3, 4)}


def say(person, item, value, *, code, at=world.NOW, day=TODAY, **more):
    instrument = answering.newest(code)
    when = {"answered_at": at, "at": at, "for_day": day, "key": uuid4()}
    return answering.answer(person, instrument=instrument, item=item, value=value, **when, **more)


def item_nine(cast, **more):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_9", 1, code="phq9", **more)


def asq(cast, answers, *, by="marcus", **more):
    with acting(cast[by]):
        for item, value in answers.items():
            say(cast["maya"], item, value, code="asq", by=cast[by], how="read_out", **more)


def waits(cast):
    with acting(cast["okafor"]):
        return Assignment.objects.open().filter(patient=cast["maya"], asked_of=Assignment.STAFF).exists()


@pytest.mark.parametrize(
    ("answers", "still"),
    [
        (ALL_NO, False),
        (ALL_NO | {"asq_1": 2}, True),
        (ALL_NO | {"asq_1": 2, "asq_concern": 0}, False),
        (ALL_NO | {"asq_1": 2, "asq_concern": 1}, False),
        ({f"asq_{number}": 2 for number in (1, 2, 3, 4)}, True),
        ({"asq_1": 0, "asq_2": 0}, True),
        (ALL_NO | {"asq_2": 1}, True),
    ],
)
def test_only_a_decided_result_is_an_assessment(cast, answers, still):
    item_nine(cast)

    asq(cast, answers)

    assert waits(cast) is still


def test_a_screen_about_a_day_before_the_evidence_is_none(cast):
    item_nine(cast)
    asq(cast, ALL_NO, day=TODAY - timedelta(days=1))
    assert waits(cast)

    asq(cast, ALL_NO)
    assert not waits(cast)


def test_what_intake_asked_is_none(cast):
    item_nine(cast)
    with acting(cast["okafor"]):
        cast["bea"].roles = ["intake"]
        cast["bea"].save(update_fields=["roles"])

    asq(cast, ALL_NO, by="bea")
    assert waits(cast)

    asq(cast, ALL_NO, at=world.NOW + timedelta(minutes=1))
    assert not waits(cast)


def test_a_morning_screen_is_none_and_the_same_answers_read_out_again_are_one(cast, client_for, clock):
    page = f"/patients/{cast['maya'].pk}/measures/enter/asq"
    sent = {"day": "2026-11-24", "how": "read_out"} | {item: str(value) for item, value in ALL_NO.items()}
    client_for(cast["marcus"]).post(page, sent)
    clock.move_to(world.NOW + timedelta(hours=1))
    item_nine(cast, at=world.NOW + timedelta(hours=1))

    asq(cast, {"asq_1": 0}, at=world.NOW + timedelta(hours=1))
    assert waits(cast)

    clock.move_to(world.NOW + timedelta(hours=2))
    client_for(cast["marcus"]).post(page, sent)
    assert not waits(cast)
    with acting(cast["okafor"]):
        row = Assignment.objects.get(patient=cast["maya"], asked_of=Assignment.STAFF)
        assert row.answered == Response.objects.get(patient=cast["maya"], instrument="asq", for_day=TODAY)

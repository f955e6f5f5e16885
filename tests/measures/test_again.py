"""The same answer on the same day again: a page sent twice is nothing new, a danger said after somebody came is."""

from datetime import timedelta
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.measures.models import Answer
from openiop.people.access import acting
from openiop.safety.models import Case, Flag, close, log_contact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

LATER = world.NOW + timedelta(hours=2)
CHECK_IN = {"mood": "4", "sleep_hours": "5.5", "urges": "2", "safe_now": "1", "medication": "0", "note": ""}


def read_out(cast, client_for):
    sent = {"day": "2026-11-24", "how": "read_out", "phq9_9": "2", "key-phq9_9": str(uuid4())}
    return client_for(cast["marcus"]).post(f"/patients/{cast['maya'].pk}/measures/enter/phq9", sent)


def check_in(cast, client_for):
    return client_for(cast["maya"]).post("/check-in", CHECK_IN)


def reached(cast, *, reached=True, then_closed=False):
    at = world.NOW + timedelta(hours=1)
    with acting(cast["marcus"]):
        case = Case.objects.open().get(patient=cast["maya"])
        log_contact(case, how="phone", reached=reached, note="", by=cast["marcus"], at=at)
        if then_closed:
            close(case, disposition="", note="", by=cast["marcus"], at=at)


def flags(cast):
    with acting(cast["okafor"]):
        return list(Flag.objects.filter(patient=cast["maya"], raised_at__gte=world.NOW).order_by("raised_at"))


both = pytest.mark.parametrize("say", [read_out, check_in])


@both
@pytest.mark.parametrize("closed", [False, True])
def test_a_danger_said_again_after_the_person_was_reached_is_told_again(cast, client_for, clock, say, closed):
    say(cast, client_for)
    reached(cast, then_closed=closed)
    clock.move_to(LATER)

    say(cast, client_for)

    first, second = flags(cast)
    assert second.raised_at == LATER
    assert (second.case_id != first.case_id) is closed
    with acting(cast["okafor"]):
        case = Case.objects.open().get(patient=cast["maya"])
        assert (case.since, case.reached) == (LATER, False)


@both
@pytest.mark.parametrize("tried", [False, True])
def test_a_danger_said_again_while_somebody_is_still_looked_for_is_told_once(cast, client_for, clock, say, tried):
    say(cast, client_for)
    if tried:
        reached(cast, reached=False)
    clock.move_to(LATER)

    say(cast, client_for)

    assert len(flags(cast)) == 1


def test_the_marked_answer_needs_only_the_button(cast, client_for, clock):
    check_in(cast, client_for)
    reached(cast, then_closed=True)
    clock.move_to(LATER)
    maya = client_for(cast["maya"])
    assert b'name="safe_now" value="1" checked' in maya.get("/check-in").content

    shown = maya.post("/check-in", CHECK_IN)

    assert b"988" in shown.content
    assert len(flags(cast)) == 2
    with acting(cast["okafor"]):
        again = Answer.objects.filter(patient=cast["maya"], received_at=LATER).values_list("item", flat=True)
        assert list(again) == ["safe_now"]


DANGER_IN_WORDS = {**CHECK_IN, "safe_now": "0", "note": "I want to kill myself"}


def test_the_same_words_of_danger_after_the_person_was_reached_are_told_again_and_before_once(cast, client_for, clock):
    def say():
        client_for(cast["maya"]).post("/check-in", DANGER_IN_WORDS)

    say()
    clock.move_to(world.NOW + timedelta(minutes=30))
    say()
    assert len(words_found(cast)) == 1
    reached(cast)
    clock.move_to(LATER)

    say()

    assert [flag.raised_at for flag in words_found(cast)] == [world.NOW, LATER]


def test_the_same_quiet_words_again_are_nothing_new(cast, client_for):
    maya = client_for(cast["maya"])
    for _time in range(2):
        maya.post("/check-in", {**CHECK_IN, "safe_now": "0", "note": "A good walk"})

    with acting(cast["okafor"]):
        assert Answer.objects.filter(patient=cast["maya"], item="note", value="A good walk").count() == 1


def words_found(cast):
    return [flag for flag in flags(cast) if flag.reason == "words_found"]

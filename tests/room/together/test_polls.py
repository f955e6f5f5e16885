"""Asking the group: what others, those who lead, and nobody may know of an answer."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, state
from openiop.room.models import Place, Poll, PollAnswer, Seat, SeatState
from openiop.room.refused import Refused
from openiop.room.together import polls
from openiop.room.together.models import ARRIVAL_WORDS
from tests.room.test_admission import at_the_door, come_in, tonight

pytestmark = pytest.mark.django_db

PATIENTS = ("sam", "maya", "priya", "ruth")
FEELINGS = {"kind": "feelings", "question": "", "options": []}


@pytest.fixture
def group(cast):
    """Bea leads; four are in the group. What some of them had still to agree to is not this file's matter."""
    come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in PATIENTS}
    with acting(cast["bea"]):
        for seat in seats.values():
            seat.state, seat.admitted_at = SeatState.ADMITTED, world.NOW
            seat.save()
    return seats


def asked(cast, *, named=False, kept=False, by="bea", at=world.NOW, **what):
    with acting(cast[by]):
        return polls.ask(tonight(cast[by]), **{**FEELINGS, **what}, named=named, kept=kept, by=cast[by], at=at)


def answered(cast, group, poll, **values):
    for key, value in values.items():
        with acting(cast[key]):
            polls.answer(group[key], poll.pk, value=value, by=cast[key], at=world.NOW)


def does(cast, verb, *, by="bea"):
    with acting(cast[by]):
        verb(tonight(cast["bea"]), by=cast[by], at=world.NOW)


def room_of(person, *, at=world.NOW):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=at), at=at)


def test_a_person_sees_their_own_answer_and_no_counts_while_the_poll_is_open(cast, group):
    poll = asked(cast)
    answered(cast, group, poll, sam=3, maya=7, priya=7, ruth=9)

    mine = room_of(cast["sam"]).together.poll
    assert (mine.mine, mine.counts, mine.open) == (3, None, True)
    assert room_of(cast["bea"]).lead.together.poll.answered == 4
    assert room_of(cast["bea"]).lead.together.poll.counts is None


def test_four_answers_are_shown_once_it_is_closed(cast, group):
    poll = asked(cast)
    answered(cast, group, poll, sam=3, maya=7, priya=7, ruth=9)
    does(cast, polls.close)

    assert room_of(cast["sam"]).together.poll.counts == [0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0]


def test_fewer_than_four_are_shown_only_when_a_facilitator_shows_them(cast, group):
    poll = asked(cast)
    answered(cast, group, poll, sam=3, maya=7, priya=7)
    does(cast, polls.close)

    assert room_of(cast["sam"]).together.poll.counts is None
    assert room_of(cast["bea"]).lead.together.poll.counts[7] == 2

    does(cast, polls.show)

    assert room_of(cast["sam"]).together.poll.counts[7] == 2


def test_an_anonymous_answer_is_read_by_nobody_but_its_writer_and_gone_once_counted(cast, group):
    poll = asked(cast, kept=True)
    answered(cast, group, poll, sam=3, maya=7)

    for who, sees in [("sam", 1), ("maya", 1), ("priya", 0), ("bea", 0), ("okafor", 0), ("hal", 0)]:
        with acting(cast[who]):
            assert (who, PollAnswer.objects.count()) == (who, sees)
    assert room_of(cast["bea"]).lead.together.poll.chosen == []

    does(cast, polls.close)

    with acting(cast["bea"]), connection.cursor() as cursor:
        cursor.execute("SELECT poll_answered(%s)", [poll.pk])
        assert cursor.fetchone() == (0,), "counted by the database itself, whoever may read them"


def test_who_chose_what_is_seen_by_those_who_lead_only_where_the_poll_said_so(cast, group):
    poll = asked(cast, named=True)
    answered(cast, group, poll, sam=3, maya=7)

    chosen = room_of(cast["bea"]).lead.together.poll.chosen
    assert [(one.name, one.value) for one in chosen] == [("Maya", 7), ("Sam", 3)]
    assert room_of(cast["sam"]).together.poll.named is True
    told = room_of(cast["priya"]).model_dump_json()
    assert '"chosen"' not in told and '"value"' not in told


def test_what_was_said_about_names_and_keeping_cannot_be_changed_for_an_answer_given(cast, group):
    """There is no verb for it: another poll takes its place, without the answers."""
    poll = asked(cast)
    answered(cast, group, poll, sam=3)
    again = asked(cast, named=True)

    assert again.pk != poll.pk
    assert room_of(cast["bea"]).lead.together.poll.chosen == []
    assert room_of(cast["sam"]).together.poll.mine is None


def test_an_answer_may_be_changed_until_the_poll_is_closed_and_counts_once(cast, group):
    poll = asked(cast)
    answered(cast, group, poll, sam=3)
    answered(cast, group, poll, sam=8)
    does(cast, polls.show)

    assert room_of(cast["sam"]).together.poll.counts == [0] * 8 + [1, 0, 0]
    with pytest.raises(Refused) as refusal:
        answered(cast, group, poll, sam=1)
    assert refusal.value.code == "poll_over"


@pytest.mark.parametrize(("kind", "options", "too_much"), [("yes_no", [], 2), ("choices", ["a", "b", "c"], 3)])
def test_an_answer_is_one_of_those_offered(cast, group, kind, options, too_much):
    poll = asked(cast, kind=kind, question="Shall we?", options=options)
    with pytest.raises(Refused):
        answered(cast, group, poll, sam=too_much)
    answered(cast, group, poll, sam=too_much - 1)


def test_nobody_answers_for_another_from_the_door_or_from_outside_the_group(cast, group):
    poll = asked(cast)
    with pytest.raises(PermissionDenied), acting(cast["maya"]):
        polls.answer(group["sam"], poll.pk, value=1, by=cast["maya"], at=world.NOW)
    with acting(cast["bea"]):
        Seat.objects.filter(pk=group["maya"].pk).update(place=Place.CONTACT)
        admission.send_back(group["sam"], by=cast["bea"], at=world.NOW)
    for key in ("sam", "maya"):
        with pytest.raises(Refused):
            answered(cast, group, poll, **{key: 1})
        assert room_of(cast[key]).together is None


@pytest.mark.parametrize("kind", ["feelings", "commitment"])
def test_feelings_and_the_commitment_at_the_end_are_answered_from_0_to_10(cast, group, kind):
    poll = asked(cast, kind=kind)
    answered(cast, group, poll, sam=0, maya=10, priya=10, ruth=4)
    with pytest.raises(Refused):
        answered(cast, group, poll, sam=11)
    does(cast, polls.close)

    mine = room_of(cast["sam"]).together.poll
    assert (mine.kind, mine.counts) == (kind, [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2])


def test_a_group_arrives_with_one_word_each_that_is_nobodys_in_particular(cast, group):
    poll = asked(cast, kind="arrival")
    tired, glad = (ARRIVAL_WORDS.index(word) for word in ("tired", "glad"))
    answered(cast, group, poll, sam=tired, maya=tired, priya=glad, ruth=tired)
    assert room_of(cast["sam"]).together.poll.options == list(ARRIVAL_WORDS)
    does(cast, polls.close)

    for who in ("sam", "bea"):
        counts = room_of(cast[who]).together.poll.counts
        assert (counts[tired], counts[glad], sum(counts), len(counts)) == (3, 1, 4, len(ARRIVAL_WORDS))
    assert room_of(cast["bea"]).lead.together.poll.chosen == []


def test_a_word_to_arrive_with_is_one_of_those_offered_and_words_of_ones_own_are_not_passed_on(cast, group):
    poll = asked(cast, kind="arrival", options=["Sam's own"])
    assert room_of(cast["maya"]).together.poll.options == list(ARRIVAL_WORDS)
    with pytest.raises(Refused):
        answered(cast, group, poll, sam=len(ARRIVAL_WORDS))
    answered(cast, group, poll, sam=len(ARRIVAL_WORDS) - 1)


def test_of_how_people_arrived_nothing_is_left_once_it_is_put_away(cast, group):
    poll = asked(cast, kind="arrival")
    answered(cast, group, poll, sam=0)
    does(cast, polls.put_away)

    with acting(cast["bea"]):
        assert (Poll.objects.count(), PollAnswer.objects.count()) == (0, 0)


@pytest.mark.parametrize("wrong", [{"named": True}, {"kept": True}])
def test_the_database_keeps_no_arrival_and_no_names_of_it(cast, group, wrong):
    with pytest.raises(IntegrityError, match="arrival_is_nobodys"), transaction.atomic():
        asked(cast, kind="arrival", **wrong)


@pytest.mark.parametrize("who", ["sam", "okafor"])
def test_nobody_asks_how_people_arrive_who_does_not_lead(cast, group, who):
    with acting(cast["bea"]):
        session = tonight(cast["bea"])
    arrival = {"kind": "arrival", "question": "", "options": [], "named": False, "kept": False}
    with pytest.raises(PermissionDenied), acting(cast[who]):
        polls.ask(session, **arrival, by=cast[who], at=world.NOW)


def test_a_poll_of_another_session_does_not_exist_here(cast, group):
    asked(cast)
    with pytest.raises(Refused), acting(cast["sam"]):
        polls.answer(group["sam"], uuid4(), value=1, by=cast["sam"], at=world.NOW)


@pytest.mark.parametrize("who", ["sam", "okafor"])
def test_nobody_asks_closes_or_shows_who_does_not_lead(cast, group, who):
    asked(cast)
    with acting(cast["bea"]):
        session = tonight(cast["bea"])
    with pytest.raises(PermissionDenied), acting(cast[who]):
        polls.ask(session, **FEELINGS, named=False, kept=False, by=cast[who], at=world.NOW)
    for verb in (polls.close, polls.show, polls.put_away):
        with pytest.raises(PermissionDenied), acting(cast[who]):
            verb(session, by=cast[who], at=world.NOW)


def test_the_database_itself_keeps_patients_from_the_poll_and_its_answers(cast, group):
    poll = asked(cast)
    with acting(cast["sam"]):
        assert Poll.objects.count() == 0
    for row in [{"patient": cast["maya"]}, {"patient": cast["sam"]}]:
        with pytest.raises(DatabaseError), acting(cast["sam"]), transaction.atomic():
            PollAnswer.objects.create(clinic_id=poll.clinic_id, poll=poll, value=1, at=world.NOW, **row)


@pytest.mark.parametrize(("kept", "left"), [(True, 1), (False, 0)])
def test_what_was_not_to_be_kept_is_gone_when_it_is_put_away(cast, group, kept, left):
    poll = asked(cast, kept=kept, named=True)
    answered(cast, group, poll, sam=3)
    does(cast, polls.put_away)

    with acting(cast["bea"]):
        assert (Poll.objects.count(), PollAnswer.objects.count()) == (left, left)
    assert room_of(cast["sam"]).together.poll is None


def test_the_trail_says_that_somebody_was_asked_and_never_what_was_answered(cast, group):
    poll = asked(cast, kind="yes_no", question="Did you sleep?")
    answered(cast, group, poll, sam=1)
    does(cast, polls.close)

    with acting(cast["vera"]):
        events = list(AuditEvent.objects.filter(verb__startswith="room.poll").values())
    assert {event["verb"] for event in events} == {"room.poll", "room.poll-close"}
    assert "sleep" not in json.dumps(events, default=str)


def test_the_page_has_words_for_every_answer_with_which_people_may_arrive():
    source = (Path(__file__).parents[3] / "frontend" / "room" / "poll.ts").read_text()
    known = source.split("export const ARRIVAL = ")[1].split(" as const")[0]

    assert json.loads(known) == list(ARRIVAL_WORDS)

"""A clinician who does not lead is called to be with one person: who is asked, and how far they are."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.people.models import Clinic, Tie
from openiop.programs.models import Enrolment
from openiop.room import admission, aside, called, messages, staffing
from openiop.room.leading import calling, duty
from openiop.room.models import Neighbour, Place
from openiop.room.refused import Refused
from openiop.safety.models import OnCallShift
from tests.room.leading.being_called import (
    LATE,
    NOW,
    again,
    come,
    company,
    connect,
    desk,
    words,
)
from tests.room.leading.test_asides import answer, ask, place_of
from tests.room.leading.test_floor import group, mine, room_of  # noqa: F401 (fixture)
from tests.room.test_admission import tonight

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

A, B, C, MAYA = (UUID(int=n) for n in range(4))


# --- who is offered, and the clock, as rules ---


@pytest.mark.parametrize(
    ("on_call", "therapists", "directors", "leading", "expected"),
    [
        pytest.param([A], {}, [], [], [(A, "on_call", None)], id="who is on call"),
        pytest.param([], {MAYA: B}, [], [], [(B, "therapist", MAYA)], id="the therapist, for their own patient"),
        pytest.param([A], {MAYA: B}, [C], [B], [(A, "on_call", None), (C, "director", None)], id="not who leads"),
        pytest.param([A, A], {MAYA: A}, [A], [], [(A, "on_call", None)], id="nobody twice"),
    ],
)
def test_offered(on_call, therapists, directors, leading, expected):
    assert duty.offered(on_call=on_call, therapists=therapists, directors=directors, leading=leading) == expected


@pytest.mark.parametrize(
    ("minutes", "coming", "is_there", "expected"),
    [
        (0, None, None, "asked"),
        (1, None, None, "asked"),
        (2, None, None, "late"),
        (2, 1, None, "coming"),
        (3, 1, None, "late"),
        (9, 1, True, "here"),
        (9, 1, False, "lost"),
    ],
)
def test_word_of(minutes, coming, is_there, expected):
    found = called.word_of(
        at=NOW + timedelta(minutes=minutes),
        asked_at=NOW,
        coming_at=None if coming is None else NOW + timedelta(minutes=coming),
        is_there=is_there,
        after=timedelta(minutes=2),
    )
    assert found == expected


# --- asking ---


def test_a_facilitator_alone_asks_named_clinicians_and_the_group_goes_on(cast, group):  # noqa: F811
    assert [(row.name, row.because) for row in room_of(cast["bea"]).lead.on_duty] == [("Ada", "on_call")]
    question = ask(cast, group["sam"], whom="okafor")

    assert question.called and place_of(cast, "sam") == Place.GROUP
    with acting(cast["bea"]):
        assert staffing.led_now(Neighbour.of(tonight(cast["bea"]).pk), at=NOW)
        mail = Delivery.objects.filter(because=f"aside {question.pk}").get(way="email")
    assert mail.to_id == cast["okafor"].pk
    for name in ("Sam", "Bea", question.session.name):
        assert name not in mail.subject + mail.body, "a telephone lies on a table"


def test_nobody_is_called_who_is_not_on_duty_and_no_patient_calls_anybody(cast, group):  # noqa: F811
    for whom in ("lin", "hal", "maya"):
        if whom in cast:
            with pytest.raises(Http404):
                ask(cast, group["sam"], whom=whom)
    with pytest.raises(PermissionDenied):
        ask(cast, group["sam"], whom="okafor", by="maya")


def test_the_therapist_is_whoever_it_is_on_the_clinics_own_day(cast, group, dana):  # noqa: F811
    """At half past eight in the evening in New York it is tomorrow already by the clock of the world."""
    evening = datetime(2026, 3, 4, 1, 30, tzinfo=UTC)
    assert evening.date() != evening.astimezone(world.ZONE).date()
    with acting(cast["okafor"]):
        OnCallShift.objects.all().delete()
        Enrolment.objects.filter(patient=cast["sam"]).update(
            therapist=dana, during=(evening.date() - timedelta(days=9), evening.date())
        )
        found = duty.on_duty(tonight(cast["okafor"]), [cast["sam"].pk], at=evening)

    assert ("Dana", "therapist") in [(row.name, row.because) for row in found]


# --- the desk ---


def test_the_desk_names_who_asks_and_the_session_and_no_patient_and_keeps_still(cast, group, client_for):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")

    card = desk(client_for, cast["okafor"])
    assert f'id="called-{question.pk}"' in card and f'data-alarm="{question.pk}"' in card
    assert "Bea" in card and question.session.name in card and "Sam" not in card
    assert desk(client_for, cast["okafor"]) == card, "nothing is swapped while nothing changes"
    assert f"called-{question.pk}" not in desk(client_for, cast["marcus"])


def test_the_card_is_gone_with_the_session(cast, group, client_for, clock):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]):
        admission.end(tonight(cast["bea"]), by=cast["bea"], at=NOW)

    assert f"called-{question.pk}" not in desk(client_for, cast["okafor"])


def test_the_card_is_gone_where_nobody_ends_the_session(cast, group, client_for, clock):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["okafor"]):
        ends = tonight(cast["okafor"]).ends_at
        assert calling.cards_for(cast["okafor"], at=ends)
        assert not calling.cards_for(cast["okafor"], at=ends + timedelta(minutes=61))
    assert again(cast, question).ended_at is None


def test_the_page_is_for_whoever_was_asked_alone(cast, group, client_for, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    way = f"/sessions/{question.session_id}/aside/{question.pk}"

    assert "Sam" in client_for(cast["okafor"]).get(way).content.decode()
    for who in ("marcus", "bea", "sam", "dana"):
        assert client_for(cast[who]).post(way, {"answer": "coming"}).status_code == 404
    came = client_for(cast["okafor"]).post(way, {"answer": "coming"})
    assert came.headers["Location"] == f"/sessions/{question.session_id}/room"


def test_who_cannot_says_so_and_the_next_is_asked(cast, group, client_for, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    way = f"/sessions/{question.session_id}/aside/{question.pk}"
    client_for(cast["okafor"]).post(way, {"answer": "cannot"})

    assert words(cast) == [("Ada", "declined")] and company(cast) is None
    ask(cast, group["sam"], whom="dana")
    assert words(cast) == [("Dana", "asked")]
    with pytest.raises(Refused, match="no_longer"):
        come(cast, question)


# --- on the way: the question stays open ---


def test_saying_i_am_coming_ends_nothing_until_they_are_there(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    assert company(cast) == ("asked", "Bea", "")
    come(cast, question)

    assert again(cast, question).ended_at is None
    assert words(cast) == [("Ada", "coming")] and place_of(cast, "sam") == Place.GROUP
    assert company(cast) == ("coming", "Bea", "Ada")
    connect(cast)
    assert words(cast) == [("Ada", "here")] and place_of(cast, "sam") == aside.place_for(group["sam"].pk)
    assert company(cast) == ("here", "Bea", "Ada")


def test_who_does_not_arrive_in_the_clinics_time_is_late_and_all_others_are_asked_once(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question, at=NOW + timedelta(minutes=1))
    with acting(cast["bea"]):
        assert calling.tend(tonight(cast["bea"]), at=LATE) == 0, "she has said a minute ago that she comes"
        at = LATE + timedelta(minutes=1)
        assert [calling.tend(tonight(cast["bea"]), at=at), calling.tend(tonight(cast["bea"]), at=at)] == [1, 0]
        called_too = Delivery.objects.filter(because=f"aside {question.pk}", to=dana, way="email")
        assert called_too.count() == 1
    assert words(cast, at=at) == [("Ada", "late")]
    with acting(cast["dana"]):
        assert [card.word for card in calling.cards_for(dana, at=at)] == ["climbed"]


def test_the_clinic_sets_the_time_and_pressing_again_does_not_stop_the_clock(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    come(cast, question, at=NOW + timedelta(seconds=100))
    assert words(cast, at=LATE) == [("Ada", "late")]
    with acting(cast["okafor"]):
        Clinic.objects.filter(pk=cast["okafor"].clinic_id).update(aside_wait_minutes=5)
    assert words(cast, at=LATE) == [("Ada", "coming")]


def test_a_tab_of_those_who_lead_asks_the_others_where_the_worker_is_dead(cast, group, dana):  # noqa: F811
    ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]):
        messages.read(mine(cast["bea"]), cast["bea"], LATE, told={})
    with acting(dana):
        assert [card.word for card in calling.cards_for(dana, at=LATE)] == ["climbed"]


def test_who_arrives_late_after_all_is_there_and_the_others_are_asked_no_longer(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["bea"]):
        calling.tend(tonight(cast["bea"]), at=LATE)
    connect(cast, at=LATE)

    assert words(cast, at=LATE) == [("Ada", "here")]
    with acting(dana):
        assert calling.cards_for(dana, at=LATE) == []


def test_of_two_who_come_one_goes_and_the_other_is_told(cast, group, dana, client_for, clock):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    clock.move_to(LATE)
    with acting(cast["bea"]):
        calling.tend(tonight(cast["bea"]), at=LATE)
    come(cast, question, by="dana", at=LATE)

    assert words(cast, at=LATE) == [("Dana", "coming")]
    assert "Somebody else goes" in desk(client_for, cast["okafor"])
    way = f"/sessions/{question.session_id}/aside/{question.pk}"
    refused = client_for(cast["okafor"]).post(way, {"answer": "coming"})
    assert refused.status_code == 409 and "Somebody else goes" in refused.content.decode()
    with acting(cast["okafor"]):
        assert admission.role_in(tonight(cast["okafor"]), cast["okafor"]) == "staff", "her way in is closed"


def test_the_first_who_said_so_is_not_pushed_aside_while_they_come(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]):
        calling.tend(tonight(cast["bea"]), at=LATE)
    come(cast, question, at=LATE)
    with pytest.raises(Refused, match="no_longer"):
        come(cast, question, by="dana", at=LATE)


@pytest.mark.parametrize("how", ["withdrawn", "gone", "back"])
def test_whoever_is_on_the_way_is_told_that_they_need_not_come(cast, group, client_for, how):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    if how == "withdrawn":
        answer(cast, question, comes=False, by="bea")
    elif how == "gone":
        with acting(cast["sam"]):
            messages.leave(mine(cast["sam"]), cast["sam"], NOW)
    else:  # Bea goes with Sam herself meanwhile, and they are back before Ada has come
        with acting(cast["bea"]):
            aside.call(group["sam"], by=cast["bea"], at=NOW)
            aside.arrive(mine(cast["bea"]), at=NOW)
        assert again(cast, question).ended_at is None, "she still comes, so that Bea can go back to the group"
        with acting(cast["bea"]):
            aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)

    assert again(cast, question).ended == how
    assert "You need not come" in desk(client_for, cast["okafor"])
    with acting(cast["okafor"]):
        tie = Tie.objects.get(staff=cast["okafor"], role="called")
        assert tie not in Tie.objects.in_force(NOW), "whoever never came opens no record"


def test_going_back_before_the_person_was_brought_calls_off_as_well(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["bea"]):
        aside.call(group["sam"], by=cast["bea"], at=NOW)
        aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)
    assert again(cast, question).ended == "back"

"""Another who leads is asked to go to a private place; the patient is moved only once they are there."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import override_settings

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.room import aside
from openiop.room.leading import asides
from openiop.room.leading.models import AsideAsk
from openiop.room.models import Place, Seat
from openiop.room.refused import Refused
from tests.room.leading.test_floor import group, mine, room_of  # noqa: F401 (fixture)
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_breakout_sockets import in_the_group
from tests.room.test_consumers import Tab, media, people, tabs  # noqa: F401 (fixtures)
from tests.room.test_signals import IN_MEMORY


def ask(cast, seat, *, whom="marcus", by="bea", at=world.NOW):
    with acting(cast[by]):
        return asides.ask(seat, whom=cast[whom].pk, by=cast[by], at=at)


def answer(cast, question, *, comes, by="marcus", at=world.NOW):
    with acting(cast[by]):
        asides.answer(tonight(cast[by]), question.pk, comes=comes, by=cast[by], at=at)


def asked(cast, viewer):
    return [(row.name, row.whom_name, row.by_name, row.declined) for row in room_of(cast[viewer]).lead.asides]


def place_of(cast, key):
    with acting(cast["bea"]):
        return Seat.objects.get(session=tonight(cast["bea"]), person=cast[key]).place


@pytest.mark.django_db
def test_the_patient_stays_until_whoever_was_asked_is_there(cast, group):  # noqa: F811
    come_in(cast["marcus"])
    question = ask(cast, group["sam"])
    assert asked(cast, "marcus") == asked(cast, "bea") == [("Sam", "Marcus", "Bea", False)]
    assert place_of(cast, "sam") == Place.GROUP

    answer(cast, question, comes=True)
    assert (place_of(cast, "marcus"), place_of(cast, "sam")) == (aside.place_for(group["sam"].pk), Place.GROUP)
    with acting(cast["marcus"]):
        aside.arrive(mine(cast["marcus"]), at=world.NOW)

    assert place_of(cast, "sam") == aside.place_for(group["sam"].pk)
    assert place_of(cast, "bea") == Place.GROUP, "whoever asked goes on leading the group"
    assert asked(cast, "bea") == []


@pytest.mark.django_db
def test_who_cannot_says_so_and_whoever_asked_reads_it(cast, group):  # noqa: F811
    come_in(cast["marcus"])
    answer(cast, ask(cast, group["sam"]), comes=False)

    assert asked(cast, "bea") == [("Sam", "Marcus", "Bea", True)]
    assert place_of(cast, "sam") == Place.GROUP


@pytest.mark.django_db
def test_who_is_not_in_the_room_is_called_in_words_that_name_nobody_and_who_is_there_is_not(cast, group):  # noqa: F811
    assert [(other.name, other.free) for other in room_of(cast["bea"]).lead.others] == [("Marcus", False)]
    question = ask(cast, group["sam"])

    with acting(cast["bea"]):
        call = Delivery.objects.filter(because=f"aside {question.pk}").get(way="email")
        assert call.to_id == cast["marcus"].pk and "Sam" not in call.subject + call.body
    come_in(cast["marcus"])
    assert [(other.name, other.free) for other in room_of(cast["bea"]).lead.others] == [("Marcus", True)]
    again = ask(cast, group["sam"])
    with acting(cast["bea"]):
        assert not Delivery.objects.filter(because=f"aside {again.pk}").exists()
        assert AsideAsk.objects.filter(seat=group["sam"], ended_at=None).count() == 1


@pytest.mark.django_db
def test_going_oneself_ends_the_question_and_it_does_not_come_back(cast, group):  # noqa: F811
    come_in(cast["marcus"])
    ask(cast, group["sam"])
    with acting(cast["bea"]):
        aside.call(group["sam"], by=cast["bea"], at=world.NOW)
        aside.back(tonight(cast["bea"]), by=cast["bea"], at=world.NOW + timedelta(seconds=5))

    assert asked(cast, "marcus") == []


def both_with_sam(cast, group):  # noqa: F811
    come_in(cast["marcus"])
    for key in ("bea", "marcus"):
        with acting(cast[key]):
            aside.call(group["sam"], by=cast[key], at=world.NOW)
            aside.arrive(mine(cast[key]), at=world.NOW)


@pytest.mark.django_db
@pytest.mark.parametrize(("bea_is_here", "sam_goes"), [(True, False), (False, True)])
def test_who_goes_leaves_the_person_with_a_colleague_and_takes_them_along_from_nobody(
    cast,
    group,  # noqa: F811
    bea_is_here,
    sam_goes,
):
    both_with_sam(cast, group)
    with acting(cast["marcus"]):
        seats = Seat.objects.filter(session=tonight(cast["marcus"]), person=cast["bea"])
        seats.update(online=bea_is_here, seen_at=world.NOW)
        aside.back(tonight(cast["marcus"]), by=cast["marcus"], at=world.NOW)
    with acting(cast["bea"]):
        aside.arrive(mine(cast["bea"]), at=world.NOW)

    assert place_of(cast, "marcus") == Place.GROUP
    assert (place_of(cast, "sam") == Place.GROUP) is sam_goes


@pytest.mark.django_db
def test_only_who_was_asked_goes_or_declines_and_only_who_asked_takes_it_back(cast, group):  # noqa: F811
    come_in(cast["marcus"])
    question = ask(cast, group["sam"])
    with pytest.raises(PermissionDenied):
        answer(cast, question, comes=True, by="bea")
    with pytest.raises(PermissionDenied), acting(cast["sam"]):
        asides.answer(group["sam"].session, question.pk, comes=True, by=cast["sam"], at=world.NOW)
    answer(cast, question, comes=False, by="bea")

    assert asked(cast, "marcus") == []
    with pytest.raises(Http404):
        answer(cast, question, comes=True)


@pytest.mark.django_db
def test_nobody_is_asked_who_neither_leads_nor_is_on_duty_and_nobody_for_who_is_not_inside(cast, group):  # noqa: F811
    with pytest.raises(Http404):
        ask(cast, group["sam"], whom="lin")
    with pytest.raises(PermissionDenied), acting(cast["maya"]):
        asides.ask(group["sam"], whom=cast["marcus"].pk, by=cast["maya"], at=world.NOW)
    waits = at_the_door(cast["theo"])
    with pytest.raises(Refused) as refusal:
        ask(cast, waits)
    assert refusal.value.code == "not_inside"


@pytest.mark.django_db
def test_no_patient_reads_of_it_and_the_database_itself_says_so(cast, group):  # noqa: F811
    ask(cast, group["sam"])

    for key in ("sam", "maya"):
        assert room_of(cast[key]).lead is None
        with acting(cast[key]):
            assert AsideAsk.objects.count() == 0


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_a_patient_asks_nobody_and_hears_nothing_of_it(people, media):  # noqa: F811
    session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    marcus = await Tab(people["marcus"], session.pk).open()
    async with tabs(bea, maya, sam, marcus):
        inside = await bea.room(lambda room: len(room["seats"]) == 4 and room["lead"]["others"][0]["free"])
        seats = {seat["name"]: seat["seat"] for seat in inside["seats"]}
        await maya.say(type="aside_ask", seat=seats["Sam"], person=str(people["marcus"].pk))
        assert (await maya.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await maya.say(type="aside_answer", ask=str(uuid4()), comes=True)
        assert (await maya.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"

        await bea.say(type="aside_ask", seat=seats["Sam"], person=str(people["marcus"].pk))
        told = await marcus.room(lambda room: room["lead"] and room["lead"]["asides"])
        await marcus.say(type="aside_answer", ask=told["lead"]["asides"][0]["id"], comes=False)
        await bea.room(lambda room: any(row["declined"] for row in room["lead"]["asides"]))
        await sam.say(type="hand", raised=True)
        await maya.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
        assert "aside_ask" not in str(maya.heard) and all(m.get("lead") is None for m in maya.heard)

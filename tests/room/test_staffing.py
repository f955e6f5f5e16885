"""A group never runs without staff, and nobody at high risk is left alone: pauses, private places, refusals."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.test import override_settings

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.room import admission, aside, jobs, staffing, state
from openiop.room.models import Place, Seat, SeatState
from openiop.room.refused import Refused
from openiop.safety.models import Case
from tests.room.test_admission import come_in, tonight
from tests.room.test_breakouts import Evening
from tests.room.test_care import in_the_group, worried_about
from tests.room.test_consumers import Tab, media, people, tabs, wait_at_the_door  # noqa: F401 (fixtures)
from tests.room.test_consumers import tonight as tonight_committed
from tests.safety.conftest import worker  # noqa: F401 (a fixture)

NOW = world.NOW
MINUTE = timedelta(minutes=1)


def a_seat(seconds_ago, *, role="facilitator", place="group", here=True, state="admitted"):
    seen_at = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    return SimpleNamespace(role=role, state=state, place=place, seen_at=seen_at, here=lambda at: here)


@pytest.mark.parametrize(
    ("seats", "paused"),
    [
        ([a_seat(3)], False),
        ([a_seat(59, here=False)], False),
        ([a_seat(60, here=False)], True),
        ([a_seat(90, here=False), a_seat(3)], False),  # the co-facilitator goes on
        ([a_seat(90, here=False, state="left")], True),
        ([a_seat(3, place="aside:1")], True),  # aside with one person, and nobody else leads
        ([a_seat(3, place="aside:1"), a_seat(2)], False),
        ([a_seat(3, place="breakout:1")], False),  # in a breakout one leads all the same
        ([a_seat(3, role="patient"), a_seat(90, here=False)], True),
        ([a_seat(None, here=False)], False),  # nobody ever led: it has not begun
    ],
)
def test_a_group_is_paused_when_nobody_leads_it(seats, paused):
    assert (staffing.paused_since(seats, at=NOW, after=MINUTE) is not None) is paused


def room_of(person, *, at=NOW):
    with acting(person):
        return state.room_for(Seat.objects.select_related("session").get(person=person, session=tonight(person)), at=at)


def seen(person, *, by, at):
    with acting(by):
        Seat.objects.filter(person=person).update(online=True, seen_at=at)


@pytest.fixture
def group(cast):
    """Bea leads alone; Sam and Maya are in; nobody has an open case."""
    come_in(cast["bea"])
    seats = {key: in_the_group(cast, key) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        Case.objects.open().filter(patient__in=[cast["sam"], cast["maya"]]).update(closed_at=NOW)
    return seats


@pytest.mark.django_db
def test_patients_see_a_kind_pause_after_a_minute_without_staff_and_it_ends_when_one_is_back(cast, group):
    later = NOW + timedelta(seconds=61)
    assert not room_of(cast["sam"], at=NOW + timedelta(seconds=20)).paused
    assert room_of(cast["sam"], at=later).paused

    seen(cast["bea"], by=cast["bea"], at=later)
    assert not room_of(cast["sam"], at=later).paused


@pytest.mark.django_db
def test_breakouts_that_nobody_leads_any_more_are_paused_in_every_room(cast):
    evening = Evening(cast, "maya", "sam", "priya")
    evening.run(Willow=["maya", "sam"], Cedar=["priya"])
    patients, later = ("maya", "sam", "priya"), NOW + timedelta(seconds=61)
    for key in patients:
        seen(cast[key], by=cast["bea"], at=later)
    assert all(evening.told(key, at=later).paused for key in patients)

    seen(cast["bea"], by=cast["bea"], at=later)
    assert not any(evening.told(key, at=later).paused for key in patients)


@pytest.mark.django_db
def test_a_co_facilitator_takes_over_without_a_break_and_with_the_same_rights(cast, group):
    come_in(cast["marcus"])
    later = NOW + 2 * MINUTE
    seen(cast["marcus"], by=cast["marcus"], at=later)

    assert not room_of(cast["sam"], at=later).paused
    with acting(cast["marcus"]):
        admission.send_back(group["maya"], by=cast["marcus"], at=later)
        admission.admit(group["maya"], by=cast["marcus"], at=later)
    assert room_of(cast["marcus"], at=later).lead is not None


@pytest.mark.django_db
def test_in_a_private_place_the_clinician_is_first_and_the_person_follows(cast, group):
    with acting(cast["bea"]):
        mine = aside.call(group["sam"], by=cast["bea"], at=NOW)
        sam = Seat.objects.select_related("session", "person").get(pk=group["sam"].pk)
        assert (mine.place, sam.place) == (aside.place_for(sam.pk), Place.GROUP)

        aside.arrive(mine, at=NOW)
        sam.refresh_from_db()
        assert sam.place == mine.place
    assert room_of(cast["sam"]).me.talk == "contact_only"
    assert {seat.name for seat in room_of(cast["sam"]).seats} == {"Bea", "Sam"}
    assert {seat.name for seat in room_of(cast["maya"]).seats} == {"Maya"}

    with acting(cast["bea"]):
        aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)
    assert {seat.name for seat in room_of(cast["maya"]).seats} == {"Bea", "Sam", "Maya"}


@pytest.mark.django_db
def test_the_group_left_behind_is_paused_and_duty_is_asked_to_come_unless_a_second_leads(cast, group):
    with acting(cast["bea"]):
        aside.call(group["sam"], by=cast["bea"], at=NOW)
    assert room_of(cast["maya"]).paused
    with acting(cast["okafor"]):
        mails = list(Delivery.objects.filter(because__startswith="aside"))
    assert mails and not any("Sam" in mail.body + mail.subject for mail in mails)

    come_in(cast["marcus"])
    assert not room_of(cast["maya"]).paused


@pytest.mark.django_db
def test_a_second_member_of_staff_goes_on_and_nobody_is_asked_to_come(cast, group):
    come_in(cast["marcus"])
    with acting(cast["bea"]):
        aside.call(group["sam"], by=cast["bea"], at=NOW)
        assert not Delivery.objects.filter(because__startswith="aside").exists()
    assert not room_of(cast["maya"]).paused


@pytest.mark.django_db
@pytest.mark.parametrize("verb", [admission.send_back, admission.remove])
def test_nobody_with_a_high_or_imminent_case_is_put_out_but_from_a_private_place_with_staff(cast, group, verb):
    worried_about(cast["sam"], by=cast["bea"], tier=3)
    with acting(cast["bea"]):
        with pytest.raises(Refused) as refusal:
            verb(group["sam"], by=cast["bea"], at=NOW)
        assert refusal.value.code == "needs_somebody"
        assert Seat.objects.get(pk=group["sam"].pk).state == SeatState.ADMITTED

        aside.arrive(aside.call(group["sam"], by=cast["bea"], at=NOW), at=NOW)
        verb(group["sam"], by=cast["bea"], at=NOW)


@pytest.mark.django_db
def test_a_case_of_a_lower_tier_keeps_nobody_in(cast, group):
    worried_about(cast["sam"], by=cast["bea"], tier=2)
    with acting(cast["bea"]):
        admission.send_back(group["sam"], by=cast["bea"], at=NOW)


@pytest.mark.django_db
def test_the_group_is_not_ended_while_somebody_is_in_a_private_place(cast, group):
    with acting(cast["bea"]):
        aside.arrive(aside.call(group["sam"], by=cast["bea"], at=NOW), at=NOW)
        with pytest.raises(Refused) as refusal:
            admission.end(tonight(cast["bea"]), by=cast["bea"], at=NOW)
        assert refusal.value.code == "somebody_aside"

        aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)
        admission.end(tonight(cast["bea"]), by=cast["bea"], at=NOW)


@pytest.mark.django_db
def test_only_who_leads_opens_a_private_place(cast, group):
    for who in ("maya", "okafor"):
        with pytest.raises(PermissionDenied), acting(cast[who]):
            aside.call(group["sam"], by=cast[who], at=NOW)


def test_where_patients_wait_in_a_paused_group_duty_is_asked_once(committed, clock, worker):  # noqa: F811
    cast = world.cast()
    come_in(cast["bea"])
    in_the_group(cast, "maya")
    seen(cast["maya"], by=cast["bea"], at=NOW + 15 * MINUTE)
    with acting(cast["okafor"]):
        session = tonight(cast["bea"])
    at = max(session.begins_at + MINUTE, NOW + 15 * MINUTE)
    seen(cast["maya"], by=cast["bea"], at=at)
    with worker():
        jobs.watch(at)
        jobs.watch(at + timedelta(seconds=5))

    with acting(cast["okafor"]):
        mails = list(Delivery.objects.filter(because__startswith="paused").values_list("to__called", flat=True))
    assert mails and len(mails) == len(set(mails))


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_in_a_pause_the_server_itself_stops_the_media_and_gives_it_back_afterwards(people, media, clock):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(bea, sam):
        await bea.room(lambda room: room["waiting"])
        await bea.say(type="admit", seat="all")
        await sam.room(lambda room: room["me"]["state"] == "admitted")
        await bea.close()
        clock.move_to(NOW + timedelta(seconds=70))
        await sam.say(type="beat")
        await sam.room(lambda room: room["paused"])
        await sam.say(type="media", id=1, request={"kind": "publish", "sdp": "v=0"})
        assert (await sam.until(lambda m: m["type"] == "media"))["error"] == "not_in_room"

        again = await Tab(people["bea"], session.pk).open()
        async with tabs(again):
            await sam.room(lambda room: not room["paused"])
            await sam.until(lambda message: message.get("kind") == "feeds")
            await sam.say(type="media", id=2, request={"kind": "publish", "sdp": "v=0"})
            await sam.until(lambda message: message["type"] == "media" and message["reply"])


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_one_click_brings_the_person_once_the_clinician_is_there(people, media):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(bea, sam):
        knocked = await bea.room(lambda room: room["waiting"])
        seat = knocked["waiting"][0]["seat"]
        await sam.say(type="aside", seat=seat)
        assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await bea.say(type="admit", seat=seat)
        await sam.room(lambda room: room["me"]["state"] == "admitted")

        await bea.say(type="aside", seat=seat)
        await bea.room(lambda room: room["lead"] and room["lead"]["aside"])
        await sam.room(lambda room: room["me"]["talk"] == "contact_only" and len(room["seats"]) == 2)
        await bea.say(type="aside_end")
        await sam.room(lambda room: room["me"]["talk"] == "treatment")

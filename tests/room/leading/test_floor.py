"""Who has the floor: asked to speak and never unmuted, in the spotlight, holding the talking stick."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction
from django.test import override_settings

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, breakouts, messages, state
from openiop.room.leading import floor
from openiop.room.leading.models import SpeakAsk, Spotlight, Stick
from openiop.room.models import Seat
from openiop.room.refused import Refused
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_breakout_sockets import in_the_group
from tests.room.test_consumers import media, people, tabs  # noqa: F401 (fixtures)
from tests.room.test_signals import IN_MEMORY

KEYS = ("sam", "maya", "jonah")


@pytest.fixture
def group(cast):
    """Bea leads; Sam, Maya and Jonah are in the group and online."""
    seats = {"bea": come_in(cast["bea"])}
    for key in KEYS:
        at_the_door(cast[key])
        come_in(cast[key])
    with acting(cast["bea"]):
        for key in KEYS:
            seat = Seat.objects.get(person=cast[key], session=tonight(cast["bea"]))
            seats[key] = admission.admit(seat, by=cast["bea"], at=world.NOW)
        Seat.objects.filter(session=tonight(cast["bea"])).update(online=True, seen_at=world.NOW)
    return seats


def room_of(person, *, at=world.NOW):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=at), at=at)


def mine(person):
    return Seat.objects.select_related("person", "session").get(person=person, session=tonight(person))


def raise_hand(person, *, minute):
    with acting(person):
        messages.hand(mine(person), person, world.NOW + timedelta(minutes=minute), raised=True)


def bring_stick(cast):
    with acting(cast["bea"]):
        floor.bring_stick(mine(cast["bea"]), by=cast["bea"], at=world.NOW)


def pass_on(cast, key, holder):
    with acting(cast[key]):
        floor.pass_stick(mine(cast[key]), holder=holder and holder.pk, at=world.NOW)


def who_speaks(cast, viewer="maya"):
    room = room_of(cast[viewer])
    names = {seat.seat: seat.name for seat in room.seats}
    return names.get(room.floor.stick.seat), [seat.name for seat in room.seats if seat.hand_at]


# --- asked to speak ---


@pytest.mark.django_db
def test_who_is_asked_to_speak_decides_and_nobody_else_learns_of_it(cast, group):
    with acting(cast["bea"]):
        floor.ask_to_speak(group["sam"], by=cast["bea"], at=world.NOW)

    assert room_of(cast["sam"]).asked_to_speak.by == "Bea"
    sams = next(seat for seat in room_of(cast["bea"]).seats if seat.name == "Sam")
    assert sams.audio is False, "asking turns nothing on"
    assert room_of(cast["maya"]).asked_to_speak is None
    with acting(cast["maya"]):
        assert SpeakAsk.objects.count() == 0, "the database itself hides it"


@pytest.mark.django_db
def test_declining_is_silent(cast, group):
    before = room_of(cast["bea"])
    with acting(cast["bea"]):
        floor.ask_to_speak(group["sam"], by=cast["bea"], at=world.NOW)
    with acting(cast["sam"]):
        floor.answered(mine(cast["sam"]))

    assert room_of(cast["sam"]).asked_to_speak is None
    assert room_of(cast["bea"]) == before, "whoever asked is told nothing"


@pytest.mark.django_db
def test_the_question_goes_away_when_they_speak_and_when_the_talk_has_gone_on(cast, group):
    for key in ("sam", "maya"):
        with acting(cast["bea"]):
            floor.ask_to_speak(group[key], by=cast["bea"], at=world.NOW)
    with acting(cast["sam"]):
        messages.own_media(mine(cast["sam"]), cast["sam"], world.NOW, audio=True, video=False, saving=False)

    assert room_of(cast["sam"]).asked_to_speak is None
    assert room_of(cast["maya"]).asked_to_speak is not None
    assert room_of(cast["maya"], at=world.NOW + timedelta(minutes=3)).asked_to_speak is None


# --- the spotlight ---


@pytest.mark.django_db
def test_the_spotlight_is_on_two_at_most_and_the_oldest_gives_way(cast, group):
    for minute, key in enumerate(KEYS):
        with acting(cast["bea"]):
            floor.spotlight(group[key], by=cast["bea"], at=world.NOW + timedelta(minutes=minute))

    assert room_of(cast["sam"]).floor.spotlit == [group["maya"].pk, group["jonah"].pk]
    with acting(cast["bea"]), pytest.raises(IntegrityError), transaction.atomic():
        row = Spotlight.objects.first()
        Spotlight.objects.create(
            clinic_id=row.clinic_id, session=row.session, place=row.place, n=3, seat=group["sam"], by=row.by, at=row.at
        )


@pytest.mark.django_db
def test_who_is_in_the_spotlight_may_step_out_of_it_and_nobody_takes_anothers(cast, group):
    for key in ("sam", "maya"):
        with acting(cast["bea"]):
            floor.spotlight(group[key], by=cast["bea"], at=world.NOW)

    with acting(cast["sam"]):
        with pytest.raises(PermissionDenied):
            floor.spotlight_off(group["maya"], by=cast["sam"])
        Spotlight.objects.filter(seat=group["maya"]).delete()
        floor.spotlight_off(group["sam"], by=cast["sam"])

    assert room_of(cast["maya"]).floor.spotlit == [group["maya"].pk]


# --- the talking stick ---


@pytest.mark.django_db
def test_the_stick_goes_from_hand_to_hand_in_the_order_they_rose(cast, group):
    raise_hand(cast["maya"], minute=2)
    raise_hand(cast["sam"], minute=1)
    bring_stick(cast)
    assert who_speaks(cast) == ("Sam", ["Maya"])

    raise_hand(cast["jonah"], minute=3)
    pass_on(cast, "sam", group["sam"])
    assert who_speaks(cast) == ("Maya", ["Jonah"])
    pass_on(cast, "bea", group["maya"])
    assert who_speaks(cast) == ("Jonah", [])
    pass_on(cast, "jonah", group["jonah"])
    assert who_speaks(cast) == (None, [])


@pytest.mark.django_db
def test_where_the_stick_lies_the_next_hand_has_it(cast, group):
    bring_stick(cast)
    assert who_speaks(cast) == (None, [])

    raise_hand(cast["maya"], minute=1)

    assert who_speaks(cast) == ("Maya", [])


@pytest.mark.django_db
def test_when_two_pass_it_on_at_once_nobody_is_passed_over(cast, group):
    for minute, key in enumerate(KEYS):
        raise_hand(cast[key], minute=minute)
    bring_stick(cast)

    pass_on(cast, "sam", group["sam"])
    pass_on(cast, "bea", group["sam"])
    pass_on(cast, "sam", group["sam"])

    assert who_speaks(cast) == ("Maya", ["Jonah"])


@pytest.mark.django_db
def test_nobody_takes_the_stick_from_another(cast, group):
    raise_hand(cast["sam"], minute=1)
    bring_stick(cast)
    raise_hand(cast["maya"], minute=2)

    for holder in (group["sam"], group["maya"], None):
        if holder != group["maya"]:
            with pytest.raises(PermissionDenied):
                pass_on(cast, "maya", holder)
    with acting(cast["maya"]):
        assert Stick.objects.update(seat=group["maya"]) == 0, "the database itself refuses"

    assert who_speaks(cast) == ("Sam", ["Maya"])


@pytest.mark.django_db
def test_the_stick_mutes_nobody(cast, group):
    with acting(cast["maya"]):
        messages.own_media(mine(cast["maya"]), cast["maya"], world.NOW, audio=True, video=False, saving=False)
    raise_hand(cast["sam"], minute=1)
    bring_stick(cast)

    assert [seat.name for seat in room_of(cast["bea"]).seats if seat.audio] == ["Maya"]


@pytest.mark.django_db
def test_who_leaves_with_the_stick_leaves_it_behind(cast, group):
    raise_hand(cast["sam"], minute=1)
    bring_stick(cast)
    with acting(cast["sam"]):
        admission.leave(mine(cast["sam"]), by=cast["sam"], at=world.NOW)
    assert who_speaks(cast)[0] is None

    raise_hand(cast["maya"], minute=2)

    assert who_speaks(cast) == ("Maya", [])


@pytest.mark.django_db
def test_each_breakout_has_a_floor_of_its_own(cast, group):
    with acting(cast["bea"]):
        session = tonight(cast["bea"])
        floor.spotlight(group["sam"], by=cast["bea"], at=world.NOW)
        breakouts.prepare(session, rooms=2, how="random", minutes=None, late="smallest", by=cast["bea"], at=world.NOW)
        breakouts.open_rooms(session, by=cast["bea"], at=world.NOW)
    bring_stick(cast)

    for key in KEYS:
        assert (room_of(cast[key]).floor.spotlit, room_of(cast[key]).floor.stick) == ([], None)


@pytest.mark.django_db
def test_only_who_leads_asks_lights_and_brings_the_stick(cast, group):
    with acting(cast["sam"]):
        for call in (
            lambda: floor.ask_to_speak(group["maya"], by=cast["sam"], at=world.NOW),
            lambda: floor.spotlight(group["sam"], by=cast["sam"], at=world.NOW),
            lambda: floor.bring_stick(mine(cast["sam"]), by=cast["sam"], at=world.NOW),
            lambda: floor.put_stick_away(mine(cast["sam"]), by=cast["sam"]),
        ):
            with pytest.raises(PermissionDenied):
                call()
        for row in (Spotlight, Stick):
            with pytest.raises(DatabaseError), transaction.atomic():
                more = {"n": 1} if row is Spotlight else {}
                row.objects.create(
                    clinic_id=group["sam"].clinic_id,
                    session=group["sam"].session,
                    place="group",
                    seat=group["sam"],
                    by=cast["bea"],
                    at=world.NOW,
                    **more,
                )


@pytest.mark.django_db
def test_who_waits_is_neither_asked_nor_lit(cast, group):
    seat = at_the_door(cast["theo"])
    with acting(cast["bea"]):
        for verb in (floor.ask_to_speak, floor.spotlight):
            with pytest.raises(Refused) as refusal:
                verb(seat, by=cast["bea"], at=world.NOW)
            assert refusal.value.code == "not_inside"
    assert room_of(cast["theo"]).floor is None


# --- through the socket ---


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_one_person_is_asked_the_stick_goes_round_and_patients_command_nothing(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    async with tabs(bea, maya, sam):
        inside = await bea.room(lambda room: len(room["seats"]) == 3)
        seats = {seat["name"]: seat["seat"] for seat in inside["seats"]}
        await bea.say(type="ask_to_speak", seat=seats["Sam"])
        await sam.room(lambda room: room["asked_to_speak"])
        await sam.say(type="speak_not_now")
        await sam.room(lambda room: room["asked_to_speak"] is None)

        await sam.say(type="hand", raised=True)
        await bea.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
        await bea.say(type="stick", out=True)
        await maya.room(lambda room: (room["floor"]["stick"] or {}).get("seat") == seats["Sam"])
        await sam.say(type="stick_pass", holder=seats["Sam"])
        await maya.room(lambda room: room["floor"]["stick"]["seat"] is None)
        for other in (maya, bea):
            assert all(room["asked_to_speak"] is None for room in other.heard if room["type"] == "room")

        for message in (
            {"type": "ask_to_speak", "seat": seats["Maya"]},
            {"type": "spotlight", "seat": seats["Sam"]},
            {"type": "spotlight_off", "seat": seats["Maya"]},
            {"type": "stick", "out": False},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await sam.say(type="beat")
        await sam.until(lambda m: m["type"] == "beat")

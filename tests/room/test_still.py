"""*Still with us?*: asked on one's own screen, answered by any touch, and no other patient learns of it."""

import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.test import override_settings

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Clinic
from openiop.room import admission, companions, state, still
from openiop.room.models import Place, Seat
from openiop.room.refused import Refused
from openiop.room.together import timers
from openiop.safety.models import Case, Flag
from openiop.schedule import presence
from openiop.schedule.stillness import StillAnswer, StillQuestion
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_care import worried_about
from tests.room.test_consumers import Tab, media, people, tabs, wait_at_the_door  # noqa: F401 (fixtures)
from tests.room.test_consumers import tonight as tonight_committed
from tests.room.test_signals import IN_MEMORY, quiet

BEGINS = world.NOW + timedelta(minutes=12)


def minute(count):
    """So many minutes into the group."""
    return BEGINS + timedelta(minutes=count)


def clinic_chooses(cast, **choice):
    with acting(cast["okafor"]):
        Clinic.objects.filter(pk=cast["okafor"].clinic_id).update(**choice)


@pytest.fixture
def group(cast):
    """Bea leads; Sam and Maya are in the group, at home."""
    come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        seats = {key: admission.admit(seat, by=cast["bea"], at=world.NOW) for key, seat in seats.items()}
        Case.objects.open().filter(patient__in=[cast["sam"], cast["maya"]]).update(closed_at=world.NOW)
    return seats


def seat_of(cast, key):
    return Seat.objects.select_related("person", "session__clinic", "session__room").get(person=cast[key])


def asked(cast, key="sam", *, at, by=None, seen=True):
    with acting(cast["bea"]):
        seat = seat_of(cast, key)
    with acting(cast[by or key]):
        still.ask(seat, seen=seen, by=cast[by or key], at=at)


def touched(cast, key="sam", *, at, by=None):
    with acting(cast["bea"]):
        seat = seat_of(cast, key)
    with acting(cast[by or key]):
        still.answer(seat, by=cast[by or key], at=at)


def room_of(cast, key, *, at):
    """The room as this person may know it, while every line lives."""
    with acting(cast["bea"]):
        Seat.objects.filter(session=tonight(cast["bea"])).update(online=True, seen_at=at)
    with acting(cast[key]):
        return state.room_for(seat_of(cast, key), at=at)


def untouched(cast, *, at):
    return {row.name: row.untouched_since for row in room_of(cast, "bea", at=at).lead.care if row.untouched_since}


# --- who sees it ---


@pytest.mark.django_db
def test_those_who_lead_see_an_unanswered_question_after_its_grace_and_not_before(cast, group):
    asked(cast, at=minute(40))

    assert untouched(cast, at=minute(41)) == {}
    assert untouched(cast, at=minute(42)) == {"Sam": minute(10)}


@pytest.mark.django_db
def test_the_first_touch_takes_the_mark_away(cast, group):
    asked(cast, at=minute(40))
    touched(cast, at=minute(44))

    assert untouched(cast, at=minute(45)) == {}
    assert not room_of(cast, "sam", at=minute(45)).still.open


@pytest.mark.django_db
def test_the_person_alone_knows_of_their_question_and_no_other_patient_does(cast, group):
    before = room_of(cast, "maya", at=minute(50))
    asked(cast, at=minute(40))

    assert room_of(cast, "sam", at=minute(50)).still.open
    mayas = room_of(cast, "maya", at=minute(50))
    assert mayas == before and not mayas.still.open and mayas.lead is None


@pytest.mark.django_db
def test_a_lost_line_says_nothing_of_whether_anything_was_touched(cast, group):
    asked(cast, at=minute(40))
    with acting(cast["bea"]):
        Seat.objects.filter(person=cast["sam"]).update(online=False, seen_at=minute(41))
        care = state.room_for(seat_of(cast, "bea"), at=minute(45)).lead.care

    assert [row.untouched_since for row in care] == [None, None]


@pytest.mark.django_db
def test_with_an_open_case_it_stands_beside_the_flag_and_raises_none_by_itself(cast, group):
    worried_about(cast["sam"], by=cast["bea"], tier=3)
    with acting(cast["bea"]):
        flags = Flag.objects.count()
    asked(cast, at=minute(40))

    [sam] = [row for row in room_of(cast, "bea", at=minute(50)).lead.care if row.name == "Sam"]
    assert sam.at_risk and sam.untouched_since == minute(10) and sam.page
    with acting(cast["bea"]):
        assert Flag.objects.count() == flags


@pytest.mark.django_db
def test_whoever_leads_and_sees_them_take_part_takes_the_mark_away_and_nobody_else_does(cast, group):
    asked(cast, at=minute(40))
    with acting(cast["bea"]):
        sam = seat_of(cast, "sam")
    for who in ("maya", "okafor", "sam"):
        with pytest.raises(PermissionDenied), acting(cast[who]):
            still.see(sam, by=cast[who], at=minute(43))
    assert untouched(cast, at=minute(43)) == {"Sam": minute(10)}

    with acting(cast["bea"]):
        still.see(sam, by=cast["bea"], at=minute(44))
        still.see(sam, by=cast["bea"], at=minute(45))

    assert untouched(cast, at=minute(46)) == {}
    with acting(cast["bea"]):
        assert [(row.at, row.seen_by_id) for row in StillAnswer.objects.all()] == [(minute(44), cast["bea"].pk)]


# --- who is asked ---


@pytest.mark.django_db
def test_only_a_patient_at_home_in_a_group_that_runs_is_asked(cast, group):
    def asks(key="sam", *, at):
        now = room_of(cast, key, at=at).still
        return bool(now and now.asks)

    assert asks(at=minute(10))
    assert not asks(at=minute(-1)), "it has not begun"
    assert not asks(at=minute(62)), "the break of the plan"
    assert not asks(at=minute(400)), "it is over"
    assert room_of(cast, "bea", at=minute(10)).still is None, "who leads"


@pytest.mark.django_db
def test_nobody_is_asked_in_a_break_that_was_begun_or_where_the_clinic_wants_none(cast, group):
    with acting(cast["bea"]):
        timers.start(tonight(cast["bea"]), kind="break", minutes=10, by=cast["bea"], at=minute(10))
    assert room_of(cast, "sam", at=minute(12)).still is None
    assert room_of(cast, "sam", at=minute(20)).still.asks

    clinic_chooses(cast, still_after_minutes=0)
    assert room_of(cast, "sam", at=minute(20)).still is None
    with pytest.raises(Refused, match="not_asked"):
        asked(cast, at=minute(20))


@pytest.mark.django_db
def test_while_the_group_is_paused_nobody_is_asked_and_a_touch_still_answers(cast, group):
    asked(cast, at=minute(40))
    with acting(cast["bea"]):
        Seat.objects.filter(person=cast["bea"]).update(online=False, seen_at=minute(30))

    def room(key):
        with acting(cast[key]):
            return state.room_for(seat_of(cast, key), at=minute(41))

    assert room("sam").paused and room("sam").still.open and not room("sam").still.asks
    assert room("maya").paused and room("maya").still is None


@pytest.mark.django_db
def test_nobody_on_site_is_asked_and_nobody_who_is_alone_with_staff(cast, group):
    with acting(cast["bea"]):
        sam = seat_of(cast, "sam")
        presence.arrival(sam.session, cast["sam"], source="desk", at=minute(1), by=cast["bea"])
        companions.settle(sam, locked=False, at=minute(1))
        Seat.objects.filter(person=cast["maya"]).update(place=Place.CONTACT)

    for key in ("sam", "maya"):
        assert room_of(cast, key, at=minute(40)).still is None
        with pytest.raises(Refused, match="not_asked"):
            asked(cast, key, at=minute(40))


@pytest.mark.django_db
def test_nobody_says_it_of_another_and_staff_say_it_of_nobody(cast, group):
    asked(cast, at=minute(40))
    for verb in (asked, touched):
        for by in ("maya", "bea"):
            with pytest.raises(PermissionDenied):
                verb(cast, "sam", by=by, at=minute(41))

    assert untouched(cast, at=minute(45)) == {"Sam": minute(10)}


@pytest.mark.django_db
def test_asked_again_is_asked_once_and_a_page_that_asks_too_often_is_refused(cast, group):
    for at in (minute(40), minute(40.5), minute(50)):
        asked(cast, at=at)
    touched(cast, at=minute(51))
    touched(cast, at=minute(52))
    with acting(cast["bea"]):
        assert (StillQuestion.objects.count(), StillAnswer.objects.count()) == (1, 1)
        assert StillAnswer.objects.get().at == minute(51)

    asked(cast, at=minute(80))
    touched(cast, at=minute(80.5))
    with pytest.raises(Refused, match="too_often"):
        asked(cast, at=minute(81))


@pytest.mark.django_db
def test_the_database_keeps_rows_to_their_person_and_never_lets_them_change(cast, group):
    asked(cast, at=minute(40))
    touched(cast, at=minute(45))
    asked(cast, "maya", at=minute(50))
    with acting(cast["maya"]):
        assert [row.patient_id for row in StillQuestion.objects.all()] == [cast["maya"].pk]
        assert StillAnswer.objects.count() == 0

    with acting(cast["bea"]):
        question = StillQuestion.objects.get(patient=cast["maya"])
    for who in ("sam", "bea"):
        with pytest.raises(DatabaseError), acting(cast[who]), transaction.atomic():
            StillAnswer.objects.create(
                clinic_id=question.clinic_id, question=question, patient_id=cast[who].pk, at=minute(51)
            )
    for row in (StillQuestion, StillAnswer):
        for change in (lambda rows: rows.update(at=minute(1)), lambda rows: rows.delete()):
            with pytest.raises(DatabaseError), acting(cast["sam"]), transaction.atomic():
                change(row.objects.all())


# --- what it takes ---


@pytest.fixture
def sat_there(cast, group):
    """Sam's tab beats through the first block of sixty minutes."""
    with acting(cast["sam"]):
        session = seat_of(cast, "sam").session
        for count in range(181):
            presence.note(
                session,
                cast["sam"],
                kind="beat",
                source="room",
                connection="tab",
                place="virtual",
                at=BEGINS + timedelta(seconds=20 * count),
            )
    return session


def first_block(cast, session):
    with acting(cast["bea"]):
        block = presence.blocks_of(session)[0]
        entry = session.roster.get(patient=cast["sam"])
        return presence.preview(session, at=minute(60))[entry.pk, block.pk]


@pytest.mark.django_db
def test_an_unanswered_question_takes_nothing_unless_the_clinic_says_so(cast, sat_there):
    asked(cast, at=minute(30))

    assert first_block(cast, sat_there) == (3600, "virtual", True)


@pytest.mark.django_db
def test_where_the_clinic_counts_it_minutes_stop_after_the_grace_and_go_on_with_a_touch(cast, sat_there):
    clinic_chooses(cast, still_counts=True, still_grace_minutes=3)
    asked(cast, at=minute(30))
    touched(cast, at=minute(43))

    assert first_block(cast, sat_there) == ((33 + 17) * 60, "virtual", True)


@pytest.mark.django_db
def test_what_holds_is_what_the_clinic_had_chosen_when_the_question_was_asked(cast, sat_there):
    asked(cast, at=minute(30))
    clinic_chooses(cast, still_counts=True)

    assert first_block(cast, sat_there)[0] == 3600


@pytest.mark.django_db
def test_a_question_that_could_not_be_seen_takes_nothing_and_those_who_lead_see_it_all_the_same(cast, sat_there):
    clinic_chooses(cast, still_counts=True)
    asked(cast, at=minute(30), seen=False)

    assert first_block(cast, sat_there)[0] == 3600
    assert untouched(cast, at=minute(40)) == {"Sam": minute(0)}


@pytest.mark.django_db
def test_a_block_that_was_taken_whole_is_no_contact_without_treatment(cast, sat_there):
    """Nothing counted, and still it was treatment: nobody is told that they were outside of a licence."""
    clinic_chooses(cast, still_counts=True)
    with acting(cast["sam"]):
        StillQuestion.objects.create(
            clinic_id=cast["sam"].clinic_id,
            session=sat_there,
            patient=cast["sam"],
            at=minute(-20),
            after_minutes=30,
            grace_minutes=2,
            counts=True,
        )

    assert first_block(cast, sat_there) == (0, "virtual", True)


@pytest.mark.django_db
def test_a_correction_by_whoever_leads_wins(cast, sat_there):
    clinic_chooses(cast, still_counts=True)
    asked(cast, at=minute(30))
    with acting(cast["bea"]):
        block = presence.blocks_of(sat_there)[0]
        entry = sat_there.roster.select_related("session__clinic").get(patient=cast["sam"])
        presence.correct(entry, block, seconds=3600, reason="I saw her listen", by=cast["bea"], at=minute(60))

    assert first_block(cast, sat_there) == (3600, "virtual", True)


@pytest.mark.django_db
def test_whoever_is_on_site_by_the_front_desk_loses_nothing_to_a_tab_left_at_home(cast, sat_there):
    clinic_chooses(cast, still_counts=True)
    asked(cast, at=minute(5))
    with acting(cast["bea"]):
        presence.arrival(sat_there, cast["sam"], source="desk", at=minute(0), by=cast["bea"])

    assert first_block(cast, sat_there)[0] == 3600


@pytest.mark.django_db
def test_the_page_of_a_persons_presence_says_in_words_why_minutes_are_missing(cast, sat_there, client_for, clock):
    clinic_chooses(cast, still_counts=True)
    asked(cast, at=minute(30))
    touched(cast, at=minute(43))
    with acting(cast["bea"]):
        entry = sat_there.roster.get(patient=cast["sam"])
    asked(cast, at=minute(50))
    touched(cast, at=minute(51))
    clock.move_to(minute(61))

    told = client_for(cast["bea"]).get(f"/roster/{entry.pk}").content.decode()

    assert "From 6:32 PM to 6:43 PM nothing was touched" in told and "These minutes do not count" in told
    assert "Asked at 6:50 PM, answered at 6:51 PM. It takes" in told
    assert "<dd>49 min" in told


# --- through the socket ---


async def in_the_group(people, *, clock):  # noqa: F811
    """Bea leads, Sam and Maya are in; twenty minutes of the group are over."""
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    for key in ("sam", "maya"):
        await database_sync_to_async(wait_at_the_door)(people[key], session)
    bea, sam, maya = [await Tab(people[key], session.pk).open() for key in ("bea", "sam", "maya")]
    await bea.room(lambda room: len(room["waiting"]) == 2)
    await bea.say(type="admit", seat="all")
    for tab in (sam, maya):
        await tab.room(lambda room: room["me"]["state"] == "admitted" and len(room["seats"]) == 3)
    clock.move_to(minute(20))
    for tab in (bea, sam, maya):  # who leads first: without them the group is paused
        await tab.say(type="beat")
        await tab.until(lambda message: message["type"] == "beat")
    for tab in (sam, maya):
        await tab.room(lambda room: room["still"] and room["still"]["asks"])
    return bea, sam, maya


def marks(room):
    return [row["name"] for row in room["lead"]["care"] if row["untouched_since"]]


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_another_patients_socket_receives_no_message_at_all(people, media, clock):  # noqa: F811
    bea, sam, maya = await in_the_group(people, clock=clock)
    async with tabs(bea, sam, maya):
        await quiet(maya)

        await sam.say(type="still", asked=True)
        await sam.room(lambda room: room["still"]["open"])
        clock.move_to(minute(22))
        for tab in (sam, bea):
            await tab.say(type="beat")
        await bea.room(lambda room: marks(room) == ["Sam"])
        await sam.say(type="still", asked=False)
        await sam.room(lambda room: not room["still"]["open"])
        await bea.room(lambda room: marks(room) == [])

        assert await maya.socket.receive_nothing(timeout=1)
        # Proof that Maya's tab was listening all the while: what is everybody's does arrive.
        await sam.say(type="hand", raised=True)
        heard = await maya.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
        assert heard["lead"] is None and not heard["still"]["open"]
        assert "untouched" not in json.dumps(maya.heard)


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_a_forged_word_is_refused_and_the_room_goes_on(people, media, clock, caplog):  # noqa: F811
    bea, sam, maya = await in_the_group(people, clock=clock)
    async with tabs(bea, sam, maya):
        for tab, said, code in [
            (bea, {"asked": True}, "not_allowed"),
            (bea, {"asked": False}, "not_allowed"),
            (sam, {"asked": False, "seat": bea.connection}, "invalid"),
            (sam, {"asked": "yes"}, "invalid"),
        ]:
            await tab.say(type="still", **said)
            assert (await tab.until(lambda message: message["type"] == "error"))["code"] == code
        await maya.say(type="still_seen", seat=str(await database_sync_to_async(seat_id)(people, "sam")))
        assert (await maya.until(lambda message: message["type"] == "error"))["code"] == "not_allowed"
        await sam.say(type="still", asked=True)
        await sam.room(lambda room: room["still"]["open"])


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_whoever_opens_the_room_anew_has_answered_and_a_line_that_comes_back_has_not(people, media, clock):  # noqa: F811
    bea, sam, maya = await in_the_group(people, clock=clock)
    async with tabs(bea, sam, maya):
        await sam.say(type="still", asked=True)
        await sam.room(lambda room: room["still"]["open"])
        same = await Tab(people["sam"], tonight_id(sam), connection=sam.connection).open()
        assert (await same.room())["still"]["open"], "the same tab, after its line was lost"
        other = await Tab(people["sam"], tonight_id(sam)).open()
        async with tabs(same, other):
            assert not (await other.room())["still"]["open"]


def seat_id(people, key):  # noqa: F811
    with acting(people["bea"]):
        return seat_of(people, key).pk


def tonight_id(tab):
    return tab.socket.scope["path"].rsplit("/", 1)[1]

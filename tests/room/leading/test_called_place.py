"""A clinician who was called, in that one private place and nowhere else; sealed where the session is."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from openiop.people.access import acting
from openiop.room import admission, aside, called, messages, protocol, state
from openiop.room.leading import door
from openiop.room.leading.models import AsideAsk
from openiop.room.models import KeyCommit, KeyPackage, Place, Seat, SeatState
from openiop.room.refused import Refused
from tests.room.leading.being_called import NOW, come, connect, seat_of, with_sam, words
from tests.room.leading.test_asides import ask, place_of
from tests.room.leading.test_floor import group, mine, room_of  # noqa: F401 (fixture)
from tests.room.test_admission import tonight

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# --- in that private place and nowhere else ---


def test_they_see_that_person_alone_and_lead_nothing(cast, group):  # noqa: F811
    with_sam(cast, group)
    hers = room_of(cast["okafor"])

    assert (hers.me.role, hers.me.state, hers.called.name, hers.called.there) == ("called", "private", "Sam", True)
    assert {row.name for row in hers.seats} == {"Ada", "Sam"}
    assert (hers.lead, hers.breakouts, hers.waiting, hers.chat) == (None, None, [], "off")
    assert room_of(cast["sam"]).me.talk == "contact_only"
    assert place_of(cast, "bea") == Place.GROUP
    others = room_of(cast["maya"]).model_dump_json()
    assert "Ada" not in others and room_of(cast["maya"]).company is None


@pytest.mark.parametrize("state_now", ["coming", "here", "over"])
def test_the_database_lets_them_sit_nowhere_else(cast, group, state_now):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    connect(cast)
    if state_now == "over":
        with acting(cast["okafor"]):
            aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    seat = seat_of(cast, "okafor")
    with acting(cast["bea"]):
        for place in (Place.GROUP, Place.CONTACT, aside.place_for(group["maya"].pk)):
            Seat.objects.filter(pk=seat.pk).update(place=place, state=SeatState.ADMITTED)
            now = Seat.objects.get(pk=seat.pk)
            assert (now.state, now.place) == (
                (SeatState.LEFT, Place.GROUP)
                if state_now == "over"
                else (SeatState.ADMITTED, aside.place_for(group["sam"].pk))
            )


def test_they_may_not_go_over_to_the_group_or_use_any_verb_of_those_who_lead(cast, group, client_for):  # noqa: F811
    with_sam(cast, group)
    session = group["sam"].session
    with acting(cast["okafor"]), pytest.raises(PermissionDenied):
        admission.sit_with(session, by=cast["okafor"], place=Place.GROUP, at=NOW)
    with acting(cast["okafor"]), pytest.raises(PermissionDenied):
        aside.call(group["maya"], by=cast["okafor"], at=NOW)
    with acting(cast["okafor"]), pytest.raises(PermissionDenied):
        admission.end(session, by=cast["okafor"], at=NOW)
    for way in (f"/sessions/{session.pk}/door/{group['maya'].pk}", f"/sessions/{session.pk}/board"):
        assert client_for(cast["okafor"]).get(way).status_code == 404
    for message in (protocol.Hand, protocol.ChatWrite, protocol.React, protocol.Admit, protocol.End, protocol.Hop):
        with pytest.raises(PermissionDenied):
            called.check_may_say("called", message.model_construct())


def test_a_locked_door_is_no_way_into_the_group_for_them_before_or_after(cast, group):  # noqa: F811
    with acting(cast["bea"]):
        door.lock(tonight(cast["bea"]), by=cast["bea"], at=NOW)
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["okafor"]), pytest.raises(admission.NotNow, match="locked"):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)  # asked is not yet coming
    come(cast, question)
    connect(cast)
    assert seat_of(cast, "okafor").place == aside.place_for(group["sam"].pk)
    with acting(cast["okafor"]):
        aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    with acting(cast["okafor"]), pytest.raises(admission.NotNow, match="locked"):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)


def test_a_tab_that_comes_back_after_the_call_brings_nobody_into_the_group(cast, group, client_for):  # noqa: F811
    with_sam(cast, group)
    with acting(cast["okafor"]):
        aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    with acting(cast["okafor"]), pytest.raises(admission.NotNow, match="called"):
        messages.sit_down(
            None,
            cast["okafor"],
            NOW,
            connection=uuid4(),
            line=uuid4(),
            session_id=tonight(cast["okafor"]).pk,
            locked=False,
        )
    page = client_for(cast["okafor"]).get(f"/sessions/{group['sam'].session_id}/room").content.decode()
    assert "The private place is closed" in page


def test_whoever_sat_in_the_group_as_staff_is_there_no_longer_once_they_come(cast, group):  # noqa: F811
    connect(cast)
    assert (seat_of(cast, "okafor").role, seat_of(cast, "okafor").place) == ("staff", Place.GROUP)
    come(cast, ask(cast, group["sam"], whom="okafor"))

    assert (seat_of(cast, "okafor").role, seat_of(cast, "okafor").place) == (
        "called",
        aside.place_for(group["sam"].pk),
    )


def test_a_group_that_nobody_leads_is_open_to_them_again_as_to_any_of_the_staff(cast, group):  # noqa: F811
    with_sam(cast, group)
    with acting(cast["okafor"]):
        aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    with acting(cast["bea"]):
        admission.leave(mine(cast["bea"]), by=cast["bea"], at=NOW)
    connect(cast)

    assert (seat_of(cast, "okafor").role, seat_of(cast, "okafor").place) == ("staff", Place.GROUP)


def test_nobody_is_called_to_two_private_places_of_one_session(cast, group):  # noqa: F811
    with_sam(cast, group)
    second = ask(cast, group["maya"], whom="okafor")
    with pytest.raises(Refused, match="already_aside"):
        come(cast, second)
    with acting(cast["bea"]), pytest.raises(IntegrityError, match="called_to_one_private_place"), transaction.atomic():
        AsideAsk.objects.filter(pk=second.pk).update(coming_at=NOW)


# --- sealed from person to person ---


@pytest.fixture
def sealed(cast, group):  # noqa: F811
    with acting(cast["bea"]):
        messages.choose_encryption(mine(cast["bea"]), cast["bea"], NOW, word="end_to_end")
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    return question


def keys(cast, **request):
    with acting(cast["okafor"]):
        seat = mine(cast["okafor"])
        room = state.room_for(seat, at=NOW).room
        parsed = protocol.parse(
            protocol.Keys.model_construct(type="keys", id=1, request={"room": room, **request}).model_dump_json(
                warnings=False
            )
        )
        return messages.keys(seat, cast["okafor"], NOW, request=parsed.request)


def test_where_the_session_is_sealed_nobody_is_brought_before_they_hold_the_places_keys(cast, sealed):
    connect(cast)
    assert place_of(cast, "sam") == Place.GROUP and words(cast) == [("Ada", "coming")]
    package = keys(cast, kind="package", key="BAEC", package="AAEC")["package"]
    assert place_of(cast, "sam") == Place.GROUP
    keys(cast, kind="commit", epoch=0, found=True, commit=None, welcome=None, members=[package])

    assert place_of(cast, "sam") == seat_of(cast, "okafor").place and words(cast) == [("Ada", "here")]
    with acting(cast["bea"]):
        assert {row.live_room.place for row in KeyPackage.objects.filter(seat__person=cast["okafor"])} == {
            seat_of(cast, "okafor").place
        }, "the group's keys are never theirs"
        assert KeyCommit.objects.count() == 1


def test_whose_browser_cannot_seal_is_out_and_whoever_asked_reads_why(cast, sealed):
    connect(cast)
    keys(cast, kind="cannot")

    assert words(cast) == [("Ada", "unable")] and place_of(cast, "sam") == Place.GROUP
    assert seat_of(cast, "okafor").state == SeatState.LEFT

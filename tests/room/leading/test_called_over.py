"""How being called ends, and what it leaves: in the record, in the trail, and on the person's own screen."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import Http404

from openiop.audit.models import AuditEvent
from openiop.people.access import acting
from openiop.people.models import Person, Tie
from openiop.room import admission, aside, called, messages
from openiop.room.leading import calling
from openiop.room.leading.models import AsideAsk
from openiop.room.models import Place, Seat, SeatState, SignalKind
from openiop.room.refused import Refused
from tests.room.leading.being_called import (
    NOW,
    again,
    come,
    company,
    connect,
    flagged,
    seat_of,
    still_here,
    with_sam,
    words,
)
from tests.room.leading.test_asides import answer, ask, place_of
from tests.room.leading.test_floor import group, mine, room_of  # noqa: F401 (fixture)
from tests.room.test_admission import tonight

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# --- how it is over ---


def test_when_they_leave_the_person_is_back_in_the_group_and_they_are_out(cast, group):  # noqa: F811
    question = with_sam(cast, group)
    with acting(cast["okafor"]):
        messages.leave(mine(cast["okafor"]), cast["okafor"], NOW)

    assert place_of(cast, "sam") in (Place.GROUP, Place.CONTACT)
    assert (again(cast, question).ended, seat_of(cast, "okafor").state) == ("over", SeatState.LEFT)
    assert company(cast) is None and words(cast) == []


@pytest.mark.parametrize("how", ["leaves", "put back", "back"])
def test_they_are_out_the_moment_the_place_closes(cast, group, how):  # noqa: F811
    question = with_sam(cast, group)
    if how == "leaves":
        with acting(cast["sam"]):
            messages.leave(mine(cast["sam"]), cast["sam"], NOW)
    elif how == "put back":
        with acting(cast["bea"]):
            admission.send_back(seat_of(cast, "sam"), by=cast["bea"], at=NOW)
    else:
        with acting(cast["bea"]):  # whatever moves the person, known to no verb
            Seat.objects.filter(pk=group["sam"].pk).update(place=Place.GROUP)

    assert (again(cast, question).ended, seat_of(cast, "okafor").state) == ("over", SeatState.LEFT)
    with acting(cast["okafor"]), pytest.raises(Http404):
        called.check_still_called(mine(cast["okafor"]))


def test_who_says_that_they_come_and_goes_before_the_person_is_there_cannot(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["okafor"]):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)
        messages.leave(mine(cast["okafor"]), cast["okafor"], NOW)

    assert words(cast) == [("Ada", "declined")] and place_of(cast, "sam") == Place.GROUP
    assert again(cast, question).ended == "declined"


def test_whoever_leads_may_go_back_to_the_group_and_leave_the_person_with_them(cast, group):  # noqa: F811
    with_sam(cast, group)
    with acting(cast["bea"]):
        aside.call(group["sam"], by=cast["bea"], at=NOW)
        aside.arrive(mine(cast["bea"]), at=NOW)
        aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)

    assert place_of(cast, "bea") == Place.GROUP
    assert place_of(cast, "sam") == seat_of(cast, "okafor").place == aside.place_for(group["sam"].pk)


def test_nobody_is_called_away_from_the_person_they_are_with(cast, group, dana):  # noqa: F811
    question = with_sam(cast, group)
    with pytest.raises(Refused, match="with_somebody"):
        ask(cast, group["sam"], whom="dana")
    with pytest.raises(Refused, match="with_somebody"):
        answer(cast, question, comes=False, by="bea")
    with acting(cast["bea"]), pytest.raises(Refused, match="with_somebody"):
        admission.remove(seat_of(cast, "okafor"), by=cast["bea"], at=NOW)


def test_whose_clinician_is_lost_is_shown_and_others_are_asked(cast, group, dana):  # noqa: F811
    question = with_sam(cast, group)
    assert room_of(cast["bea"]).lead.alone == []
    later = NOW + timedelta(minutes=2)
    still_here(cast, "bea", "sam", at=later)

    assert words(cast, at=later) == [("Ada", "lost")]
    assert [row.name for row in room_of(cast["bea"], at=later).lead.alone] == ["Sam"]
    with acting(cast["bea"]):
        assert calling.tend(tonight(cast["bea"]), at=later) == 1
    come(cast, question, by="dana", at=later)
    connect(cast, "dana", at=later)
    assert words(cast, at=later) == [("Dana", "here")]
    assert seat_of(cast, "okafor").state == SeatState.LEFT


def test_a_call_that_ends_as_they_connect_brings_nobody_to_an_empty_place(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["okafor"]):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)
        before = mine(cast["okafor"])  # as another process read it a moment ago
    answer(cast, question, comes=False, by="bea")
    with acting(cast["okafor"]):
        aside.arrive(before, at=NOW)

    assert place_of(cast, "sam") == Place.GROUP


def test_the_group_is_not_ended_while_somebody_under_watch_waits_for_them(cast, group):  # noqa: F811
    flagged(cast, "sam", "staff_concern", 3)
    ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]), pytest.raises(Refused, match="somebody_waits"):
        admission.end(tonight(cast["bea"]), by=cast["bea"], at=NOW)


# --- care, presence, and what the person reads ---


def test_coming_opens_the_record_in_the_trail_and_a_day_after_they_were_there_it_closes(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="dana")
    with acting(dana):
        assert cast["sam"] not in Person.objects.patients().visible_to(dana)
    come(cast, question, by="dana")
    connect(cast, "dana")
    with acting(dana):
        assert cast["sam"] in Person.objects.patients().visible_to(dana)
        assert cast["maya"] not in Person.objects.patients().visible_to(dana)
        aside.back(tonight(cast["okafor"]), by=dana, at=NOW)
        tie = Tie.objects.get(staff=dana, role="called")
    assert tie.ends_at == NOW + timedelta(hours=24)
    with acting(cast["okafor"]):
        found = AuditEvent.objects.filter(patient_id=cast["sam"].pk, person_id=dana.pk)
        assert "room.called-comes" in set(found.values_list("verb", flat=True))


def test_they_count_as_staff_with_the_person_in_that_place(cast, group):  # noqa: F811
    flagged(cast, "sam", "staff_concern", 3)
    with_sam(cast, group)
    with acting(cast["sam"]):
        admission.beat(mine(cast["sam"]), at=NOW, receiving=True)
    with acting(cast["bea"]):
        assert Tie.objects.filter(patient=cast["sam"], staff=cast["okafor"], role="live").exists()
        notes = seat_of(cast, "okafor").events.values_list("what", flat=True)
        assert "is in a private place" in set(notes)
        admission.send_back(seat_of(cast, "sam"), by=cast["bea"], at=NOW)  # not refused: somebody is with him


def test_no_other_patient_and_no_query_of_theirs_reads_of_it(cast, group):  # noqa: F811
    ask(cast, group["sam"], whom="okafor")
    for who in ("sam", "maya"):
        with acting(cast[who]):
            assert AsideAsk.objects.count() == 0
    assert company(cast, "maya") is None


@pytest.mark.parametrize("why", ["a tap that says not safe", "harmed by somebody near"])
def test_nothing_of_it_stands_on_a_screen_that_may_be_watched(cast, group, why):  # noqa: F811
    if why == "harmed by somebody near":
        flagged(cast, "sam", "staff_concern", 3, kind="harmed")
    else:
        with acting(cast["sam"]):
            messages.give_signal(mine(cast["sam"]), cast["sam"], NOW, key=uuid4(), kind=SignalKind.NOT_SAFE)
    ask(cast, group["sam"], whom="okafor")

    assert company(cast) is None

"""Calling a clinician when it goes less than smoothly: two ask at once, a line breaks, nobody ends the session."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.people.access import acting
from openiop.room import admission, aside, messages
from openiop.room.leading import calling
from openiop.room.leading.models import AsideAsk
from openiop.room.models import Seat, SeatState
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession, Evidence
from tests.room.leading.being_called import LATE, NOW, come, connect, desk, still_here, with_sam, words
from tests.room.leading.test_asides import answer, ask
from tests.room.leading.test_floor import group, mine  # noqa: F401 (fixture)
from tests.room.test_admission import tonight

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def cards(cast, who, *, at=NOW):
    with acting(cast[who]):
        return [card.word for card in calling.cards_for(cast[who], at=at)]


def way_to(question):
    return f"/sessions/{question.session_id}/aside/{question.pk}"


# --- two at once ---


def test_whoever_is_on_the_way_is_not_displaced_by_who_asks_a_moment_later(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with pytest.raises(Refused, match="somebody_comes"):
        ask(cast, group["sam"], whom="dana")
    assert words(cast) == [("Ada", "coming")]

    assert words(cast, at=LATE) == [("Ada", "late")]
    ask(cast, group["sam"], whom="dana", at=LATE)
    assert words(cast, at=LATE) == [("Dana", "asked")]


def test_nobody_is_expected_in_private_places_of_two_sessions(cast, group, client_for):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["okafor"]):
        other = CareSession.objects.filter(during__startswith__gt=LATE, cancelled_at=None).exclude(
            pk=question.session_id
        )[0]
        of_other = {"clinic_id": other.clinic_id, "session": other}
        seat = Seat.objects.create(**of_other, person=cast["maya"], state=SeatState.ADMITTED, asked_at=NOW)
        elsewhere = AsideAsk.objects.create(
            **of_other, seat=seat, whom=cast["okafor"], by=cast["bea"], at=NOW, coming_at=NOW, called=True
        )
    refused = client_for(cast["okafor"]).post(way_to(question), {"answer": "coming"})
    assert refused.status_code == 409 and "another private place" in refused.content.decode()

    with acting(cast["okafor"]):
        calling.cannot(other, elsewhere.pk, by=cast["okafor"], at=NOW)
    come(cast, question)
    assert words(cast) == [("Ada", "coming")]


def test_the_persons_seat_is_held_before_the_clinicians_own_whatever_they_say(cast, group):  # noqa: F811
    """As whoever moves the person does: in another order the two would wait for each other, and one be lost."""
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["okafor"]):
        line = uuid4()
        session_id = tonight(cast["okafor"]).pk
        messages.sit_down(None, cast["okafor"], NOW, connection=uuid4(), line=line, session_id=session_id, locked=False)
        seat = mine(cast["okafor"])
        with CaptureQueriesContext(
            connection,
        ) as heard:
            messages.keep_media(seat, cast["okafor"], NOW, line=line, place=seat.place, kept={"published": True})
        bring = order_of(heard, hers=seat.pk, his=group["sam"].pk)
        with CaptureQueriesContext(connection) as heard:
            messages.leave(mine(cast["okafor"]), cast["okafor"], NOW)
        leave = order_of(heard, hers=seat.pk, his=group["sam"].pk)

    assert bring[:2] == leave[:2] == ["calls", "his"]
    assert "hers" in bring and "hers" in leave


def order_of(heard, *, hers, his):
    """Which row was locked or written, in order."""
    found = []
    for query in (row["sql"] for row in heard):
        if "pg_advisory_xact_lock" in query:
            found.append("calls")
        elif "room_seat" in query and ("FOR UPDATE" in query or query.startswith("UPDATE")):
            found += [
                name
                for name, pk in (("his", his), ("hers", hers))
                if str(pk).replace("-", "") in query.replace("-", "")
            ]
    return found


# --- whoever was called by telephone ---


def test_whose_telephone_rang_reads_on_the_desk_that_they_need_not_come(cast, group, client_for):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    answer(cast, question, comes=False, by="bea")

    assert "You need not come" in desk(client_for, cast["okafor"])
    assert cards(cast, "okafor", at=NOW + timedelta(minutes=5)) == []
    ask(cast, group["sam"], whom="okafor")
    assert cards(cast, "okafor") == ["asked"], "called again: not both at once"


def test_whoever_was_asked_as_well_is_told_that_the_first_is_there_after_all(cast, group, dana, client_for, clock):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["bea"]):
        calling.tend(tonight(cast["bea"]), at=LATE)
    connect(cast, at=LATE)
    clock.move_to(LATE)

    refused = client_for(dana).post(way_to(question), {"answer": "coming"})
    assert refused.status_code == 409 and "Somebody else goes" in refused.content.decode()
    assert "Sam" not in refused.content.decode()
    assert client_for(cast["marcus"]).get(way_to(question)).status_code == 404, "who was never asked learns nothing"


# --- a line that breaks, and what counts ---


def test_whose_line_broke_finds_the_way_back_on_their_desk(cast, group, client_for):  # noqa: F811
    with_sam(cast, group)
    assert cards(cast, "okafor") == [], "they are there"
    later = NOW + timedelta(minutes=2)
    still_here(cast, "bea", "sam", at=later)

    assert words(cast, at=later) == [("Ada", "lost")]
    assert cards(cast, "okafor", at=later) == ["coming"]
    connect(cast, at=later)
    assert words(cast, at=later) == [("Ada", "here")] and cards(cast, "okafor", at=later) == []


def test_time_with_whoever_was_called_is_not_group_time_and_it_goes_on_afterwards(cast, group):  # noqa: F811
    with acting(cast["sam"]):
        session_id = tonight(cast["sam"]).pk
        before = NOW - timedelta(seconds=1)
        messages.sit_down(
            None, cast["sam"], before, connection=uuid4(), line=uuid4(), session_id=session_id, locked=False
        )
    with_sam(cast, group)
    assert signs_of(cast, "sam")[-1] == ("out", True)
    with acting(cast["sam"]):
        admission.beat(mine(cast["sam"]), at=NOW + timedelta(seconds=60), receiving=True)
    assert not any(treated for _kind, treated in signs_of(cast, "sam", since=NOW + timedelta(seconds=1)))

    with acting(cast["okafor"]):
        aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW + timedelta(seconds=70))
    with acting(cast["sam"]):
        admission.beat(mine(cast["sam"]), at=NOW + timedelta(seconds=120), receiving=True)
    assert signs_of(cast, "sam")[-1][1], "counted again"


def signs_of(cast, who, *, since=NOW):
    with acting(cast["bea"]):
        rows = Evidence.objects.filter(patient=cast[who], session=tonight(cast["bea"]), at__gte=since)
        return list(rows.order_by("at", "pk").values_list("kind", "treatment"))

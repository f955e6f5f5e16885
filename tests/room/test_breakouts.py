"""Breakout rooms: the verbs, what the database refuses, and what each viewer learns."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404

from openiop.demo import world
from openiop.lib.refusals import constraint_of, judge_now
from openiop.people.access import acting
from openiop.people.models import Agreement, Document, Tie
from openiop.room import admission, breakouts, state
from openiop.room.breakouts import Refused
from openiop.room.missing import NEEDED
from openiop.room.models import BreakoutRoom, BreakoutRound, BreakoutSeat, HelpCall, Neighbour, Seat
from openiop.safety.ladder import Evidence
from openiop.safety.models import Case, raise_flag
from openiop.schedule.models import CareSession, NotTogether

pytestmark = pytest.mark.django_db

AT_HOME = {"address": "14 Orchard Lane, Ashford", "state": "NY", "callback": "(555) 010-1007", "company": "alone"}
NOW = world.NOW
LATER = NOW + timedelta(seconds=5)


def tonight(person):
    return CareSession.objects.visible_to(person).between(NOW, NOW + timedelta(hours=1)).get()


def present(seat, at=NOW):
    Seat.objects.filter(pk=seat.pk).update(online=True, seen_at=at, connection=uuid4())


class Evening:
    """The group, with Bea and whoever was let in."""

    def __init__(self, cast, *keys):
        self.cast, self.bea = cast, cast["bea"]
        with acting(self.bea):
            self.session = tonight(self.bea)
            present(admission.ask(self.session, self.bea, at=NOW))
        for key in keys:
            self.come(key)

    def come(self, key, at=NOW):
        person = self.cast[key]
        with acting(person):
            seat, _ = admission.tell_place(self.session, person, answers={**AT_HOME, "headphones": True}, at=at)
            present(seat, at)
        with acting(self.bea):
            for document in Document.objects.filter(language="en"):
                if document.kind in Agreement.objects.missing(person, kinds=NEEDED):
                    Agreement.give(person, document, by=self.bea, at=at, how="spoken")
            admission.admit(seat, by=self.bea, at=at)
            breakouts.tend(self.session, at=at)

    def prepare(self, *, rooms=2, how="hand", minutes=None, late="smallest"):
        return breakouts.prepare(self.session, rooms=rooms, how=how, minutes=minutes, late=late, by=self.bea, at=NOW)

    def run(self, **rooms):
        """Open rooms with these people in them: run(Willow=["maya"], Cedar=["sam"])."""
        with acting(self.bea):
            self.prepare(rooms=max(2, len(rooms)))
            for n, keys in enumerate(rooms.values(), start=1):
                for key in keys:
                    self.place(key, n)
            return breakouts.open_rooms(self.session, by=self.bea, at=NOW)

    def place(self, key, n):
        room = self.room(n).pk if n else None
        breakouts.place(self.session, self.seat(key).pk, room, by=self.bea, at=LATER)

    def room(self, n):
        return BreakoutRoom.objects.get(round__session=self.session, round__ended_at=None, n=n)

    def seat(self, key):
        return Seat.objects.select_related("person", "session").get(session=self.session, person=self.cast[key])

    def seat_id(self, key):
        with acting(self.bea):
            return self.seat(key).pk

    def sit(self, key, where):
        place = where if where == "hall" else f"breakout:{where}"
        Seat.objects.filter(pk=self.seat(key).pk).update(place=place)

    def told(self, key, at=LATER):
        with acting(self.cast[key]):
            return state.room_for(self.seat(key), at=at)

    def where(self, key):
        with acting(self.bea):
            place = self.seat(key).place
            room = BreakoutRoom.objects.filter(pk=place.removeprefix("breakout:")).first() if ":" in place else None
            return room.name if room else place

    def in_danger(self, key, value="no"):
        patient = self.cast[key]
        with acting(patient):
            raise_flag(
                patient, key=f"test {value}", evidence=Evidence("safe_now", value), label="Safe", value=value, at=NOW
            )
        with acting(self.bea):
            assert Case.objects.open().get(patient=patient).tier >= 3


@pytest.fixture
def evening(cast):
    return Evening(cast, "maya", "sam", "priya", "ines")


def test_what_is_prepared_is_known_to_facilitators_alone(evening):
    with acting(evening.bea):
        evening.prepare(how="random", minutes=10)

    assert evening.told("bea").breakouts.phase == "prepared"
    maya = evening.told("maya")
    assert (maya.breakout, maya.breakouts) == (None, None) and "Willow" not in maya.model_dump_json()


def test_a_random_draw_opens_even_rooms_and_everybody_goes_over(evening):
    with acting(evening.bea):
        evening.prepare(how="random", minutes=10)
        breakouts.open_rooms(evening.session, by=evening.bea, at=NOW)

    rooms = [evening.where(key) for key in ("maya", "sam", "priya", "ines")]
    assert sorted(rooms) == ["Cedar", "Cedar", "Willow", "Willow"] and evening.where("bea") == "group"


def test_people_in_a_breakout_see_those_in_it_and_learn_nothing_of_the_others(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    maya = evening.told("maya")

    assert {seat.name for seat in maya.seats} == {"Maya", "Sam"}
    assert maya.breakout.name == "Willow" and maya.breakouts is None
    assert not any(word in maya.model_dump_json() for word in ("Priya", "Ines", "Cedar"))
    with acting(evening.cast["maya"]):
        assert {row.called for row in Neighbour.of(evening.session.pk) if row.role == "patient"} == {"Maya", "Sam"}
        assert not BreakoutRound.objects.exists() and not BreakoutSeat.objects.exists()
        assert not BreakoutRoom.objects.exists()


def test_a_facilitator_sees_all_rooms_from_wherever_they_are(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya"])
    for n in (None, 2):
        with acting(evening.bea):
            breakouts.hop(evening.session, evening.room(n).pk if n else None, by=evening.bea, at=LATER)
        told = evening.told("bea").breakouts
        rooms = {room.room: room.name for room in told.rooms}
        assert {row.name: rooms.get(row.room) for row in told.people if row.role == "patient"} == {
            "Maya": "Willow", "Sam": "Willow", "Priya": "Cedar", "Ines": None,
        }  # fmt: skip


@pytest.mark.parametrize("verb", ["prepare", "place", "open", "discard", "extend", "close", "say", "hop"])
def test_only_who_leads_the_session_runs_breakouts(evening, verb):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.bea):
        room, seat = evening.room(2).pk, evening.seat("maya").pk
    for key in ("sam", "okafor", "leo"):
        who = evening.cast[key]
        calls = {
            "prepare": lambda by: breakouts.prepare(
                evening.session, rooms=2, how="hand", minutes=None, late="ask", by=by, at=LATER
            ),
            "place": lambda by: breakouts.place(evening.session, seat, room, by=by, at=LATER),
            "open": lambda by: breakouts.open_rooms(evening.session, by=by, at=LATER),
            "discard": lambda by: breakouts.discard(evening.session, by=by, at=LATER),
            "extend": lambda by: breakouts.extend(evening.session, minutes=1, by=by, at=LATER),
            "close": lambda by: breakouts.close(evening.session, seconds=0, by=by, at=LATER),
            "say": lambda by: breakouts.say(evening.session, text="hello", by=by, at=LATER),
            "hop": lambda by: breakouts.hop(evening.session, room, by=by, at=LATER),
        }
        with pytest.raises((PermissionDenied, Http404)), acting(who):
            calls[verb](who)
    assert evening.where("maya") == "Willow"


def test_a_room_and_a_seat_of_another_session_do_not_exist_here(evening):
    evening.run(Willow=["maya"], Cedar=["sam"])
    for seat, room in [(uuid4(), evening), (None, uuid4())]:
        with pytest.raises(Http404), acting(evening.bea):
            seat = seat or evening.seat("maya").pk
            room = evening.room(1).pk if room is evening else room
            breakouts.place(evening.session, seat, room, by=evening.bea, at=LATER)


# --- kept apart, and under watch ---


def test_two_who_are_kept_apart_never_share_a_room(evening):
    with acting(evening.cast["okafor"]):
        NotTogether.objects.create(
            clinic_id=evening.bea.clinic_id,
            first=evening.cast["maya"],
            second=evening.cast["sam"],
            reason="a separation",
        )
    with acting(evening.bea):
        for _draw in range(10):
            round_ = evening.prepare(how="random")
            rooms = dict(round_.places.values_list("seat_id", "room_id"))
            assert rooms[evening.seat("maya").pk] != rooms[evening.seat("sam").pk]
        evening.prepare(how="hand")
        evening.place("maya", 1)
        with pytest.raises(Refused, match="apart"):
            evening.place("sam", 1)
        told = state.room_for(evening.seat("bea"), at=NOW).breakouts
    assert [set(pair) for pair in told.apart] == [{evening.seat_id("maya"), evening.seat_id("sam")}]
    assert "separation" not in told.model_dump_json()


def test_the_database_refuses_them_together_whoever_asks(evening):
    with acting(evening.cast["okafor"]):
        NotTogether.objects.create(
            clinic_id=evening.bea.clinic_id, first=evening.cast["sam"], second=evening.cast["maya"]
        )
    with acting(evening.bea):
        round_ = evening.prepare(how="hand")
        evening.place("maya", 1)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            BreakoutSeat.objects.create(
                clinic_id=round_.clinic_id, round=round_, room=evening.room(1), seat=evening.seat("sam"), at=NOW
            )
        assert constraint_of(refused.value) == "breakout_not_together"


def test_nobody_under_watch_is_sent_to_a_room_without_staff(evening):
    evening.in_danger("sam")
    with acting(evening.bea):
        round_ = evening.prepare(how="random")
        assert evening.seat("sam").pk not in dict(round_.places.values_list("seat_id", "room_id"))
        evening.place("sam", 1)
        with pytest.raises(Refused, match="watch"):
            breakouts.open_rooms(evening.session, by=evening.bea, at=NOW)
    sam = next(row for row in evening.told("bea").breakouts.people if row.name == "Sam")
    assert (sam.watch, sam.unattended) == ("imminent", True)
    assert "watch" not in evening.told("sam").model_dump_json()
    with acting(evening.bea):
        evening.place("bea", 1)
        breakouts.open_rooms(evening.session, by=evening.bea, at=NOW)
    assert (evening.where("sam"), evening.where("bea")) == ("Willow", "Willow")


def test_a_facilitator_does_not_leave_somebody_under_watch_behind(evening):
    evening.run(Willow=["maya", "sam", "bea"], Cedar=["priya", "ines"])
    evening.in_danger("sam")
    with acting(evening.bea), pytest.raises(Refused, match="watch"):
        breakouts.hop(evening.session, None, by=evening.bea, at=LATER)
    with acting(evening.bea), pytest.raises(Refused, match="watch"):
        evening.place("sam", 2)
    with acting(evening.bea):
        evening.place("sam", None)
        breakouts.hop(evening.session, evening.room(2).pk, by=evening.bea, at=LATER)
    sam = next(row for row in evening.told("bea").breakouts.people if row.name == "Sam")
    assert sam.room is None and sam.unattended, "in the group without staff: every facilitator is told"


def test_when_a_case_opens_in_a_room_without_staff_the_person_comes_to_the_facilitator(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    evening.in_danger("sam")
    with acting(evening.bea):
        assert breakouts.tend(evening.session, at=LATER)

    assert evening.where("sam") == "group"
    assert "safety" not in evening.told("maya").model_dump_json()


# --- while rooms run ---


def test_asking_for_help_reaches_facilitators_in_order_and_nobody_else(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    for key, seconds in (("priya", 3), ("maya", 9)):
        with acting(evening.cast[key]):
            breakouts.ask_help(evening.seat(key), asks=True, at=NOW + timedelta(seconds=seconds))
            breakouts.ask_help(evening.seat(key), asks=True, at=NOW + timedelta(seconds=20))
    with acting(evening.bea):
        breakouts.hop(evening.session, evening.room(1).pk, by=evening.bea, at=LATER)
    calls = {row.name: row.asked_at for row in evening.told("bea").breakouts.people if row.asked_at}

    assert calls == {"Priya": NOW + timedelta(seconds=3)}, "Maya was answered by coming; Priya still waits"
    assert evening.told("priya").breakout.asked_at == NOW + timedelta(seconds=3)
    assert evening.told("ines").breakout.asked_at is None
    with acting(evening.cast["ines"]):
        assert not HelpCall.objects.exists()


def test_a_call_is_taken_back_by_whoever_made_it_and_made_only_in_a_breakout(evening):
    with pytest.raises(PermissionDenied), acting(evening.cast["maya"]):
        breakouts.ask_help(evening.seat("maya"), asks=True, at=NOW)
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.cast["maya"]):
        breakouts.ask_help(evening.seat("maya"), asks=True, at=NOW)
        breakouts.ask_help(evening.seat("maya"), asks=False, at=LATER)
        assert HelpCall.objects.get().ended == "withdrawn"


def test_a_person_alone_is_noticed(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya"])
    alone = {row.name for row in evening.told("bea").breakouts.people if row.alone}
    assert alone == {"Priya"}
    with acting(evening.bea):
        breakouts.hop(evening.session, evening.room(2).pk, by=evening.bea, at=LATER)

    assert {row.name for row in evening.told("bea").breakouts.people if row.alone} == {"Ines"}


@pytest.mark.parametrize(("late", "expected"), [("smallest", "Cedar"), ("ask", "group")])
def test_late_arrivals_go_to_the_smallest_room_or_wait_for_the_facilitator(cast, late, expected):
    evening = Evening(cast, "maya", "sam", "priya")
    with acting(evening.bea):
        evening.prepare(late=late)
        for key, n in (("maya", 1), ("sam", 1), ("priya", 2)):
            evening.place(key, n)
        breakouts.open_rooms(evening.session, by=evening.bea, at=NOW)
    evening.come("ines", at=LATER)

    assert evening.where("ines") == expected


def test_a_late_arrival_is_never_put_with_somebody_they_are_kept_apart_from(cast):
    evening = Evening(cast, "maya", "sam", "priya")
    with acting(cast["okafor"]):
        NotTogether.objects.create(clinic_id=evening.bea.clinic_id, first=cast["ines"], second=cast["priya"])
    evening.run(Willow=["maya", "sam"], Cedar=["priya"])
    evening.come("ines", at=LATER)

    assert evening.where("ines") == "Willow"


def test_whoever_leaves_or_was_sent_back_returns_to_their_own_room(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.cast["priya"]):
        admission.leave(evening.seat("priya"), by=evening.cast["priya"], at=LATER)
        admission.ask(evening.session, evening.cast["priya"], at=LATER)
    with acting(evening.bea):
        admission.send_back(evening.seat("ines"), by=evening.bea, at=LATER)
        admission.admit(evening.seat("ines"), by=evening.bea, at=LATER)
        breakouts.tend(evening.session, at=LATER)

    assert (evening.where("priya"), evening.where("ines")) == ("Cedar", "Cedar")


def test_minutes_go_on_counting_in_a_breakout_and_the_facilitator_stays_live_with_everybody(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    at = evening.session.begins_at + timedelta(minutes=20)
    with acting(evening.bea):
        present(evening.seat("bea"), at)
    with acting(evening.cast["maya"]):
        admission.beat(evening.seat("maya"), at=at, receiving=True)
        assert evening.session.evidence.filter(patient=evening.cast["maya"], kind="beat", at=at).exists()
    with acting(evening.bea):
        assert Tie.objects.in_force(at).filter(role="live", patient=evening.cast["maya"], staff=evening.bea).exists()


# --- the end ---


def test_when_time_is_over_whoever_looks_first_brings_everybody_back(evening):
    with acting(evening.bea):
        evening.prepare(how="random", minutes=1)
        breakouts.open_rooms(evening.session, by=evening.bea, at=NOW)
    with acting(evening.cast["maya"]):
        assert breakouts.keep_time(evening.seat("maya"), at=NOW + timedelta(seconds=59)) == []
        assert len(breakouts.keep_time(evening.seat("maya"), at=NOW + timedelta(seconds=60))) == 2

    assert {evening.where(key) for key in ("maya", "sam", "priya", "ines")} == {"group"}
    assert evening.told("maya").breakout is None and evening.told("maya").me.state == "admitted"
    assert evening.told("bea").breakouts.phase == "none"


def test_a_patient_ends_no_room_before_its_time(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.cast["maya"]):
        assert BreakoutRound.end(evening.session.pk, at=LATER, due=False) == []
    assert evening.where("maya") == "Willow"


def test_nobody_is_left_behind_not_even_who_had_gone(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.cast["sam"]):
        admission.leave(evening.seat("sam"), by=evening.cast["sam"], at=LATER)
    with acting(evening.bea):
        Seat.objects.filter(person=evening.cast["ines"]).update(online=False, seen_at=None)
        breakouts.close(evening.session, seconds=0, by=evening.bea, at=LATER)
    with acting(evening.cast["sam"]):
        admission.ask(evening.session, evening.cast["sam"], at=LATER)

    assert {evening.where(key) for key in ("maya", "sam", "priya", "ines")} == {"group"}


def test_closing_is_announced_and_can_be_taken_back(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.bea):
        breakouts.close(evening.session, seconds=30, by=evening.bea, at=LATER)
    told = evening.told("maya").breakout
    assert told.closing and told.ends_at == LATER + timedelta(seconds=30)
    with acting(evening.bea):
        breakouts.extend(evening.session, minutes=2, by=evening.bea, at=LATER)
    assert not evening.told("maya").breakout.closing


def test_the_end_of_the_session_ends_its_breakouts(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.bea):
        admission.end(evening.session, by=evening.bea, at=LATER)

    assert evening.told("maya").me.state == "ended" and evening.where("maya") == "group"


def test_a_round_that_ended_does_not_end_the_session(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.bea):
        breakouts.close(evening.session, seconds=0, by=evening.bea, at=LATER)

    assert evening.told("maya").session.phase == "open"


def test_what_a_facilitator_writes_is_read_in_every_room(evening):
    evening.run(Willow=["maya", "sam"], Cedar=["priya", "ines"])
    with acting(evening.bea):
        breakouts.say(evening.session, text=" Two more minutes. ", by=evening.bea, at=LATER)

    for key in ("maya", "priya"):
        message = evening.told(key).breakout.message
        assert (message.text, message.by) == ("Two more minutes.", "Bea")


def test_as_last_time_means_the_last_session_of_this_series(evening):
    with acting(evening.bea), pytest.raises(Refused, match="no_last_time"):
        evening.prepare(how="last_time")
    evening.run(Willow=["maya", "priya"], Cedar=["sam", "ines"])
    with acting(evening.bea):
        breakouts.close(evening.session, seconds=0, by=evening.bea, at=LATER)
        tonight_ends_at = evening.session.ends_at
        of_series = CareSession.objects.filter(series=evening.session.series, during__startswith__gt=tonight_ends_at)
        evening.session = of_series.standing().in_order().first()
        at = evening.session.begins_at
        present(admission.ask(evening.session, evening.bea, at=at), at)
        expected = {"Maya": "Willow", "Priya": "Willow", "Sam": "Cedar", "Ines": "Cedar"}
        come = {row.patient.called for row in evening.session.roster.standing()} & set(expected)
    for name in come:
        evening.come(name.lower(), at=at)
    with acting(evening.bea):
        round_ = breakouts.prepare(
            evening.session, rooms=3, how="last_time", minutes=None, late="ask", by=evening.bea, at=at
        )
        names = {row.seat.person.called: row.room.name for row in round_.places.select_related("seat", "room")}
    assert len(come) > 1
    assert names == {name: expected[name] for name in come}


# --- what the database refuses ---


@pytest.mark.parametrize(
    ("do", "constraint"),
    [
        pytest.param(lambda e, r: one_room_only(r), "two_to_six_breakouts", id="one room"),
        pytest.param(lambda e, r: again(r), "one_round_of_breakouts", id="two rounds at once"),
        pytest.param(lambda e, r: e.sit("maya", uuid4()), "seat_in_a_running_breakout", id="no such room"),
        pytest.param(lambda e, r: e.sit("maya", "hall"), "seat_at_a_place", id="no such place"),
        pytest.param(lambda e, r: r.rooms.filter(n=1).update(n=7), "at_most_six_breakouts", id="a seventh room"),
    ],
)  # fmt: skip
def test_the_database_refuses(evening, do, constraint):
    with acting(evening.bea):
        round_ = evening.prepare(rooms=2)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            do(evening, round_)
            judge_now()
        assert constraint_of(refused.value) == constraint


def one_room_only(round_):
    round_.rooms.get(n=1).delete()
    BreakoutRound.objects.filter(pk=round_.pk).update(late="ask")


def again(round_):
    round_.pk = uuid4()
    round_._state.adding = True
    round_.save()

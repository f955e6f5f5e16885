"""The door: who comes in, who waits, and what never keeps a person from a person."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.people.models import Agreement, Licence, Tie
from openiop.room import admission, state
from openiop.room.missing import missing_for
from openiop.room.models import LiveRoom, Place, SeatState
from openiop.schedule import presence
from openiop.schedule.models import CareSession

pytestmark = pytest.mark.django_db

AT_HOME = {"address": "14 Orchard Lane, Ashford", "state": "NY", "callback": "(555) 010-1007", "company": "alone"}


def tonight(person):
    return CareSession.objects.visible_to(person).between(world.NOW, world.NOW + timedelta(hours=1)).get()


def at_the_door(person, *, told=AT_HOME, at=world.NOW):
    with acting(person):
        seat, _ = admission.tell_place(tonight(person), person, answers={**told, "headphones": True}, at=at)
    return seat


def come_in(person, *, at=world.NOW):
    with acting(person):
        seat = admission.ask(tonight(person), person, at=at)
        admission.beat(_online(seat, at), at=at, receiving=False)
    return seat


def _online(seat, at):
    seat.online, seat.seen_at = True, at
    seat.save()
    return seat


def test_a_patient_waits_and_the_facilitator_comes_straight_in(cast):
    maya = at_the_door(cast["maya"])
    bea = come_in(cast["bea"])

    assert (maya.state, bea.state) == (SeatState.WAITING, SeatState.ADMITTED)


def test_who_is_not_on_the_roster_has_no_door(cast):
    with acting(cast["maya"]):
        session = tonight(cast["maya"])
    with pytest.raises(Http404), acting(cast["leo"]):
        admission.ask(session, cast["leo"], at=world.NOW)


def test_the_door_opens_half_an_hour_before_and_closes_an_hour_after(cast):
    with acting(cast["maya"]):
        session = tonight(cast["maya"])
        for at, why in [
            (session.begins_at - timedelta(minutes=31), "early"),
            (session.ends_at + timedelta(minutes=61), "late"),
        ]:
            with pytest.raises(admission.NotNow) as refused:
                admission.ask(session, cast["maya"], at=at)
            assert refused.value.why == why


def test_a_patient_who_waits_learns_of_the_facilitator_and_of_nobody_else(cast):
    come_in(cast["bea"])
    theo, maya = at_the_door(cast["sam"]), at_the_door(cast["maya"])
    with acting(cast["bea"]):
        admission.admit(theo, by=cast["bea"], at=world.NOW)
    with acting(cast["maya"]):
        room = state.room_for(maya, at=world.NOW)

    assert room.seats == [] and room.waiting == []
    assert room.host.name == "Bea"
    assert "Sam" not in room.model_dump_json()


def test_who_is_let_in_sees_first_names_and_the_facilitator_sees_who_waits(cast):
    bea = come_in(cast["bea"])
    sam, maya = at_the_door(cast["sam"]), at_the_door(cast["maya"])
    with acting(cast["bea"]):
        admission.admit(sam, by=cast["bea"], at=world.NOW)
        for_bea = state.room_for(bea, at=world.NOW)
    with acting(cast["sam"]):
        sam.refresh_from_db()
        for_sam = state.room_for(sam, at=world.NOW)

    assert [person.name for person in for_bea.waiting] == ["Maya"]
    assert {seat.name for seat in for_sam.seats} == {"Bea", "Sam"}
    assert for_sam.waiting == []
    assert maya.pk not in {seat.seat for seat in for_sam.seats}


def test_a_patient_lets_nobody_in(cast):
    come_in(cast["bea"])
    sam = at_the_door(cast["sam"])
    with pytest.raises((Http404, PermissionDenied)), acting(cast["maya"]):
        admission.admit(sam, by=cast["maya"], at=world.NOW)


def test_what_is_missing_is_named_and_keeps_the_group_closed_until_staff_obtain_it(cast):
    come_in(cast["bea"])
    priya = at_the_door(cast["priya"])
    with acting(cast["bea"]):
        assert missing_for(priya, at=world.NOW) == ["group_agreement"]
        with pytest.raises(admission.SomethingMissing):
            admission.admit(priya, by=cast["bea"], at=world.NOW)
        from openiop.people.models import Document

        document = Document.objects.get(kind="group_agreement", language="en")
        Agreement.give(cast["priya"], document, by=cast["bea"], at=world.NOW, how="spoken")
        admission.admit(priya, by=cast["bea"], at=world.NOW)

        priya.refresh_from_db()
        assert (priya.state, priya.place) == (SeatState.ADMITTED, Place.GROUP)


def test_let_in_all_passes_over_whom_something_is_missing_for(cast):
    come_in(cast["bea"])
    at_the_door(cast["priya"]), at_the_door(cast["sam"])
    with acting(cast["bea"]):
        admitted = admission.admit_all(tonight(cast["bea"]), by=cast["bea"], at=world.NOW)

    assert [seat.person.called for seat in admitted] == ["Sam"]


def test_outside_every_licence_treatment_stops_but_never_contact(cast):
    come_in(cast["bea"])
    maya = at_the_door(cast["maya"], told={**AT_HOME, "state": "CA"})
    with acting(cast["bea"]):
        admission.admit(maya, by=cast["bea"], at=world.NOW)
        maya.refresh_from_db()
        told = Delivery.objects.filter(to=cast["okafor"], because=f"licence {maya.pk}")

        assert (maya.state, maya.place) == (SeatState.ADMITTED, Place.CONTACT)
        assert told.count() == 1 and "Maya" not in told.get().body
    with acting(cast["maya"]):
        room = state.room_for(maya, at=world.NOW)
        assert room.me.talk == "contact_only"
        admission.beat(maya, at=world.NOW + timedelta(minutes=20), receiving=True)
        signs = maya.session.evidence.filter(patient=cast["maya"], kind="beat")
        seen = presence.presence_in([maya.session], at=world.NOW + timedelta(minutes=20))[
            maya.session.pk, maya.person_id
        ]
        assert set(signs.values_list("treatment", flat=True)) == {False}, "they were seen with staff"
        assert (seen.is_here, seen.treated) == (True, []), "and nothing of it counts"


def test_a_licence_in_that_state_opens_the_group(cast):
    with acting(cast["okafor"]):
        Licence.objects.create(
            clinic_id=cast["bea"].clinic_id,
            person=cast["bea"],
            state="CA",
            number="CA-1",
            valid_from=date(2026, 1, 1),
        )
    come_in(cast["bea"])
    maya = at_the_door(cast["maya"], told={**AT_HOME, "state": "CA"})
    with acting(cast["bea"]):
        assert admission.admit(maya, by=cast["bea"], at=world.NOW).place == Place.GROUP


def test_who_was_removed_comes_back_only_when_let_in(cast):
    come_in(cast["bea"])
    sam = at_the_door(cast["sam"])
    with acting(cast["bea"]):
        admission.admit(sam, by=cast["bea"], at=world.NOW)
        admission.remove(sam, by=cast["bea"], at=world.NOW)
    with acting(cast["sam"]):
        again = admission.ask(tonight(cast["sam"]), cast["sam"], at=world.NOW)
        assert again.state == SeatState.REMOVED
    with acting(cast["bea"]):
        admission.admit(sam, by=cast["bea"], at=world.NOW)
    with acting(cast["sam"]):
        assert admission.ask(tonight(cast["sam"]), cast["sam"], at=world.NOW).state == SeatState.ADMITTED


def test_who_left_comes_back_without_another_wait(cast):
    come_in(cast["bea"])
    sam = at_the_door(cast["sam"])
    with acting(cast["bea"]):
        admission.admit(sam, by=cast["bea"], at=world.NOW)
    with acting(cast["sam"]):
        admission.leave(sam, by=cast["sam"], at=world.NOW)
        again = admission.ask(tonight(cast["sam"]), cast["sam"], at=world.NOW)

    assert again.state == SeatState.ADMITTED


def test_beats_in_the_group_are_evidence_and_tie_the_staff_who_are_there(cast):
    come_in(cast["bea"])
    sam = at_the_door(cast["sam"])
    with acting(cast["bea"]):
        admission.admit(sam, by=cast["bea"], at=world.NOW)
    with acting(cast["sam"]):
        sam.refresh_from_db()
        admission.beat(_online(sam, world.NOW), at=world.NOW, receiving=True)
        sources = set(sam.session.evidence.filter(kind="beat").values_list("source", flat=True))
        live = Tie.objects.in_force(world.NOW).filter(patient=cast["sam"], role="live")

        assert sources == {"room", "media"}
        assert [tie.staff_id for tie in live] == [cast["bea"].pk]
        assert not Tie.objects.in_force(world.NOW + timedelta(minutes=1)).filter(role="live").exists()


def test_a_rooms_name_and_secrets_are_random_and_reach_no_browser(cast):
    bea = come_in(cast["bea"])
    with acting(cast["bea"]):
        room = LiveRoom.objects.get(session=bea.session)
        said = state.room_for(bea, at=world.NOW).model_dump_json()

    assert len({room.media_room, room.media_secret, room.media_pin}) == 3
    assert not any(secret in said for secret in (room.media_room, room.media_secret, room.media_pin))


def test_who_was_gone_before_the_end_for_everyone_is_not_counted_until_then(cast):
    begins_at = world.NOW + timedelta(minutes=12)
    maya = at_the_door(cast["maya"], at=begins_at)
    come_in(cast["bea"], at=begins_at)
    with acting(cast["bea"]):
        admission.admit(maya, by=cast["bea"], at=begins_at)
    with acting(cast["maya"]):
        maya.refresh_from_db()
        maya.connection = uuid4()
        _online(maya, begins_at)
        for seconds in (0, 10):
            admission.beat(maya, at=begins_at + timedelta(seconds=seconds), receiving=False)
        maya.refresh_from_db()
        maya.online = False
        maya.save()

    with acting(cast["bea"]):
        admission.end(maya.session, by=cast["bea"], at=begins_at + timedelta(seconds=45))
        present = presence.presence_in([maya.session])[maya.session.pk, maya.person_id]

    assert [stay.left_at for stay in present.stays] == [begins_at + timedelta(seconds=10)]

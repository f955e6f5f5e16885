"""Intake, medication visit and crisis call, from the plan to the minutes: one patient, alone with who leads."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.http import Http404

from openiop.demo import world
from openiop.people.access import acting
from openiop.programs.models import Enrolment
from openiop.room import admission, state
from openiop.room.models import SeatState
from openiop.schedule import presence
from openiop.schedule.models import BlockMinutes
from tests.room.family import family_meeting
from tests.room.test_admission import AT_HOME

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
ALONE = ("intake", "medication", "crisis")


@pytest.fixture(params=ALONE)
def visit(request, cast, clock):
    """Ines's visit of this kind with Dr. Okafor, when nobody has anything else; in ten minutes."""
    blocks = [{"kind": request.param, "title": "", "minutes": 50}]
    session = family_meeting(cast, patient="ines", blocks=blocks, begins_at=world.NOW + timedelta(days=7, hours=5))
    clock.move_to(soon(session))
    return session


def soon(session):
    return session.begins_at - timedelta(minutes=10)


def waits(cast, session):
    with acting(cast["ines"]):
        return admission.tell_place(session, cast["ines"], answers={**AT_HOME, "headphones": True}, at=soon(session))[0]


def let_in(cast, session):
    seat = waits(cast, session)
    with acting(cast["okafor"]):
        admission.ask(session, cast["okafor"], at=soon(session))
        return admission.admit(seat, by=cast["okafor"], at=soon(session))


def names_seen_by(person, session):
    with acting(person):
        room = state.room_for(admission.ask(session, person, at=soon(session)), at=soon(session))
    return room, [seat.name for seat in room.seats]


def test_it_opens_the_patient_waits_and_is_named_to_who_leads_alone(cast, visit):
    assert waits(cast, visit).state == SeatState.WAITING
    room, seen = names_seen_by(cast["okafor"], visit)
    assert ([row.name for row in room.waiting], "Ines" in seen) == (["Ines"], False)

    assert let_in(cast, visit).state == SeatState.ADMITTED
    for who in ("okafor", "ines"):
        _room, seen = names_seen_by(cast[who], visit)
        assert sorted(seen) == sorted([cast["okafor"].called, "Ines"])


@pytest.mark.parametrize("who", ["jonah", "maya"])
def test_no_other_patient_has_a_door_there(cast, visit, who):
    let_in(cast, visit)
    with acting(cast[who]), pytest.raises(Http404):
        admission.ask(visit, cast[who], at=soon(visit))


def test_no_second_patient_can_be_put_on_its_roster(cast, visit):
    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=cast["jonah"])
        with pytest.raises(DatabaseError, match="the session is full"), transaction.atomic():
            visit.put_on_roster(cast["jonah"], enrolment, modality="virtual")


def test_its_minutes_come_from_the_patients_own_presence(cast, visit):
    connection = str(uuid4())
    with acting(cast["ines"]):
        for n in range(61):
            at = visit.begins_at + timedelta(seconds=30 * n)
            presence.note(
                visit, cast["ines"], kind="beat", source="room", connection=connection, place="virtual", at=at
            )
    with acting(cast["okafor"]):
        presence.close(visit, by=cast["okafor"], at=visit.ends_at)
        (row,) = BlockMinutes.objects.filter(entry__session=visit).select_related("block")

    assert (row.patient_id, row.seconds, row.block.counts) == (cast["ines"].pk, 1800, True)

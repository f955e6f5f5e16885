"""Thirty people want into a group of twelve: the twelve who have a place come in, and nobody else."""

from datetime import date, timedelta

import pytest
from channels.db import database_sync_to_async

from openiop.demo import world
from openiop.lib.refusals import Refused, spoken
from openiop.people import roster
from openiop.people.access import acting
from openiop.people.models import Agreement, Document, Person
from openiop.programs.models import Enrolment
from openiop.room.missing import NEEDED
from openiop.room.models import Seat
from openiop.schedule import planning
from openiop.schedule.models import CareSession
from tests.room.test_consumers import AT_HOME, Tab, media, people, tabs, tonight, wait_at_the_door  # noqa: F401 (fixtures)

PLACES, WANT_IN = 12, 30


def a_group_of_twelve(cast):
    """Plan it for now, and put on its roster as many of thirty as it takes. Return it, who has a place and who not."""
    tonights, okafor = tonight(cast["bea"]), cast["okafor"]
    with acting(okafor):
        group = CareSession.plan(
            track=tonights.track,
            name="Twelve places",
            begins_at=world.NOW + timedelta(minutes=5),
            blocks=[{"kind": "group", "title": "Group", "minutes": 60}],
            modality="virtual",
            room=None,
            capacity=PLACES,
            staff=[cast["okafor"]],
            zone=tonights.zone,
        )
        have, have_not = [], []
        for number in range(WANT_IN):
            somebody = a_patient(number, group, cast)
            try:
                with spoken():
                    planning.put_on_roster(group, somebody, modality="virtual", by=okafor, at=world.NOW)
                have.append(somebody)
            except Refused:
                have_not.append(somebody)
    return group, have, have_not


def a_patient(number, group, cast):
    """Somebody enrolled who has agreed to everything."""
    patient = Person(given_name=f"Nora {number}", family_name="Full", called=f"Nora {number}", born_on=date(1990, 1, 1))
    roster.add_patient(patient, email=f"nora-{number}@full.example", by=cast["okafor"])
    Enrolment.begin(
        patient,
        group.track,
        modality="virtual",
        therapist=cast["marcus"],
        first_on=world.NOW.date() - timedelta(days=5),
        by=cast["lin"],
        at=world.NOW,
    )
    for document in Document.objects.filter(kind__in=NEEDED, language="en"):
        Agreement.give(patient, document, by=cast["marcus"], at=world.NOW, how="spoken")
    return patient


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_at_the_door_pages_the_twelve_with_a_place_are_asked_in_and_the_eighteen_find_nothing(cast, client_for):
    group, have, have_not = a_group_of_twelve(cast)

    assert (len(have), len(have_not)) == (12, 18)
    for page in ("door", "room"):
        assert {client_for(who).get(f"/sessions/{group.pk}/{page}").status_code for who in have} <= {200, 302}
        assert {client_for(who).get(f"/sessions/{group.pk}/{page}").status_code for who in have_not} == {404}
    assert {client_for(who).post(f"/sessions/{group.pk}/door/place", AT_HOME).status_code for who in have_not} == {404}
    with acting(cast["okafor"]):
        assert not Seat.objects.filter(session=group, person__in=have_not).exists()


async def test_at_the_socket_eighteen_are_sent_away_and_the_twelve_are_in_and_the_room_goes_on(people, media):  # noqa: F811
    group, have, have_not = await database_sync_to_async(a_group_of_twelve)(people)
    for patient in have:
        await database_sync_to_async(wait_at_the_door)(patient, group)
    okafor = await Tab(people["okafor"], group.pk).open()
    async with tabs(okafor):
        await okafor.room(lambda room: len(room["waiting"]) == PLACES)
        await okafor.say(type="admit", seat="all")
        await okafor.room(lambda room: not room["waiting"])

        for patient in have_not:
            pressing = await Tab(patient, group.pk).open()
            assert (await pressing.until(lambda message: True)) == {"type": "bye", "reason": "refused"}
            await pressing.close()

        for patient in have:
            inside = await Tab(patient, group.pk).open()
            async with tabs(inside):
                assert (await inside.room())["me"]["state"] == "admitted"
        await okafor.say(type="beat")
        await okafor.until(lambda message: message["type"] == "beat")
    told = [seat["name"] for message in okafor.heard if message["type"] == "room" for seat in message["seats"]]
    assert not {patient.called for patient in have_not} & set(told)

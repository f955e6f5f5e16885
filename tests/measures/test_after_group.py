"""After each group, five short questions of our own; what is written there is read like any other words."""

from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from openiop.demo import world
from openiop.measures import after_group, answering
from openiop.measures.asking import AFTER_GROUP
from openiop.measures.blocks import assembled
from openiop.people.access import acting
from openiop.safety.models import Flag
from openiop.schedule.models import RosterEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def ended(cast):
    """Tonight's group of Maya's is over: the moment after it."""
    with acting(cast["okafor"]):
        entry = RosterEntry.objects.standing().filter(patient=cast["maya"], during__startswith__gte=world.NOW)
        return entry.order_by("during__startswith").first().during.upper + timedelta(minutes=1)


def say(person, item, value, *, at):
    day = at.astimezone(ZoneInfo(person.zone)).date()
    return answering.answer(
        person,
        instrument=assembled.current(AFTER_GROUP, person, day=day),
        for_day=day,
        item=item,
        value=value,
        key=uuid4(),
        answered_at=at,
        at=at,
    )


def test_before_the_group_nothing_is_asked_about_it_and_afterwards_it_is(cast):
    with acting(cast["maya"]):
        assert not after_group.is_offered(cast["maya"], at=world.NOW)
        assert after_group.is_offered(cast["maya"], at=ended(cast))


def test_on_a_later_day_without_a_group_it_is_not_asked_any_more(cast):
    at = ended(cast)
    with acting(cast["maya"]):
        assert not after_group.is_offered(cast["maya"], at=at + timedelta(days=3))


def test_somebody_who_was_absent_is_not_asked(cast):
    with acting(cast["okafor"]):
        RosterEntry.objects.filter(patient=cast["maya"]).update(status="absent")
    with acting(cast["maya"]):
        assert not after_group.is_offered(cast["maya"], at=ended_of_anybody())


def ended_of_anybody():
    return world.NOW + timedelta(hours=5)


def test_todays_page_offers_it_and_thanks_afterwards(cast, client_for, clock):
    clock.move_to(ended(cast))
    maya = client_for(cast["maya"])

    assert "/measures/after_group" in maya.get("/today").content.decode()
    form = {"person": str(cast["maya"].pk), "understood": "2", "helpful": "3", "felt_safe": "3", "line": "3"}
    assert maya.post("/measures/after_group", form).status_code == 200
    assert "/measures/after_group" not in maya.get("/today").content.decode()


def test_what_is_written_there_is_listened_to(cast, clock):
    at = ended(cast)
    clock.move_to(at)
    with acting(cast["maya"]):
        say(cast["maya"], "note", "I want to kill myself", at=at)

        assert Flag.objects.filter(raised_at=at).count() == 1

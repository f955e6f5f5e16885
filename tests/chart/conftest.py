"""Tonight's group, over: who was there, and the plans their notes link to."""

from datetime import timedelta

import pytest

from openiop.chart.models import Plan
from openiop.people.access import acting
from openiop.safety.models import Whereabouts
from openiop.schedule import presence
from openiop.schedule.models import CareSession


@pytest.fixture
def tonight(cast, clock):
    """The evening group of 24 November, which begins in twelve minutes."""
    with acting(cast["bea"]):
        return (
            CareSession.objects.visible_to(cast["bea"])
            .in_order()
            .between(_begins(clock), _begins(clock) + timedelta(hours=1))
            .select_related("room__site", "clinic")
            .get()
        )


def _begins(clock):
    from openiop.demo import world

    return world.NOW + timedelta(minutes=12)


@pytest.fixture
def over(tonight, cast, clock):
    """The same group at its end: everybody was there to the last minute, except Ruth, who never came."""
    with acting(cast["bea"]):
        for key in ("maya", "theo", "priya", "sam", "ines", "jonah"):
            be_there(tonight, cast[key], place="on_site" if key in ("theo", "jonah") else "virtual", by=cast["bea"])
    with acting(cast["marcus"]):
        for key in ("maya", "theo", "priya", "sam", "ines", "jonah", "ruth"):
            plan = Plan.draft(cast[key], goals=["Sleep six hours"], by=cast["marcus"], at=tonight.begins_at)
            plan.sign(by=cast["marcus"], at=tonight.begins_at)
    clock.move_to(tonight.ends_at + timedelta(minutes=2))
    return tonight


def be_there(session, patient, *, place, by, minutes=None, treatment=True):
    """Somebody saw them come at the beginning and, after `minutes`, go."""
    said = {"source": "hand", "connection": "site", "place": place, "by": by, "treatment": treatment}
    presence.note(session, patient, kind="in", at=session.begins_at, **said)
    if minutes is not None:
        presence.note(session, patient, kind="out", at=session.begins_at + timedelta(minutes=minutes), **said)
    Whereabouts.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        told_at=session.begins_at - timedelta(minutes=5),
        place=place,
        site=session.room.site if place == "on_site" else None,
        address="" if place == "on_site" else patient.home_address,
        state="NY",
        source="door",
    )

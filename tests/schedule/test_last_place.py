"""Two people press at the same moment; transactions really commit here."""

import threading
from datetime import timedelta

from django.db import connections

from openiop.demo import world
from openiop.lib.refusals import Refused, spoken
from openiop.people.access import acting
from openiop.schedule import planning
from openiop.schedule.models import CareSession
from tests.schedule.conftest import BEGINS, tonights_session


def test_two_at_the_same_moment_do_not_take_the_last_place(committed):
    cast = world.cast()
    with acting(cast["okafor"]):
        session = tonights_session()
        tomorrow = CareSession.plan(
            track=session.track,
            name="One place",
            begins_at=BEGINS + timedelta(days=1),
            blocks=[{"kind": "group", "title": "Group", "minutes": 60}],
            modality="virtual",
            room=None,
            capacity=1,
            staff=[],
            zone=session.zone,
        )
    start, told = threading.Barrier(2), []

    def take(key):
        start.wait(10)
        try:
            with acting(cast["okafor"]), spoken():
                planning.put_on_roster(tomorrow, cast[key], modality="virtual", by=cast["okafor"], at=BEGINS)
            told.append("a place")
        except Refused as refusal:
            told.append(str(refusal))
        finally:
            connections.close_all()

    both = [threading.Thread(target=take, args=(key,)) for key in ("maya", "priya")]
    for one in both:
        one.start()
    for one in both:
        one.join(30)

    assert sorted(told) == ["Every place is taken. Cancel a place first, or choose another session.", "a place"]
    with acting(cast["okafor"]):
        assert tomorrow.roster.standing().count() == 1

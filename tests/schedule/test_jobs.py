"""What the schedule does by itself each night, as the worker's database role."""

from datetime import timedelta

from openiop.demo import world
from openiop.people.access import acting
from openiop.schedule import jobs
from openiop.schedule.models import CareSession, Series
from tests.conftest import connected_to

NIGHT = world.NOW + timedelta(days=1)


def far_ahead():
    later = (NIGHT + timedelta(weeks=5)).date()
    return CareSession.objects.filter(series__name="Evening group", begins_on__gt=later)


def test_every_night_the_coming_weeks_are_made_and_a_second_time_nothing_more(committed, databases):
    bea = world.cast()["bea"]
    with acting(bea):
        before = far_ahead().count()
    with connected_to(committed, databases, "worker"):
        made = jobs.unfold_ahead(int(NIGHT.timestamp()))
        again = jobs.unfold_ahead(int(NIGHT.timestamp()))
    with acting(bea):
        sessions = far_ahead()
        assert before == 0 and sessions.count() >= 6
        assert all(session.roster.count() == 7 for session in sessions)
    assert made > 0 and again == 0


def test_a_day_that_clashes_is_left_out_and_the_others_are_made(committed, databases):
    bea = world.cast()["bea"]
    with acting(bea):
        series = Series.objects.get(name="Evening group")
        taken = CareSession.objects.filter(series=series).in_order().last()
        begins_at = taken.begins_at + timedelta(weeks=3)
        CareSession.plan(
            track=series.track,
            name="Alumni evening",
            begins_at=begins_at,
            blocks=[{"kind": "group", "title": "", "minutes": 60}],
            modality="on_site",
            room=series.room,
            capacity=5,
            staff=[],
            zone=series.zone,
        )
    with connected_to(committed, databases, "worker"):
        assert jobs.unfold_ahead(int(NIGHT.timestamp())) > 0
    with acting(bea):
        days = set(CareSession.objects.filter(series=series).values_list("begins_on", flat=True))
        clash = taken.begins_on + timedelta(weeks=3)
        assert clash not in days
        assert any(day > clash for day in days)

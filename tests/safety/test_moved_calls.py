"""A call whose place is corrected asks there from anew; one that nobody ends goes on ringing and does not flood."""

import importlib
from datetime import timedelta

import psycopg
import pytest

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import System, acting
from openiop.people.models import Site
from openiop.safety import jobs
from openiop.safety.models import (
    AlertPage,
    StaffAlert,
    StaffPlace,
    call_staff,
    end_alert,
    open_alerts,
    somebody_is_called,
    take_alert,
)

NOW = world.NOW


def seconds(count):
    return timedelta(seconds=count)


class TwoSites:
    """Harbor, where Hal and Bea said that they are this morning, and Hill, where Rosa is."""

    def __init__(self):
        self.people = world.cast()
        with acting(self.people["okafor"]):
            self.harbor = Site.objects.get()
            self.hill = Site.objects.create(clinic=self.harbor.clinic, name="Hill", address="2 Hill", state="NY")
        for key, site in (("bea", self.harbor), ("hal", self.harbor), ("rosa", self.hill)):
            self.tell(key, site=site, where="room 2", at=NOW - timedelta(hours=1))

    def tell(self, key, *, at, **place):
        with acting(self.people[key]):
            StaffPlace.tell(**place, by=self.people[key], at=at)

    def call(self, *, at, **said):
        with acting(self.people["bea"]):
            call_staff(by=self.people["bea"], at=at, **said)
            return StaffAlert.objects.select_related("site").get()

    def asked(self, since=NOW):
        with acting(self.people["okafor"]):
            return set(AlertPage.objects.filter(made_at__gte=since).values_list("to__called", flat=True))

    def rings(self, key, *, at):
        with acting(self.people[key]):
            return somebody_is_called(self.people[key], at=at)

    def messages(self):
        with acting(System(self.harbor.clinic_id)):
            return sorted(Delivery.objects.filter(way="email").values_list("to__called", flat=True))


@pytest.fixture
def sites(committed):
    return TwoSites()


def test_whoever_corrects_the_place_of_a_call_has_those_asked_who_are_there_at_once(sites, worker):
    sites.call(at=NOW)
    assert sites.asked() == {"Hal"}

    alert = sites.call(at=NOW + seconds(5), site=sites.hill, where="room 9")

    assert (alert.site, alert.where) == (sites.hill, "room 9")
    assert sites.asked(since=NOW + seconds(5)) == {"Rosa"}
    assert sites.rings("rosa", at=NOW + seconds(5))
    assert sites.rings("hal", at=NOW + seconds(5))  # whoever was asked before is not told to stop
    with worker():
        assert jobs.call_for_staff(NOW + seconds(5)) == 1  # the worker does not wait for the first place's clock
        assert sites.messages() == ["Hal", "Rosa"]
        jobs.call_for_staff(NOW + seconds(31))
        assert sites.asked() == {"Hal", "Rosa"}  # the new first rung has its own time
        jobs.call_for_staff(NOW + seconds(36))
        assert "Marcus" in sites.asked()


def test_a_press_without_words_undoes_no_place_that_was_said(sites):
    sites.call(at=NOW)
    sites.call(at=NOW + seconds(5), site=sites.hill)

    alert = sites.call(at=NOW + seconds(9))

    assert (alert.site, alert.where) == (sites.hill, "")  # room 2 was at Harbor
    assert sites.asked(since=NOW + seconds(9)) == set()


def test_a_place_said_for_the_day_after_the_press_goes_with_the_next_press(sites):
    sites.call(at=NOW)
    sites.tell("bea", site=sites.hill, where="room 9", at=NOW + seconds(5))

    alert = sites.call(at=NOW + seconds(9))

    assert (alert.site, alert.where) == (sites.hill, "room 9")
    assert sites.asked(since=NOW + seconds(9)) == {"Rosa"}


def test_a_room_added_at_the_same_place_asks_nobody_twice(sites):
    sites.call(at=NOW)

    alert = sites.call(at=NOW + seconds(5), where="room 9")

    assert (alert.site, alert.where) == (sites.harbor, "room 9")
    assert sites.asked(since=NOW + seconds(5)) == set()


def test_a_call_nobody_ends_rings_on_and_sends_each_rung_its_messages_once(sites, worker):
    alert = sites.call(at=NOW)
    with worker():
        for step in range(8):
            jobs.call_for_staff(NOW + step * seconds(31))
        once = sites.messages()
        with acting(System(sites.harbor.clinic_id)):
            pages = AlertPage.objects.count()
        for minute in range(5, 125):
            jobs.call_for_staff(NOW + timedelta(minutes=minute))

        assert sites.messages() == once
        assert once.count("Hal") == 2  # as one who is there, and with everybody
        assert once.count("Rosa") == 1
        with acting(System(sites.harbor.clinic_id)):
            assert AlertPage.objects.count() == pages
    assert sites.rings("rosa", at=NOW + timedelta(minutes=125))
    assert sites.rings("hal", at=NOW + timedelta(minutes=125))

    # Whoever goes and says nothing: it opens again, and everybody is told once more.
    later = NOW + timedelta(minutes=125)
    with acting(sites.people["hal"]):
        assert take_alert(alert, by=sites.people["hal"], at=later)
    with worker():
        for minute in range(10, 30):
            jobs.call_for_staff(later + timedelta(minutes=minute))
        assert sites.messages().count("Rosa") == 2


def test_the_desk_asks_for_what_rings_in_one_query_however_often_everybody_was_asked(
    sites, worker, django_assert_num_queries
):
    sites.call(at=NOW)
    with worker():
        for step in range(8):
            jobs.call_for_staff(NOW + step * seconds(31))
    rosa = sites.people["rosa"]
    with acting(rosa), django_assert_num_queries(1):
        [found] = open_alerts(rosa)
        assert found.rings_for(rosa, at=NOW + seconds(250))


def test_on_the_day_of_the_upgrade_nobody_is_asked_about_a_call_that_was_taken_long_ago(
    sites, worker, databases, committed
):
    alert = sites.call(at=NOW)
    with acting(sites.people["hal"]):
        assert take_alert(alert, by=sites.people["hal"], at=NOW + seconds(9))
    upgrade = importlib.import_module("openiop.safety.migrations.0021_calls_climb")
    with psycopg.connect(databases.server.url("owner", committed), autocommit=True) as owner:
        owner.execute("ALTER TABLE safety_staffalert DISABLE TRIGGER in_own_name")
        owner.execute(upgrade.TAKEN_BEFORE)
        owner.execute("ALTER TABLE safety_staffalert ENABLE TRIGGER in_own_name")
    later = NOW + timedelta(days=40)
    before = sites.asked()
    assert before == {"Hal"}

    with worker():
        assert jobs.call_for_staff(later) == 0

    assert sites.asked() == before
    assert not sites.rings("hal", at=later)
    with acting(sites.people["rosa"]):
        assert [one.pk for one in open_alerts(sites.people["rosa"])] == [alert.pk]  # it stays in sight, to be ended
        end_alert(alert, outcome="helped long ago", by=sites.people["rosa"], at=later)
        assert not StaffAlert.objects.open().exists()

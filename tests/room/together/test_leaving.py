"""How people leave: not safe raises a flag, worse tells who leads, and nobody else learns of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, state
from openiop.room.models import Leaving
from openiop.room.together import leaving
from openiop.safety.models import Case, Flag
from tests.room.test_admission import at_the_door, come_in, tonight

pytestmark = pytest.mark.django_db


@pytest.fixture
def left(cast):
    """Bea leads; Sam was in the group and has left, Maya is still in."""
    come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        seats = {key: admission.admit(seat, by=cast["bea"], at=world.NOW) for key, seat in seats.items()}
    with acting(cast["sam"]):
        admission.leave(seats["sam"], by=cast["sam"], at=world.NOW)
    return seats


def says(cast, seat, how, *, key=None, by="sam"):
    with acting(cast[by]):
        return leaving.say(seat, key=key or uuid4(), how=how, by=cast[by], at=world.NOW)


def rail_of(person):
    with acting(person):
        room = state.room_for(admission.ask(tonight(person), person, at=world.NOW), at=world.NOW)
    return [(one.name, one.how) for one in room.lead.together.left]


def test_not_safe_raises_a_flag_of_the_highest_tier_in_the_same_moment_and_once(cast, left):
    key = uuid4()
    says(cast, left["sam"], "not_safe", key=key)
    says(cast, left["sam"], "not_safe", key=key)

    with acting(cast["bea"]):
        case = Case.objects.visible_to(cast["bea"]).open().get(patient=cast["sam"])
        assert (case.tier, case.flags.count()) == (4, 1)
        assert "leaving" in case.flags.get().label
    assert rail_of(cast["bea"]) == [("Sam", "not_safe")]


def test_if_the_flag_cannot_be_raised_nothing_is_said_to_be_kept(cast, left, monkeypatch):
    def fails(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr("openiop.room.signals.raise_flag", fails)
    with pytest.raises(DatabaseError), transaction.atomic():
        says(cast, left["sam"], "not_safe")

    assert rail_of(cast["bea"]) == []


def test_worse_stands_on_the_rail_and_raises_no_flag(cast, left):
    says(cast, left["sam"], "worse")

    with acting(cast["bea"]):
        assert not Flag.objects.filter(patient=cast["sam"], key__startswith="signal").exists()
    assert rail_of(cast["bea"]) == [("Sam", "worse")]


@pytest.mark.parametrize("how", ["calmer", "same"])
def test_the_others_are_kept_and_call_nobody(cast, left, how):
    says(cast, left["sam"], how)

    with acting(cast["bea"]):
        assert not Flag.objects.filter(patient=cast["sam"], key__startswith="signal").exists()
    assert rail_of(cast["bea"]) == [("Sam", how)]


def test_the_gravest_word_of_a_person_stands_whatever_was_tapped_afterwards(cast, left):
    says(cast, left["sam"], "worse")
    says(cast, left["sam"], "calmer")

    assert rail_of(cast["bea"]) == [("Sam", "worse")]


def test_nobody_speaks_for_another_and_nobody_who_was_never_in(cast, left):
    with pytest.raises(PermissionDenied):
        says(cast, left["sam"], "calmer", by="maya")
    with pytest.raises(PermissionDenied):
        says(cast, at_the_door(cast["priya"]), "calmer", by="priya")


def test_the_database_itself_hides_it_from_other_patients_the_desk_and_billing(cast, left):
    says(cast, left["sam"], "worse")

    for who, sees in [("sam", 1), ("bea", 1), ("maya", 0), ("hal", 0), ("rosa", 0)]:
        with acting(cast[who]):
            assert (who, Leaving.objects.count()) == (who, sees)
    with pytest.raises(DatabaseError), acting(cast["sam"]), transaction.atomic():
        Leaving.objects.update(how="calmer")


def test_one_tap_on_the_page_is_confirmed_and_a_wrong_one_is_refused(client_for, cast, left, clock):
    with acting(cast["sam"]):
        url = reverse("room-leaving", args=[tonight(cast["sam"]).pk])
    client = client_for(cast["sam"])

    assert client.post(url, {"how": "calmer", "key": str(uuid4())}).json() == {"kept": True}
    for wrong in ({}, {"how": "angry", "key": str(uuid4())}, {"how": "worse", "key": "mine"}):
        assert client.post(url, wrong).status_code == 422
    with acting(cast["bea"]):
        assert Leaving.objects.count() == 1


def test_not_safe_gets_through_a_locked_screen_long_after_the_end_and_opens_nothing_else(client_for, cast, left, clock):
    client = client_for(cast["sam"])
    client.get("/today")
    url = reverse("room-leaving", args=[left["sam"].session_id])
    clock.move_to(left["sam"].session.ends_at + admission.CLOSES_AFTER + timedelta(minutes=90))
    client.get("/today")

    token = client.get("/csrf").json()
    said = client.post(url, {"how": "not_safe", "key": str(uuid4())})

    assert token["token"] and said.json() == {"kept": True}
    with acting(cast["bea"]):
        assert Flag.objects.filter(patient=cast["sam"], key__startswith="signal").exists()
    for closed in ("/today", "/me", "/still-here"):
        assert client.get(closed).headers["Location"] == "/lock", closed


def test_only_who_leads_reads_the_page_of_how_people_left(client_for, cast, left, clock):
    says(cast, left["sam"], "worse")
    with acting(cast["bea"]):
        url = reverse("room-leavings", args=[tonight(cast["bea"]).pk])

    page = client_for(cast["bea"]).get(url).content.decode()
    assert "Sam" in page and "worse" in page
    for who in ("okafor", "hal", "sam", "maya"):
        assert client_for(cast[who]).get(url).status_code in (403, 404), who

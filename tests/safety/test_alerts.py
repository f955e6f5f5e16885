"""Staff call staff with one press: every desk rings, somebody goes by name, and nothing says more than that."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import System, acting
from openiop.safety import jobs
from openiop.safety.models import StaffAlert, call_staff, end_alert, somebody_is_called, take_alert

NOW = world.NOW


def text(response):
    return " ".join(response.content.decode().split())


def rail(client):
    return text(client.get(reverse("rail"), headers={"HX-Request": "true"}))


@pytest.fixture
def pressed(cast, client_for, clock):
    """Bea presses the button that stands on every page of the staff's."""
    client_for(cast["bea"]).post(reverse("alert-new"))
    with acting(cast["bea"]):
        return StaffAlert.objects.get()


@pytest.mark.django_db
def test_one_press_rings_on_every_desk_until_somebody_goes_there_by_name(cast, client_for, pressed):
    desks = {key: client_for(cast[key]) for key in ("hal", "rosa", "marcus")}
    for client in desks.values():
        assert f'data-alarm="{pressed.pk}"' in rail(client)
    with acting(cast["vera"]):
        assert somebody_is_called(cast["vera"], at=NOW)

    shown = text(desks["hal"].post(reverse("alert-taken", args=[pressed.pk]), headers={"HX-Request": "true"}))

    assert "Hal is going" in shown
    for client in desks.values():
        assert "data-alarm" not in rail(client)
        assert "Hal is going" in rail(client)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["desk", "front-desk", "cases"])
def test_the_button_stands_on_the_pages_of_the_staff(cast, client_for, clock, page):
    shown = text(client_for(cast["bea"]).get(reverse(page)))

    assert f'action="{reverse("alert-new")}"' in shown
    assert "I need help" in shown


@pytest.mark.django_db
def test_a_second_press_adds_where_one_is_and_one_does_not_answer_oneself(cast, client_for, pressed):
    bea = client_for(cast["bea"])
    bea.post(reverse("alert-new"), {"where": "room 2"})
    bea.post(reverse("alert-taken", args=[pressed.pk]))

    with acting(cast["bea"]):
        alert = StaffAlert.objects.get()
        assert alert.where == "room 2"
        assert alert.site is not None  # the clinic has one building
        assert alert.taken_at is None


@pytest.mark.django_db
def test_a_form_filled_in_wrongly_still_calls(cast, client_for, clock):
    client_for(cast["bea"]).post(reverse("alert-new"), {"where": "x" * 500, "site": "nowhere"})

    with acting(cast["bea"]):
        assert StaffAlert.objects.ringing().count() == 1


@pytest.mark.django_db
def test_it_ends_with_a_word_on_what_it_was(cast, client_for, pressed):
    hal = client_for(cast["hal"])
    hal.post(reverse("alert-over", args=[pressed.pk]), {"outcome": ""})
    assert "data-alarm" in rail(hal)

    hal.post(reverse("alert-over", args=[pressed.pk]), {"outcome": "false alarm"})

    assert "A colleague needs help" not in rail(hal)
    assert "false alarm" in text(hal.get(reverse("alerts")))


@pytest.mark.django_db
def test_a_patient_hears_and_reaches_nothing_of_it(cast, client_for, pressed):
    maya = client_for(cast["maya"])

    assert maya.get(reverse("alerts")).status_code == 404
    assert maya.post(reverse("alert-new")).status_code == 404
    assert maya.post(reverse("alert-taken", args=[pressed.pk])).status_code == 404
    with acting(cast["maya"]):
        assert not StaffAlert.objects.exists()
        with pytest.raises(PermissionDenied):
            call_staff(by=cast["maya"], at=NOW)


@pytest.mark.django_db
def test_nobody_takes_or_ends_an_alert_in_anothers_name(cast):
    with acting(cast["bea"]):
        alert = call_staff(by=cast["bea"], at=NOW)
    for fields in (
        {"taken_by": cast["hal"], "taken_at": NOW},
        {"over_by": cast["hal"], "over_at": NOW, "outcome": "nothing"},
        {"drill": True},
    ):
        with pytest.raises(DatabaseError), acting(cast["marcus"]), transaction.atomic():
            StaffAlert.objects.filter(pk=alert.pk).update(**fields)


def test_a_call_goes_once_to_everybodys_other_ways_without_a_word_and_a_drill_stays_on_the_desks(committed, worker):
    people = world.cast()
    with acting(people["bea"]):
        call_staff(by=people["bea"], at=NOW, where="room 2")
        call_staff(by=people["bea"], at=NOW, where="room 2", drill=True)
    with worker():
        assert jobs.call_for_staff(NOW) == 2
        assert jobs.call_for_staff(NOW) == 0
        with acting(System(people["bea"].clinic_id)):
            mails = Delivery.objects.filter(way="email")
            assert mails.count() == 6  # everybody of the staff but Bea
            assert {mail.body for mail in mails} == {"Someone needs you. Open the desk."}


@pytest.mark.django_db
def test_two_who_go_at_once_are_one_name_and_ending_twice_keeps_the_first(cast):
    with acting(cast["bea"]):
        alert = call_staff(by=cast["bea"], at=NOW, drill=True)
    with acting(cast["hal"]):
        assert take_alert(alert, by=cast["hal"], at=NOW)
    with acting(cast["marcus"]):
        assert not take_alert(alert, by=cast["marcus"], at=NOW)
        end_alert(alert, outcome="drill", by=cast["marcus"], at=NOW)
        end_alert(alert, outcome="again", by=cast["marcus"], at=NOW)
        alert.refresh_from_db()
        assert (alert.taken_by, alert.outcome) == (cast["hal"], "drill")

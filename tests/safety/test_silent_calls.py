"""A call that climbs from the own site outwards, and one that nothing on the presser's screen shows."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

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
    somebody_is_called,
    take_alert,
    take_alert_back,
)

NOW = world.NOW


def seconds(count):
    return timedelta(seconds=count)


def text(response):
    return " ".join(response.content.decode().split())


def seen(client, page):
    """What the browser is given, without the token that is new each time."""
    return re.sub(r'value="[A-Za-z0-9]{64}"|"X-CSRFToken": "[A-Za-z0-9]{64}"', "", text(client.get(reverse(page))))


def rail(client):
    return text(client.get(reverse("rail"), headers={"HX-Request": "true"}))


@pytest.fixture
def silent(cast, client_for, clock):
    """Bea, who said that she is in room 2, presses silently."""
    with acting(cast["bea"]):
        StaffPlace.tell(site=Site.objects.get(), where="room 2", by=cast["bea"], at=NOW)
    reply = client_for(cast["bea"]).post(reverse("alert-quiet"), {"key": uuid4(), "waited_ms": 3})
    assert (reply.status_code, reply.content) == (204, b"")
    with acting(cast["bea"]):
        return StaffAlert.objects.get()


@pytest.mark.django_db
def test_a_silent_call_rings_at_the_others_with_place_and_name_and_shows_nothing_to_whoever_pressed(
    cast, client_for, clock
):
    bea, hal = client_for(cast["bea"]), client_for(cast["hal"])
    with acting(cast["bea"]):
        StaffPlace.tell(site=Site.objects.get(), where="room 2", by=cast["bea"], at=NOW)
    pages = ("rail", "alarm", "alerts", "desk", "cases")
    before = [seen(bea, page) for page in pages]

    bea.post(reverse("alert-quiet"), {"key": uuid4(), "waited_ms": 3})

    assert [seen(bea, page) for page in pages] == before
    with acting(cast["bea"]):
        assert not somebody_is_called(cast["bea"], at=NOW)
    shown = rail(hal)
    assert "data-alarm" in shown
    assert "room 2" in shown
    assert cast["bea"].full_name in shown
    assert "do not ring them or say it aloud" in shown


@pytest.mark.django_db
def test_what_others_do_about_it_does_not_show_at_the_pressers_either(cast, client_for, silent):
    bea, hal = client_for(cast["bea"]), client_for(cast["hal"])
    calm = rail(bea)
    hal.post(reverse("alert-taken", args=[silent.pk]))
    assert "Hal is going" in rail(hal)
    assert rail(bea) == calm

    assert bea.post(reverse("alert-over", args=[silent.pk]), {"outcome": "nothing"}).status_code == 404
    hal.post(reverse("alert-over", args=[silent.pk]), {"outcome": "went in with Marcus"})

    assert "went in with Marcus" in text(hal.get(reverse("alerts")))
    assert "went in with Marcus" not in text(bea.get(reverse("alerts")))


@pytest.mark.django_db
def test_it_is_taken_back_by_the_presser_alone_with_a_reason_and_somebody_still_goes_to_look(cast, client_for, silent):
    bea, hal = client_for(cast["bea"]), client_for(cast["hal"])
    assert hal.post(reverse("alert-back", args=[silent.pk]), {"because": "x"}).status_code == 404
    bea.post(reverse("alert-back", args=[silent.pk]), {"because": " "})
    assert "took it back" not in rail(hal)

    bea.post(reverse("alert-back", args=[silent.pk]), {"because": "pressed by mistake"})

    shown = rail(hal)
    assert "pressed by mistake" in shown
    assert "Somebody still goes and looks" in shown
    assert "data-alarm" in shown  # it goes on asking
    with acting(cast["bea"]), pytest.raises(PermissionDenied):
        end_alert(silent, outcome="nothing", by=cast["bea"], at=NOW)
    with acting(cast["hal"]), pytest.raises(PermissionDenied):
        take_alert_back(silent, because="x", by=cast["hal"], at=NOW)


@pytest.mark.django_db
def test_the_database_lets_nobody_end_or_take_their_own_call_or_take_back_anothers(cast, silent):
    for who, fields in (
        ("bea", {"over_by": cast["bea"], "over_at": NOW, "outcome": "nothing"}),
        ("bea", {"taken_by": cast["bea"], "taken_at": NOW}),
        ("hal", {"withdrawn_at": NOW, "withdrawn_because": "x"}),
        ("hal", {"silent": False}),
    ):
        with pytest.raises(DatabaseError), acting(cast[who]), transaction.atomic():
            StaffAlert.objects.filter(pk=silent.pk).update(**fields)
    with pytest.raises(DatabaseError), acting(cast["hal"]), transaction.atomic():
        StaffPlace.objects.create(clinic_id=silent.clinic_id, staff=cast["bea"], told_at=NOW)


@pytest.mark.django_db
def test_a_press_kept_while_the_line_was_down_arrives_once_says_so_and_never_in_anothers_name(cast, client_for, clock):
    bea, hal = client_for(cast["bea"]), client_for(cast["hal"])
    kept = {"key": uuid4(), "person": cast["bea"].pk, "waited_ms": 9 * 60 * 1000}
    assert hal.post(reverse("alert-quiet"), kept).status_code == 409
    for _time in range(2):
        assert bea.post(reverse("alert-quiet"), kept).status_code == 204

    with acting(cast["hal"]):
        alert = StaffAlert.objects.get()
    assert alert.made_at - alert.pressed_at == timedelta(minutes=9)
    assert "while the line was down" in rail(hal)
    # The answer to a press got lost; meanwhile it was over. The same press calls nobody again.
    with acting(cast["hal"]):
        end_alert(alert, outcome="helped", by=cast["hal"], at=NOW)
    bea.post(reverse("alert-quiet"), kept)
    with acting(cast["hal"]):
        assert not StaffAlert.objects.open().exists()


@pytest.mark.django_db
def test_a_press_that_cannot_be_read_still_calls_and_so_does_one_behind_a_locked_screen(cast, client_for, clock):
    bea = client_for(cast["bea"])
    bea.post(reverse("lock"), {"next": "/desk"})

    assert bea.post(reverse("alert-quiet"), {"key": "?", "waited_ms": "soon"}).status_code == 204

    with acting(cast["hal"]):
        assert StaffAlert.objects.get().silent


@pytest.mark.django_db
def test_two_who_press_at_once_are_two_calls_and_each_sees_the_others(cast, client_for, silent):
    hal = client_for(cast["hal"])
    hal.post(reverse("alert-quiet"), {"key": uuid4()})

    assert rail(hal).count("data-alarm") == 1
    assert rail(client_for(cast["bea"])).count("data-alarm") == 1
    assert rail(client_for(cast["marcus"])).count("data-alarm") == 2


@pytest.mark.django_db
def test_a_patient_has_no_way_to_any_of_it(cast, client_for, silent):
    maya = client_for(cast["maya"])
    assert maya.get(reverse("alerts-mine")).status_code == 404
    for name, args in (("alert-quiet", []), ("staff-place", []), ("alert-back", [silent.pk])):
        assert maya.post(reverse(name, args=args), {"because": "x"}).status_code == 404
    with acting(cast["maya"]):
        assert not AlertPage.objects.exists()
        assert not StaffPlace.objects.exists()
        with pytest.raises(PermissionDenied):
            call_staff(by=cast["maya"], at=NOW, silent=True)


@pytest.mark.django_db
def test_where_nobody_climbs_every_desk_rings_but_the_pressers(cast, client_for, clock):
    with acting(cast["bea"]):
        harbor = Site.objects.get()
        hill = Site.objects.create(clinic=harbor.clinic, name="Hill", address="2 Hill", state="NY")
        StaffPlace.tell(site=hill, by=cast["bea"], at=NOW)
        alert = call_staff(by=cast["bea"], at=NOW)
    with acting(cast["rosa"]):
        StaffPlace.tell(site=harbor, by=cast["rosa"], at=NOW)
        StaffAlert.objects.filter(pk=alert.pk).update(next_step_at=NOW - timedelta(minutes=1))

    assert "data-alarm" in rail(client_for(cast["rosa"]))
    assert "Nobody is being paged by the system" in rail(client_for(cast["rosa"]))
    assert "data-alarm" not in rail(client_for(cast["bea"]))


def test_it_climbs_from_the_own_site_outwards_and_wakes_no_other_site_first(committed, worker):
    people = world.cast()
    with acting(people["okafor"]):
        harbor = Site.objects.get()
        hill = Site.objects.create(clinic=harbor.clinic, name="Hill", address="2 Hill", state="NY")
    for key, site in (("bea", hill), ("hal", hill), ("rosa", harbor), ("vera", harbor), ("lin", harbor)):
        with acting(people[key]):
            StaffPlace.tell(site=site, by=people[key], at=NOW)
    with acting(people["bea"]):
        call_staff(by=people["bea"], at=NOW, silent=True)
        alert = StaffAlert.objects.get()
        assert alert.site == hill

    def called():
        with acting(System(harbor.clinic_id)):
            return set(AlertPage.objects.values_list("to__called", flat=True))

    with worker():
        jobs.call_for_staff(NOW)
        assert called() == {"Hal"}
        with acting(System(harbor.clinic_id)):
            mails = Delivery.objects.filter(way="email")
            assert [(mail.to.called, mail.body) for mail in mails] == [("Hal", "Someone needs you. Open the desk.")]
        # A worker that died with the call in its hands: the next one goes on when the lease is over.
        claimed = jobs._claim(people["bea"].clinic, jobs.CALLS, at=NOW + seconds(31))
        assert claimed == alert.pk
        assert jobs.call_for_staff(NOW + seconds(32)) == 0
        jobs.call_for_staff(NOW + seconds(62))
        assert called() == {"Hal", "Marcus", "Ada"}  # they have not said today where they are
        jobs.call_for_staff(NOW + seconds(93))
        assert called() == {"Hal", "Marcus", "Ada", "Rosa", "Vera", "Lin"}

    with acting(people["hal"]):
        assert take_alert(alert, by=people["hal"], at=NOW + seconds(100))
    with worker():
        jobs.call_for_staff(NOW + seconds(400))
        with acting(System(harbor.clinic_id)):
            before = AlertPage.objects.count()
        jobs.call_for_staff(NOW + seconds(601))  # nobody has said what was found
        with acting(System(harbor.clinic_id)):
            assert AlertPage.objects.count() > before
    with acting(people["marcus"]):
        assert take_alert(alert, by=people["marcus"], at=NOW + seconds(602))
        end_alert(alert, outcome="Hal is safe with her", by=people["marcus"], at=NOW + seconds(700))
    with worker():
        assert jobs.call_for_staff(NOW + seconds(2000)) == 0

"""One-click sign-in, for the fictional clinic alone."""

import re

import pytest
from django.test import Client

from openiop.demo import world
from openiop.people.checks import no_demo_in_production
from openiop.people.models import Login

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(settings):
    settings.DEMO = True
    return Client(headers={"host": "localhost"})


def test_everybody_of_the_cast_is_there_with_what_they_do(visitor, cast):
    page = visitor.get("/demo").content.decode()

    assert len(re.findall(r'action="/demo/[0-9a-f-]+"', page)) == len(world.CAST)
    assert all(role.what in page for role in world.CAST)


def test_one_click_is_enough_for_staff_too(visitor, cast):
    visitor.post(f"/demo/{cast['bea'].login_id}")

    assert visitor.get("/staff").status_code == 200


def test_one_click_opens_a_locked_screen_where_one_was(visitor, cast):
    visitor.post(f"/demo/{cast['bea'].login_id}")
    visitor.post("/lock", {"next": "/staff"})

    assert visitor.post(f"/demo/{cast['bea'].login_id}", {"next": "back"}).headers["Location"] == "/staff"
    assert visitor.get("/staff").status_code == 200


def test_somebody_else_does_not_come_back_to_another_ones_page(visitor, cast):
    visitor.post(f"/demo/{cast['bea'].login_id}")
    visitor.post("/lock", {"next": "/staff"})

    assert visitor.post(f"/demo/{cast['maya'].login_id}", {"next": "back"}).headers["Location"] == "/"


def test_without_the_demo_there_is_no_such_page(visitor, cast, settings):
    settings.DEMO = False

    assert visitor.get("/demo").status_code == 404
    assert visitor.post(f"/demo/{cast['bea'].login_id}").status_code == 404
    assert b"/demo/" not in visitor.get("/account/login/").content


def test_nobody_outside_the_cast_can_be_stepped_into(visitor, db):
    real = Login.objects.create_user("somebody@clinic.example", "four quiet harbour birds")

    assert visitor.post(f"/demo/{real.pk}").status_code == 404


def test_production_refuses_to_start_with_the_demo_on(settings):
    settings.DEMO = settings.PRODUCTION = True

    assert [error.id for error in no_demo_in_production(None)] == ["people.E001"]

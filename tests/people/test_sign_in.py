"""Who comes in, and with what."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.test import Client

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting, person_of
from openiop.people.models import Invitation, Login, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger():
    return Client(headers={"host": "localhost"})


def sign_in(client, person):
    return client.post("/account/login/", {"login": person.login.email, "password": world.PASSWORD})


def code_now(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_a_patient_signs_in_with_a_password(cast, stranger, clock):
    assert sign_in(stranger, cast["maya"]).headers["Location"] == "/"
    assert stranger.get("/me/agreements/group_agreement").status_code == 200


def test_staff_with_a_password_alone_reach_nothing_but_setting_up_a_second_step(cast, stranger, clock):
    sign_in(stranger, cast["bea"])

    for path in ("/staff", "/patients", "/"):
        assert stranger.get(path).headers["Location"] == "/second-factor"
    assert stranger.get("/second-factor").status_code == 200
    assert stranger.get("/account/2fa/totp/activate/").headers["Location"].startswith("/account/reauthenticate/")
    assert stranger.get("/account/reauthenticate/").status_code == 200


def test_setting_up_an_authenticator_lets_staff_in_and_is_asked_for_next_time(cast, stranger, clock):
    sign_in(stranger, cast["bea"])
    stranger.post("/account/reauthenticate/", {"password": world.PASSWORD})
    assert stranger.get("/account/2fa/totp/activate/").status_code == 200
    secret = stranger.session["mfa.totp.secret"]
    stranger.post("/account/2fa/totp/activate/", {"code": code_now(secret)})
    assert stranger.get("/staff").status_code == 200

    clock.shift(timedelta(minutes=5))
    later = Client(headers={"host": "localhost"})
    assert sign_in(later, cast["bea"]).headers["Location"] == "/account/2fa/authenticate/"
    assert later.get("/staff").headers["Location"].startswith("/account/login/")
    later.post("/account/2fa/authenticate/", {"code": code_now(secret)})
    assert later.get("/staff").status_code == 200


def test_recovery_codes_work_once(cast, stranger, clock):
    TOTP.activate(cast["bea"].login, generate_totp_secret())
    code = RecoveryCodes.activate(cast["bea"].login).get_unused_codes()[0]
    sign_in(stranger, cast["bea"])
    stranger.post("/account/2fa/authenticate/", {"code": code})
    assert stranger.get("/staff").status_code == 200

    again = Client(headers={"host": "localhost"})
    sign_in(again, cast["bea"])
    again.post("/account/2fa/authenticate/", {"code": code})
    assert again.get("/staff").status_code == 302


def test_a_second_step_shown_by_one_person_counts_for_nobody_after_them(cast, client_for, clock):
    browser = client_for(cast["bea"])
    assert browser.get("/staff").status_code == 200
    browser.post("/account/logout/")
    sign_in(browser, cast["hal"])

    assert browser.get("/staff").headers["Location"] == "/second-factor"


def test_a_cookie_that_claims_a_second_step_opens_nothing(cast, stranger, clock):
    sign_in(stranger, cast["bea"])
    stranger.cookies["second_factor"] = "totp"

    assert stranger.get("/staff?second_factor=totp", headers={"second-factor": "totp"}).status_code == 302


def test_nobody_registers_themselves(stranger):
    assert stranger.get("/account/signup/").status_code == 404
    assert stranger.post("/account/signup/", {"email": "new@example.com"}).status_code == 404


def test_signing_in_is_noted(cast, stranger, clock):
    sign_in(stranger, cast["maya"])
    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="sign-in", person_id=cast["maya"].pk).count() == 1


NEW = {
    "given_name": "Noor",
    "family_name": "Haddad",
    "called": "Noor",
    "phone": "",
    "language": "en",
    "zone": "America/New_York",
    "roles": ["facilitator"],
    "credential": "LCSW",
    "email": "Noor@harborstreet.example",
}


def link_of(response):
    return re.search(r"https?://[^/]+(/welcome/[\w-]+)", response.content.decode()).group(1)


@pytest.fixture
def director(cast, client_for, clock):
    return client_for(cast["okafor"])


def test_a_director_invites_a_colleague_who_chooses_a_password_once(director, stranger):
    link = link_of(director.post("/staff/new", NEW))
    assert mail.outbox[0].to == ["noor@harborstreet.example"]
    assert link in mail.outbox[0].body

    arrived = stranger.post(link, {"password": "four quiet harbour birds"})
    second = Client(headers={"host": "localhost"}).get(link)

    assert arrived.headers["Location"] == "/"
    assert stranger.get("/staff").headers["Location"] == "/second-factor"
    assert second.status_code == 404
    assert person_of(Login.objects.get(email="noor@harborstreet.example").pk).roles == ["facilitator"]


def test_an_invitation_ends_after_three_days_and_when_a_newer_one_is_made(director, stranger, cast, clock):
    first = link_of(director.post("/staff/new", NEW))
    noor = person_of(Login.objects.get(email="noor@harborstreet.example").pk)
    second = link_of(director.post(f"/people/{noor.pk}/invitation"))
    assert stranger.get(first).status_code == 404
    assert stranger.get(second).status_code == 200

    clock.shift(timedelta(days=Invitation.DAYS, seconds=1))
    assert stranger.get(second).status_code == 404


def test_a_weak_password_is_refused_in_words(director, stranger):
    link = link_of(director.post("/staff/new", NEW))

    assert stranger.post(link, {"password": "short"}).status_code == 422
    assert stranger.get(link).status_code == 200


def test_an_invitation_does_not_pass_a_second_step_that_is_already_set_up(director, stranger, cast):
    TOTP.activate(cast["bea"].login, generate_totp_secret())
    link = link_of(director.post(f"/people/{cast['bea'].pk}/invitation"))

    stranger.post(link, {"password": "four quiet harbour birds"})

    assert stranger.get("/staff").headers["Location"].startswith("/account/login/")


def test_the_mail_names_nobody_and_no_illness(director, cast):
    director.post(f"/people/{cast['maya'].pk}/invitation")

    text = mail.outbox[0].subject + mail.outbox[0].body
    assert not re.search("Maya|Rivera|therapy|clinic|Harbor Street", text)


def test_only_a_director_invites_staff(cast, client_for, clock):
    lin = client_for(cast["lin"])

    assert lin.post(f"/people/{cast['maya'].pk}/invitation").status_code == 200
    assert lin.post(f"/people/{cast['bea'].pk}/invitation").status_code == 403
    assert lin.post("/staff/new", NEW).status_code == 403


def test_whoever_leaves_is_signed_out_everywhere_at_once(director, cast, client_for, stranger, clock):
    bea = client_for(cast["bea"])
    assert bea.get("/staff").status_code == 200

    director.post(f"/staff/{cast['bea'].pk}/departure")

    assert bea.get("/staff").headers["Location"].startswith("/account/login/")
    sign_in(stranger, cast["bea"])
    assert stranger.get("/staff").headers["Location"].startswith("/account/login/")


def test_a_director_does_not_sign_themselves_out_for_good(director, cast):
    director.post(f"/staff/{cast['okafor'].pk}/departure")

    with acting(cast["vera"]):
        assert Person.objects.get(pk=cast["okafor"].pk).active

"""The pages of a supporter: the link they press, and those on which staff and the patient name them."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.test import Client
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.support import SupporterConsent, SupporterLink
from tests.room.family import COOKIE, ana_of, family_meeting, link_to, used
from tests.room.test_consumers import Tab, media, tabs  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# --- the pages ---


def browser_with(cookie=None):
    client = Client(headers={"host": "localhost"})
    if cookie:
        client.cookies["openiop_supporter"] = cookie
    return client


def test_the_link_is_used_by_a_press_and_not_by_looking_at_it(cast, meeting, settings):
    settings.JANUS_WS = ["ws://127.0.0.1:1"]
    token = link_to(meeting, ana_of(cast), cast)
    scanner, ana = browser_with(), browser_with()
    assert scanner.get(f"/visit/{token}").status_code == 200

    came = ana.post(f"/visit/{token}")

    assert (came.status_code, came.headers["Location"]) == (302, f"/sessions/{meeting.pk}/room")
    cookie = came.cookies["openiop_supporter"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict"
    # A meeting that is moved takes the link along, and the browser must still hold the cookie then.
    assert parsedate_to_datetime(cookie["expires"]) > meeting.ends_at + timedelta(days=28)
    page = ana.get(came.headers["Location"])
    assert page.status_code == 200 and '"boardUrl": ""' in page.content.decode()
    assert ana.get(f"/visit/{token}").headers["Location"] == "/visit"
    assert "Ana" in ana.get("/visit").content.decode()


def test_a_supporter_reads_their_own_language_and_may_choose_another(cast, meeting):
    used(link_to(meeting, ana_of(cast), cast))
    ana = browser_with(COOKIE)
    assert "Ir a la reunión" in ana.get("/visit").content.decode()

    ana.post(reverse("set_language"), {"language": "en", "next": "/visit"})

    assert "Go to the meeting" in ana.get("/visit").content.decode()


def test_a_link_that_opens_nothing_says_the_same_whatever_the_reason(cast, meeting):
    consent = ana_of(cast)
    used_up = link_to(meeting, consent, cast)
    used(used_up)
    other = ana_of(cast)
    revoked = link_to(meeting, other, cast)
    with acting(cast["okafor"]):
        SupporterLink.objects.get(consent=other).revoke(by=cast["okafor"], at=world.NOW)
    pages = [browser_with().get(f"/visit/{token}") for token in (used_up, revoked, "forged")]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content.split(b"<main")[1].split(b"</main>")[0] for page in pages}) == 1
    assert b"ask whoever invited you" in pages[0].content
    assert not any(word in pages[0].content for word in (b"Leo", b"Ana", b"Harbor", b"Family"))


def test_once_the_link_is_over_every_address_leads_to_the_page_that_says_what_to_do(cast, meeting):
    consent = ana_of(cast)
    used(link_to(meeting, consent, cast))
    ana = browser_with(COOKIE)
    with acting(cast["leo"]):
        consent.withdraw(by=cast["leo"], at=world.NOW)

    assert ana.get(f"/sessions/{meeting.pk}/room").headers["Location"] == "/visit"
    assert ana.get("/visit").status_code == 404
    # Said once; then whoever shares the device finds the sign-in again.
    assert ana.get("/").headers["Location"].startswith("/account/login")


def test_another_meeting_and_every_record_are_closed_to_a_supporter(cast, meeting):
    other = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    used(link_to(meeting, ana_of(cast), cast))
    ana = browser_with(COOKIE)

    assert ana.get(f"/sessions/{other.pk}/room").headers["Location"] == "/visit"
    for path in ("/", "/me", f"/patients/{cast['leo'].pk}", f"/sessions/{meeting.pk}", "/desk"):
        assert ana.get(path).status_code in (302, 404), path
        assert ana.get(path, follow=True).status_code == 404, path


def test_staff_make_a_link_that_is_shown_once_and_revoke_it(cast, meeting, client_for):
    consent = ana_of(cast)
    okafor = client_for(cast["okafor"])
    page = f"/sessions/{meeting.pk}/supporters"
    assert "Ana Castellan" in okafor.get(page).content.decode()

    shown = okafor.post(f"{page}/{consent.pk}/link").content.decode()

    token = shown.split("/visit/")[1].split("<")[0]
    assert token not in okafor.get(page).content.decode()
    assert browser_with().get(f"/visit/{token}").status_code == 200
    assert "Revoke it first" in okafor.post(f"{page}/{consent.pk}/link", follow=True).content.decode()
    assert browser_with().get(f"/visit/{token}").status_code == 200
    okafor.post(f"{page}/{consent.pk}/revocation")
    assert browser_with().get(f"/visit/{token}").status_code == 404


def test_staff_who_do_not_lead_the_meeting_invite_nobody(cast, meeting, client_for):
    consent = ana_of(cast)
    for who, status in (("bea", 403), ("hal", 403), ("leo", 404)):
        browser = client_for(cast[who])
        assert browser.get(f"/sessions/{meeting.pk}/supporters").status_code == status
        assert browser.post(f"/sessions/{meeting.pk}/supporters/{consent.pk}/link").status_code == status
    with acting(cast["okafor"]):
        assert not SupporterLink.objects.exists()


def test_to_a_group_nobody_is_invited(cast, clock, client_for):
    session = family_meeting(cast, blocks=[{"kind": "group", "title": "", "minutes": 50}])

    assert client_for(cast["okafor"]).get(f"/sessions/{session.pk}/supporters").status_code == 404


def test_staff_name_a_supporter_and_the_patient_agrees_and_takes_it_back(cast, clock, client_for):
    staff, leo = client_for(cast["okafor"]), client_for(cast["leo"])
    said = {
        "given_name": "Ana",
        "family_name": "Castellan",
        "relation": "mother",
        "language": "es",
        "may_know": ["meetings", "attendance"],
    }
    assert staff.post(f"/patients/{cast['leo'].pk}/supporters", {**said, "may_know": []}).status_code == 422
    assert staff.post(f"/patients/{cast['leo'].pk}/supporters", said).status_code == 302
    assert "Ana Castellan" in leo.get("/me/supporters").content.decode()
    with acting(cast["leo"]):
        consent = SupporterConsent.objects.get()

    leo.post(f"/me/supporters/{consent.pk}/agreement")
    with acting(cast["leo"]):
        assert SupporterConsent.objects.given(world.NOW + timedelta(seconds=1)).exists()
    assert client_for(cast["maya"]).post(f"/me/supporters/{consent.pk}/withdrawal").status_code == 404
    leo.post(f"/me/supporters/{consent.pk}/withdrawal")
    with acting(cast["leo"]):
        assert not SupporterConsent.objects.standing().exists()

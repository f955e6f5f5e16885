"""Pages in a moment that an address alone does not show: a turn at the site's kiosk, a code that is shown once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.test import Client
from django.utils import timezone

from openiop.measures.models import KioskSitting
from openiop.people.access import acting
from openiop.people.middleware import DEVICE_COOKIE
from openiop.people.models import Device, Site, hashed
from openiop.schedule.models import CareSession, RosterEntry
from tests.measures.test_kiosk import anything, fields, shown, until
from tests.shape.pages import browser_for


class Moment(NamedTuple):
    """What `says` is on the page at `path` in this browser; once `fills` is filled in and `press` pressed, if any."""

    name: str
    browser: Client
    path: str
    says: str
    fills: str = ""
    press: str = ""


def moments(cast: dict[str, Any]) -> Iterator[Moment]:
    """Each at a kiosk of its own: whoever sits down ends the turn before."""
    arrived = lobby("arrived", cast)
    say_who(arrived, cast, "theo")
    yield Moment("kiosk-arrived", arrived, "/kiosk/questions", "#code")
    wrong = lobby("wrong", cast)
    say_who(wrong, cast, "theo")
    yield Moment("kiosk-wrong-code", wrong, "/kiosk/questions", ".notice.warm[role=alert]", "#code", "main form button")
    yield Moment("kiosk-question", sat_down(cast, "theo"), "/kiosk/sitting", "input[name=item]")
    yield Moment(
        "kiosk-question-in-spanish", sat_down(cast, "ruth"), "/kiosk/sitting", "html[lang=es] input[name=item]"
    )
    yield Moment("kiosk-after-danger", in_danger(sat_down(cast, "jonah")), "/kiosk/sitting", "button[name=go_on]")
    yield Moment("kiosk-thank-you", all_answered(sat_down(cast, "sam")), "/kiosk/sitting", "main [role=status] h1")
    hal, maya = browser_for("front_desk", cast), cast["maya"]
    code = "strong.kiosk-code"
    yield Moment("kiosk-code-shown", browser_for("patient", cast), "/me/kiosk-code", code, press="main form button")
    yield Moment("kiosk-code-handed-out", hal, f"/patients/{maya.pk}/kiosk-code", code, press="main form button")


def lobby(name: str, cast: dict[str, Any]) -> Client:
    """A browser with a kiosk's cookie in it."""
    token = f"a kiosk of the walk: {name}"
    with acting(cast["okafor"]):
        site = Site.objects.first()
        Device.objects.create(
            clinic_id=site.clinic_id,
            kind=Device.KIOSK,
            name=name,
            site=site,
            token_hash=hashed(token),
            paired_at=timezone.now(),
        )
    client = Client(headers={"host": "localhost"})
    client.cookies[DEVICE_COOKIE] = token
    return client


def say_who(kiosk: Client, cast: dict[str, Any], key: str) -> None:
    now = timezone.now()
    with acting(cast["okafor"]):
        soon = CareSession.objects.between(now, now + timedelta(hours=1)).get()
        entry = RosterEntry.objects.get(session=soon, patient=cast[key])
    kiosk.post("/kiosk/arrival", {"do": "answer", "code": entry.arrival_code})


def sat_down(cast: dict[str, Any], key: str) -> Client:
    kiosk = lobby(key, cast)
    say_who(kiosk, cast, key)
    with acting(cast[key]):
        code = KioskSitting.make_code(cast[key], by=cast[key], at=timezone.now())
    assert kiosk.post("/kiosk/questions", {"code": code}).headers["Location"] == "/kiosk/sitting"
    return kiosk


def in_danger(kiosk: Client) -> Client:
    """Not safe now, says whoever sits here."""
    page = until(kiosk, "safe_now")
    kiosk.post("/kiosk/sitting", {**fields(page), "safe_now": "2"})
    return kiosk


def all_answered(kiosk: Client) -> Client:
    """Every question has its answer, and the page that says so has not been shown yet."""
    for _question in range(80):
        body = glimpsed(kiosk)
        if 'name="item"' not in body:
            return kiosk
        page = shown(kiosk)
        sent = fields(page)
        kiosk.post("/kiosk/sitting", {**sent, sent["item"]: anything(body)})
    raise AssertionError("asked without end")


def glimpsed(kiosk: Client) -> str:
    """What the next page would be, without the turn's ending by it."""
    cookies = kiosk.cookies.copy()
    with transaction.atomic():
        body = shown(kiosk).content.decode()
        transaction.set_rollback(True)
    kiosk.cookies = cookies
    return body

"""The safety plan is one tap away on every page that a patient can open, whichever page that is."""

import json
import re

import pytest
from django.db import transaction
from django.urls import reverse

from tests.shape.pages import browser_for, filled, furnish, ours

pytestmark = pytest.mark.django_db

# These alone do without, each for its reason.
WITHOUT = {
    "my-plan-copy": "the plan itself, as the phone keeps it",
    "away": "where somebody goes who must leave at once: nothing on it tells where they were",
    "invitation": "nobody is signed in there yet",
    "kiosk-pair": "nobody is signed in there: it makes a tablet a kiosk",
    "room-keys": "explains the keys, beside the room and opened from it",
}


@pytest.fixture
def walked(cast, clock, settings):
    """By name, every page that opens for a clinic's patient, as it is written; the room with a media server set up."""
    settings.JANUS_WS, settings.DEMO = "ws://127.0.0.1:1", False
    ids = furnish(cast)
    browser, found = browser_for("patient", cast), {}
    for page in ours():
        cookies = browser.cookies.copy()
        with transaction.atomic():
            reply = browser.get(filled(page, ids))
            words = b"".join(reply).decode(errors="replace") if reply.status_code == 200 else ""
            transaction.set_rollback(True)
        browser.cookies = cookies
        if "<html" in words:
            found[page.name] = words
    return found


def test_the_plan_is_one_tap_from_every_page_that_a_patient_can_open(walked):
    link = f'href="{reverse("my-plan")}"'

    assert len(walked) > 20, "the walk must see pages"
    assert {name for name, words in walked.items() if link not in words} == set(WITHOUT)


def test_the_rooms_own_script_is_told_where_the_plan_is(walked):
    told = re.search(r'<script id="room-config" type="application/json">(.*?)</script>', walked["room"], re.DOTALL)

    assert json.loads(told[1])["planUrl"] == reverse("my-plan")

"""The room's and the board's code is loaded by the room and by a board, and by no other page."""

import re

import pytest
from django.db import transaction

from tests.shape.pages import browser_for, filled, furnish, ours

pytestmark = pytest.mark.django_db

LOADS = re.compile(r"<(?:script|link)\b[^>]*?\b(?:src|href)=[\"']?([^\"' >]+)", re.IGNORECASE)
HEAVY = {"room": re.compile(r"/room(?:[.-][\w.-]*)?\.js$"), "board": re.compile(r"/board/.*\.js$|/board[\w.-]*\.js$")}
MAY = {"room": {"room"}, "session-board": {"board"}, "board": {"board"}}


def loaded_by(html):
    """Which of the two bundles a page asks the browser for at once, by script or by preload."""
    addresses = [address.split("?")[0] for address in LOADS.findall(html)]
    return {name for name, bundle in HEAVY.items() if any(bundle.search(address) for address in addresses)}


@pytest.mark.parametrize("who", ["director", "facilitator", "patient", "front_desk"])
def test_only_the_room_loads_the_rooms_code_and_only_a_board_the_boards(who, cast, clock):
    ids = furnish(cast)
    browser, loads, seen = browser_for(who, cast), {}, 0
    browser.raise_request_exception = False
    for page in ours():
        cookies = browser.cookies.copy()
        with transaction.atomic():
            reply = browser.get(filled(page, ids))
            html = (
                reply.content.decode()
                if not reply.streaming and "html" in reply.headers.get("Content-Type", "")
                else ""
            )
            transaction.set_rollback(True)
        browser.cookies = cookies
        seen += reply.status_code == 200 and bool(html)
        if found := loaded_by(html):
            loads[page.name] = found

    assert seen > 20, "the walk must see pages"
    assert {name: found for name, found in loads.items() if found != MAY.get(name)} == {}


def test_the_search_knows_both_bundles_when_it_sees_them():
    script = '<script type="module" src="/static/{}"></script>'
    assert loaded_by(script.format("room.js") + '<link rel="modulepreload" href="/static/board/board.js">') == {
        "room",
        "board",
    }
    assert loaded_by(script.format("room.3f2a9c.js")) == {"room"}
    assert loaded_by(script.format("pages.js") + '<link rel="stylesheet" href="/static/room.css">') == set()

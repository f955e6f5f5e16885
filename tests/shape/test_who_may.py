"""Every page and every action, walked as everybody, against a table that a person reviews.

`who_may.json` lists for each URL who gets anywhere with GET and with an empty POST; all others are sent to sign in,
find nothing (404), are refused (403) or have no such action (405). Nobody ever breaks a page. After a change that is
meant, write the table anew and read what changed:

    OPENIOP_WRITE_TABLE=1 .venv/bin/pytest tests/shape/test_who_may.py
"""

import json
import logging
import os
from pathlib import Path

import pytest
from django.db import transaction

from tests.shape.pages import browser_for, everybody, filled, furnish, ours

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).parent / "who_may.json"
WRITE = os.environ.get("OPENIOP_WRITE_TABLE") == "1"
NOWHERE = {401, 403, 404, 405}
EXPECTED = {200, 204, 302, 400, 409, 422, 429} | NOWHERE


@pytest.fixture(scope="module")
def table():
    found = {} if WRITE else json.loads(TABLE.read_text())
    yield found
    if WRITE:
        TABLE.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("who", everybody())
def test_everybody_gets_where_the_table_says_and_nowhere_else(who, cast, clock, table, caplog, settings):
    settings.DEMO = True
    caplog.set_level(logging.CRITICAL)
    ids = furnish(cast)
    browser = browser_for(who, cast)
    reached, broken = set(), []
    for page in ours():
        for method in ("GET", "POST"):
            status, where = answer(browser, method, filled(page, ids))
            if status not in EXPECTED:
                broken.append(f"{method} {page.key}: {status}")
            if gets_somewhere(status, where):
                reached.add((page.key, method))

    assert broken == []
    if WRITE:
        for key, method in reached:
            table.setdefault(key, {}).setdefault(method, []).append(who)
    else:
        assert reached == allowed(table, who)


def allowed(table, who):
    return {(key, method) for key, methods in table.items() for method, whos in methods.items() if who in whos}


def test_the_table_names_only_urls_that_are_there(table):
    assert WRITE or set(table) <= {page.key for page in ours()}


def answer(browser, method, path):
    """Ask, and undo whatever it did, to the browser's session too."""
    cookies = browser.cookies.copy()
    browser.raise_request_exception = False
    with transaction.atomic():
        response = browser.get(path) if method == "GET" else browser.post(path)
        transaction.set_rollback(True)
    browser.cookies = cookies
    return response.status_code, response.headers.get("Location", "")


def gets_somewhere(status, where):
    return status not in NOWHERE and not where.startswith(("/account/login/", "/lock", "/second-factor"))

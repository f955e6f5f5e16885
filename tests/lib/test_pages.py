"""Pages as the web process answers them: in lasting threads, whose connections outlive a restart of the database."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import HttpResponse
from django.urls import path
from django.utils import translation

from openiop.lib import pages as module
from openiop.lib.pages import Pages


def backend(request: Any) -> HttpResponse:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return HttpResponse(str(cursor.fetchone()[0]))


def speak_spanish(request: Any) -> HttpResponse:
    translation.activate("es")
    return HttpResponse(translation.get_language())


def language(request: Any) -> HttpResponse:
    return HttpResponse(translation.get_language())


def break_down(request: Any) -> HttpResponse:
    raise RuntimeError("not for anybody's eyes")


urlpatterns = [
    path("backend", backend),
    path("speak-spanish", speak_spanish),
    path("language", language),
    path("break-down", break_down),
]


@pytest.fixture
def pages(committed, settings, monkeypatch) -> Iterator[Pages]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    monkeypatch.setattr(module, "AT_ONCE", 1)
    found = Pages()
    yield found
    found.threads.shutdown()


async def get(pages: Pages, path: str) -> tuple[int, str]:
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", b"localhost")]}
    browser = ApplicationCommunicator(pages, scope)
    await browser.send_input({"type": "http.request", "body": b""})
    begun, whole = await browser.receive_output(), await browser.receive_output()
    return begun["status"], whole["body"].decode()


async def test_one_page_after_another_keeps_its_connection(pages):
    assert await get(pages, "/backend") == await get(pages, "/backend")


async def test_a_page_asked_for_after_the_database_dropped_us_is_answered(pages, databases, committed):
    _status, before = await get(pages, "/backend")
    with psycopg.connect(databases.server.url("superuser", "postgres"), autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(%s, 5000)", [int(before)])

    status, after = await get(pages, "/backend")

    assert status == 200
    assert after != before


async def test_one_persons_language_does_not_stay_for_the_next(pages):
    assert await get(pages, "/speak-spanish") == (200, "es")
    assert await get(pages, "/language") == (200, "en")


async def test_a_page_that_breaks_down_tells_nothing_and_the_next_is_answered(pages):
    status, words = await get(pages, "/break-down")

    assert status == 500
    assert "eyes" not in words
    assert (await get(pages, "/language"))[0] == 200

"""The desk hears that something changed, a locked desk still rings, and a killed listener comes back by itself."""

import asyncio
import json
from datetime import timedelta

import psycopg
import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import consumers, ladder
from openiop.safety.models import Case, acknowledge, raise_flag
from tests.conftest import browser_of

NOT_SAFE = ladder.Evidence("safe_now", "no")


@pytest.fixture
def people(committed):
    return world.cast()


@pytest.fixture
async def connect():
    """Open a socket as a person; every socket is closed at the end."""
    from config.asgi import application

    opened = []

    async def open_socket(path, person, *, locked=False):
        cookie = await database_sync_to_async(_cookie)(person, locked) if person else b""
        socket = WebsocketCommunicator(
            application, path, headers=[(b"origin", b"http://localhost"), (b"host", b"localhost"), (b"cookie", cookie)]
        )
        opened.append(socket)
        await socket.connect(timeout=10)
        return socket

    yield open_socket
    for socket in opened:
        await socket.disconnect(timeout=20)
    await stop_listening()


async def stop_listening():
    from openiop.lib import wake

    task = wake._tasks.pop(asyncio.get_running_loop(), None)
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _cookie(person, locked):
    client = browser_of(person)
    if locked:
        session = client.session
        session["locked"] = True
        session.save()
    return f"openiop={client.session.session_key}".encode()


async def hears(socket, word, *, seconds=5):
    """Wait for this word, whatever else is said before it."""
    async with asyncio.timeout(seconds):
        while True:
            said = json.loads(await socket.receive_from(timeout=seconds))
            if all(said.get(name) == value for name, value in word.items()):
                return said


async def quiet(socket):
    """Let the first words pass: those of the opening, and those of the listener that has just begun."""
    while not await socket.receive_nothing(timeout=0.5):
        await socket.receive_from()


@database_sync_to_async
def flag(patient, key="a"):
    with acting(patient):
        raise_flag(patient, key=key, evidence=NOT_SAFE, label="l", value="v", at=timezone.now())


@database_sync_to_async
def take(clinician):
    with acting(clinician):
        acknowledge(Case.objects.open().get(), by=clinician, at=timezone.now())


async def test_the_desk_hears_of_a_flag_without_a_word_about_whom(people, connect):
    desk = await connect("/ws/desk", people["bea"])
    await quiet(desk)

    await flag(people["maya"])

    said = await hears(desk, {"changed": True})
    assert said == {"topic": "desk", "changed": True}


async def test_a_locked_desk_rings_until_somebody_takes_it(people, connect):
    alarm = await connect("/ws/alarm", people["bea"], locked=True)
    await hears(alarm, {"alarm": False})

    await flag(people["maya"])
    assert await hears(alarm, {"alarm": True}) == {"alarm": True}

    await take(people["marcus"])
    await hears(alarm, {"alarm": False})


async def test_a_locked_screen_does_not_hear_the_desk(people, connect):
    desk = await connect("/ws/desk", people["bea"], locked=True)

    assert (await desk.receive_output(timeout=5))["type"] == "websocket.close"


@pytest.mark.parametrize("who", ["maya", None])
@pytest.mark.parametrize("path", ["/ws/desk", "/ws/alarm"])
async def test_patients_and_strangers_hear_neither_desk_nor_alarm(people, connect, path, who):
    socket = await connect(path, people[who] if who else None)

    assert (await socket.receive_output(timeout=5))["type"] == "websocket.close"


async def test_a_patient_hears_of_their_own_case_and_not_of_anothers(people, connect):
    maya, theo = await connect("/ws/me", people["maya"]), await connect("/ws/me", people["theo"])
    await quiet(maya)
    await quiet(theo)

    await flag(people["maya"])

    assert await hears(maya, {"changed": True})
    assert await theo.receive_nothing(timeout=0.5)


async def test_the_desk_can_tell_calm_from_silence(people, connect, monkeypatch):
    monkeypatch.setattr(consumers, "HEARTBEAT_SECONDS", 0.1)
    desk = await connect("/ws/desk", people["bea"])

    await hears(desk, {"heard": True})
    await hears(desk, {"heard": True})


async def test_what_a_page_says_to_the_desks_socket_is_not_listened_to(people, connect):
    desk = await connect("/ws/desk", people["bea"])
    await quiet(desk)

    await desk.send_to(text_data="x" * 100_000)
    await desk.send_to(text_data='{"alarm": true}')

    await flag(people["maya"])
    await hears(desk, {"changed": True})


async def test_when_the_listening_connection_is_killed_the_desk_reads_afresh_and_hears_again(
    people, connect, databases, committed
):
    desk = await connect("/ws/desk", people["bea"])
    await quiet(desk)

    killed = await database_sync_to_async(kill_listeners)(databases, committed)
    await flag(people["maya"])  # perhaps said while nobody listened

    assert killed == 1
    assert await hears(desk, {"changed": True})
    await quiet(desk)
    await flag(people["theo"])
    assert await hears(desk, {"changed": True})


def kill_listeners(databases, name):
    with psycopg.connect(databases.server.url("superuser", "postgres"), autocommit=True) as superuser:
        found = superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND query IN ('LISTEN wake', 'SELECT 1')",
            [name],
        ).fetchall()
    return len(found)


async def test_the_desk_is_told_of_a_flag_raised_while_the_database_refused_connections(
    people, connect, databases, committed
):
    desk = await connect("/ws/desk", people["bea"])
    await quiet(desk)
    began = timezone.now()

    await database_sync_to_async(lose_the_database)(databases, committed)

    await hears(desk, {"changed": True}, seconds=15)
    await flag(people["maya"])
    await hears(desk, {"changed": True}, seconds=10)
    assert timezone.now() - began < timedelta(seconds=30)


def lose_the_database(databases, name):
    """For ten seconds nobody gets in, and whoever was in is out."""
    import time

    from django.db import connections

    with psycopg.connect(databases.server.url("superuser", "postgres"), autocommit=True) as superuser:
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        time.sleep(10)
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    connections.close_all()

"""The ground of the tests: a real PostgreSQL, the web role, and the cast of Harbor Street at world.NOW.

The template database is migrated and filled once for each state of the code; each worker, and each test that
commits, gets a clone of it. Tests run as the web role, under row-level security, as in production.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.setdefault("OPENIOP_VAR", str(ROOT / "var" / "test")))
VAR.mkdir(parents=True, exist_ok=True)
os.environ.setdefault("OPENIOP_SECRET_KEY", "only-for-tests")
os.environ.setdefault("OPENIOP_ROLE", "web")
os.environ.setdefault("OPENIOP_DEMO", "true")

from openiop.lib import postgres  # noqa: E402
from tests.serving import server  # noqa: E402, F401 - a fixture


def _fingerprint() -> str:
    files = sorted(
        p
        for p in (ROOT / "openiop").rglob("*.py")
        if {"migrations", "models"} & set(p.parts) or p.name in ("world.py", "past.py", "models.py")
    )
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Databases:
    """The test server: its template, and clones of it."""

    def __init__(self) -> None:
        self.server = postgres.ensure(VAR)
        self.template = f"template_{_fingerprint()}"

    def ensure_template(self) -> None:
        import fcntl

        with (VAR / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = VAR / f"{self.template}.done"
            if done.exists():
                return
            self.server.drop_database(self.template)
            self.server.create_database(self.template)
            environment = os.environ | {
                "OPENIOP_ROLE": "owner",
                "DATABASE_OWNER_URL": self.server.url("owner", self.template),
            }
            for command in (["migrate", "-v0"], ["world", "--fixed"]):
                subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
            done.touch()

    def clone(self, name: str) -> str:
        self.server.drop_database(name)
        self.server.create_database(name, template=self.template)
        return name


@pytest.fixture(scope="session")
def databases() -> Databases:
    found = Databases()
    found.ensure_template()
    return found


@contextmanager
def connected_to(name: str, databases: Databases, role: str = "web") -> Iterator[None]:
    """Point Django's connection at a database of the test server."""
    from urllib.parse import parse_qs, urlsplit

    from django.db import connections

    url = urlsplit(databases.server.url(role, name))
    before = dict(connections.settings["default"])
    settings = connections["default"].settings_dict
    connections["default"].close()
    settings.update(NAME=name, USER=url.username, HOST=parse_qs(url.query)["host"][0])
    try:
        yield
    finally:
        connections.close_all()
        settings.update({key: before[key] for key in ("NAME", "USER", "HOST")})


@pytest.fixture(scope="session")
def django_db_setup(databases: Databases, django_db_blocker: Any, request: Any) -> Iterator[None]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = databases.clone(f"test_{worker}_{os.getpid()}")
    with django_db_blocker.unblock(), connected_to(name, databases):
        yield
    databases.server.drop_database(name)


@pytest.fixture
def committed(databases: Databases, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of this test's own, in which transactions really commit: for sockets, jobs and two workers."""
    from django.db import connections

    name = databases.clone(f"own_{os.getpid()}_{os.urandom(3).hex()}")
    shared = connections["default"].settings_dict["NAME"]
    with django_db_blocker.unblock():
        connections["default"].settings_dict["NAME"] = name
        connections["default"].close()
        try:
            yield name
        finally:
            connections.close_all()
            connections["default"].settings_dict["NAME"] = shared
    databases.server.drop_database(name)


@pytest.fixture
def clock() -> Iterator[Any]:
    """The clinic's evening: Tuesday, 5:48 pm in New York, twelve minutes before the group. `clock.move_to(…)`."""
    import time_machine

    from openiop.demo import world

    with time_machine.travel(world.NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def cast(db: None) -> dict[str, Any]:
    """Everybody by key: cast["maya"]."""
    from openiop.demo import world

    return world.cast()


@pytest.fixture
def client_for(db: None) -> Callable[[Any], Any]:
    """Return a browser in which this person is signed in, with a second factor where one is due."""
    return browser_of


def browser_of(person: Any) -> Any:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(person.login)
    session = client.session
    session["second_factor"] = "test"
    session.save()
    return client

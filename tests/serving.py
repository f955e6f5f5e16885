"""Programs of a test's own on the test's own database: web servers and the worker, killed and started at will."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
STARTS_WITHIN_SECONDS = 60


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Program:
    """One process of ours. With a `clock` (a file: see tests/clocked.py) it runs by the time a test sets."""

    def __init__(self, databases, name, words, *, role, clock=None, **environment):
        self.words = [sys.executable, *(["-m", "tests.clocked", str(clock)] if clock else []), *words]
        self.environment = os.environ | {
            "DATABASE_URL": databases.server.url("web", name),
            "DATABASE_WORKER_URL": databases.server.url("worker", name),
            "OPENIOP_ROLE": role,
            "OPENIOP_SECRET_KEY": settings.SECRET_KEY,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **environment,
        }
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.words, cwd=ROOT, env=self.environment)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Server(Program):
    """A web process; killed and started again it is at the same address."""

    def __init__(self, databases, name, *, clock=None, **environment):
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        words = ["-m", "uvicorn", "config.asgi:application", "--port", str(self.port), "--log-level", "warning"]
        super().__init__(databases, name, words, role="web", clock=clock, OPENIOP_PORT=str(self.port), **environment)

    def start(self):
        super().start()
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
            time.sleep(0.1)
        raise AssertionError("the web server did not come up")


def worker(databases, name, *, clock=None):
    """The worker on the test's own database."""
    return Program(databases, name, ["manage.py", "worker"], role="worker", clock=clock)


@pytest.fixture
def server(committed, databases):
    """A web server of this test's own; returns its address."""
    found = Server(databases, committed)
    yield found.url
    found.stop()

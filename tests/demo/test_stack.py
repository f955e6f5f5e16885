"""The demo's supervisor: it says what is in the way, brings back what dies, and leaves nothing running."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from openiop.demo.stack import AlreadyRunning, PortTaken, Stack, answers, running_at

ROOT = Path(__file__).resolve().parents[2]
SUPERVISE = """
import pathlib, signal, sys, threading
from openiop.demo.stack import Stack
# A shell that starts work in the background lets it ignore Ctrl-C; this one hears it.
signal.signal(signal.SIGINT, signal.default_int_handler)
stack = Stack(pathlib.Path(sys.argv[1]), port=0, media=False)
stack.start()
print(stack.port, flush=True)
threading.Event().wait()
"""


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory for these tests alone."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(autouse=True)
def without_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stack choose its own database, role and place."""
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stack(var: Path) -> Iterator[Stack]:
    """The running clinic, without sound and picture."""
    with Stack(var, port=0, media=False) as running:
        yield running


def eventually(happens: Callable[[], object], seconds: float = 30) -> bool:
    """Say whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.1)
    return False


def processes_of(var: Path) -> list[psutil.Process]:
    """Every living process that works for a data directory."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            belongs = process.environ().get("OPENIOP_VAR") == str(var) or str(var) in " ".join(process.cmdline())
            if belongs and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_the_clinic_answers_and_whoever_starts_it_again_learns_where_it_is(stack: Stack, var: Path) -> None:
    assert answers(stack.port)
    assert running_at(var) == stack.url
    with pytest.raises(AlreadyRunning, match=str(stack.port)):
        Stack(var, port=0, media=False).start()
    assert answers(stack.port), "the second start must not end the first"


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_part_that_is_killed_comes_back(stack: Stack, name: str) -> None:
    before = stack.pid(name)
    assert before is not None
    os.kill(before, signal.SIGKILL)

    assert eventually(lambda: stack.pid(name) not in (None, before))
    assert eventually(lambda: answers(stack.port))


def test_after_the_end_nothing_of_it_runs_and_the_port_is_free(var: Path) -> None:
    with Stack(var, port=0, media=False) as stack:
        port = stack.port
    assert eventually(lambda: processes_of(var) == [], seconds=2)
    assert not answers(port)
    assert running_at(var) is None


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_whatever_ends_the_supervisor_nothing_stays_behind(var: Path, end: signal.Signals) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(var)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert supervisor.stdout is not None
    port = int(supervisor.stdout.readline())
    assert answers(port)
    supervisor.send_signal(end)
    supervisor.wait(timeout=30)

    assert eventually(lambda: processes_of(var) == [])


def test_a_taken_port_is_named_with_who_has_it_and_how_to_choose_another(var: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken) as refused:
            Stack(var, port=port, media=False).start()
    assert f"process {os.getpid()}" in str(refused.value)
    assert f"bin/demo --port {port + 1}" in str(refused.value)
    assert processes_of(var) == []

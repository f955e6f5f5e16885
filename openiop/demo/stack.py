"""Everything that runs, started and kept running by one process: database, media server, web server and worker.

    with Stack(var=Path("var"), port=8000) as stack:
        print(stack.url)

Used by bin/demo and bin/dev, and by tests that need the real thing. Each part writes to ``var/log``. A part that dies
is started again; when the supervisor ends, in whatever way, all of its parts end too.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import psutil

from openiop.demo.guard import end_groups
from openiop.lib import postgres
from openiop.room.media.server import JanusDidNotStart, JanusMissing, JanusServer, NoMediaInterface

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"

START_SECONDS = 90.0
LOOK_EVERY_SECONDS = 0.25
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# A part that ran this long was healthy: its next pause is short again.
HEALTHY_SECONDS = 30.0


class StackFailed(RuntimeError):
    """A part did not start; the message is for the person at the keyboard and says what to do."""


class PortTaken(StackFailed):
    """Another program listens on the port."""


class AlreadyRunning(StackFailed):
    """A stack of this checkout runs already."""

    def __init__(self, url: str) -> None:
        super().__init__(f"It is already running: open {url}")
        self.url = url


@dataclass
class _Part:
    """One program that is kept running."""

    name: str
    command: list[str]
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    again_at: float | None = None


@dataclass
class Stack:
    """The running system of one ``var`` directory.

    Args:
        var: Where data, logs and secrets lie.
        port: Web port on loopback; 0 picks a free one.
        demo: Load the fictional clinic and let people sign in as its cast with one click.
        database: Which database on the embedded server.
        media: Start Janus; without it, pages of the live room say that it cannot open.
        reload: Restart the web server when its source changes.
        say: Receives one line of progress at a time.
    """

    var: Path
    port: int = 8000
    demo: bool = True
    database: str = postgres.DATABASE
    media: bool = True
    reload: bool = False
    say: Callable[[str], object] = lambda line: None
    extra: dict[str, list[str]] = field(default_factory=dict)
    """More programs to keep running once the web server answers: name and command."""

    def __post_init__(self) -> None:
        self.var = self.var.resolve()
        self.env: dict[str, str] = {}
        self.server: postgres.Server | None = None
        self.janus: JanusServer | None = None
        self._janus_pid: int | None = None
        self._janus_pause = FIRST_PAUSE_SECONDS
        self._janus_again_at = 0.0
        self._parts: dict[str, _Part] = {}
        self._lock: IO[str] | None = None
        self._guard: subprocess.Popen[str] | None = None
        self._asked_to_stop = threading.Event()
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://localhost:{self.port}"

    def pid(self, name: str) -> int | None:
        """Give the process id of a part (``web``, ``worker``, ``janus``), None while it is down."""
        if name == "janus":
            return self.janus.pid if self.janus and self.janus.poll() is None else None
        process = self._parts[name].process
        return process.pid if process and process.poll() is None else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when the web server answers.

        Raises:
            AlreadyRunning: A stack of this ``var`` runs; its address is in the message.
            PortTaken: Another program has the port.
            StackFailed: A part did not start.
        """
        # A daemon, so that a caller who dies of an exception is not kept alive; the guard then ends the parts.
        self._thread = threading.Thread(target=self._run, name="stack", daemon=True)
        self._thread.start()
        try:
            while not self._ready.wait(0.2):
                pass
        except BaseException:
            self.stop()
            raise
        if self._problem is not None:
            self._thread.join()
            raise self._problem

    def stop(self) -> None:
        """End every part and return when all have ended."""
        self._asked_to_stop.set()
        if self._thread is not None:
            while self._thread.is_alive():
                # A second Ctrl-C must not cut the tidying short.
                with contextlib.suppress(KeyboardInterrupt):
                    self._thread.join(0.2)

    # All parts are started, watched and ended by one thread.

    def _run(self) -> None:
        try:
            try:
                self._begin()
            except BaseException as problem:
                self._problem = problem
                return
            self._ready.set()
            while not self._asked_to_stop.wait(LOOK_EVERY_SECONDS):
                self._look_after_parts()
        finally:
            self._end()
            self._ready.set()

    def _begin(self) -> None:
        for directory in ("log", "stamps"):
            (self.var / directory).mkdir(parents=True, exist_ok=True)
        self._claim()
        self._furnish()
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "openiop.demo.guard"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.env = self._environment()
        self.say("Preparing the database")
        self._run_once("migrate", "migrate", "--no-input", "--verbosity=1")
        if self.demo:
            self.say("Loading the fictional clinic")
            self._run_once("world", "world")
        if self.media:
            self.say("Starting the media server")
            self._start_janus()
        self.say("Starting the web server and the worker")
        web = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", HOST, "--port", str(self.port)]
        web += ["--no-access-log", "--timeout-graceful-shutdown", "5"]
        if self.reload:
            web += ["--reload", "--reload-dir", str(ROOT / "openiop"), "--reload-dir", str(ROOT / "config")]
        self._add("web", web, role="web")
        self._add("worker", [sys.executable, str(ROOT / "manage.py"), "worker"], role="worker")
        self._wait_for_web()
        for name, command in self.extra.items():
            self._add(name, command, role="web")
        self._write_where_we_are()

    def _claim(self) -> None:
        """Take this ``var`` and the port, or say who has them."""
        lock = (self.var / "stack.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            words = lock.read()
            lock.close()
            raise AlreadyRunning(words or "the address that the other one is about to print") from None
        self._lock = lock
        lock.truncate(0)
        with socket.socket() as probe:
            # As servers do: a port that only waits for late packets counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as problem:
                raise PortTaken(_who_has(self.port, problem)) from None
            self.port = probe.getsockname()[1]

    def _furnish(self) -> None:
        """Give a ``var`` of its own (a test's, the tour's) what bin/setup gave the checkout's."""
        key = self.var / "secret-key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(secrets.token_urlsafe(48))
        collected = ROOT / "var" / "static"
        if not (self.var / "static").exists() and collected.is_dir():
            (self.var / "static").symlink_to(collected)

    def _environment(self) -> dict[str, str]:
        env = dict(os.environ)
        env.update(
            OPENIOP_VAR=str(self.var),
            OPENIOP_PORT=str(self.port),
            OPENIOP_ORIGIN=self.url,
            OPENIOP_DEMO="true" if self.demo else "false",
            DJANGO_SETTINGS_MODULE="config.settings",
            PYTHONUNBUFFERED="1",
        )
        if "DATABASE_URL" not in env:
            self.say("Starting PostgreSQL")
            self.server = postgres.ensure(self.var)
            env["DATABASE_URL"] = self.server.url("web", self.database)
            env["DATABASE_WORKER_URL"] = self.server.url("worker", self.database)
            env["DATABASE_OWNER_URL"] = self.server.url("owner", self.database)
        return env

    def _run_once(self, name: str, *words: str) -> None:
        """Run one of Django's commands to its end, or until we are asked to stop."""
        part = _Part(name, [sys.executable, str(ROOT / "manage.py"), *words], self.env | {"OPENIOP_ROLE": "owner"})
        self._spawn(part)
        assert part.process is not None
        while part.process.poll() is None:
            if self._asked_to_stop.wait(0.05):
                end_groups([part.process.pid], reap=part.process.poll)
                raise StackFailed("Stopped.")
        self._tell_guard("-", part.process.pid)
        if part.process.returncode:
            raise StackFailed(self._failure(name))

    def _add(self, name: str, command: list[str], *, role: str) -> None:
        part = self._parts[name] = _Part(name, command, self.env | {"OPENIOP_ROLE": role})
        self._spawn(part)

    def _spawn(self, part: _Part) -> None:
        with (self.var / "log" / f"{part.name}.log").open("ab") as log:
            part.process = subprocess.Popen(
                part.command,
                cwd=ROOT,
                env=part.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        part.started_at = time.monotonic()
        part.again_at = None
        self._tell_guard("+", part.process.pid)

    def _start_janus(self) -> None:
        self.janus = self.janus or JanusServer(self.var)
        try:
            self.janus.start()
        except (JanusMissing, NoMediaInterface, JanusDidNotStart) as problem:
            raise StackFailed(str(problem)) from None
        self._janus_pid = self.janus.pid
        if self._janus_pid is not None:
            self._tell_guard("+", self._janus_pid)
        self.env.update(self.janus.env())

    def _wait_for_web(self) -> None:
        web = self._parts["web"].process
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if web is None or web.poll() is not None:
                raise StackFailed(self._failure("web"))
            if answers(self.port):
                return
            if self._asked_to_stop.wait(0.1):
                raise StackFailed("Stopped.")
        raise StackFailed(f"The web server did not answer within {START_SECONDS:.0f} s. " + self._failure("web"))

    def _look_after_parts(self) -> None:
        now = time.monotonic()
        for part in self._parts.values():
            if part.process is not None and part.process.poll() is not None:
                # What it started itself must not outlive it and hold its port.
                end_groups([part.process.pid], patience_seconds=2)
                self._tell_guard("-", part.process.pid)
                if now - part.started_at > HEALTHY_SECONDS:
                    part.pause = FIRST_PAUSE_SECONDS
                part.again_at = now + part.pause
                part.pause = min(2 * part.pause, LONGEST_PAUSE_SECONDS)
                self.say(
                    f"{part.name} ended (code {part.process.returncode}); starting it again. {self._log_of(part.name)}"
                )
                part.process = None
            elif part.again_at is not None and now >= part.again_at:
                self._spawn(part)
        if self.janus is not None and self.janus.poll() is not None and now >= self._janus_again_at:
            self.say("The media server ended; starting it again.")
            if self._janus_pid is not None:
                self._tell_guard("-", self._janus_pid)
                self._janus_pid = None
            self._janus_again_at = now + self._janus_pause
            self._janus_pause = min(2 * self._janus_pause, LONGEST_PAUSE_SECONDS)
            try:
                self._start_janus()
            except StackFailed as problem:
                self.say(str(problem))

    def _end(self) -> None:
        running = [part.process for part in self._parts.values() if part.process is not None]
        end_groups((process.pid for process in running), reap=lambda: [process.poll() for process in running])
        for process in running:
            process.wait()
        if self.janus is not None:
            with contextlib.suppress(OSError):
                self.janus.stop()
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
            self._guard.wait()
        if self.server is not None:
            self.server.stop()
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()

    def _tell_guard(self, sign: str, pid: int) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            # Should the guard be gone, we still end our parts ourselves.
            with contextlib.suppress(OSError):
                self._guard.stdin.write(f"{sign}{pid}\n")
                self._guard.stdin.flush()

    def _write_where_we_are(self) -> None:
        assert self._lock is not None
        self._lock.write(self.url)
        self._lock.flush()

    def _log_of(self, name: str) -> str:
        return f"Its words are in {self.var / 'log' / name}.log."

    def _failure(self, name: str) -> str:
        path = self.var / "log" / f"{name}.log"
        last = path.read_text(errors="replace").splitlines()[-12:] if path.exists() else []
        return "\n  ".join([f"{name} did not start. The last lines of {path}:", *last])


def answers(port: int) -> bool:
    """Say whether a web server answers on a port of this machine, whatever it says."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": f"localhost:{port}"})
        connection.getresponse()
    except OSError:
        return False
    except http.client.HTTPException:
        return True
    finally:
        connection.close()
    return True


def _who_has(port: int, problem: OSError) -> str:
    advice = f"Choose another one, for example: bin/demo --port {port + 1}"
    if isinstance(problem, PermissionError):
        return f"Port {port} is for administrators only. {advice}"
    name = ""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid:
                    name = f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
                break
    return f"Port {port} is already taken{name}. {advice}"


def running_at(var: Path) -> str | None:
    """Give the address of the stack that runs on this ``var``, or None."""
    try:
        with (var / "stack.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read() or None
    except FileNotFoundError:
        return None
    return None


__all__ = ["AlreadyRunning", "PortTaken", "Stack", "StackFailed", "answers", "running_at"]

"""The background process: jobs from the queue, and the loops that look at the database by themselves."""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from django.core.management.base import BaseCommand
from django.db import connection, connections
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules, import_string
from procrastinate.contrib.django import app

from openiop.lib.wake import CHANNEL

log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 5.0
MONTHS_AHEAD = 3


class Poller(NamedTuple):
    """A loop: call `name(at)` every so often, sooner when the database says that something happened."""

    name: str
    every_seconds: float


# By name: each app's jobs are its own, and an app that brings none is passed over.
POLLERS = (
    Poller("openiop.safety.jobs.climb", 2),
    Poller("openiop.safety.jobs.call_for_staff", 2),
    Poller("openiop.safety.jobs.watch_the_rota", 60),
    Poller("openiop.safety.jobs.tell_readers", 10),
    Poller("openiop.safety.jobs.watch_departures", 2),
    Poller("openiop.safety.jobs.hand_over", 5),
    Poller("openiop.safety.jobs.stay_with_them", 2),
    Poller("openiop.schedule.jobs.watch_the_missed", 30),
    Poller("openiop.schedule.jobs.watch_the_ended", 10),
    Poller("openiop.room.jobs.watch", 5),
    # Each way in a loop of its own: a provider that hangs holds up no other.
    Poller("openiop.messaging.jobs.send_mail", 2),
    Poller("openiop.messaging.jobs.send_texts", 2),
    Poller("openiop.messaging.jobs.send_pushes", 2),
    Poller("openiop.billing.signed_days.price_signed_days", 5),
    Poller(f"{__name__}.open_months_of_the_trail", 24 * 3600),
)


def open_months_of_the_trail(at: datetime) -> int:
    """Make the trail's partitions for the coming months, so that none ever waits in the rest."""
    day = at.date().replace(day=1)
    with connection.cursor() as cursor:
        for _month in range(MONTHS_AHEAD + 1):
            cursor.execute("SELECT audit_open_month(%s)", [day])
            day = date.fromordinal(day.toordinal() + 32).replace(day=1)
    return 0


class Command(BaseCommand):
    help = "Run background work until asked to stop (SIGTERM or Ctrl-C)."

    def handle(self, *args: Any, **options: Any) -> None:
        autodiscover_modules("jobs")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        loops = [Loop(poller.name, found, poller.every_seconds, stop) for poller, found in _found(POLLERS)]
        ear = threading.Thread(target=listen, args=(loops, stop), name="wake", daemon=True)
        queue = threading.Thread(target=work_the_queue, args=(stop,), name="queue")
        for thread in (*loops, ear, queue):
            thread.start()
        # Short waits, so that signals are handled while we wait.
        while not stop.wait(0.2):
            pass
        for thread in (*loops, queue):
            thread.join()


def _found(pollers: tuple[Poller, ...]) -> list[tuple[Poller, Callable[[datetime], int]]]:
    found = []
    for poller in pollers:
        with contextlib.suppress(ModuleNotFoundError):
            found.append((poller, import_string(poller.name)))
    return found


class Loop(threading.Thread):
    """One poller in a thread and with a connection of its own: its crash stops no other."""

    def __init__(
        self, name: str, run_once: Callable[[datetime], int], every_seconds: float, stop: threading.Event
    ) -> None:
        super().__init__(name=name)
        self.run_once, self.every_seconds, self.stop_asked = run_once, every_seconds, stop
        self.something_happened = threading.Event()
        self.speaks_as: int | None = None  # its connection at the server: what it says itself is no news to it

    def run(self) -> None:
        failures = 0
        while not self.stop_asked.is_set():
            self.something_happened.clear()
            try:
                connection.ensure_connection()
                self.speaks_as = connection.connection.info.backend_pid
                self.run_once(timezone.now())
                failures = 0
            except Exception as error:
                # The kind only: messages of the database may quote the record.
                log.error("%s failed (%s); trying again.", self.name, type(error).__name__)
                connections.close_all()
                failures += 1
            self._wait(self.every_seconds if not failures else min(0.25 * 2**failures, LONGEST_PAUSE_SECONDS))
        connections.close_all()

    def _wait(self, seconds: float) -> None:
        until = timezone.now() + timedelta(seconds=seconds)
        while not self.stop_asked.is_set() and timezone.now() < until:
            if self.something_happened.wait(0.2):
                return


def listen(loops: list[Loop], stop: threading.Event) -> None:
    """Hear the verbs' wake-ups and let every loop look at once. Deaf, the loops still look by themselves."""
    while not stop.is_set():
        try:
            with psycopg.connect(**_parameters(), autocommit=True) as listening:
                listening.execute(f"LISTEN {CHANNEL}")
                _tell(loops)
                while not stop.is_set():
                    heard = list(listening.notifies(timeout=2, stop_after=1))
                    listening.execute("SELECT 1")
                    if heard:
                        _tell(loops, said_by={word.pid for word in heard})
        except psycopg.Error as error:
            log.warning("The wake-up connection was lost (%s); trying again.", type(error).__name__)
            stop.wait(1)


def _tell(loops: list[Loop], *, said_by: Collection[int] = ()) -> None:
    """Let every loop look at once, but for one that hears nobody but itself."""
    for loop in loops:
        if set(said_by) != {loop.speaks_as}:
            loop.something_happened.set()


def _parameters() -> dict[str, Any]:
    known = ("dbname", "user", "password", "host", "port", "sslmode")
    return {key: value for key, value in connection.get_connection_params().items() if key in known}


def work_the_queue(stop: threading.Event) -> None:
    """Run jobs until asked to stop; a lost database is waited for."""
    asyncio.run(_work_the_queue(stop))


async def _work_the_queue(stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            # An app beside Django's own: what the loops enqueue stays in their transactions.
            beside = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
            async with beside.open_async():
                await _until(stop, beside.run_worker_async(install_signal_handlers=False))
        except Exception as error:
            log.warning("The queue stopped (%s); trying again.", type(error).__name__)
            await asyncio.sleep(1)


async def _until(stop: threading.Event, work: Any) -> None:
    """Run `work` until it ends or we are asked to stop; then let running jobs finish."""
    task = asyncio.ensure_future(work)
    while not task.done() and not stop.is_set():
        await asyncio.wait({task}, timeout=0.2)
    if not task.done():
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

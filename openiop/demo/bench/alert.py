"""A check-in with a crisis answer, from sent to seen on the desk's open page, while a hundred answers a second arrive.

Starts a clinic of its own on loopback (PostgreSQL, two web processes, the worker), signs in synthetic patients, and
at one, ten and a hundred answers a second lets them send answers over HTTP as a phone does, at a steady rate whatever
the replies. Some say that they are not safe. One desk is open: its socket says that something changed, it fetches the
rail, and the clock stops when the person's name stands there. Time counts from the moment at which the answer was due
to be sent.

Yardstick, in the same run and before the load: one durable commit and one message over a socket on the same machine.

Afterwards crises come in while web processes and the worker are killed in turn: what became of each answer and page.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psutil
import psycopg
import websockets

from openiop.demo.bench._kills import killed_again_and_again, post_office
from openiop.demo.bench._lines import Line, at_share, free_port, say_time, session_of, until_answering
from openiop.demo.stack import HOST, Stack

NO_LONGER_THAN_SECONDS = 300
SEEN_WITHIN_SECONDS = 15
WARM_UP_SECONDS = 3
YARDSTICK_ROUNDS = 300


def main(words: Sequence[str] | None = None) -> int:
    """Run once and print one JSON object a line; 1 when an answer was lost or a crisis never seen."""
    options = _options(words)
    with tempfile.TemporaryDirectory(prefix="openiop-alert-") as var:
        # The database's own user has to reach its folder in here.
        os.chmod(var, 0o755)  # noqa: S103
        second = free_port()
        stack = Stack(var=Path(var), port=0, media=False, say=_say)
        stack.extra["web2"] = [
            *(sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", HOST),
            *("--port", str(second), "--no-access-log"),
        ]
        with post_office() as office, stack:
            clinic = _furnish(stack, patients=options.patients)
            ports = [stack.port, second]
            seen = asyncio.run(asyncio.wait_for(_run(clinic, ports, options), NO_LONGER_THAN_SECONDS))
            paged = asyncio.run(killed_again_and_again(clinic, stack, office, ports, kills=options.kills))
    return 0 if seen and paged else 1


def _options(words: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="bin/bench alert", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="how long at each rate (20)")
    parser.add_argument("--rates", type=int, nargs="+", default=[1, 10, 100], help="answers a second (1 10 100)")
    parser.add_argument("--patients", type=int, default=200, help="how many people send them (200)")
    parser.add_argument("--every", type=int, default=25, help="one answer in so many says not safe (25)")
    parser.add_argument("--kills", type=int, default=8, help="how often worker and web are killed afterwards (8)")
    parser.add_argument("--crises", type=int, default=20, help="not safe at least so often at each rate (20)")
    return parser.parse_args(words)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# --- the people ---


@dataclass
class Sender:
    """A synthetic patient, signed in: who they are, their cookies and where their answers go."""

    name: str
    person: str
    cookie: str
    token: str = ""
    line: Line | None = None


@dataclass
class Clinic:
    """The clinic under load, through whose database this process acts as its clinician."""

    dsn: str
    day: date
    senders: list[Sender]
    desk_cookie: str
    clinician: Any
    director: Any
    web: list[psutil.Process]

    def now(self) -> str:
        return _now()

    def web_cpu_seconds(self) -> float:
        """What the web processes have used of the processors so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.web)


def _furnish(stack: Stack, *, patients: int) -> Clinic:
    """Make the patients and sign everybody in, in the database; signing in is not what is measured."""
    os.environ.update(stack.env, OPENIOP_ROLE="web")
    import django

    django.setup()
    from django.utils import timezone

    from openiop.demo import world
    from openiop.people.access import acting
    from openiop.people.models import Login, Person

    _say(f"Signing in {patients} people")
    cast = world.cast()
    senders = []
    with acting(cast["okafor"], origin="bench"):
        for number in range(patients):
            login = Login(email=f"load{number}@harborstreet.example")
            login.set_unusable_password()
            login.save()
            person = Person.objects.create(
                clinic_id=cast["okafor"].clinic_id,
                kind=Person.PATIENT,
                login=login,
                given_name=f"Load{number:04d}",
                family_name="Synthetic",
                called=f"Load{number:04d}",
                born_on=date(1990, 1, 1),
            )
            senders.append(Sender(person.full_name, str(person.pk), session_of(login)))
    bea = cast["bea"]
    day = timezone.now().astimezone(world.ZONE).date()
    web = [psutil.Process(pid) for pid in (stack.pid("web"), stack.pid("web2")) if pid]
    return Clinic(stack.env["DATABASE_OWNER_URL"], day, senders, session_of(bea.login), bea, cast["okafor"], web)


# --- the desk ---


@dataclass
class Desk:
    """An open desk: reads the rail afresh when its socket says so, one fetch at a time, as the page does."""

    port: int
    cookie: str
    waiting: dict[str, tuple[float, asyncio.Future[float]]] = field(default_factory=dict)
    fetches: int = 0
    turns: Iterator[int] = field(default_factory=itertools.count)
    again: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self) -> None:
        address = f"ws://{HOST}:{self.port}/ws/desk"
        headers = {"Cookie": self.cookie, "Host": "localhost"}
        async with websockets.connect(address, additional_headers=headers, origin="http://localhost") as words:  # type: ignore[arg-type]
            async for word in words:
                if json.loads(word).get("changed"):
                    self.again.set()

    async def read(self) -> None:
        line = Line(self.port)
        while True:
            await self.again.wait()
            self.again.clear()
            status, _cookies, rail = await line.ask(
                "GET", "/rail", headers={"Cookie": self.cookie, "HX-Request": "true", "Accept": "text/html"}
            )
            now = time.perf_counter()
            self.fetches += 1
            if status == 200:
                for name in [name for name in self.waiting if name.encode() in rail]:
                    due, seen = self.waiting.pop(name)
                    seen.set_result(now - due)


# --- the run ---


class Pace(NamedTuple):
    """Answers a second, and one in how many says not safe."""

    rate: int
    every: int


@dataclass
class Tally:
    """What came of the answers, in seconds from when each was due."""

    saved: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    lost: int = 0
    unseen: int = 0


async def _run(clinic: Clinic, ports: list[int], options: Any) -> bool:
    for port in ports:
        await until_answering(port)
    yardstick = await _yardstick(clinic.dsn)
    for number, sender in enumerate(clinic.senders):
        sender.line = Line(ports[number % len(ports)])
    await asyncio.gather(*[_fetch_token(sender) for sender in clinic.senders])
    desk = Desk(ports[0], clinic.desk_cookie)
    watching = [asyncio.create_task(desk.watch()), asyncio.create_task(desk.read())]
    _say("Warming up")
    await _load(clinic, desk, Pace(max(options.rates), options.every), seconds=WARM_UP_SECONDS)
    tallies = []
    for rate in options.rates:
        # Where few answers come, more of them say so: of three crises nobody can tell a ninety-ninth percentile.
        pace = Pace(rate, max(1, min(options.every, rate * options.seconds // options.crises)))
        tallies.append(await _measured(clinic, desk, pace, options, yardstick=yardstick, processes=len(ports)))
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    for sender in clinic.senders:
        if sender.line is not None:
            sender.line.close()
    return all(not tally.lost and not tally.unseen and tally.seen for tally in tallies)


async def _measured(
    clinic: Clinic, desk: Desk, pace: Pace, options: Any, *, yardstick: list[float], processes: int
) -> Tally:
    _say(f"{pace.rate} answers a second for {options.seconds} s")
    desk.fetches = 0
    began, used = time.perf_counter(), clinic.web_cpu_seconds()
    tally = await _load(clinic, desk, pace, seconds=options.seconds)
    took, used = time.perf_counter() - began, clinic.web_cpu_seconds() - used
    _report(tally, yardstick, desk, options, rate=pace.rate, took=took, used=used, processes=processes)
    return tally


async def _fetch_token(sender: Sender) -> None:
    assert sender.line is not None
    _status, cookies, body = await sender.line.ask(
        "GET", "/csrf", headers={"Cookie": sender.cookie, "Accept": "application/json"}
    )
    sender.token = json.loads(body)["token"]
    sender.cookie = f"{sender.cookie}; {cookies}"


async def _load(clinic: Clinic, desk: Desk, pace: Pace, *, seconds: int) -> Tally:
    """Send at a steady rate, whatever comes back: a slow answer makes those behind it late, and that counts."""
    tally = Tally()
    sending = set()
    begins = time.perf_counter() + 0.2
    for number in range(seconds * pace.rate):
        due = begins + number / pace.rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        is_crisis = number % pace.every == pace.every - 1
        # Each crisis is another person's, so that no name stands on the desk before its answer is due.
        turn = next(desk.turns) if is_crisis else number
        sender = clinic.senders[turn % len(clinic.senders)]
        task = asyncio.create_task(_send(clinic, desk, sender, tally, due=due, is_crisis=is_crisis))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await asyncio.gather(*sending)
    return tally


async def _send(clinic: Clinic, desk: Desk, sender: Sender, tally: Tally, *, due: float, is_crisis: bool) -> None:
    key = str(uuid4())
    item, value = ("safe_now", "2") if is_crisis else ("mood", str(hash(key) % 11))
    answer = {"key": key, "person": sender.person, "item": item, "value": value, "answered_at": _now()}
    seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    if is_crisis:
        desk.waiting[sender.name] = (due, seen)
    assert sender.line is not None
    status, _cookies, reply = await sender.line.ask(
        "POST",
        f"/measures/checkin/1/{clinic.day}/answers",
        headers={
            "Cookie": sender.cookie,
            "X-CSRFToken": sender.token,
            "Content-Type": "application/json",
            "Accept": "application/json",
        },
        body=json.dumps(answer).encode(),
    )
    if status not in (200, 201) or json.loads(reply)["saved"] != key:
        if not tally.lost:
            _say(f"An answer was not taken: {status}")
        tally.lost += 1
        return
    tally.saved.append(time.perf_counter() - due)
    if is_crisis:
        try:
            tally.seen.append(await asyncio.wait_for(seen, SEEN_WITHIN_SECONDS))
        except TimeoutError:
            tally.unseen += 1
            return
        # Somebody looks after them, so that the desk shows an evening and not a heap.
        await asyncio.to_thread(_look_after, clinic, sender.person)


def _now() -> str:
    from django.utils import timezone

    return timezone.now().isoformat()


def _look_after(clinic: Clinic, person: str) -> None:
    from django.db import connection
    from django.utils import timezone

    from openiop.people.access import acting
    from openiop.safety.models import Case, close

    with acting(clinic.clinician, origin="bench"):
        case = Case.objects.open().get(patient_id=UUID(person))
        close(case, disposition="not_a_risk", note="synthetic", by=clinic.clinician, at=timezone.now())
    connection.close()


async def _yardstick(dsn: str) -> list[float]:
    """One durable commit and one message to an open socket, again and again, one after the other."""

    async def push(server: Any) -> None:
        async for word in server:
            await server.send(word)

    rounds = []
    async with (
        websockets.serve(push, HOST, 0) as server,
        await psycopg.AsyncConnection.connect(dsn) as database,
    ):
        port = next(iter(server.sockets)).getsockname()[1]
        await database.execute("CREATE TABLE yardstick (id bigserial PRIMARY KEY, word text)")
        await database.commit()
        async with websockets.connect(f"ws://{HOST}:{port}") as desk:
            for _round in range(YARDSTICK_ROUNDS):
                began = time.perf_counter()
                await database.execute("INSERT INTO yardstick (word) VALUES ('not safe')")
                await database.commit()
                await desk.send("changed")
                await desk.recv()
                rounds.append(time.perf_counter() - began)
        await database.execute("DROP TABLE yardstick")
        await database.commit()
    return rounds


# --- the figures ---


def _report(
    tally: Tally,
    yardstick: list[float],
    desk: Desk,
    options: Any,
    *,
    rate: int,
    took: float,
    used: float,
    processes: int,
) -> None:
    load = {
        "checkins_per_s": rate,
        "answers": len(tally.saved),
        "answers_a_second": round(len(tally.saved) / took, 1),
        "crisis_answers": len(tally.seen),
        "lost": tally.lost,
        "unseen": tally.unseen,
        "patients": options.patients,
        "web_processes": processes,
        "cores": os.cpu_count(),
        "other_load": round(os.getloadavg()[2], 1),
    }
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("worst_ms", 1.0)):
        say_time("alert", name, tally.seen, share, yardstick=at_share(yardstick, share), **load)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        say_time("alert", f"sent_to_saved_{name}", tally.saved, share, yardstick=at_share(yardstick, share), **load)
    each = round(1000 * used / max(1, len(tally.saved)), 1)
    for metric, value, unit in (("web_cpu_per_answer", each, "ms"), ("rail_fetches", desk.fetches, "count")):
        figure = {"bench": "alert", "metric": metric, "value": value, "unit": unit, "checkins_per_s": rate}
        print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Ten thousand check-in answers sent at once: is any lost or kept twice, and how long does somebody in danger wait.

Starts a clinic of its own on loopback (PostgreSQL, two web processes, the worker) and lets a thousand signed-in phones
send ten answers each in the same moment, as after a line that was down for everybody; one phone in twenty says among
them, first of all as the page does, that the person is not safe. A phone whose answer is not told to be kept sends it
again. One desk is open all the while. Afterwards the answers are counted in the database.

Yardstick, in the same run and before: one durable commit and one message over a socket on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from openiop.demo.bench import alert
from openiop.demo.bench._lines import Line, at_share, free_port, say_time, until_answering
from openiop.demo.stack import HOST, Stack

NO_LONGER_THAN_SECONDS = 540
TRIES = 20
AGAIN_AFTER_SECONDS = 2.0


def main(words: Sequence[str] | None = None) -> int:
    """Run once and print one JSON object a line; 1 when an answer was lost or kept twice, or a crisis never seen."""
    parser = argparse.ArgumentParser(prog="bin/bench flood", description=__doc__)
    parser.add_argument("--patients", type=int, default=1000, help="how many phones (1000)")
    parser.add_argument("--each", type=int, default=10, help="how many answers each sends (10)")
    parser.add_argument("--every", type=int, default=20, help="one phone in so many says not safe (20)")
    parser.add_argument("--says-at", type=int, default=1, help="as which of its answers: a page sends it first (1)")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="openiop-flood-") as var:
        # The database's own user has to reach its folder in here.
        os.chmod(var, 0o755)  # noqa: S103
        second = free_port()
        stack = Stack(var=Path(var), port=0, media=False, say=_say)
        stack.extra["web2"] = [
            *(sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", HOST),
            *("--port", str(second), "--no-access-log"),
        ]
        with stack:
            clinic = alert._furnish(stack, patients=options.patients)
            flood = _Flood(clinic, [stack.port, second], options)
            asyncio.run(asyncio.wait_for(flood.run(), NO_LONGER_THAN_SECONDS))
            return 0 if flood.report() else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass
class _Flood:
    """The answers on their way, and what became of them, in seconds from the moment at which all were sent."""

    clinic: alert.Clinic
    ports: list[int]
    options: Any
    kept: dict[str, float] = field(default_factory=dict)
    seen: list[float] = field(default_factory=list)
    yardstick: list[float] = field(default_factory=list)
    given_up: int = 0
    again: int = 0

    async def run(self) -> None:
        for port in self.ports:
            await until_answering(port)
        self.yardstick = await alert._yardstick(self.clinic.dsn)
        for number, sender in enumerate(self.clinic.senders):
            sender.line = Line(self.ports[number % len(self.ports)])
        _say("Opening every phone")
        for first in range(0, len(self.clinic.senders), 50):
            await asyncio.gather(*map(alert._fetch_token, self.clinic.senders[first : first + 50]))
        desk = alert.Desk(self.ports[0], self.clinic.desk_cookie)
        watching = [asyncio.create_task(desk.watch()), asyncio.create_task(desk.read())]
        _say(f"{len(self.clinic.senders) * self.options.each} answers at once")
        await asyncio.gather(*[self._phone(desk, number) for number in range(len(self.clinic.senders))])
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    async def _phone(self, desk: alert.Desk, number: int) -> None:
        sender, began = self.clinic.senders[number], time.perf_counter()
        is_crisis = number % self.options.every == self.options.every - 1
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        if is_crisis:
            desk.waiting[sender.name] = (began, seen)
        for turn in range(self.options.each):
            says = is_crisis and turn == min(self.options.says_at, self.options.each) - 1
            await self._send(sender, "safe_now" if says else "mood", 2 if says else turn % 11, began=began)
        if is_crisis:
            self.seen.append(await seen)

    async def _send(self, sender: alert.Sender, item: str, value: int, *, began: float) -> None:
        """Send one answer until it is told to be kept; the key stays the same, so that it is kept once."""
        key = str(uuid4())
        answer = {"key": key, "person": sender.person, "item": item, "value": value, "answered_at": alert._now()}
        headers = {
            "Cookie": sender.cookie,
            "X-CSRFToken": sender.token,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        assert sender.line is not None
        for attempt in range(TRIES):
            try:
                status, _cookies, reply = await sender.line.ask(
                    "POST",
                    f"/measures/checkin/1/{self.clinic.day}/answers",
                    headers=headers,
                    body=json.dumps(answer).encode(),
                )
            except (OSError, asyncio.IncompleteReadError):
                status, reply = 0, b""
            if status in (200, 201) and json.loads(reply)["saved"] == key:
                self.kept[key] = time.perf_counter() - began
                return
            self.again += 1
            await asyncio.sleep(AGAIN_AFTER_SECONDS * (attempt + 1))
        self.given_up += 1

    def report(self) -> bool:
        """Print the figures; return whether every answer is in the database once and every crisis was seen."""
        in_database = self._in_database()
        lost, crises = len(self.kept) - len(in_database), len(self.clinic.senders) // self.options.every
        told = {
            "answers": len(self.clinic.senders) * self.options.each,
            "kept": len(self.kept),
            "lost": lost,
            "given_up": self.given_up,
            "sent_again": self.again,
            "crises": crises,
            "crises_seen": len(self.seen),
            "phones": len(self.clinic.senders),
            "cores": os.cpu_count(),
            "other_load": round(os.getloadavg()[2], 1),
        }
        times = list(self.kept.values())
        for name, values, share in (
            ("kept_p50_ms", times, 0.5),
            ("kept_p99_ms", times, 0.99),
            ("all_kept_ms", times, 1.0),
            ("crisis_seen_p50_ms", self.seen, 0.5),
            ("crisis_seen_worst_ms", self.seen, 1.0),
        ):
            say_time("flood", name, values, share, yardstick=at_share(self.yardstick, 0.5), **told)
        return not lost and not self.given_up and len(self.seen) == crises

    def _in_database(self) -> set[str]:
        """Of the answers told to be kept, those that are there; the database keeps a key once or refuses it."""
        from openiop.measures.models import Answer
        from openiop.people.access import acting

        with acting(self.clinic.director, origin="bench"):
            rows = Answer.objects.filter(key__in=[UUID(key) for key in self.kept]).values_list("key", flat=True)
            return {str(key) for key in rows}


if __name__ == "__main__":
    sys.exit(main())

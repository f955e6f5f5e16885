"""Crises while web processes and the worker are killed again and again: what was acknowledged has paged somebody.

Each phone sends its answer until it is told that the answer is kept, with the same key, as the page does. Mail goes to
a mail server of this process's own, which counts what arrives by Message-ID.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import signal
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg

from openiop.demo.bench._lines import Line
from openiop.demo.stack import HOST, Stack

A_SECOND = 4
BETWEEN_KILLS_SECONDS = 3
SETTLES_WITHIN_SECONDS = 120  # a lease of mail is a minute

FOUND = """
SELECT (SELECT count(*) FROM safety_flag WHERE key = ANY(%(keys)s)),
  (SELECT count(*) FROM safety_page), (SELECT count(*) FROM safety_page JOIN safety_case AS c ON c.id = case_id
    WHERE sent_at IS NULL AND c.closed_at IS NULL),  -- whom somebody at the desk has closed needs nobody else
  (SELECT coalesce(sum(perhaps_twice), 0) FROM messaging_delivery WHERE way = 'email')
"""
MAILS = "SELECT id::text, sent_at IS NOT NULL FROM messaging_delivery WHERE way = 'email' AND because LIKE 'page %%'"


class PostOffice(socketserver.ThreadingTCPServer):
    """A mail server that counts: `arrived` by Message-ID."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Counter)
        self.arrived: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.server_address[1]}"


class _Counter(socketserver.StreamRequestHandler):
    server: PostOffice

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                if found := re.search(rb"^Message-ID: <([0-9a-f-]+)@", text, re.MULTILINE | re.IGNORECASE):
                    self.server.arrived[found[1].decode()] += 1
            self.wfile.write(b"250 fine\r\n" if word != b"QUIT" else b"221 bye\r\n")


@contextlib.contextmanager
def post_office() -> Iterator[PostOffice]:
    """Run a mail server on loopback, and have every process that starts now use it."""
    with PostOffice() as office:
        threading.Thread(target=office.serve_forever, daemon=True).start()
        os.environ["OPENIOP_MAIL_URL"] = office.url
        yield office
        office.shutdown()


async def killed_again_and_again(
    clinic: Any, stack: Stack, office: PostOffice, ports: list[int], *, kills: int
) -> bool:
    """Kill worker and web processes in turn while crises come in; print what became of them. False: one is lost."""
    keys: list[str] = []
    told = asyncio.create_task(_crises(clinic, ports, keys, seconds=(kills + 1) * BETWEEN_KILLS_SECONDS))
    killed = Counter[str]()
    for name in itertools.islice(itertools.cycle(("worker", "web", "worker", "web2")), kills):
        await asyncio.sleep(BETWEEN_KILLS_SECONDS)
        if pid := stack.pid(name):
            os.kill(pid, signal.SIGKILL)
            killed[name] += 1
    again = await told
    found = await _settled(clinic.dsn, office, keys)
    figures = {"bench": "alert", "unit": "count", "kills": dict(killed), "sent_again_by_phones": again}
    for metric, value in found.items():
        print(json.dumps({**figures, "metric": metric, "value": value}), flush=True)
    return not found["crises_lost"] and not found["pages_lost"]


async def _crises(clinic: Any, ports: list[int], keys: list[str], *, seconds: int) -> int:
    """Send crises of one person after the other; returns how often a phone had to send again. `keys`: those kept."""
    sending = []
    for number, sender in zip(range(seconds * A_SECOND), reversed(clinic.senders), strict=False):
        sending.append(asyncio.create_task(_until_kept(clinic, sender, ports[number % len(ports)], keys)))
        await asyncio.sleep(1 / A_SECOND)
    return sum(await asyncio.gather(*sending))


async def _until_kept(clinic: Any, sender: Any, port: int, keys: list[str]) -> int:
    key = str(uuid4())
    answer = {"key": key, "person": sender.person, "item": "safe_now", "value": "2", "answered_at": clinic.now()}
    headers = {
        "Cookie": sender.cookie,
        "X-CSRFToken": sender.token,
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    for again in itertools.count():
        line = Line(port)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError, TimeoutError):
            path = f"/measures/checkin/1/{clinic.day}/answers"
            asked = line.ask("POST", path, headers=headers, body=json.dumps(answer).encode())
            status, _cookies, reply = await asyncio.wait_for(asked, 10)
            if status in (200, 201) and json.loads(reply)["saved"] == key:
                keys.append(key)
                return again
        line.close()
        await asyncio.sleep(1)
    raise AssertionError("unreachable")


async def _settled(dsn: str, office: PostOffice, keys: list[str]) -> dict[str, int]:
    """Wait until every page has left or the patience is over, then count."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as database:
        for _second in range(SETTLES_WITHIN_SECONDS):
            cursor = await database.execute(FOUND, {"keys": [f"answer-{key}" for key in keys]})
            flags, pages, unsent, perhaps_twice = await cursor.fetchone() or (0, 0, 0, 0)
            mails: dict[str, bool] = dict(await (await database.execute(MAILS)).fetchall())
            if flags == len(keys) and not unsent and all(mails.values()):
                break
            await asyncio.sleep(1)
    return {
        "crises_kept": len(keys),
        "crises_lost": len(keys) - flags,
        "pages": pages,
        "pages_lost": unsent + len([mail for mail in mails if not office.arrived[mail]]),
        "mails_arrived_twice": sum(office.arrived[mail] - 1 for mail in mails if office.arrived[mail]),
        "mails_counted_as_perhaps_twice": int(perhaps_twice),
    }

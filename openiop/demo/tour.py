"""The tour: an empty clinic is set up, lives one short evening in real browsers, writes the note and sees the charge.

    bin/demo --tour DIR [--seed N]

Everything goes through pages, sockets, media and the kiosk. What everybody should have as minutes comes from the tour's
own clock; what they have is read from the page. Pictures and summary.json go to DIR. The status is 0 only when every
step held. Runs in a network of its own; a running demo is left alone.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import subprocess
import sys
import time
from pathlib import Path

import django

from openiop.demo.browsers import chromium
from openiop.demo.stack import ROOT, Stack
from openiop.demo.tour_record import Record, StepFailed
from openiop.lib import postgres

EMPTY, LIVED = "tour_empty", "tour_lived"
ROLES = {"DATABASE_URL": "web", "DATABASE_WORKER_URL": "worker", "DATABASE_OWNER_URL": "owner"}
MOST_SECONDS = 600


def main(directory: Path, seed: int) -> int:
    """Walk the main journey; pictures and summary.json go to `directory`. Returns the exit status."""
    if os.environ.get("OPENIOP_IN_NAMESPACE") != "yes":
        return _again_in_a_network_of_its_own(directory, seed)
    began = time.monotonic()
    record = Record(directory)
    var = Path(os.environ["OPENIOP_VAR"]) / "tour"
    var.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OPENIOP_SECRET_KEY", secrets.token_urlsafe(48))
    server = postgres.ensure(Path(os.environ["OPENIOP_VAR"]))
    try:
        prepare(server, var)
        empty, lived = stack_of(server, var, EMPTY, media=True), stack_of(server, var, LIVED, media=False)
        # The cast lies beside its tables, which need Django.
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        django.setup()
        with_database(server, EMPTY)
        with empty:
            with_database(server, LIVED)
            asyncio.run(asyncio.wait_for(_tour(empty, lived, record, random.Random(seed)), MOST_SECONDS))
    except (StepFailed, TimeoutError, KeyboardInterrupt) as problem:
        record.cut_short(f"{type(problem).__name__} {problem}".strip())
    finally:
        record.write()
        for name in (EMPTY, LIVED):
            server.drop_database(name)
        server.stop()
    return _say_goodbye(record, seconds=time.monotonic() - began)


def _again_in_a_network_of_its_own(directory: Path, seed: int) -> int:
    var = ROOT / "var" / "tour"
    var.mkdir(parents=True, exist_ok=True)
    words = ["--tour", str(directory.resolve()), "--seed", str(seed), "--var", str(var)]
    command = [str(ROOT / "bin" / "in-namespace"), sys.executable, "-m", "openiop.demo.run", *words]
    return subprocess.run(command, env=os.environ | {"OPENIOP_VAR": str(var)}, check=False).returncode


def prepare(server: postgres.Server, var: Path) -> None:
    """Make two databases: an empty clinic with its director, and one for the clinic that has lived two weeks."""
    for name in (EMPTY, LIVED):
        server.drop_database(name)
    server.create_database(EMPTY)
    manage(server, var, "migrate", "-v0")
    server.create_database(LIVED, template=EMPTY)
    manage(server, var, "world", "--empty")


def manage(server: postgres.Server, var: Path, *words: str) -> None:
    """Run one of Django's commands on the empty clinic's database, as its owner."""
    with_database(server, EMPTY)
    environment = os.environ | {"OPENIOP_ROLE": "owner", "OPENIOP_VAR": str(var), "OPENIOP_DEMO": "true"}
    subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )


def with_database(server: postgres.Server, name: str) -> None:
    """Let whatever starts from here on use this database."""
    os.environ.update({variable: server.url(role, name) for variable, role in ROLES.items()})


def stack_of(server: postgres.Server, var: Path, name: str, *, media: bool) -> Stack:
    return Stack(var=var / name, port=0, media=media, say=lambda line: print(f"  {line}", flush=True))


async def _tour(empty: Stack, lived: Stack, record: Record, chance: random.Random) -> None:
    # The parts need Django's tables, which are ready only now.
    from openiop.demo.tour_after import After
    from openiop.demo.tour_evening import EveningOfTheTour
    from openiop.demo.tour_lived import look_at_the_weeks_before
    from openiop.demo.tour_setup import SetUp

    async with chromium() as browser:
        set_up = SetUp(browser, empty.url, record)
        evening = await set_up.live()
        live = EveningOfTheTour(browser, empty, record, evening, set_up, chance)
        await live.live()
        starting = asyncio.create_task(asyncio.to_thread(lived.start))
        try:
            await After(browser, empty.url, record, evening, live).live()
            async with record.step("a clinic with two weeks behind it starts beside the new one"):
                await starting
            await look_at_the_weeks_before(browser, lived.url, record)
        finally:
            await asyncio.gather(starting, return_exceptions=True)
            await asyncio.to_thread(lived.stop)


def _say_goodbye(record: Record, *, seconds: float) -> int:
    good = sum(step["ok"] for step in record.steps)
    print(f"\n{good} of {len(record.steps)} steps held in {seconds:.0f} s; {record.pictures} pictures.")
    print(f"Pictures and summary.json are in {record.directory}.")
    for failure in record.failures:
        print(f"  ✗ {failure}")
    return 0 if record.held else 1

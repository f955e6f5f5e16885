"""Start the fictional clinic and say where to sign in as whom. This is what bin/demo and bin/dev run."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django

from openiop.demo.stack import ROOT, Stack, StackFailed, running_at
from openiop.lib import postgres


def main(words: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; give the exit status."""
    options = _options(words)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["OPENIOP_VAR"] = str(options.var.resolve())
    # Closing the terminal and a polite kill end it as tidily as Ctrl-C, which a shell's background job would ignore.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        if options.tour:
            tour = importlib.import_module("openiop.demo.tour")
            return int(tour.main(options.tour, options.seed) or 0)
        return _run(options)
    except (StackFailed, postgres.PostgresUnavailable) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _options(words: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="bin/demo", description="A fictional clinic, running on this computer alone.")
    parser.add_argument("--port", type=int, default=8000, help="port of the web pages (8000)")
    parser.add_argument("--fresh", action="store_true", help="forget what happened in the clinic and begin again")
    parser.add_argument("--company", action="store_true", help="bring other members of the group into the room")
    parser.add_argument("--tour", type=Path, metavar="DIR", help="walk the main journey in browsers, pictures to DIR")
    parser.add_argument("--seed", type=int, default=0, help="seed of the tour's chance (0)")
    parser.add_argument("--var", type=Path, default=ROOT / "var", help="where data, logs and secrets lie (var)")
    parser.add_argument("--reload", action="store_true", help="restart the web server when its source changes")
    return parser.parse_args(words)


def _run(options: Any) -> int:
    if (url := running_at(options.var)) is not None:
        print(f"It is already running: open {url}\nTo end it, press Ctrl-C where it was started.")
        return 0
    if options.fresh:
        forget(options.var)
    stack = Stack(var=options.var, port=options.port, reload=options.reload, say=_say)
    if options.company:
        stack.extra["company"] = [sys.executable, "-m", "openiop.demo.company"]
    ended = threading.Event()
    try:
        with stack:
            print(welcome(stack.url), flush=True)
            while not ended.wait(1):
                pass
    except KeyboardInterrupt:
        print("\nEverything has ended. What happened in the clinic is kept; bin/demo --fresh begins again.", flush=True)
    return 0


def forget(var: Path) -> None:
    """Drop the fictional clinic's database; the next start makes a new one."""
    server = postgres.ensure(var)
    try:
        server.drop_database(postgres.DATABASE)
    finally:
        server.stop()


def welcome(url: str) -> str:
    """Say what is running and where to sign in as whom, in words of the field."""
    # The cast lies beside its tables, which need Django.
    django.setup()
    from openiop.demo import world

    people = [f"  {f'{role.given} {role.family}':<20}{role.what}" for role in world.CAST]
    return "\n".join(
        [
            "",
            f"Harbor Street, a fictional clinic with an evening program, is open:  {url}",
            "Everybody in it is invented. Choose a person on the sign-in page and be them with one click:",
            "",
            *people,
            "",
            "Tip: use one browser window for staff and a private window for a patient.",
            "Press Ctrl-C here to end everything.",
        ]
    )


def _say(line: str) -> None:
    print(line if line.endswith(".") else f"{line} ...", flush=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

"""What the tour keeps: each step with its time, numbered pictures, and the summary in the end."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from openiop.demo.browsers import Screen


class StepFailed(AssertionError):
    """What a step promised did not hold; the text says what was seen instead."""


def hold(promise: bool, otherwise: object) -> None:
    """Raise StepFailed with `otherwise` unless `promise` holds."""
    if not promise:
        raise StepFailed(str(otherwise))


class Record:
    """Steps, pictures and figures of one tour, written to `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        for old in [*directory.glob("[0-9][0-9]-*.png"), *directory.glob("failed-*.png")]:
            old.unlink()
        self.steps: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self.pictures = 0
        self.summary: dict[str, Any] = {
            "participants": [],
            "alert_ms": None,
            "ledger": [],
            "note_missing_before": [],
            "note_missing_after": [],
            "note_actions": None,
            "charges": [],
        }

    @asynccontextmanager
    async def step(self, name: str, *screens: Screen) -> AsyncIterator[None]:
        """Time what is inside as a step. A failure is kept with pictures of `screens`, and the tour goes on."""
        began = time.monotonic()
        ok = True
        try:
            yield
        except Exception as problem:
            ok = False
            self.failures.append(f"{name}: {type(problem).__name__}: {problem}")
            print(f"  ✗ {name}\n{''.join(traceback.format_exception(problem, limit=-4))}", flush=True)
            for screen in screens:
                await self._picture_of_failure(screen, name)
        milliseconds = round(1000 * (time.monotonic() - began))
        self.steps.append({"name": name, "ok": ok, "ms": milliseconds})
        if ok:
            print(f"  ✓ {name} ({milliseconds / 1000:.1f} s)", flush=True)

    async def parts(self, *parts: Callable[[], Awaitable[None]], each_needs_the_last: bool = False) -> None:
        """Live each part; one that cannot go on, because an earlier one failed, is a failed step and not the end.

        With `each_needs_the_last` nothing follows a step that failed.
        """
        for part in parts:
            if each_needs_the_last and not all(step["ok"] for step in self.steps):
                raise StepFailed(f"without {self.steps[-1]['name']!r} there is nothing to go on with")
            try:
                await part()
            except Exception as problem:
                name = f"all of {part.__name__.strip('_').replace('_', ' ')}"
                self.steps.append({"name": name, "ok": False, "ms": 0})
                self.failures.append(f"{name}: {type(problem).__name__}: {problem}")

    async def picture(self, screen: Screen, name: str, *, whole: bool = False) -> None:
        """Keep a numbered picture of what `screen` shows."""
        self.pictures += 1
        await screen.picture(self.directory / f"{self.pictures:02d}-{name}.png", whole=whole)

    async def _picture_of_failure(self, screen: Screen, name: str) -> None:
        slug = "".join(sign if sign.isalnum() else "-" for sign in name.lower())[:60]
        try:
            await screen.picture(self.directory / f"failed-{slug}-{screen.who.lower()}.png")
        except Exception as problem:
            print(f"    (no picture of {screen.who}: {type(problem).__name__})", flush=True)

    def cut_short(self, why: str) -> None:
        """The tour did not come to its end, so that what was never tried is not taken for what held."""
        self.steps.append({"name": "the tour comes to its end", "ok": False, "ms": 0})
        self.failures.append(f"the tour was cut short: {why}")

    @property
    def held(self) -> bool:
        """Did every step hold?"""
        return bool(self.steps) and all(step["ok"] for step in self.steps)

    def write(self) -> None:
        """Write summary.json."""
        text = json.dumps({"steps": self.steps, **self.summary}, indent=2, ensure_ascii=False)
        (self.directory / "summary.json").write_text(text + "\n")

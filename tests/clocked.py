"""Run one of our programs by a clock that a test moves: python -m tests.clocked FILE [-m module | script] words…

The file holds the time at which the clock starts, in seconds since 1970, and after it how far the test has moved it
ahead since. The clock runs on by itself; only what asks for the time of day follows it, not what measures durations.
"""

import runpy
import sys
import threading
import time
from pathlib import Path
from typing import Any

import time_machine

LOOKS_EVERY_SECONDS = 0.05


class Clock:
    """The test's end of it."""

    def __init__(self, path: Path, *, begins_at):
        self.path, self.begins_at, self.ahead = path, begins_at.timestamp(), 0.0
        self.began = time.monotonic()
        self._write()

    def now(self) -> float:
        """Seconds since 1970, as every program that runs by this clock has them."""
        return self.begins_at + self.ahead + time.monotonic() - self.began

    def move(self, *, minutes: float) -> None:
        self.ahead += 60 * minutes
        self._write()

    def _write(self) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{self.begins_at - self.began} {self.ahead}")
        fresh.replace(self.path)


def read(path: Path) -> tuple[float, float]:
    zero, ahead = path.read_text().split()
    return float(zero), float(ahead)


def follow(path: Path, clock: Any, ahead: float) -> None:
    while True:
        time.sleep(LOOKS_EVERY_SECONDS)
        _zero, now_ahead = read(path)
        if now_ahead != ahead:
            clock.shift(now_ahead - ahead)
            ahead = now_ahead


def main() -> None:
    path, *words = sys.argv[1:]
    zero, ahead = read(Path(path))
    clock = time_machine.travel(zero + time.monotonic() + ahead, tick=True).start()
    threading.Thread(target=follow, args=(Path(path), clock, ahead), daemon=True).start()
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main()

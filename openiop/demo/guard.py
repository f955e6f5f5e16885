"""Ends process groups whose supervisor died without ending them, even by ``kill -9``.

The supervisor holds the other end of our input. It writes ``+PID`` for each group it starts and ``-PID`` for each one
that ended. When the input ends, what is still listed is asked to end, then made to.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

PATIENCE_SECONDS = 8.0


def end_groups(
    groups: Iterable[int], patience_seconds: float = PATIENCE_SECONDS, reap: Callable[[], object] = lambda: None
) -> None:
    """Ask process groups to end (SIGTERM) and kill what is still there after the patience.

    Args:
        groups: Ids of the groups.
        patience_seconds: How long to wait between asking and killing.
        reap: Called while waiting; a parent collects its ended children in it, or they would count as still there.
    """
    left = {group for group in groups if _signal(group, signal.SIGTERM)}
    deadline = time.monotonic() + patience_seconds
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        reap()
        left = {group for group in left if _signal(group, 0)}
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Signal a group; say whether it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def main() -> None:
    """Keep the list until the supervisor is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    end_groups(groups)


if __name__ == "__main__":
    main()

"""Out of the door, on one way or another, in bounded time whatever a provider does."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from openiop.messaging import post, push, sms
from openiop.messaging.models import EMAIL, PUSH, SMS, Delivery

# Below the lease of a claim, so that what we still wait for is never taken by another worker as well.
PATIENCE_SECONDS = 20.0
MOST_AT_ONCE = 48

LEAVE: dict[str, Callable[[Delivery], str]] = {EMAIL: post.leave, SMS: sms.leave, PUSH: push.leave}

_room = threading.BoundedSemaphore(MOST_AT_ONCE)


class TooSlow(Exception):
    """The way did not answer in time. The message may have left."""

    unsure = True


class AllHang(Exception):
    """So many calls to providers hang that no more are begun."""


def leave(deliveries: Sequence[Delivery], *, seconds: float | None = None) -> dict[Any, str | Exception]:
    """Send these at the same time; returns by id the receipt or what went wrong, at the latest after `seconds`.

    Each has a thread of its own. A provider that hangs, drips or whose name cannot be found holds up nobody: its thread
    is left behind, and at most MOST_AT_ONCE are.
    """
    until = time.monotonic() + (PATIENCE_SECONDS if seconds is None else seconds)
    answers: queue.SimpleQueue[tuple[Any, str | Exception]] = queue.SimpleQueue()
    found: dict[Any, str | Exception] = {}
    for delivery in deliveries:
        if _room.acquire(blocking=False):
            threading.Thread(target=_leave, args=(delivery, answers), name="delivery", daemon=True).start()
        else:
            found[delivery.pk] = AllHang()
    while len(found) < len(deliveries) and (left := until - time.monotonic()) > 0:
        try:
            pk, answer = answers.get(timeout=left)
        except queue.Empty:
            break
        found[pk] = answer
    return {delivery.pk: found.get(delivery.pk) or TooSlow() for delivery in deliveries}


def _leave(delivery: Delivery, answers: Any) -> None:
    """Touches no database: a thread that is left behind must hold nothing of ours."""
    try:
        answers.put((delivery.pk, LEAVE[delivery.way](delivery) or "taken"))
    except Exception as error:
        answers.put((delivery.pk, error))
    finally:
        _room.release()

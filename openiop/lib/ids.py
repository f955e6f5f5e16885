"""Identifiers made where the row is made, so that a row which may be written but not read still has a known id."""

import secrets
import threading
import time
import uuid

NANOSECONDS = 1_000_000  # in a millisecond
TAIL_BITS = 62

_one_at_a_time = threading.Lock()
_last_instant, _last_tail = -1, 0


def uuid7() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562): ordered by millisecond and, below it, by 1/4096 of one; the rest random.

    The finer part (section 6.2, method 3) keeps rows made one after the other by one process in that order, and so does
    a step up from the last id (method 2) where the clock shows one and the same instant.
    """
    global _last_instant, _last_tail
    milliseconds, rest = divmod(time.time_ns(), NANOSECONDS)
    instant = (milliseconds << 16) | (0x7 << 12) | (rest * 4096 // NANOSECONDS)
    with _one_at_a_time:
        if instant == _last_instant:
            tail = _last_tail + 1 + secrets.randbits(32)
        else:
            tail = secrets.randbits(TAIL_BITS - 1)  # half of them left for steps: none runs over
        _last_instant, _last_tail = instant, tail
    return uuid.UUID(int=(instant << 64) | (0x2 << TAIL_BITS) | tail)

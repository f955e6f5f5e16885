"""Identifiers made where the row is made, so that a row which may be written but not read still has a known id."""

import os
import time
import uuid

NANOSECONDS = 1_000_000  # in a millisecond


def uuid7() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562): ordered by millisecond and, below it, by 1/4096 of one; the rest random.

    The finer part (section 6.2, method 3) keeps rows made one after the other by one process in that order.
    """
    milliseconds, rest = divmod(time.time_ns(), NANOSECONDS)
    value = (milliseconds << 80) | (0x7 << 76) | ((rest * 4096 // NANOSECONDS) << 64)
    value |= (0x2 << 62) | (int.from_bytes(os.urandom(8), "big") >> 2)
    return uuid.UUID(int=value)

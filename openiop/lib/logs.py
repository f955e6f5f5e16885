"""How faults are written to the log: where and of which kind, never in their own words.

What a database says of a fault quotes the row at fault, and rows are about patients.
"""

import logging
import traceback
from types import TracebackType


class WithoutWords(logging.Formatter):
    """Formats an exception as its frames and its kind; its message is left out."""

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        kind, _fault, frames = ei
        return "".join(traceback.format_tb(frames)) + (kind.__name__ if kind else "")

"""One after the other, so that what fails for one holds up nobody else."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from django.db import transaction

log = logging.getLogger(__name__)
T = TypeVar("T")


def one_by_one(step: Callable[[T], object], items: Iterable[T]) -> Iterator[bool]:
    """Do `step` for each, in a savepoint of its own; yields whether it was done. Of a failure its kind is logged."""
    for item in items:
        try:
            with transaction.atomic():
                step(item)
        except Exception as error:
            log.error("One of many failed (%s).", type(error).__name__)
            yield False
        else:
            yield True

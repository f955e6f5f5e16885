"""Collects what happens in one transaction and writes it as one link, just before the commit."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from openiop.audit import models
from openiop.lib.ids import uuid7


class NobodyActing(Exception):
    """Something was recorded outside `people.access.acting`: wrap the caller in it."""


@dataclass
class Trail:
    """What one actor did since the transaction began."""

    clinic_id: Any
    person_id: Any
    kind: str
    origin: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    def write(self) -> None:
        """Write the events collected so far as one link of the clinic's chain."""
        if self.events:
            models.append(self.clinic_id, json.dumps(self.events, default=str))
            self.events.clear()


_current: ContextVar[Trail | None] = ContextVar("trail", default=None)


@contextmanager
def following(trail: Trail) -> Iterator[Trail]:
    """Collect what is recorded inside for `trail`'s actor."""
    token = _current.set(trail)
    try:
        yield trail
    finally:
        _current.reset(token)


def record(
    verb: str,
    *,
    patient: Any = None,
    thing: Any = None,
    reason: str = "",
    outcome: str = "done",
    **detail: Any,
) -> None:
    """Note that the acting person did `verb` (dotted: "case.close") to `thing`, a row, about `patient`.

    `detail` holds codes, numbers and ids that explain the act, never narrative. Raises NobodyActing outside
    `acting`.
    """
    trail = _current.get()
    if trail is None:
        raise NobodyActing(verb)
    trail.events.append(
        {
            "id": uuid7(),
            "at": timezone.now().isoformat(),
            "person_id": trail.person_id,
            "person_kind": trail.kind,
            "verb": verb,
            "patient_id": getattr(patient, "pk", patient),
            "thing": thing._meta.label if thing is not None else "",
            "thing_id": str(thing.pk) if thing is not None else "",
            "reason": reason,
            "origin": trail.origin,
            "outcome": outcome,
            "detail": detail,
        }
    )

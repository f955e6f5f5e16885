"""What the database refuses, in words.

Constraints are the last word on what must never be; each app says beside its tables what a person reads when one of
theirs is broken, and at which field of a form it belongs.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, connection, transaction

# Lazy translations are not str, so the words are typed as loosely as Django types them.
_known: dict[str, tuple[str | None, Any]] = {}


class Refused(Exception):
    """The database refused; `str()` is the sentence for the person, `field` where it belongs (None: the whole form)."""

    def __init__(self, sentence: Any, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field

    def __str__(self) -> str:
        return str(self.sentence)


def register(sentences: Mapping[str, Any]) -> None:
    """Add sentences by the constraint's name; a value is the sentence, or (field, sentence)."""
    for constraint, said in sentences.items():
        _known[constraint] = said if isinstance(said, tuple) else (None, said)


def sentence(error: IntegrityError) -> str | None:
    """Return what to tell the person, or None when nobody wrote a sentence for this constraint."""
    found = _known.get(constraint_of(error))
    return str(found[1]) if found else None


def constraint_of(error: IntegrityError) -> str:
    """Return the name of the constraint that was broken, or nothing when the server did not say."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


@contextmanager
def spoken() -> Iterator[None]:
    """Do what is inside in a transaction (a savepoint within a request's) and judge it before going on.

    Deferred constraints would otherwise speak at the commit, when the page has been answered. Raises Refused for a
    constraint that has a sentence; any other IntegrityError is a fault of ours and passes.
    """
    try:
        with transaction.atomic():
            yield
            judge_now()
    except IntegrityError as error:
        known = _known.get(constraint_of(error))
        if known is None:
            raise
        raise Refused(known[1], field=known[0]) from error


def judge_now() -> None:
    """Let the deferred constraints judge what has been written so far."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def told_at(form: Any) -> Iterator[None]:
    """Do what is inside; a refusal becomes an error of `form`, at its field where the form has it."""
    try:
        with spoken():
            yield
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))

"""Jobs by name, enqueued in the transaction that wants them: both happen or neither does."""

from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def defer(name: str, *, once_as: str | None = None, **arguments: Any) -> None:
    """Enqueue the job called `name` with JSON-able arguments (ids, never patient data: the queue is plain text).

    `once_as`: while a job with this lock is waiting, a second is not added.
    """
    try:
        with transaction.atomic():
            app.configure_task(name, queueing_lock=once_as).defer(**arguments)
    except AlreadyEnqueued:
        return

"""*Still with us?*: what a patient's own screen asked after long stillness of the device, and that it was touched.

The room writes these rows; whether they take minutes was the clinic's choice when the question was asked, and stands in
the row. Rules: docs/rules/present.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import models

from openiop.people.models import Person, Row
from openiop.schedule import attendance


class StillQuestion(Row):
    """One question on one patient's screen in one session. Open until it has its answer. Append-only.

    `after_minutes`: so long nothing was touched before. `counts`: unanswered, it takes minutes from `grace_minutes`
    after it was asked; as the clinic had set, and only where the page was there to be seen.
    """

    session = models.ForeignKey("schedule.CareSession", on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    after_minutes = models.PositiveSmallIntegerField()
    grace_minutes = models.PositiveSmallIntegerField()
    counts = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["session", "patient", "at"], name="still_in_session")]

    @property
    def answered_at(self) -> Any:
        answer = getattr(self, "answer", None)
        return answer.at if answer else None

    @property
    def untouched_since(self) -> Any:
        return self.at - timedelta(minutes=self.after_minutes)

    @property
    def due_at(self) -> Any:
        """From when on it is unanswered, and not merely new."""
        return self.at + timedelta(minutes=self.grace_minutes)

    @property
    def takes(self) -> bool:
        """Does it take minutes, wherever they counted?"""
        return self.counts and (self.answered_at is None or self.answered_at > self.due_at)


class StillAnswer(Row):
    """The device was touched, or its person spoke: the question is answered, once. Append-only.

    `seen_by`: nothing was, but this one of those who lead saw them take part.
    """

    question = models.OneToOneField(StillQuestion, on_delete=models.PROTECT, related_name="answer")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    seen_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")


def open_in(session_id: Any) -> dict[UUID, StillQuestion]:
    """Return the open question of each patient of the session, as far as the acting person may know."""
    rows = StillQuestion.objects.filter(session=session_id, answer=None).order_by("at")
    return {row.patient_id: row for row in rows}


def that_count(sessions: Iterable[Any]) -> dict[tuple[UUID, UUID], list[attendance.Question]]:
    """Return the questions that may take minutes, by (session, patient)."""
    found: dict[tuple[UUID, UUID], list[attendance.Question]] = defaultdict(list)
    rows = StillQuestion.objects.filter(session__in=list(sessions), counts=True)
    for session, patient, at, grace, answered_at in rows.values_list(
        "session_id", "patient_id", "at", "grace_minutes", "answer__at"
    ):
        found[session, patient].append(attendance.Question(at, answered_at, timedelta(minutes=grace)))
    return found


def asked_of(session_id: Any, patient_id: Any) -> list[StillQuestion]:
    """Return every question of one person in one session, in order, with its answer."""
    rows = StillQuestion.objects.filter(session=session_id, patient=patient_id)
    return list(rows.select_related("answer__seen_by").order_by("at", "pk"))

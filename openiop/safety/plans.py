"""The seven parts of the crisis safety plan, and when it is to be gone through again. Pure.

The ideas are those of the published safety planning intervention (Stanley and Brown); its form and wording are theirs,
and every word here is our own. Rule and worked examples: docs/rules/safety-plan.md.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Part(NamedTuple):
    """One part: its field, what it is called, what it asks, and how many lines help (asked for, never demanded)."""

    name: str
    title: Any
    asks: Any
    hint: Any


PARTS = (
    Part(
        "warning_signs",
        _("How I notice that it is getting hard"),
        _("Thoughts, pictures, moods, places or things I do that tell me a crisis may be coming."),
        _("Three or more help."),
    ),
    Part(
        "by_myself",
        _("What I can do by myself"),
        _("Things that carry me over the next minutes without anybody’s help."),
        _("Three or more help."),
    ),
    Part(
        "people_and_places",
        _("People and places that take my mind off it"),
        _("Whom I like to be with and where I can go, without having to talk about it."),
        _("Two people, with their numbers, and two places help."),
    ),
    Part(
        "people_to_ask",
        _("People I can ask for help"),
        _("Who may know that I am in a crisis. Names and numbers."),
        _("Three or more help."),
    ),
    Part(
        "professionals",
        _("Professionals and places of help"),
        _("My therapist, the clinic, the nearest emergency department, 988."),
        _("With their numbers, day and night."),
    ),
    Part(
        "surroundings",
        _("Making my surroundings safer"),
        _("What is put away, locked or given to somebody, and who helps me with it."),
        _("Two or more help."),
    ),
    Part(
        "worth_living_for",
        _("What is most worth living for"),
        _("A person, an animal, a plan, a belief: what holds me."),
        _("One is enough."),
    ),
)


def lines(text: str) -> list[str]:
    """Return what is written, one thing a line, without blank ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]


NO_PLAN, AFTER_RISK, DISCHARGE, INTERVAL = "no_plan", "after_risk", "discharge", "interval"
SAME_DAY = timedelta(days=1)
BEFORE_THE_LAST_DAY = timedelta(days=7)


class Due(NamedTuple):
    """Why a plan is to be gone through, and by when."""

    because: str
    due_at: datetime

    def is_late(self, at: datetime) -> bool:
        return at >= self.due_at


def review_due(
    *,
    enrolled_at: datetime,
    in_force_at: datetime | None,
    reviews: Iterable[datetime] = (),
    risks: Sequence[datetime] = (),
    last_day_at: datetime | None = None,
    every: timedelta,
) -> Due:
    """Return the next time a patient's plan is to be gone through together, and why; the earliest reason counts.

    `in_force_at`: when the second of both signed the plan in force. `risks`: when a moderate or higher risk was found.
    Signing a new version together counts as going through it. `last_day_at`: where the end of the care is known.
    """
    if in_force_at is None:
        first_risk = min(risks, default=None)
        by = enrolled_at + SAME_DAY
        return Due(NO_PLAN, min(by, first_risk + SAME_DAY) if first_risk else by)
    seen_at = max([in_force_at, *reviews])
    reasons = [Due(INTERVAL, seen_at + every)]
    if unanswered := [risk for risk in risks if risk > seen_at]:
        reasons.append(Due(AFTER_RISK, min(unanswered) + SAME_DAY))
    if last_day_at is not None and seen_at < last_day_at - BEFORE_THE_LAST_DAY:
        reasons.append(Due(DISCHARGE, last_day_at))
    return min(reasons, key=lambda due: due.due_at)

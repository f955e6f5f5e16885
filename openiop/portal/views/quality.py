"""The month's quality figures, for directors: on the page, on paper, as a table."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.estimates import ENOUGH, Middle, Share
from openiop.lib.http import page
from openiop.measures import assessing
from openiop.people.doors import roles
from openiop.people.models import Role
from openiop.programs.models import Modality
from openiop.safety import figures
from openiop.safety.quality import NOT_IN_CARE, month_of

MOST_CASES = 60
COLUMNS = ("month", "figure", "group", "n", "part", "value", "unit", "low", "high", "enough_to_read")
GROUPS = {**dict(Modality.choices), NOT_IN_CARE: _("not enrolled that day"), figures.ALL: _("everybody")}


@dataclass(frozen=True)
class Figure:
    """One figure as the page explains it. `name` is its field in a group; `aim` stands beside it where there is one."""

    name: str
    title: Any
    counts: Any
    aim: Any = ""


FIGURES = (
    Figure(
        "unattended",
        _("Unattended-risk minutes"),
        _("How long each person in danger was in nobody’s hands: not taken, or taken and not reached when it was due."),
    ),
    Figure("taken", _("Time until somebody has it"), _("From the evidence to the first clinician who took the case.")),
    Figure("reached", _("Time until contact"), _("From the evidence until the person was reached.")),
    Figure(
        "same_day",
        _("Question 9 assessed the same day"),
        _("Days on which a person’s answer about death was above zero, with a clinician’s assessment later that day."),
        _("aim: above 95 %"),
    ),
    Figure(
        "plans",
        _("Safety plan in force"),
        _("People whose risk was moderate or higher in the month, with a plan signed by both."),
        _("aim: everybody"),
    ),
    Figure(
        "on_time",
        _("Assessed again on time"),
        _("Assessments that were due again in the month, done by then."),
        _("aim: above 90 %"),
    ),
)


@require_GET
@roles(Role.DIRECTOR)
def quality(request: Any) -> HttpResponse:
    found, day = _month(request)
    trail.record("quality.open", month=f"{day:%Y-%m}", cases=len(found.cases))
    now = timezone.now()
    context = {
        "day": day,
        "found": found,
        "figures": [(figure, [_row(group, figure) for group in found.groups]) for figure in FIGURES],
        "cases": [(row, GROUPS[row.modality]) for row in found.cases[:MOST_CASES]],
        "more": max(len(found.cases) - MOST_CASES, 0),
        "all": found.groups[0],
        "before": (day - timedelta(days=1)).replace(day=1),
        "after": _following(day, clinic=request.person.clinic, at=now),
        "runs": found.until < found.span.ends_at,
        "enough": ENOUGH,
    }
    return page(request, "portal/quality.html", context)


@require_GET
@roles(Role.DIRECTOR)
def table(request: Any) -> HttpResponse:
    """The same figures for a spreadsheet. No name and no case stands in it."""
    found, day = _month(request)
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers={"Cache-Control": "no-store"})
    response["Content-Disposition"] = f'attachment; filename="quality-{day:%Y-%m}.csv"'
    written = csv.writer(response)
    written.writerow(COLUMNS)
    for figure in FIGURES:
        for group in found.groups:
            written.writerow([f"{day:%Y-%m}", figure.name, group.modality or "not_in_care", *_cells(group, figure)])
    trail.record("quality.export", month=f"{day:%Y-%m}")
    return response


def _month(request: Any) -> tuple[figures.Month, date]:
    """The month asked for, this one to begin with. A month that is no month, or has not begun, is no page."""
    clinic, now = request.person.clinic, timezone.now()
    today = now.astimezone(ZoneInfo(clinic.zone)).date()
    try:
        day = datetime.strptime(request.GET.get("month") or f"{today:%Y-%m}", "%Y-%m").date()
    except ValueError as error:
        raise Http404 from error
    if not date(2000, 1, 1) <= day <= today:
        raise Http404
    span = month_of(day, clinic.zone)
    screens = assessing.done_by_screen(clinic.pk, begins_at=span.begins_at, ends_at=span.ends_at)
    return figures.month(clinic, day, at=now, assessed=screens), day


def _following(day: date, *, clinic: Any, at: datetime) -> date | None:
    following = (day + timedelta(days=31)).replace(day=1)
    return following if following <= at.astimezone(ZoneInfo(clinic.zone)).date() else None


def _row(group: figures.Group, figure: Figure) -> dict[str, Any]:
    found = getattr(group, figure.name)
    said, interval = _share(found) if isinstance(found, Share) else _middle(found)
    n = found.whole if isinstance(found, Share) else found.n
    row = {"group": GROUPS[group.modality], "n": n, "said": said, "interval": interval}
    return row | {
        "few": n > 0 and not found.is_enough,
        "longest": minutes(group.longest),
        "total": minutes(group.total),
    }


def _share(found: Share) -> tuple[Any, Any]:
    if found.value is None or found.interval is None:
        return "", ""
    count = _("%(part)d of %(whole)d") % {"part": found.part, "whole": found.whole}
    if not found.is_enough:
        return count, ""
    low, high = found.interval
    return f"{found.value:.0%} ({count})", f"{low:.0%} – {high:.0%}"


def _middle(found: Middle) -> tuple[Any, Any]:
    if found.value is None:
        return "", ""
    interval = found.interval if found.is_enough else None
    return minutes(found.value), f"{minutes(interval[0])} – {minutes(interval[1])}" if interval else ""


def minutes(spent: float) -> Any:
    """Minutes as people say them: to a tenth below ten, in hours from two hours on; a wait that is not over, so."""
    if math.isinf(spent):
        return _("not yet")
    if spent >= 120:
        return _("%(hours)d h %(minutes)d min") % {"hours": spent // 60, "minutes": spent % 60}
    return _("%(minutes)s min") % {"minutes": f"{spent:.1f}" if 0 < spent < 10 else f"{spent:.0f}"}


def _cells(group: figures.Group, figure: Figure) -> list[Any]:
    found = getattr(group, figure.name)
    enough = "yes" if found.is_enough else "no"
    low, high = found.interval or ("", "")
    if isinstance(found, Share):
        return [found.whole, found.part, _number(found.value), "share", _number(low), _number(high), enough]
    return [found.n, "", _number(found.value), "minutes", _number(low), _number(high), enough]


def _number(value: Any) -> str:
    if value is None or value == "":
        return ""
    return "not yet" if math.isinf(value) else f"{value:.4g}"

"""Before a session: what is different since last time, a line for each patient on its roster."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page
from openiop.measures import instruments, since
from openiop.measures.blocks import shipped
from openiop.measures.caseload import ASSESS_LATE, WAITS, Why
from openiop.measures.since import CHECKED_WORSE, FLAGGED, NOT_SAFE, NOTHING_SAID, Line, Measure, Said, Step
from openiop.measures.track import DETERIORATED, MISSED
from openiop.measures.views.trends import why_in_words
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS
from openiop.schedule.models import CareSession

NAMES = {
    "mood": gettext_lazy("Mood"),
    "anxiety": gettext_lazy("Anxiety"),
    "urges": gettext_lazy("Urges"),
    "sleep_hours": gettext_lazy("Hours of sleep"),
    "safe_now": gettext_lazy("Safe right now"),
    "self_harm": gettext_lazy("Hurt themselves"),
}
WAYS = {
    "better": gettext_lazy("better"),
    "worse": gettext_lazy("worse"),
    "more": gettext_lazy("more"),
    "less": gettext_lazy("less"),
    "same": gettext_lazy("the same"),
    "first": gettext_lazy("nothing before it"),
}
SURE = {
    "better": gettext_lazy("reliably better"),
    "worse": gettext_lazy("reliably worse"),
    "none": gettext_lazy("within the measure’s own noise"),
    None: gettext_lazy("how much is reliable is not known"),
}


@require_GET
@roles(*CLINICIANS)
def since_last_time(request: Any, pk: UUID) -> HttpResponse:
    """A page of its own, to read and to print; on the session's page, the same as a part."""
    visible = CareSession.objects.visible_to(request.person).select_related("series", "clinic", "track")
    session = get_object_or_404(visible, pk=pk)
    now = timezone.now()
    found = since.lines(session, request.person, at=now)
    for line in found:
        trail.record("since.open", patient=line.patient, thing=session)
    titles = titles_in(request.LANGUAGE_CODE)
    names = {code: short(title) for code, title in titles.items()}
    context = {
        "session": session,
        "now": now,
        "lines": [in_words(line, names, language=request.LANGUAGE_CODE) for line in found],
        "hidden": session.roster.standing().count() - len(found),
        "definitions": definitions(found, titles),
    }
    return page(request, "measures/since.html", context, part="_since.html")


def titles_in(language: str) -> dict[str, str]:
    return {each.code: instruments.in_language(each.title, language) for each in instruments.all_instruments().values()}


def short(title: str) -> str:
    """The name staff use, which stands in brackets behind the long one."""
    found = re.search(r"\(([^)]+)\)$", title)
    return found[1] if found else title


def definitions(lines: list[Line], titles: dict[str, str]) -> list[tuple[str, Any]]:
    """What *reliably* means for each measure shown, once."""
    found = {row.instrument: row.definition for line in lines for row in line.measures if row.definition}
    return [(titles[code], definition) for code, definition in sorted(found.items())]


def in_words(line: Line, titles: dict[str, str], *, language: str) -> dict[str, Any]:
    return {
        "line": line,
        "whys": [(reason(why, titles), why.code in (WAITS, ASSESS_LATE, NOT_SAFE)) for why in line.whys],
        "measures": [_measure(row, titles) for row in line.measures],
        "said": [check_in(row, language=language) for row in line.said],
    }


def reason(why: Why, titles: dict[str, str]) -> str:
    """One reason as a sentence with its numbers."""
    if why.code == DETERIORATED:
        told = {"measure": titles.get(why.instrument, ""), "before": why.before, "now": why.now}
        return _("%(measure)s reliably worse: %(before)d last time, %(now)d now") % told
    if why.code == MISSED:
        return ngettext("%d session missed since", "%d sessions missed since", why.now) % why.now
    own = {
        NOT_SAFE: _("Said since that they are not safe, or hurt themselves"),
        FLAGGED: _("New flag since, tier %d") % why.now,
        CHECKED_WORSE: _("A check-in is %d points worse than last time") % why.now,
        NOTHING_SAID: _("No check-in since"),
    }
    return own[why.code] if why.code in own else why_in_words(why, titles)


def _measure(row: Measure, titles: dict[str, str]) -> dict[str, Any]:
    steps = [
        (row.from_then, _("since last time")) if row.is_new else (None, ""),
        (row.from_before, _("since the answer before")),
    ]
    told = [(step, words, SURE[step.way]) for step, words in steps if step is not None]
    return {"row": row, "title": titles.get(row.instrument, row.instrument), "steps": _once(told)}


def _once(told: list[tuple[Step, str, Any]]) -> list[tuple[Step, str, Any]]:
    """Where the answer before is what was known last time, it is said once."""
    return told[:1] if len(told) == 2 and told[0][0] == told[1][0] else told


def check_in(row: Said, *, language: str) -> dict[str, Any]:
    """One question in words: its newest answer, the one from before, and the worst between where it is another."""
    texts = _choices(row.item, language)

    def word(value: float | None) -> str:
        return "" if value is None else texts.get(int(value), f"{value:g}")

    return {
        "name": NAMES[row.item],
        "now": word(row.now),
        "then": word(row.then),
        "worst": word(row.worst) if row.worst != row.now else "",
        "way": WAYS[row.way],
        "is_worse": row.way == "worse",
        "is_grave": row.item in since.SAFETY and row.worst > 0,
    }


def _choices(item: str, language: str) -> dict[int, str]:
    """The words of a choice's answers, as the newest block has them."""
    for block in reversed(shipped()):
        for asked in block.data["items"]:
            if asked["code"] == item and asked["kind"] == "choice":
                options = block.data["option_sets"][asked["options"]]
                return {row["value"]: instruments.in_language(row["text"], language) for row in options}
    return {}

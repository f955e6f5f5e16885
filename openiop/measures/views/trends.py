"""Scores over time: for those who care for a patient, and for the patient in plain words. Who needs somebody first."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page
from openiop.measures import answering, asking, change, instruments, reading, scoring, syndrome
from openiop.measures.caseload import ASSESS, ASSESS_LATE, REACHED, UNANSWERED, WAITS, Line, Why
from openiop.measures.caseload import caseload as lines_of
from openiop.measures.chart import draw
from openiop.measures.models import Response
from openiop.measures.track import DETERIORATED, ITEM_NINE_ROSE, MISSED, SILENT, SLOW
from openiop.measures.trend import Event, change_of, events_of, scores_of
from openiop.measures.views.entry import WRITES_DOWN, patient_of
from openiop.people.doors import patients_only, roles, staff_only
from openiop.people.models import CLINICIANS, Person
from openiop.programs.models import Enrolment

LINES_A_PAGE = 50
OUTCOMES = {
    "recovered": gettext_lazy("recovered: reliably better, and no longer in the range of a case"),
    "improved": gettext_lazy("improved: reliably better, on the same side of the cut-off"),
    "unchanged": gettext_lazy("unchanged: no reliable change"),
    "deteriorated": gettext_lazy("deteriorated: reliably worse, on the same side of the cut-off"),
    "harmed": gettext_lazy("reliably worse, and now in the range of a case"),
}
RULE_SAYS = {
    True: gettext_lazy("The symptom rule holds in the newest answers: enough of each cluster."),
    False: gettext_lazy("The symptom rule does not hold in the newest answers."),
    None: gettext_lazy("The newest answers are too few for the symptom rule to say anything."),
}
SYNDROME_SAYS = {
    "major": gettext_lazy("The newest answers suggest a major depressive syndrome. That is no diagnosis."),
    "other": gettext_lazy(
        "The newest answers suggest another depressive syndrome, not a major one. That is no diagnosis."
    ),
    "none": gettext_lazy("The newest answers suggest no depressive syndrome. They rule none out."),
    None: RULE_SAYS[None],
}
EVENTS = {
    "admitted": gettext_lazy("Admission"),
    "discharged": gettext_lazy("Discharge"),
    "missed_week": gettext_lazy("Week missed"),
    "skills_begun": gettext_lazy("Skills begun"),
    "missed_medication": gettext_lazy("Medication missed, as said"),
    "medication_started": gettext_lazy("Medication started"),
    "dose_changed": gettext_lazy("Dose changed"),
    "medication_stopped": gettext_lazy("Medication stopped"),
}


@require_GET
@staff_only
def trend(request: Any, pk: UUID, code: str) -> HttpResponse:
    """One measure of one patient over time: chart, change since the baseline with its certainty, table."""
    patient, language = patient_of(request, pk), request.LANGUAGE_CODE
    instrument = _with_total(code)
    rows = list(
        Response.objects.visible_to(request.person)
        .filter(patient=patient, instrument=code, total__isnull=False)
        .order_by("for_day")
    )
    trail.record("trend.open", patient=patient, instrument=code)
    scores, since = scores_of(rows), _admitted_on(patient)
    applies = reading.readings_of(patient.clinic).get(code)
    bands = [(instruments.in_language(band.text, language), band.least, band.most) for band in instrument.bands]
    first = change.baseline(scores, admitted_on=since) if since else None
    changed = change_of(scores, admitted_on=since, reading=applies) if since else None
    today = timezone.now().astimezone(ZoneInfo(patient.clinic.zone)).date()
    events = events_of(patient, reader=request.person, since=scores[0].on, until=today) if scores else []
    context = {
        "patient": patient,
        "instrument": instrument,
        "title": instruments.in_language(instrument.title, language),
        "chart": draw(
            scores,
            least=instrument.least_total or 0,
            most=instrument.most_total or 0,
            bands=bands,
            events=[(str(EVENTS[each.kind]), each.on, each.until) for each in events],
            baseline=first,
        )
        if scores
        else None,
        "change": changed,
        "outcome": OUTCOMES[changed.outcome] if changed and changed.outcome else "",
        "rule": _rule(rows, instrument),
        "baseline": first,
        "rows": _table(rows, events, instrument=instrument, language=language),
        "reading": applies,
        "others": _others(patient, language, request=request, but=code),
        "may_write": request.person.has_role(*WRITES_DOWN),
    }
    return page(request, "measures/trend.html", context)


class Rule(NamedTuple):
    """What a rule over symptoms says of the newest answers, whose rule it is, and how far to believe that."""

    says: Any
    source: str
    trust: str


def _rule(rows: list[Response], instrument: instruments.Instrument) -> Rule | None:
    """Nothing where the measure has no such rule."""
    if not rows:
        return None
    if instrument.code == "phq9":
        found = syndrome.depressive_syndrome(answering.current_answers(rows[-1]))
        return Rule(SYNDROME_SAYS[found], syndrome.SOURCE, "read")
    if not instrument.criteria or rows[-1].version != instrument.version:
        return None
    met = scoring.criteria_met(instrument, answering.current_answers(rows[-1]))
    return Rule(RULE_SAYS[met], instrument.criteria_source, instrument.criteria_trust)


def _with_total(code: str) -> instruments.Instrument:
    try:
        found = asking.newest(code)
    except KeyError:
        raise Http404 from None
    if found.method != "sum":
        raise Http404
    return found


def _admitted_on(patient: Person) -> Any:
    """The first day of the newest episode."""
    newest = Enrolment.objects.filter(patient=patient).order_by("-during__startswith").first()
    return newest.during.lower if newest else None


def _table(
    rows: list[Response], events: list[Event], *, instrument: instruments.Instrument, language: str
) -> list[dict[str, Any]]:
    """Scores and events in one order, newest first: what the chart shows, in words."""
    words = {band.code: instruments.in_language(band.text, language) for band in instrument.bands}
    name = instrument.conversion.name if instrument.conversion else ""
    told: list[dict[str, Any]] = [
        {
            "on": row.for_day,
            "response": row,
            "band": words.get(row.band, ""),
            "standard": (name, scoring.standard_score(instrument, row.total)) if name else None,
        }
        for row in rows
    ]
    told += [{"on": each.on, "event": EVENTS[each.kind], "detail": each.detail, "until": each.until} for each in events]
    return sorted(told, key=lambda row: row["on"], reverse=True)


def _others(patient: Person, language: str, *, request: Any, but: str) -> list[tuple[str, str]]:
    codes = (
        Response.objects.visible_to(request.person)
        .filter(patient=patient, total__isnull=False)
        .exclude(instrument=but)
        .values_list("instrument", flat=True)
        .distinct()
        .order_by("instrument")
    )
    return [(code, instruments.in_language(asking.newest(code).title, language)) for code in codes]


@require_GET
@patients_only
def my_measures(request: Any) -> HttpResponse:
    """A patient's own answers over time, without names for how bad it is."""
    person, language = request.person, request.LANGUAGE_CODE
    since, readings = _admitted_on(person), reading.readings_of(person.clinic)
    by_code: dict[str, list[Response]] = {}
    for row in Response.objects.filter(patient=person, total__isnull=False).order_by("for_day"):
        by_code.setdefault(row.instrument, []).append(row)
    shown = []
    for code, rows in by_code.items():
        instrument, scores = asking.newest(code), scores_of(rows)
        if not scores:
            continue
        found = change_of(scores, admitted_on=since, reading=readings.get(code)) if since else None
        shown.append(
            {
                "title": instruments.in_language(instrument.title, language),
                "most": instrument.most_total,
                "rows": scores[::-1],
                "words": in_plain_words(found)
                if found
                else _("Once there are more answers, you see here what changed."),
            }
        )
    trail.record("measures.open", patient=person)
    return page(request, "measures/mine.html", {"shown": shown})


def in_plain_words(found: Any) -> str:
    """Say what changed since the start, and how sure that is, without praise or blame."""
    points = abs(found.points)
    if points == 0:
        return _("Your newest number is the same as at the start.")
    if found.points < 0:
        said = ngettext("%d lower than at the start.", "%d lower than at the start.", points) % points
    else:
        said = ngettext("%d higher than at the start.", "%d higher than at the start.", points) % points
    if found.way == "better":
        sure = _("That is more than chance alone would do: things have eased.")
    elif found.way == "worse":
        sure = _("That is more than chance alone would do. Your team looks at it with you.")
    else:
        sure = _("Numbers go up and down a little by themselves; this may be no more than that.")
    return f"{said} {sure}"


@require_GET
@roles(*CLINICIANS)
def caseload(request: Any) -> HttpResponse:
    """Everybody in care whom the reader may open, who needs somebody first on top, with the reasons written out."""
    now, language = timezone.now(), request.LANGUAGE_CODE
    found = lines_of(request.person, at=now)
    shown = Paginator(found, LINES_A_PAGE).get_page(request.GET.get("page"))
    lines: list[Line] = list(shown.object_list)
    for line in lines:
        trail.record("caseload.open", patient=line.patient)
    titles = {
        each.code: instruments.in_language(each.title, language) for each in instruments.all_instruments().values()
    }
    context = {
        "lines": [
            {
                "line": line,
                "whys": [(why_in_words(why, titles), why.code in (WAITS, ASSESS_LATE)) for why in line.whys],
                "newest": [(code, titles[code], dated) for code, dated in line.newest.items()],
            }
            for line in lines
        ],
        "shown": shown,
        "how_many": len(found),
        "today": now.astimezone(ZoneInfo(request.person.clinic.zone)).date(),
    }
    return page(request, "measures/caseload.html", context)


def why_in_words(why: Why, titles: dict[str, str]) -> str:
    """One reason as a sentence with its numbers."""
    told = {"measure": titles.get(why.instrument, ""), "before": why.before, "now": why.now}
    return {
        WAITS: _("Open case, tier %(now)d, not reached yet"),
        ASSESS_LATE: _("Risk assessment after a positive screen is overdue")
        if why.instrument == asking.RISK_ASSESSMENT
        else _("Assessment after an answer about death is overdue"),
        ASSESS: _("Risk assessment after a positive screen is due today")
        if why.instrument == asking.RISK_ASSESSMENT
        else _("Assessment after an answer about death is due today"),
        ITEM_NINE_ROSE: _("Thoughts of death: %(before)d before, %(now)d now"),
        DETERIORATED: _("%(measure)s reliably worse: %(before)d at the start, %(now)d now"),
        REACHED: _("Open case, tier %(now)d, reached"),
        MISSED: _("%(now)d sessions missed within seven days"),
        SLOW: _("%(measure)s not falling as expected: %(before)d at the start, %(now)d now"),
        SILENT: _("No measure for %(now)d days"),
        UNANSWERED: _("Not answered: %(now)d"),
    }[why.code] % told

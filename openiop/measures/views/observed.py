"""What clinicians write down of a patient: what they saw, results, withdrawal, overdose. What a clinic is told of."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib import refusals
from openiop.lib.http import page
from openiop.measures.forms.observed import (
    EventForm,
    OnSiteForm,
    OwnRuleForm,
    ResultForm,
    VirtualForm,
    WrittenForm,
)
from openiop.measures.models import Observation, OwnRule, SubstanceEvent, SubstanceResult
from openiop.measures.observed import own_rules
from openiop.measures.observed.event import note_event
from openiop.measures.observed.observation import PLACES, observe
from openiop.measures.observed.result import note_result
from openiop.measures.observed.written import SomebodyCorrected, Written, found_by, versions_of
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.schedule.models import CareSession

MOST_SHOWN = 60


class Sort(NamedTuple):
    """One kind of record by its word in the address. `when` is what its verb calls the time."""

    title: Any
    form: type[WrittenForm]
    verb: Any
    table: Any
    when: str
    place: str = ""


SORTS = {
    "on-site": Sort(gettext_lazy("Seen on site"), OnSiteForm, observe, Observation, "seen_at", PLACES[0][0]),
    "virtual": Sort(
        gettext_lazy("Seen in a virtual session"), VirtualForm, observe, Observation, "seen_at", PLACES[1][0]
    ),
    "result": Sort(gettext_lazy("Toxicology or breath result"), ResultForm, note_result, SubstanceResult, "taken_at"),
    "event": Sort(gettext_lazy("Withdrawal, overdose, naloxone"), EventForm, note_event, SubstanceEvent, "happened_at"),
}


def sort_of(word: str) -> Sort:
    if word not in SORTS:
        raise Http404
    return SORTS[word]


def word_of(row: Written) -> str:
    """Return the word in the address that this row has."""
    place = getattr(row, "place", "")
    return next(word for word, sort in SORTS.items() if isinstance(row, sort.table) and sort.place == place)


@require_GET
@roles(*sorted(CLINICIANS))
def all_of(request: Any, pk: UUID) -> HttpResponse:
    """Everything that was written down of a patient, newest first, each in its newest version."""
    patient = _patient(request, pk)
    trail.record("observed.list", patient=patient)
    rows = [
        row
        for table in (Observation, SubstanceResult, SubstanceEvent)
        for row in table.objects.visible_to(request.person)
        .filter(patient=patient)
        .current()
        .select_related("by")
        .order_by("-at")[:MOST_SHOWN]
    ]
    newest = sorted(rows, key=lambda row: (row.at, str(row.pk)), reverse=True)[:MOST_SHOWN]
    context = {
        "patient": patient,
        "rows": [(row, word_of(row), SORTS[word_of(row)].title) for row in newest],
        "sorts": [(word, sort.title) for word, sort in SORTS.items()],
    }
    return page(request, "measures/observed.html", context)


@require_http_methods(["GET", "POST"])
@roles(*sorted(CLINICIANS))
def write(request: Any, pk: UUID, sort: str) -> HttpResponse:
    """Write something down. `?session=` names the care session it was in."""
    return _write(request, _patient(request, pk), sort, of=None)


@require_http_methods(["GET", "POST"])
@roles(*sorted(CLINICIANS))
def correct(request: Any, pk: UUID, sort: str, written_pk: UUID) -> HttpResponse:
    """Write the next version; the one before stays, and what it called for stays called for."""
    row = _row(request, pk, sort, written_pk)
    newest = versions_of(row)[0]
    if request.method == "GET" and newest.pk != row.pk:
        return redirect("observed-correct", pk, sort, newest.pk)
    return _write(request, row.patient, sort, of=row)


def _patient(request: Any, pk: UUID) -> Person:
    return get_object_or_404(Person.objects.treated_by(request.person, at=timezone.now()), pk=pk)


def _write(request: Any, patient: Person, word: str, *, of: Any) -> HttpResponse:
    sort, now = sort_of(word), timezone.now()
    session = of.session if of else _session(request, patient)
    form = sort.form(request.POST or None, zone=patient.clinic.zone, now=now, corrects=of)
    if request.method == "POST" and form.is_valid():
        said = form.said()
        said[sort.when] = said.pop("at")
        try:
            with refusals.told_at(form):
                row, flags = sort.verb(patient, **said, session=session, corrects=of, by=request.person, at=now)
        except SomebodyCorrected:
            form.add_error(None, _("Somebody corrected this while you wrote. Read theirs first; yours is not kept."))
        if not form.errors:
            _say(request, len(flags))
            return redirect("observed", patient.pk, word, row.pk)
    trail.record("observed.form", patient=patient)
    context = {"patient": patient, "form": form, "title": sort.title, "session": session, "of": of, "sort": word}
    return page(request, "measures/observed_form.html", context, status=422 if form.is_bound else 200)


def _session(request: Any, patient: Person) -> CareSession | None:
    """The session named in the address, if the person was on its roster. Raises Http404."""
    named = request.GET.get("session", "")
    if not named:
        return None
    try:
        wanted = UUID(named)
    except ValueError:
        raise Http404 from None
    sessions = CareSession.objects.visible_to(request.person).filter(roster__patient=patient)
    return get_object_or_404(sessions, pk=wanted)


def _say(request: Any, flags: int) -> None:
    if flags:
        called = ngettext(
            "Written down. Somebody is being called: %d flag.",
            "Written down. Somebody is being called: %d flags.",
            flags,
        )
        messages.warning(request, called % flags)
    else:
        messages.success(request, _("Written down."))


@require_GET
@roles(*sorted(CLINICIANS))
def one(request: Any, pk: UUID, sort: str, written_pk: UUID) -> HttpResponse:
    """One record, with the versions before it or after it."""
    row = _row(request, pk, sort, written_pk)
    trail.record("observed.open", patient=row.patient, thing=row)
    context = {
        "patient": row.patient,
        "row": row,
        "versions": versions_of(row),
        "title": SORTS[sort].title,
        "sort": sort,
    }
    return page(request, "measures/observed_one.html", context)


def _row(request: Any, pk: UUID, word: str, written_pk: UUID) -> Any:
    row = found_by(sort_of(word).table, request.person, written_pk)
    if row is None or row.patient_id != pk or word_of(row) != word:
        raise Http404
    return row


# --- what this clinic is told of ---


@require_http_methods(["GET", "POST"])
@roles(*sorted(CLINICIANS))
def rules(request: Any) -> HttpResponse:
    """The clinic's own numbers, each with its source. Clinicians read them; a director decides."""
    may_change = request.person.has_role(Role.DIRECTOR)
    if request.method == "POST" and not may_change:
        raise Http404
    form = OwnRuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals.told_at(form):
            own_rules.decide(**form.cleaned_data, by=request.person, at=timezone.now())
        if not form.errors:
            messages.success(request, _("Told of from now on."))
            return redirect("observation-rules")
    rows = OwnRule.objects.filter(clinic_id=request.person.clinic_id, ended_at=None).select_related("by").order_by("at")
    context = {"rows": rows, "form": form, "may_change": may_change}
    return page(request, "measures/own_rules.html", context, status=422 if form.is_bound else 200)


@require_POST
@roles(Role.DIRECTOR)
def end_rule(request: Any, rule_pk: UUID) -> HttpResponse:
    """Nobody is told of it any more."""
    row = get_object_or_404(OwnRule, clinic_id=request.person.clinic_id, ended_at=None, pk=rule_pk)
    row.end(by=request.person, at=timezone.now())
    messages.success(request, _("No longer told of."))
    return redirect("observation-rules")


refusals.register({"one_own_rule_each": ("of", gettext_lazy("There is a rule for this already. End it first."))})

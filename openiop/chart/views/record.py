"""Pages of the written record: the plan, and the group's note with a part for each person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from openiop.audit import trail
from openiop.chart import evening, signing, writing
from openiop.chart.forms import (
    CHOICES,
    AddendumForm,
    BadSheet,
    PlanForm,
    sent_parts,
    sheet_of,
    words_for_everybody,
)
from openiop.chart.models import FiledPaper, Goal, GroupNote, NotePart, Plan, Sheet
from openiop.lib.http import page
from openiop.lib.ids import uuid7
from openiop.lib.refusals import told_at
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.schedule import presence
from openiop.schedule.models import CareSession

CLINICAL = tuple(sorted(CLINICIANS))


# --- plans ---


@roles(*CLINICAL)
def plan(request: Any, pk: UUID) -> HttpResponse:
    """The patient's plan in force, its draft, and the versions before; a fragment when htmx asks."""
    patient = _patient(request, pk)
    plans = list(
        Plan.objects.visible_to(request.person)
        .filter(patient=patient)
        .select_related("signed_by", "written_by")
        .prefetch_related("goals")
        .order_by("-version")
    )
    trail.record("plan.open", patient=patient)
    signed = [one for one in plans if one.signed_at]
    context = {
        "patient": patient,
        "in_force": signed[0] if signed else None,
        "draft": next((one for one in plans if not one.signed_at), None),
        "former": signed[1:],
    }
    return page(request, "chart/plan.html", context, part="_plan.html")


@roles(*CLINICAL)
def plan_new(request: Any, pk: UUID) -> HttpResponse:
    """Write the draft, which begins from the newest version; `sign` freezes it."""
    patient = _patient(request, pk)
    newest = (
        Plan.objects.visible_to(request.person)
        .filter(patient=patient)
        .prefetch_related("goals")
        .order_by("-version")
        .first()
    )
    begun = "\n".join(goal.text for goal in newest.goals.all()) if newest else ""
    form = PlanForm(request.POST or None, initial={"goals": begun})
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        with told_at(form):
            draft = Plan.draft(patient, goals=form.cleaned_data["goals"], by=request.person, at=now)
            if "sign" in request.POST:
                draft.sign(by=request.person, at=now)
        if not form.errors:
            messages.success(request, _("Signed.") if "sign" in request.POST else _("Kept as a draft."))
            return redirect("plan", pk=patient.pk)
    return page(request, "chart/plan_form.html", {"patient": patient, "form": form, "newest": newest})


def _patient(request: Any, pk: UUID) -> Person:
    return get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)


# --- the group note ---


@dataclass
class PartOnPage:
    """One person's part as the page shows it."""

    key: str
    checked: signing.Checked
    texts: Mapping[str, str]
    found: str
    shown: str
    goals: list[Goal]
    kept: Sheet | None

    @property
    def expected(self) -> evening.Expected:
        return self.checked.expected

    @property
    def row(self) -> NotePart | None:
        return self.checked.part


@roles(*CLINICAL)
def note(request: Any, pk: UUID) -> HttpResponse:
    """The note of one session: to be written by its staff, to be read by clinicians of the patients in it."""
    session = _session(request, pk)
    now = timezone.now()
    if now < session.begins_at:
        return page(request, "chart/note_before.html", {"session": session})
    return page(request, "chart/note.html", _note_context(request, session, at=now), part="_checks.html")


def _note_context(request: Any, session: CareSession, *, at: datetime) -> dict[str, Any]:
    person, may_write = request.person, _may_write(request.person, session)
    expected = evening.of(session, person=person, at=at)
    if not expected and not may_write:
        raise Http404
    written = GroupNote.objects.filter(session=session).select_related("edited_by", "author").first()
    group_lacks, checked = signing.check(session, written, expected, by=person)
    kept = writing.kept_for(written, by=person) if written else {}
    goals = writing.goals_by_patient([one.entry.patient_id for one in expected])
    parts = [_part_on_page(one, goals=goals, kept=kept) for one in checked]
    for part in parts:
        if part.row is not None:
            trail.record("note.open", patient=part.expected.patient, thing=part.row)
    group, shown = _group_texts(session, written, expected)
    is_over = bool(session.closed_at) or at >= session.ends_at
    return {
        "session": session,
        "note": written,
        "group": shown,
        "group_found": writing.digest(group),
        "group_shown": writing.digest(shown),
        "group_lacks": group_lacks,
        "group_kept": kept.get(writing.GROUP),
        "parts": [part for part in parts if part.expected.was_here or part.checked.is_signed],
        "absent": [part for part in parts if not part.expected.was_here and not part.checked.is_signed],
        "ready": [part for part in parts if part.checked.is_ready and not group_lacks],
        "signed": [part for part in parts if part.checked.is_signed],
        "may_write": may_write,
        "is_over": is_over,
        "choices": CHOICES,
        "sheet": uuid7(),
        "focus": _first_without_risk(parts) if "filled" in request.GET else "",
    }


def _part_on_page(
    checked: signing.Checked, *, goals: Mapping[UUID, list[Goal]], kept: Mapping[str, Sheet]
) -> PartOnPage:
    key = str(checked.expected.entry.pk)
    texts = writing.texts_of(checked.part, fields=writing.PART_FIELDS)
    fingerprint = writing.digest(texts)
    offered = goals.get(checked.expected.entry.patient_id, [])
    return PartOnPage(key, checked, texts, fingerprint, fingerprint, offered, kept.get(key))


def _group_texts(
    session: CareSession, written: GroupNote | None, expected: list[evening.Expected]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the group part as stored, and as shown: the record fills the number present and the place where blank."""
    stored = writing.texts_of(written, fields=writing.GROUP_FIELDS)
    present = sum(one.was_here for one in expected)
    known = {"present": str(present) if present else "", "place": evening.clinicians_place(session)}
    return stored, stored | {name: stored[name] or value for name, value in known.items()}


def _first_without_risk(parts: list[PartOnPage]) -> str:
    open_parts = [part for part in parts if part.expected.was_here and not part.checked.is_signed]
    return next((part.key for part in open_parts if not part.texts["risk"]), "")


@require_POST
@roles(*CLINICAL)
def note_part(request: Any, pk: UUID) -> HttpResponse:
    """Save what a page sent; fill a choice in for everybody; decide about words that were kept."""
    session, now = _session_to_write(request, pk), timezone.now()
    try:
        _save(request, session, at=now)
        if "fill" in request.POST:
            writing.fill(session, words_for_everybody(request.POST), by=request.person, at=now)
    except BadSheet:
        return HttpResponseBadRequest(_("This page has sent something it should not. Load it again, please."))
    for decision in ("mine", "theirs"):
        if decision in request.POST:
            _settle(request, session, request.POST[decision], mine=decision == "mine", at=now)
    if request.headers.get("X-Autosave"):
        return render(request, "chart/_saved.html", {"session": session})
    return redirect(reverse("note", args=[session.pk]) + ("?filled=1" if "fill" in request.POST else ""))


@require_POST
@roles(*CLINICAL)
def note_sign(request: Any, pk: UUID) -> HttpResponse:
    """Save what the page sent, then sign every part that is complete."""
    session, now = _session_to_write(request, pk), timezone.now()
    try:
        sent = _save(request, session, at=now)
    except BadSheet:
        return HttpResponseBadRequest(_("This page has sent something it should not. Load it again, please."))
    seen = {key: part.texts for key, part in sent.items()}
    already = GroupNote.objects.filter(session=session, signed_at__isnull=False).first()
    if already is not None:
        # Signed once, the group part is shown but not sent again.
        seen[writing.GROUP] = writing.texts_of(already, fields=writing.GROUP_FIELDS)
    try:
        done = signing.sign(session, by=request.person, at=now, seen=seen)
    except (signing.NotYet, presence.NotYet):
        messages.warning(request, _("The group is still going on. Everything is saved; sign when it has ended."))
        return redirect("note", pk=session.pk)
    _tell(request, done)
    return redirect("note", pk=session.pk)


def _tell(request: HttpRequest, done: signing.Signed) -> None:
    count = len(done.parts)
    if count:
        messages.success(
            request, ngettext("%(count)s part signed.", "%(count)s parts signed.", count) % {"count": count}
        )
    else:
        messages.warning(request, _("Nothing was signed yet; each part says what it lacks."))
    if done.unseen:
        messages.warning(request, _("Somebody changed a part while you wrote. Read it, then sign."))


def _save(request: Any, session: CareSession, *, at: datetime) -> dict[str, writing.Sent]:
    expected = evening.of(session, person=request.person, at=at)
    goals = writing.goals_by_patient([one.entry.patient_id for one in expected])
    offered = {str(one.entry.pk): {str(goal.pk) for goal in goals.get(one.entry.patient_id, [])} for one in expected}
    sent = sent_parts(request.POST, entries=offered)
    writing.save(session, sheet=sheet_of(request.POST), sent=sent, by=request.person, at=at)
    return sent


def _settle(request: Any, session: CareSession, kept_id: str, *, mine: bool, at: datetime) -> None:
    try:
        wanted = UUID(kept_id)
    except ValueError:
        raise Http404 from None
    kept = get_object_or_404(Sheet, pk=wanted, by=request.person, note__session=session, kept=True)
    writing.settle(session, kept, mine=mine, by=request.person, at=at)


@roles(*CLINICAL)
def addendum_new(request: Any, pk: UUID) -> HttpResponse:
    """Add to a signed part."""
    parts = NotePart.objects.visible_to(request.person).signed().select_related("note__session", "patient")
    part = get_object_or_404(parts, pk=pk)
    form = AddendumForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        signing.add(part, form.cleaned_data["text"], by=request.person, at=timezone.now())
        messages.success(request, _("Added."))
        return redirect(reverse("note", args=[part.note.session_id]) + f"#part-{part.entry_id}")
    trail.record("note.open", patient=part.patient_id, thing=part)
    return page(request, "chart/addendum_form.html", {"part": part, "form": form})


def _session(request: Any, pk: UUID) -> CareSession:
    sessions = CareSession.objects.visible_to(request.person).select_related("room__site", "clinic")
    return get_object_or_404(sessions, pk=pk)


def _session_to_write(request: Any, pk: UUID) -> CareSession:
    session = _session(request, pk)
    if not _may_write(request.person, session) or timezone.now() < session.begins_at:
        raise PermissionDenied
    return session


def _may_write(person: Person, session: CareSession) -> bool:
    """The staff of the session, and the director."""
    return person.has_role(Role.DIRECTOR) or session.staff.filter(staff=person, stands=True).exists()


@require_GET
@roles(*CLINICIANS)
def papers(request: Any, pk: UUID) -> HttpResponse:
    """What was filed in this patient's record, with its words; a part of the patient's page."""
    patient = get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)
    found = FiledPaper.objects.visible_to(request.person).filter(patient=patient).select_related("by").defer("pdf")
    trail.record("papers.open", patient=patient, thing=patient)
    return page(request, "chart/papers.html", {"patient": patient, "papers": found}, part="_papers.html")


@require_GET
@roles(*CLINICIANS)
def filed_paper(request: Any, pk: UUID) -> HttpResponse:
    """One filed paper as it was filed."""
    paper = get_object_or_404(FiledPaper.objects.visible_to(request.person), pk=pk)
    trail.record("paper.open", patient=paper.patient_id, thing=paper)
    return HttpResponse(bytes(paper.pdf), content_type="application/pdf", headers={"Cache-Control": "no-store"})

"""Handing over what is open, and taking it over."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from openiop.audit import trail
from openiop.lib.http import page, wants_part
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS
from openiop.safety import handover_list, rail
from openiop.safety.forms.handover import GoingForm, NameForm, WordForm
from openiop.safety.models import (
    Case,
    HandOver,
    HandOverEnd,
    NotWhatWasShown,
    OverAlready,
    hand_over_mine,
    name_who_comes,
    say_of,
    stay_with_it,
    take_over,
)
from openiop.safety.views.crisis import show_rail_to
from openiop.safety.worksheets import due_on_worksheets

LATEST = 30
clinicians_only = roles(*sorted(CLINICIANS))


@require_GET
@clinicians_only
def listing(request: Any) -> HttpResponse:
    """What waits to be taken over, what was, and handing over one's own."""
    return _listing(request)


def _listing(request: Any, form: GoingForm | None = None) -> HttpResponse:
    person, now = request.person, timezone.now()
    cases = [row.case for row in rail.open_cases(person, at=now)]
    mine = [case for case in cases if case.holding and case.holding.by.pk == person.pk]
    ended = HandOverEnd.objects.filter(clinic_id=person.clinic_id, hand_over__in=HandOver.objects.visible_to(person))
    waiting = handover_list.waiting(person, cases, at=now)
    context = {
        "waiting": waiting,
        "mine": mine,
        "ended": ended.select_related("hand_over__goes", "by").order_by("-at")[:LATEST],
        "form": form or GoingForm(clinic_id=person.clinic_id, goes=[person.pk]),
        "now": now,
    }
    trail.record("hand-over.list", waiting=len(waiting))
    return page(request, "safety/hand_overs.html", context, status=422 if form else 200)


@require_POST
@clinicians_only
def new(request: Any) -> HttpResponse:
    """I go: what I have passes to somebody who comes."""
    person = request.person
    form = GoingForm(request.POST, clinic_id=person.clinic_id, goes=[person.pk])
    if not form.is_valid():
        return _listing(request, form)
    try:
        made = hand_over_mine(by=person, to=form.cleaned_data["to"], key=form.cleaned_data["key"], at=timezone.now())
    except OverAlready:
        return redirect("hand-overs")
    if HandOverEnd.objects.filter(hand_over=made).exists():
        messages.success(request, _("You had nothing in hand. That is noted."))
        return redirect("hand-overs")
    messages.success(request, _("It stays yours until somebody takes it over."))
    return redirect("hand-over", made.pk)


@require_GET
@clinicians_only
def one(request: Any, pk: UUID) -> HttpResponse:
    """The whole list; after it was taken over, what was on it."""
    return _one(request, _of(request, pk))


def _of(request: Any, pk: UUID) -> HandOver:
    return get_object_or_404(HandOver.objects.visible_to(request.person).with_people(), pk=pk)


def _one(
    request: Any, found: HandOver, *, naming: NameForm | None = None, added: bool = False, status: int = 200
) -> HttpResponse:
    person, now = request.person, timezone.now()
    end = HandOverEnd.objects.filter(hand_over=found).select_related("by").first()
    context: dict[str, Any] = {"row": found, "end": end, "now": now, "added": added}
    if end is not None:
        handed = list(end.cases.select_related("patient", "case", "to").order_by("-tier"))
        context["handed"] = handed
        seen = [one.case for one in handed]
    else:
        sheet = handover_list.sheet(found, person, at=now)
        seen = [line.row.case for line in sheet.lines]
        context |= {
            "sheet": sheet,
            "waits": sheet.waiting,
            "naming": naming or NameForm(clinic_id=person.clinic_id, goes=found.goers),
            "word": WordForm(),
            # Read under the database's own lock of who may: what this reader works on and nobody else sees.
            "restricted": due_on_worksheets(person, at=now),
        }
    for case in seen:
        trail.record("case.show", patient=case.patient_id, thing=case)
    trail.record("hand-over.show", thing=found)
    return page(request, "safety/hand_over.html", context, status=status)


@require_POST
@clinicians_only
def taken(request: Any, pk: UUID) -> HttpResponse:
    """I take over: the whole list as it was shown."""
    return _answered(request, pk, take_over, _("You have it from now on."))


@require_POST
@clinicians_only
def stayed(request: Any, pk: UUID) -> HttpResponse:
    """I led, or was going, and stay with it: the whole list as it was shown."""
    return _answered(request, pk, stay_with_it, _("You stay with it. Nobody else is asked any more."))


def _answered(request: Any, pk: UUID, answer: Callable[..., HandOverEnd], said: str) -> HttpResponse:
    found = _of(request, pk)
    try:
        answer(found, shown=request.POST.get("shown", "").split(), by=request.person, at=timezone.now())
    except NotWhatWasShown:
        if wants_part(request):
            return show_rail_to(request, added=True)
        return _one(request, _of(request, pk), added=True, status=409)
    except OverAlready:
        if not wants_part(request):
            messages.info(request, _("This was taken over already."))
    else:
        if not wants_part(request):
            messages.success(request, said)
    return show_rail_to(request) if wants_part(request) else redirect("hand-over", pk)


@require_POST
@clinicians_only
def named(request: Any, pk: UUID) -> HttpResponse:
    """Name who takes over."""
    found = _of(request, pk)
    form = NameForm(request.POST, clinic_id=request.person.clinic_id, goes=found.goers)
    if not form.is_valid():
        if HandOverEnd.objects.filter(hand_over=found).exists():
            return redirect("hand-over", pk)
        return _one(request, found, naming=form, status=422)
    try:
        name_who_comes(found, to=form.cleaned_data["to"], by=request.person, at=timezone.now())
    except OverAlready:
        messages.info(request, _("This was taken over already."))
    else:
        messages.success(request, _("Asked. It stays with whoever goes until it is taken over."))
    return redirect("hand-over", pk)


@require_POST
@clinicians_only
def words(request: Any, pk: UUID) -> HttpResponse:
    """A line about one case."""
    found = _of(request, pk)
    form = WordForm(request.POST)
    said_of = _uuid(request.POST.get("case", ""))
    case = Case.objects.visible_to(request.person).filter(pk=said_of).first() if said_of else None
    if case is None or not form.is_valid():
        messages.error(request, _("Please write a line, up to 500 letters."))
        return redirect("hand-over", pk)
    try:
        say_of(found, case, words=form.cleaned_data["words"], by=request.person, at=timezone.now())
    except OverAlready:
        messages.info(request, _("This was taken over already. Please write it at the case."))
    else:
        messages.success(request, _("Kept."))
    return redirect("hand-over", pk)


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None

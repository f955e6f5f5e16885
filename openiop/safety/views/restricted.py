"""Restricted flags: raising one, those one may read, and the worksheet. Absent and not yours look the same."""

from collections.abc import Callable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib import paper
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people import access
from openiop.people.doors import staff_only
from openiop.people.models import Person, Role
from openiop.safety.forms.restricted import (
    DecisionForm,
    FollowUpForm,
    ImplicatedForm,
    PrivacyForm,
    RaiseForm,
    ReplyForm,
    ReportForm,
)
from openiop.safety.models import (
    Case,
    RestrictedFlag,
    decide,
    decide_privacy,
    follow_up,
    implicate,
    is_part2,
    may_work_on,
    note_report,
    raise_restricted,
    readers_of,
    reply,
)
from openiop.safety.worksheets import sheets_of


@never_cache
@require_GET
@staff_only
def listing(request: Any) -> HttpResponse:
    """What this member of staff may read, the open ones first by what is due soonest."""
    now = timezone.now()
    flags = RestrictedFlag.objects.visible_to(request.person).with_steps()
    worked = set(flags.worked_on().values_list("pk", flat=True))
    still = set(flags.open().values_list("pk", flat=True))
    sheets = sheets_of(flags.order_by("-raised_at"), at=now)
    open_ones = [sheet for sheet in sheets if sheet.flag.pk in worked & still]
    open_ones.sort(key=lambda sheet: sheet.due[0].due_at if sheet.due else sheet.flag.raised_at)
    trail.record("restricted.list")
    context = {
        "sheets": open_ones,
        "over": [sheet.flag for sheet in sheets if sheet.flag.pk in worked - still],
        "raised": [sheet.flag for sheet in sheets if sheet.flag.pk not in worked],
    }
    return page(request, "safety/restricted_list.html", context)


# --- raising ---


@never_cache
@require_http_methods(["GET", "POST"])
@staff_only
def new(request: Any, pk: UUID) -> HttpResponse:
    """Raise one about a patient: for whoever sees that they come here."""
    patients = Person.objects.filter(clinic_id=request.person.clinic_id).patients()
    if not request.person.has_role(*access.SEES_THE_SCHEDULE):
        in_danger = Case.objects.visible_to(request.person).open().values("patient_id")
        patients = patients.visible_to(request.person) | patients.filter(pk__in=in_danger)
    return _raise(request, get_object_or_404(patients.select_related("clinic"), pk=pk))


@never_cache
@require_http_methods(["GET", "POST"])
@staff_only
def incident_new(request: Any) -> HttpResponse:
    """Raise an incident about no patient, perhaps in a session."""
    return _raise(request, None)


def _raise(request: Any, patient: Person | None) -> HttpResponse:
    now, person = timezone.now(), request.person
    begun = {"learned_at": now, "state": patient.home_state if patient else ""}
    if request.GET.get("kind"):
        begun["kind"] = request.GET["kind"]
    form = RaiseForm(request.POST or None, clinic=person.clinic, patient=patient, initial=begun)
    if request.method == "POST" and form.is_valid():
        with told_at(form):
            flag = raise_restricted(**form.said(), patient=patient, session_id=_session(request), by=person, at=now)
        if not form.errors:
            messages.success(request, _("Kept. Those who may read it are told that something waits for them."))
            mine = RestrictedFlag.objects.visible_to(person).filter(pk=flag.pk).exists()
            return redirect("restricted", flag.pk) if mine else redirect("restricted-list")
    context = {"form": form, "patient": patient}
    return page(request, "safety/restricted_form.html", context, status=422 if form.is_bound else 200)


def _session(request: Any) -> UUID | None:
    try:
        return UUID(request.GET["session"])
    except (KeyError, ValueError):
        return None


# --- the sheet ---


@never_cache
@require_GET
@staff_only
def one(request: Any, pk: UUID) -> HttpResponse:
    flag = _flag(request, pk)
    trail.record("restricted.open", thing=flag)
    return _sheet(request, flag)


@never_cache
@require_GET
@staff_only
def on_paper(request: Any, pk: UUID) -> HttpResponse:
    """The whole sheet as a PDF, for those who may read all of it."""
    flag = _flag(request, pk)
    if not may_work_on(flag):
        raise PermissionDenied
    trail.record("restricted.print", thing=flag)
    return paper.answer("safety/restricted_paper.html", {**_context(flag), "zone": ZoneInfo(flag.clinic.zone)})


def _flag(request: Any, pk: UUID) -> RestrictedFlag:
    return get_object_or_404(RestrictedFlag.objects.visible_to(request.person).with_steps(), pk=pk)


def _context(flag: RestrictedFlag) -> dict[str, Any]:
    now = timezone.now()
    return {
        "flag": flag,
        "sheet": sheets_of([flag], at=now)[0],
        "part2": is_part2(flag.patient),
        "readers": readers_of(flag),
        "implicated": flag.implicated.select_related("person", "guardian").order_by("at"),
        "decisions": flag.decisions.select_related("by").order_by("at"),
        "privacy": flag.privacy_decisions.select_related("by").order_by("at"),
        "reports": flag.reports.select_related("by").order_by("told_at"),
        "lines": flag.follow_ups.select_related("by").order_by("at"),
        "replies": flag.replies.select_related("by").order_by("at"),
        "is_over": flag.done.closed,
        "now": now,
    }


def _sheet(request: Any, flag: RestrictedFlag, **wrong: Any) -> HttpResponse:
    """The sheet with its forms; `wrong`: the one that came back with a mistake, by its name, in its place."""
    if not may_work_on(flag):
        return page(request, "safety/restricted_raised.html", {"flag": flag})
    context = _context(flag)
    now = context["now"]
    sheet = context["sheet"]
    about = {"told_at": now, "agency": sheet.rule.agency if sheet.rule else ""}
    forms = {
        "decision_form": DecisionForm(),
        "report_form": ReportForm(flag=flag, part2=context["part2"], initial=about),
        "privacy_form": PrivacyForm() if context["part2"] and request.person.has_role(Role.PRIVACY) else None,
        "follow_up_form": FollowUpForm(),
        "reply_form": ReplyForm() if flag.is_grievance else None,
        "implicated_form": ImplicatedForm(flag=flag),
    }
    return page(request, "safety/restricted.html", {**context, **forms, **wrong}, status=422 if wrong else 200)


def _act(
    request: Any, pk: UUID, name: str, form_of: Callable[[RestrictedFlag], Any], verb: Callable[..., Any]
) -> HttpResponse:
    """Do one thing on the sheet with what its form says, or show the sheet with the mistake."""
    flag = _flag(request, pk)
    if not may_work_on(flag):
        raise PermissionDenied
    form = form_of(flag)
    if form.is_valid():
        with told_at(form):
            verb(flag, **form.cleaned_data, by=request.person, at=timezone.now())
        if not form.errors:
            messages.success(request, _("Kept."))
            # Whoever named themselves as implicated has nothing to read there any more.
            mine = RestrictedFlag.objects.visible_to(request.person).filter(pk=pk).exists()
            return redirect("restricted", pk) if mine else redirect("restricted-list")
    return _sheet(request, flag, **{name: form})


@require_POST
@staff_only
def decisions(request: Any, pk: UUID) -> HttpResponse:
    return _act(request, pk, "decision_form", lambda flag: DecisionForm(request.POST), decide)


@require_POST
@staff_only
def privacy_decisions(request: Any, pk: UUID) -> HttpResponse:
    access.require(request.person, Role.PRIVACY)
    return _act(request, pk, "privacy_form", lambda flag: PrivacyForm(request.POST), decide_privacy)


@require_POST
@staff_only
def reports(request: Any, pk: UUID) -> HttpResponse:
    return _act(
        request,
        pk,
        "report_form",
        lambda flag: ReportForm(request.POST, flag=flag, part2=is_part2(flag.patient)),
        note_report,
    )


@require_POST
@staff_only
def follow_ups(request: Any, pk: UUID) -> HttpResponse:
    return _act(request, pk, "follow_up_form", lambda flag: FollowUpForm(request.POST), follow_up)


@require_POST
@staff_only
def replies(request: Any, pk: UUID) -> HttpResponse:
    if not _flag(request, pk).is_grievance:
        raise Http404
    return _act(request, pk, "reply_form", lambda flag: ReplyForm(request.POST), reply)


@require_POST
@staff_only
def implicated(request: Any, pk: UUID) -> HttpResponse:
    return _act(request, pk, "implicated_form", lambda flag: ImplicatedForm(request.POST, flag=flag), implicate)

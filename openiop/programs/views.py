"""Pages for programs, tracks and enrolment."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from openiop.audit import trail
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people import access
from openiop.people.doors import roles, staff_only
from openiop.people.models import Person, Role
from openiop.programs.forms import DiagnosisFormSet, EnrolmentForm, ProgramForm, TrackForm, diagnoses_of, minutes_of
from openiop.programs.models import Enrolment, Program, Track

SETS_UP = (Role.DIRECTOR, Role.INTAKE)


@staff_only
def program_list(request: Any) -> HttpResponse:
    """Programs with their tracks, and who is enrolled, for those who may know."""
    tracks = Prefetch("tracks", Track.objects.order_by("name"))
    return page(
        request,
        "programs/program_list.html",
        {
            "programs": Program.objects.filter(clinic_id=request.person.clinic_id)
            .order_by("name")
            .prefetch_related(tracks),
            "may_set_up": request.person.has_role(*SETS_UP),
        },
    )


@roles(*SETS_UP)
def program_new(request: Any) -> HttpResponse:
    return _program_form(request, Program(clinic_id=request.person.clinic_id))


@roles(*SETS_UP)
def program_edit(request: Any, pk: Any) -> HttpResponse:
    return _program_form(request, get_object_or_404(Program, pk=pk, clinic_id=request.person.clinic_id))


def _program_form(request: Any, program: Program) -> HttpResponse:
    form = ProgramForm(request.POST or None, instance=program)
    if request.method == "POST" and form.is_valid():
        trail.record("program.save", thing=form.save())
        messages.success(request, _("Saved."))
        return redirect("program-list")
    return _form(request, form, _("A program"))


@roles(*SETS_UP)
def track_new(request: Any) -> HttpResponse:
    initial = {"program": request.GET.get("program")}
    return _track_form(request, Track(clinic_id=request.person.clinic_id), initial=initial)


@roles(*SETS_UP)
def track_edit(request: Any, pk: Any) -> HttpResponse:
    return _track_form(request, get_object_or_404(Track, pk=pk, clinic_id=request.person.clinic_id))


def _track_form(request: Any, track: Track, *, initial: dict[str, Any] | None = None) -> HttpResponse:
    form = TrackForm(request.POST or None, instance=track, initial=initial)
    if request.method == "POST" and form.is_valid():
        with told_at(form):
            trail.record("track.save", thing=form.save())
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect("program-list")
    return _form(request, form, _("A track"))


def _form(request: HttpRequest, form: Any, heading: str, **more: Any) -> HttpResponse:
    return page(
        request,
        "programs/form.html",
        {"form": form, "heading": heading, **more},
        status=422 if form.is_bound and form.errors else 200,
    )


@roles(*SETS_UP)
def enrolment_list(request: Any) -> HttpResponse:
    """Who is in care, by track, and who has no enrolment yet."""
    today = timezone.localdate(timezone=zone_of(request.person))
    current = Enrolment.objects.visible_to(request.person).filter(during__endswith__isnull=True)
    soon_over = Enrolment.objects.visible_to(request.person).filter(during__endswith__gt=today)
    rows = (current | soon_over).select_related("patient", "track", "therapist")
    trail.record("enrolment.list")
    return page(
        request,
        "programs/enrolment_list.html",
        {
            "enrolments": rows.order_by("patient__family_name", "patient__given_name"),
            "waiting": Person.objects.visible_to(request.person)
            .patients()
            .filter(active=True)
            .exclude(pk__in=rows.values("patient"))
            .order_by("family_name", "given_name"),
        },
    )


@roles(*SETS_UP)
def enrolment_new(request: Any, pk: Any = None) -> HttpResponse:
    initial = {"patient": pk or request.GET.get("patient")}
    form = EnrolmentForm(request.POST or None, reader=request.person, initial=initial)
    diagnoses = DiagnosisFormSet(request.POST or None, prefix="diagnosis")
    if request.method == "POST" and form.is_valid() & diagnoses.is_valid():
        with told_at(form):
            enrolment = _begin(request, form.cleaned_data, diagnoses_of(diagnoses))
        if form.is_valid():
            messages.success(request, _("%(name)s is enrolled.") % {"name": enrolment.patient.called})
            return redirect(next_page(request, "enrolment-list"))
    invalid = request.method == "POST"
    return page(
        request,
        "programs/enrolment_form.html",
        {"form": form, "diagnoses": diagnoses, "next": request.GET.get("next", request.POST.get("next", ""))},
        status=422 if invalid else 200,
    )


def _begin(request: Any, said: dict[str, Any], diagnoses: list[tuple[str, str]]) -> Enrolment:
    return Enrolment.begin(
        said["patient"],
        said["track"],
        modality=said["modality"],
        therapist=said["therapist"],
        first_on=said["first_on"],
        weekly_goal_minutes=minutes_of(said["goal_hours"]) if said["goal_hours"] else None,
        level_clinical=said["level_clinical"],
        level_authorised=said["level_authorised"],
        diagnoses=diagnoses,
        by=request.person,
        at=timezone.now(),
    )


def zone_of(person: access.Actor) -> Any:
    """The clinic's time zone."""
    return ZoneInfo(person.clinic.zone)  # type: ignore[attr-defined]


def next_page(request: HttpRequest, otherwise: str) -> str:
    """Where to go on: the page that asked, when it is one of ours."""
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else otherwise

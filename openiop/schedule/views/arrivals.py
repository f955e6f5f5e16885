"""The lobby: the front desk's list, and the kiosk, which lists nobody."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from openiop.audit import trail
from openiop.lib.http import page, wants_part
from openiop.people.doors import devices_only, roles
from openiop.people.models import CLINICIANS, Device, Role
from openiop.schedule import kiosk as lobby
from openiop.schedule import presence
from openiop.schedule.forms import CodeForm, NameForm
from openiop.schedule.models import CareSession

AT_THE_DESK = (Role.FRONT_DESK, *CLINICIANS, Role.INTAKE)


@require_safe
@roles(*AT_THE_DESK)
def front_desk(request: Any) -> HttpResponse:
    """Today's sessions and who is expected at the site, with Arrived and Left. No clinical word is on this page."""
    now = timezone.now()
    today = now.astimezone(ZoneInfo(request.person.clinic.zone)).date()
    sessions = list(
        CareSession.objects.visible_to(request.person)
        .standing()
        .filter(begins_on=today)
        .select_related("room__site")
        .prefetch_related("roster__patient")
        .in_order()
    )
    seen = presence.presence_in(sessions, at=now)
    if not wants_part(request):
        trail.record("front-desk.open")
    lists = [(session, _expected(session, seen)) for session in sessions]
    return page(
        request, "schedule/front_desk.html", {"lists": lists, "today": today, "now": now}, part="_arrivals.html"
    )


def _expected(session: CareSession, seen: Any) -> list[tuple[Any, Any]]:
    """The roster by first name; those who come on site first."""
    entries = [entry for entry in session.roster.all() if entry.stands]
    entries.sort(key=lambda entry: (entry.modality == "virtual", entry.patient.called, entry.patient.family_name))
    return [(entry, seen.get((session.pk, entry.patient_id))) for entry in entries]


# --- the kiosk ---


@require_safe
@never_cache
@devices_only
def kiosk(request: Any) -> HttpResponse:
    """Two ways in: the day's code, or a first name and a birth year. Lists no names."""
    _require_kiosk(request.person)
    problem = ""
    if "lost" in request.GET:
        problem = _("That page was not open any more, so nothing of it was kept. If it matters now, tell the staff.")
    reply = _kiosk_page(request, problem=problem)
    if not request.session.is_empty():
        request.session.flush()  # whoever stood here is gone, with the language they chose
        reply.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return reply


@require_POST
@never_cache
@devices_only
def kiosk_arrival(request: Any) -> HttpResponse:
    """Find who that is and note that they came or go. The answer clears itself after a few seconds."""
    _require_kiosk(request.person)
    by_name = "name" in request.POST
    form = NameForm(request.POST) if by_name else CodeForm(request.POST)
    if not form.is_valid() or not any(form.cleaned_data.values()):
        return _kiosk_page(request, form=form, problem=_("Please fill this in, or ask the front desk."))
    now = timezone.now()
    try:
        match = lobby.find(request.person, at=now, **form.cleaned_data)
    except lobby.SlowDown as slow:
        return _kiosk_page(request, form=form, problem=_slow(slow.seconds))
    if match is None:
        return _kiosk_page(request, form=form, problem=_nobody(by_name))
    if request.POST.get("do") == "answer":
        lobby.arrive(request.person, match, at=now)
        # Who it is stays on the server; the next page asks for a second proof before it shows a question.
        request.session["kiosk_arrived"] = {"patient": str(match.patient_id), "at": now.isoformat()}
        return redirect("kiosk-questions")
    if request.POST.get("do") == "leave":
        was_here = lobby.leave(request.person, match, at=now)
        said = _("Goodbye, %(name)s.") if was_here else _("You were not signed in, %(name)s. Goodbye.")
    else:
        lobby.arrive(request.person, match, at=now)
        said = _("You're in, %(name)s.")
    return page(
        request,
        "schedule/kiosk_done.html",
        {"said": said % {"name": match.called}, "room": match.room if request.POST.get("do") != "leave" else ""},
    )


def _kiosk_page(request: Any, *, form: Any = None, problem: str = "") -> HttpResponse:
    by_name = isinstance(form, NameForm) or "name" in request.GET
    seconds = lobby.seconds_left(request.person, at=timezone.now())
    return page(
        request,
        "schedule/kiosk.html",
        {
            # What was typed is not shown again: the next person stands there already.
            "form": NameForm() if by_name else CodeForm(),
            "by_name": by_name,
            "problem": problem or (_slow(seconds) if seconds else ""),
            "waits": seconds,
        },
        status=422 if form is not None else 200,
    )


def _slow(seconds: int) -> str:
    if seconds > 60:
        return _("Please ask the front desk. This screen takes a break for some minutes.")
    return _("Please ask the front desk, or try again in %(seconds)d seconds.") % {"seconds": seconds}


def _nobody(by_name: bool) -> str:
    if by_name:
        return _("We could not find you that way. Please use today's code, or ask the front desk.")
    return _("That code does not fit today. Please try again, or ask the front desk.")


def _require_kiosk(device: Device) -> None:
    if device.kind != Device.KIOSK:
        raise Http404

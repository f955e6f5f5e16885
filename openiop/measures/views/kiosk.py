"""The check-in and the measures that are due, at the site's kiosk; and the one-time code that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.measures import answering, instruments, kiosk
from openiop.measures.models import KioskSitting
from openiop.measures.views.question import Question, language_of, uuid_of
from openiop.people import access
from openiop.people.doors import devices_only, patients_only, roles
from openiop.people.middleware import origin_of
from openiop.people.models import CLINICIANS, Device, Person, Role
from openiop.safety.told import told
from openiop.schedule import kiosk as lobby
from openiop.schedule import presence
from openiop.schedule.models import RosterEntry

ARRIVED, SITTING = "kiosk_arrived", "kiosk_sitting"  # of the device's session: ids and states, no answer
HANDS_OUT = (Role.FRONT_DESK, Role.INTAKE, *CLINICIANS)

no_trace = cache_control(no_store=True)


# --- the code ---


@no_trace
@require_http_methods(["GET", "POST"])
@patients_only
def my_code(request: Any) -> HttpResponse:
    """In one's own app: a code for the kiosk, shown once."""
    return _code_page(request, request.person, base="base_patient.html")


@no_trace
@require_http_methods(["GET", "POST"])
@roles(*HANDS_OUT)
def code_for(request: Any, pk: UUID) -> HttpResponse:
    """Staff hand a code to somebody who is expected today and whom they know by sight."""
    today = timezone.now().astimezone(ZoneInfo(request.person.clinic.zone)).date()
    entries = RosterEntry.objects.visible_to(request.person).standing()
    entry = entries.filter(patient_id=pk, session__begins_on=today).select_related("patient").first()
    if entry is None:
        raise Http404
    return _code_page(request, entry.patient, base="base_staff.html")


def _code_page(request: Any, patient: Person, *, base: str) -> HttpResponse:
    code = ""
    if request.method == "POST":
        code = KioskSitting.make_code(patient, by=request.person, at=timezone.now())
    context = {"base": base, "patient": patient, "code": f"{code[:3]} {code[3:]}" if code else ""}
    return render(request, "measures/kiosk_code.html", context)


# --- at the kiosk ---


@no_trace
@require_http_methods(["GET", "POST"])
@devices_only
def questions(request: Any) -> HttpResponse:
    """The second proof, from whoever has just said who they are."""
    _require_kiosk(request.person)
    now = timezone.now()
    patient_id = _who_arrived(request, at=now)
    if patient_id is None:
        return redirect("kiosk")
    problem = ""
    if request.method == "POST":
        try:
            sitting = kiosk.guess(request.person, patient_id, request.POST.get("code", ""), at=now)
        except lobby.SlowDown:
            sitting = None
        if sitting:
            return _sit_down(request, sitting, at=now)
        problem = _("That code does not fit. Codes hold for ten minutes and open once.")
    if lobby.seconds_left(request.person, at=now):
        problem = _("Please ask the front desk. This screen takes a break for a moment.")
    status = 422 if problem and request.method == "POST" else 200
    return render(request, "measures/kiosk_enter.html", {"problem": problem}, status=status)


def _who_arrived(request: Any, *, at: datetime) -> UUID | None:
    said = request.session.get(ARRIVED) or {}
    try:
        fresh = at - datetime.fromisoformat(said["at"]) < kiosk.ARRIVAL_HOLDS
        return UUID(said["patient"]) if fresh else None
    except (KeyError, ValueError):
        return None


def _sit_down(request: Any, sitting: UUID, *, at: datetime) -> HttpResponse:
    request.session.cycle_key()
    request.session.pop(ARRIVED, None)
    site = request.person.site
    with _as_the_patient(request, sitting, at=at) as patient:
        if patient is None:
            return _leave(request)
        # Two proofs say that they stand here, whatever a form at home or another room's desk said before.
        presence.stands_at(site, patient, at=at)
        trail.record("kiosk.begin", patient=patient, sitting=str(sitting), device=str(request.person.pk))
        on = _today(patient, at=at)
        codes = kiosk.still_due(patient, on=on)
    request.session[SITTING] = {"id": str(sitting), "on": on.isoformat(), "codes": codes, "passed": [], "tell": False}
    reply = redirect("kiosk-sitting")
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:  # nobody chose one at this screen: their own
        reply.set_cookie(settings.LANGUAGE_COOKIE_NAME, patient.language, samesite="Lax")
    return reply


@no_trace
@require_http_methods(["GET", "POST"])
@devices_only
def sitting(request: Any) -> HttpResponse:
    """One question, or what happens after an answer that somebody must hear; always the same address."""
    _require_kiosk(request.person)
    now, state = timezone.now(), request.session.get(SITTING) or {}
    if not state or (request.method == "POST" and request.POST.get("sitting") != state["id"]):
        # A page that somebody left open, or "back": nothing is kept, and nothing of it is shown.
        return _leave(request, lost=request.method == "POST")
    pk = UUID(state["id"])
    with _as_the_patient(request, pk, at=now) as patient:
        if patient is None:
            return _leave(request, lost=request.method == "POST")
        KioskSitting.touch(pk, at=now)
        on, mistake = date.fromisoformat(state["on"]), ""
        if request.method == "POST":
            mistake = _take(request, patient, state, on=on, at=now)
            request.session[SITTING] = state
            if not mistake:
                return redirect("kiosk-sitting")
        return _show(request, patient, state, on=on, at=now, mistake=mistake)


def _take(request: Any, patient: Person, state: dict[str, Any], *, on: date, at: datetime) -> str:
    """Keep one answer at once, with the flag it calls for; return what is wrong with it in words."""
    if "go_on" in request.POST:
        state["tell"] = False
        return ""
    code, name = request.POST.get("code", ""), request.POST.get("item", "")
    value = request.POST.get(name, "").strip()
    if code not in state["codes"]:
        return _("We could not read that answer. Please choose one of those shown.")
    try:
        instrument = kiosk.asked(code, patient, on=on)
        item = instrument.item(name)
    except KeyError:
        return _("We could not read that answer. Please choose one of those shown.")
    if value == "" and item.required:
        return _("Please answer this one, even if only roughly.")
    if value == "":
        state["passed"] = [*state["passed"], f"{code} {name}"]
        return ""
    if item.staff_only or item.private:
        return _("We could not read that answer. Please choose one of those shown.")
    try:
        taken = answering.answer(
            patient,
            instrument=instrument,
            for_day=on,
            item=name,
            value=value,
            key=uuid_of(request.POST.get("key")) or uuid4(),
            answered_at=at,
            at=at,
            how="kiosk",
        )
    except answering.AlreadyGiven:
        return ""  # the same page sent twice: the first stands
    except answering.NotTaken as refusal:
        return str(refusal)
    state["tell"] = state["tell"] or taken.flag is not None
    return ""


def _show(
    request: Any, patient: Person, state: dict[str, Any], *, on: date, at: datetime, mistake: str
) -> HttpResponse:
    context: dict[str, Any] = {"sitting": state["id"], "zone": patient.zone}
    if state["tell"] and not mistake:
        return render(request, "measures/kiosk_told.html", {**context, "told": told(patient, at=at)})
    state["codes"] = kiosk.still_due(patient, on=on, begun=state["codes"])
    request.session[SITTING] = state
    following = kiosk.next_question(patient, codes=state["codes"], passed=state["passed"], on=on)
    if following is None:
        KioskSitting.end(UUID(state["id"]), patient=patient, at=at)
        request.session.flush()
        # The same words for everybody: nobody who looks at the screen learns what was said before.
        return _without_language(render(request, "measures/kiosk_finished.html"))
    instrument, item = following
    language = request.LANGUAGE_CODE
    same = (request.POST.get("code"), request.POST.get("item")) == (instrument.code, item.code)
    context |= {
        # What could not be kept stays in its field, for whoever typed it; a question that is new begins empty.
        "question": Question.of(item, language, given={}, mistake=mistake, sent=request.POST if same else {}),
        "code": instrument.code,
        "stem": instruments.in_language(instrument.stem, language) if instrument.stem else "",
        "language": language_of(instrument, language),
    }
    return render(request, "measures/kiosk_question.html", context, status=422 if mistake else 200)


@no_trace
@require_GET
@devices_only
def what_happens(request: Any) -> HttpResponse:
    """The part of the page after an answer of danger, read again while it stands; looking holds no turn open."""
    _require_kiosk(request.person)
    now, state = timezone.now(), request.session.get(SITTING) or {}
    with _as_the_patient(request, UUID(state["id"]), at=now) if state else nullcontext() as patient:
        if patient is None or not state["tell"]:
            return HttpResponse(headers={"HX-Redirect": reverse("kiosk")})
        return render(request, "measures/_kiosk_told.html", {"told": told(patient, at=now), "zone": patient.zone})


@no_trace
@require_POST
@devices_only
def still_here(request: Any) -> HttpResponse:
    """Somebody touched the page: whoever thinks for long about a question keeps their turn, and their words."""
    _require_kiosk(request.person)
    now, state = timezone.now(), request.session.get(SITTING) or {}
    with _as_the_patient(request, UUID(state["id"]), at=now) if state else nullcontext() as patient:
        if patient:
            KioskSitting.touch(UUID(state["id"]), at=now)
    return HttpResponse(status=204)


@no_trace
@require_POST
@devices_only
def stop(request: Any) -> HttpResponse:
    """The person stops here; what was answered is kept, and the rest stays due."""
    _require_kiosk(request.person)
    now, state = timezone.now(), request.session.get(SITTING) or {}
    if state:
        with _as_the_patient(request, UUID(state["id"]), at=now) as patient:
            if patient:
                KioskSitting.end(UUID(state["id"]), patient=patient, at=now)
    return _leave(request)


@contextmanager
def _as_the_patient(request: Any, pk: UUID, *, at: datetime) -> Iterator[Person | None]:
    """Do what is inside as the patient whose turn it is; the device goes on as itself afterwards."""
    patient = kiosk.whose_turn(pk, at=at)
    if patient is None:
        yield None
        return
    patient.clinic = request.person.clinic
    with access.acting(patient, origin=origin_of(request)):
        yield patient


def _today(patient: Person, *, at: datetime) -> date:
    return at.astimezone(ZoneInfo(patient.zone)).date()


def _leave(request: Any, *, lost: bool = False) -> HttpResponse:
    """To the start, with nothing of anybody; `lost`: something was sent and not kept, and the screen says so."""
    request.session.flush()
    return _without_language(redirect(reverse("kiosk") + ("?lost" if lost else "")))


def _without_language(reply: HttpResponse) -> HttpResponse:
    """The next person chooses anew."""
    reply.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return reply


def _require_kiosk(device: Device) -> None:
    if device.kind != Device.KIOSK:
        raise Http404

"""The door and the room's page. What happens inside goes through the socket."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from csp.constants import SELF
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import content_policy
from openiop.people import screen
from openiop.people.access import kind_of
from openiop.people.doors import devices_only, in_the_room, patients_only, staff_only
from openiop.people.models import Agreement, Device, Document, Person
from openiop.room import admission, care, companions, live, relay
from openiop.room.cards import library
from openiop.room.forms import AgreementForm, LeavingForm, PlaceForm
from openiop.room.household.models import HouseholdPlan
from openiop.room.missing import NEEDED, WORDS, missing_for
from openiop.room.models import Place, Seat
from openiop.room.notes import keeping
from openiop.room.together import leaving as how_they_left
from openiop.room.together import polls
from openiop.safety import ladder, rail
from openiop.safety.models import Whereabouts, raise_flag
from openiop.schedule import kinds
from openiop.schedule.models import CareSession, Room

LARGEST_SAMPLE_BYTES = 250_000
WAYS = {"1": "driving", "2": "no-private-place", "3": "not-safe"}
STAFF_ROLES = ("facilitator", "staff")


@require_GET
@in_the_room
def ping(request: HttpRequest) -> HttpResponse:
    """Answer at once: the door's page measures the line with it. `bytes` asks for so many that do not compress."""
    wanted = request.GET.get("bytes", "")
    if wanted.isdecimal() and len(wanted) < 7:
        sample = secrets.token_bytes(min(int(wanted), LARGEST_SAMPLE_BYTES))
        return HttpResponse(sample, content_type="application/octet-stream", headers={"Cache-Control": "no-store"})
    return JsonResponse({"ok": True}, headers={"Cache-Control": "no-store"})


@require_GET
@patients_only
def door(request: Any, pk: UUID) -> HttpResponse:
    """Try camera, microphone and line. Somebody who is in already goes straight back in."""
    session = _session(request.person, pk)
    if refusal := _not_now(request, session):
        return refusal
    seat = Seat.objects.filter(session=session, person=request.person).first()
    if companions.is_on_site(session, request.person):
        return redirect("room", pk=pk)
    if seat and not seat.companion and seat.admitted_at and seat.state in ("admitted", "left"):
        return redirect("room", pk=pk)
    context = {
        "session": session,
        "step": 1,
        "phone": _phone(session, request.person),
        "at_home": _plan_at_home(session, request.person),
    }
    return render(request, "room/door.html", context)


@require_http_methods(["GET", "POST"])
@patients_only
def place(request: Any, pk: UUID) -> HttpResponse:
    """The evening's short form, with what is still to be agreed to; then the waiting room."""
    session = _session(request.person, pk)
    if refusal := _not_now(request, session):
        return refusal
    if companions.is_on_site(session, request.person):
        return redirect("room", pk=pk)
    now = timezone.now()
    form = PlaceForm(request.POST or None, initial=_told_before(request.person, at=now))
    agreements = _agreement_forms(request.person, request.POST or None)
    if request.method == "POST" and _all_valid([form, *agreements]):
        _give(request.person, agreements, by=request.person, at=now, how="written")
        admission.tell_place(session, request.person, answers=form.answers(), at=now)
        return redirect("room", pk=pk)
    context = {"session": session, "form": form, "agreements": agreements, "step": 2}
    return render(request, "room/place.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "POST"])
@patients_only
def not_now(request: Any, pk: UUID, way: str) -> HttpResponse:
    """Paths of their own: driving, no private place, not feeling safe.

    Address and title are the same kind of nothing for all three: whoever shares the device may read its history.
    """
    session, why = _session(request.person, pk), WAYS[way]
    if why == "not-safe":
        return _not_safe(request, session)
    if request.method == "POST":
        return _not_now(request, session) or _tell_team(request, session, why)
    return render(request, f"room/{why}.html", {"session": session})


def _not_safe(request: Any, session: CareSession) -> HttpResponse:
    """A tap is enough: the flag is raised before anything else is asked."""
    if request.method == "POST":
        now = timezone.now()
        # A double tap is one flag; pressed again later it is a new one, for the first may have been closed since.
        raise_flag(
            request.person,
            key=f"door-{session.pk}-{request.person.pk}-{now:%Y%m%d%H%M}",
            evidence=ladder.Evidence("safe_now", "no"),
            label=_("Said at the door: I do not feel safe"),
            value=_("not safe"),
            url=reverse("session", args=[session.pk]),
            at=now,
        )
        return redirect("help")
    return render(request, "room/not-safe.html", {"session": session})


def _tell_team(request: Any, session: CareSession, why: str) -> HttpResponse:
    now = timezone.now()
    seat = admission.ask(session, request.person, at=now)
    admission.note(seat, "said " + why, by=request.person, at=now)
    messages.success(request, _("Your team knows. Come when you can."))
    return redirect("door" if why == "driving" else "door-form", pk=session.pk)


@require_GET
@in_the_room
@content_policy(frame_src=[SELF])  # the board stands in the room in a frame of its own
def room(request: Any, pk: UUID) -> HttpResponse:
    """The room's page: waiting, in the group, or told kindly why not."""
    if kind_of(request.person) == "supporter" and request.person.link.session_id != pk:
        return redirect("visit")  # it says what their link is good for, and nothing of this session
    session = _session(request.person, pk)
    if refusal := _not_now(request, session):
        return refusal
    role = admission.role_in(session, request.person)
    seat = Seat.objects.filter(session=session, **_who(request.person)).first()
    if request.session.get(screen.LOCKED) and not (seat and seat.in_call(at=timezone.now())):
        return redirect("lock")
    if role == "patient" and not _came_through_the_door(session, request.person, seat):
        return redirect("door", pk=pk)
    trail.record("room.open", thing=session)
    return _room_page(request, session, role)


@require_POST
@staff_only
def sit_with(request: Any, pk: UUID) -> HttpResponse:
    """Staff go over to somebody who is not in treatment, or come back to the group."""
    session = _session(request.person, pk)
    to = Place.CONTACT if request.POST.get("place") == Place.CONTACT else Place.GROUP
    try:
        admission.sit_with(session, by=request.person, place=to, at=timezone.now())
    except admission.Refused:
        messages.error(
            request,
            _(
                "This place cannot open in this meeting now. To talk with one partner alone, go to a private place "
                "with them from the group."
            ),
        )
    return redirect("room", pk=pk)


@require_http_methods(["GET", "POST"])
@staff_only
def door_help(request: Any, pk: UUID, seat_pk: UUID) -> HttpResponse:
    """Staff obtain at the door what is missing: read aloud, agreed aloud, kept with its version."""
    session = _session(request.person, pk)
    if admission.role_in(session, request.person) not in STAFF_ROLES:
        raise Http404
    seat = get_object_or_404(
        Seat.objects.select_related("person", "session"), pk=seat_pk, session=session, role="patient"
    )
    now, at_the_door = timezone.now(), seat.person
    assert at_the_door is not None  # a patient's seat is a person's
    trail.record("door.open", patient=at_the_door, thing=session)
    form = PlaceForm(request.POST if "address" in request.POST else None, initial=_told_before(at_the_door, at=now))
    agreements = _agreement_forms(at_the_door, request.POST or None, spoken=True)
    given = [each for each in agreements if each.data.get(each.add_prefix("agreed"))]
    if request.method == "POST" and _all_valid([*given, *([form] if form.is_bound else [])]):
        _give(at_the_door, given, by=request.person, at=now, how="spoken")
        if form.is_bound:
            _told_by_staff(seat, at_the_door, form, by=request.person, at=now)
        admission.wake(admission.topic(session))
        messages.success(request, _("Kept."))
        return redirect("door-help", pk=pk, seat_pk=seat_pk)
    missing = missing_for(seat, at=now)
    context = {
        "session": session,
        "seat": seat,
        "form": form,
        "agreements": agreements,
        "missing": [WORDS[code] for code in missing],
        "codes": missing,
        "where": Whereabouts.latest(seat.person_id, at=now),
        "events": seat.events.select_related("by").order_by("at"),
    }
    return render(request, "room/door_help.html", context, status=422 if request.method == "POST" else 200)


@require_GET
@in_the_room
def keys(request: Any) -> HttpResponse:
    """In plain words: what encryption end to end protects, and what it does not."""
    return render(request, "room/keys.html")


@require_GET
@staff_only
def person_in_room(request: Any, pk: UUID, seat_pk: UUID) -> HttpResponse:
    """For those who lead: somebody's open case, where they are now and how to call them."""
    session = _session(request.person, pk)
    if admission.role_in(session, request.person) != "facilitator":
        raise Http404
    seat = get_object_or_404(Seat.objects.select_related("person"), pk=seat_pk, session=session, role="patient")
    patient, now = seat.person, timezone.now()
    assert patient is not None  # a patient's seat is a person's
    trail.record("room.person", patient=patient, thing=session)
    context = {
        "session": session,
        "patient": patient,
        "case": care.open_case_of(patient.pk),
        "place": rail.places_of([patient], at=now)[patient.pk],
        # Whoever leads reads it, also a substitute while the person is at the door: the code word is for them.
        "household": HouseholdPlan.objects.newest_of(patient),
    }
    return render(request, "room/care.html", context)


@require_POST
@patients_only
def leaving(request: Any, pk: UUID) -> HttpResponse:
    """How I leave, in one tap; the answer says that it is kept.

    Whoever was let in says it however the door stands by now: a refusal would lose *not safe*, and tell a partner.
    """
    session = _session(request.person, pk)
    form = LeavingForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"kept": False}, status=422)
    seat = get_object_or_404(
        Seat.objects.select_related("session", "person"),
        session=session,
        person=request.person,
        admitted_at__isnull=False,
    )
    how_they_left.say(seat, **form.cleaned_data, by=request.person, at=timezone.now())
    return JsonResponse({"kept": True})


@require_GET
@staff_only
def leavings(request: Any, pk: UUID) -> HttpResponse:
    """For those who lead: how people left, and the counts of polls that were kept."""
    session = _session(request.person, pk)
    if admission.role_in(session, request.person) != "facilitator":
        raise Http404
    trail.record("room.leavings", thing=session)
    rows = how_they_left.of(session)
    return render(request, "room/leavings.html", {"session": session, "rows": rows, "polls": polls.kept_of(session)})


@require_GET
@devices_only
@content_policy(frame_src=[SELF])
def site_room(request: Any) -> HttpResponse:
    """The site's room device: the session that is on, or a quiet page until there is one."""
    now = timezone.now()
    device: Device = request.person
    session = (
        CareSession.objects.visible_to(device)
        .standing()
        .between(now, now + admission.OPENS_BEFORE)
        .filter(room__device=device)
        .in_order()
        .first()
    )
    if device.kind != Device.ROOM:
        raise Http404
    if request.headers.get("HX-Request") == "true":
        # The quiet page asks by itself; the room is a page of its own, with its own scripts.
        headers = {"HX-Redirect": reverse("site-room")} if session else {}
        return HttpResponse(status=204, headers=headers)
    if session is None:
        stands_in = Room.objects.filter(device=device).select_related("site").first()
        return render(request, "room/site_waiting.html", {"stands_in": stands_in})
    return _room_page(request, session, "site")


# --- parts ---


def _came_through_the_door(session: CareSession, patient: Person, seat: Seat | None) -> bool:
    """Told where they are, or seen to arrive on site; whoever has left the site since begins at the door."""
    if companions.is_on_site(session, patient):
        return True
    return bool(seat and not seat.companion and (seat.ready or seat.admitted_at))


def _session(person: Any, pk: UUID) -> CareSession:
    rows = CareSession.objects.visible_to(person)
    if kind_of(person) not in ("supporter", "helper"):
        rows = rows.select_related("room__site", "track")
    return get_object_or_404(rows, pk=pk)


def _who(person: Any) -> dict[str, Any]:
    return {"device": person} if isinstance(person, Device) else {"person": person}


def _not_now(request: Any, session: CareSession) -> HttpResponse | None:
    role = admission.role_in(session, request.person)
    try:
        admission.check_may_come(session, request.person, role, at=timezone.now())
    except admission.NotNow as error:
        if role == "patient" and kinds.rule_of(session).asked_alone:
            # One page whatever the reason: it must not tell one partner that the other said something.
            return render(request, "room/closed.html", {"why": "joint"})
        context = {"session": session, "why": error.why, "opens_at": session.begins_at - admission.OPENS_BEFORE}
        return render(request, "room/closed.html", context)
    return None


def _room_page(request: Any, session: CareSession, role: str) -> HttpResponse:
    config = {
        "socket": f"/ws/room/{session.pk}",
        "boardUrl": "" if role in ("supporter", "helper", "called") else reverse("session-board", args=[session.pk]),
        "helpUrl": reverse("help") if role == "patient" else "",
        "planUrl": reverse("my-plan") if role == "patient" else "",
        "leaveUrl": _leave_url(session, role),
        "person": str(request.person.pk),
        "leavingUrl": reverse("room-leaving", args=[session.pk]) if role == "patient" else "",
        "phone": _phone(session, request.person),
        "iceServers": relay.ice_servers(until=session.ends_at + relay.OVER_TIME),
        "iceTransportPolicy": relay.ways(),
        # Nobody stands at the site's device to press a button: it goes back by itself.
        "unattended": role == "site",
        "keysWorker": static("room-keys.js"),
        "keysUrl": reverse("room-keys"),
        "skillsUrl": reverse("skills") if role == "patient" else "",
        **_notes(session, request.person, role),
        "cards": library.choices(request.person.language) if role == "facilitator" else [],
    }
    context = {
        "session": session,
        "config": config,
        "in_call": True,
        "media": live.is_set(),
        "role": role,
        "place": Place.CONTACT if _is_beside(session, request.person) else Place.GROUP,
    }
    return render(request, "room/room.html", context)


def _plan_at_home(session: CareSession, patient: Person) -> str:
    """The patient's own line for the page before joining; none before a joint session, where a partner may look on."""
    if kinds.rule_of(session).asked_alone:
        return ""
    plan = HouseholdPlan.objects.visible_to(patient).newest_of(patient)
    return plan.before_joining if plan else ""


def _notes(session: CareSession, person: Any, role: str) -> dict[str, Any]:
    """Where somebody's private lines go, where they read them afterwards, and for how many days they are kept."""
    if role not in keeping.WRITERS:
        return {}
    of_staff = role == "facilitator"
    return {
        "noteUrl": reverse("room-note", args=[session.pk]),
        "notesUrl": reverse("staff-room-notes" if of_staff else "my-room-notes"),
        "noteDays": keeping.days_kept(person.clinic, of_staff=of_staff),
    }


def _phone(session: CareSession, person: Any) -> str:
    """The telephone of the place where the session is held, else the clinic's."""
    # A guest reads no room's row.
    held_in = Room.objects.filter(pk=session.room_id).select_related("site").first() if session.room_id else None
    return (held_in.site.phone if held_in else "") or person.clinic.phone


def _is_beside(session: CareSession, person: Any) -> bool:
    return Seat.objects.filter(session=session, place=Place.CONTACT, **_who(person)).exists()


def _leave_url(session: CareSession, role: str) -> str:
    if role == "patient":
        return reverse("today")
    if role == "supporter":
        return reverse("visit")
    if role == "helper":
        return reverse("helping")
    if role == "called":
        return reverse("home")
    return reverse("site-room") if role == "site" else reverse("session", args=[session.pk])


def _told_before(patient: Person, *, at: datetime) -> dict[str, Any]:
    """What was told last, so that most evenings need one look and one tap; never who else is there."""
    last = Whereabouts.objects.filter(patient=patient, place="virtual").order_by("-told_at").first()
    if last:
        return {"address": last.address, "state": last.state, "callback": last.callback}
    return {"address": patient.home_address, "state": patient.home_state, "callback": patient.phone}


def _agreement_forms(patient: Person, data: Any, *, spoken: bool = False) -> list[AgreementForm]:
    missing = Agreement.objects.missing(patient, kinds=NEEDED)
    return [AgreementForm(data, document=_newest(patient, kind), spoken=spoken) for kind in missing]


def _newest(patient: Person, kind: str) -> Document:
    """The newest version, in the patient's language when there is a text in it."""
    documents = Document.objects.filter(clinic_id=patient.clinic_id, kind=kind).order_by("-version")
    found = documents.filter(version=documents.first().version)  # type: ignore[union-attr]
    return found.filter(language=patient.language).first() or found.first()  # type: ignore[return-value]


def _all_valid(forms: list[Any]) -> bool:
    return all([form.is_valid() for form in forms])


def _give(patient: Person, forms: list[AgreementForm], *, by: Person, at: datetime, how: str) -> None:
    for form in forms:
        Agreement.give(patient, form.document, by=by, at=at, how=how, details=form.details())


def _told_by_staff(seat: Seat, patient: Person, form: PlaceForm, *, by: Person, at: datetime) -> None:
    Whereabouts.objects.create(
        clinic_id=seat.clinic_id,
        patient=patient,
        told_at=at,
        place="virtual",
        source="staff at the door",
        **form.answers(),
    )
    seat.ready = True
    seat.save()
    admission.note(seat, "place told to staff", by=by, at=at)

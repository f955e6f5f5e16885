"""Pages that combine apps: a patient's day and week, the desk, a patient's record, running the clinic."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import segno
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from openiop.audit import trail
from openiop.billing.models import Payer, Rule
from openiop.lib.http import page
from openiop.measures.answering import CHECK_IN, due
from openiop.measures.models import Response
from openiop.people.access import kind_of
from openiop.people.doors import patients_only, roles, signed_in, staff_only
from openiop.people.models import Agreement, Device, Document, Person, Role, Site
from openiop.programs.models import Enrolment, Modality, Track
from openiop.room.admission import OPENS_BEFORE
from openiop.safety import ladder
from openiop.safety.models import Case, OnCallShift, Whereabouts, raise_flag
from openiop.safety.told import told
from openiop.schedule import ledger, presence
from openiop.schedule.models import CareSession, RosterEntry, Series

SOON = timedelta(hours=12)


@require_GET
@signed_in
def home(request: Any) -> HttpResponse:
    """Send everybody to where their day begins."""
    person = request.person
    if kind_of(person) == "patient":
        return redirect("today")
    if isinstance(person, Device):
        return redirect("kiosk" if person.kind == Device.KIOSK else "site-room")
    if person.has_role(Role.FRONT_DESK) and not person.is_clinician:
        return redirect("front-desk")
    if person.has_role(Role.BILLING) and not person.is_clinician:
        return redirect("charges")
    return redirect("desk")


# --- a patient's pages ---


@require_GET
@patients_only
def today(request: Any) -> HttpResponse:
    """What is next, what to do before, the week so far."""
    person, now = request.person, timezone.now()
    place = _next_place(person, at=now)
    context = {
        "now": now.astimezone(ZoneInfo(person.zone)),
        "place": place,
        "from_home": bool(place and place.modality != Modality.ON_SITE),
        "opens_at": place.session.begins_at - OPENS_BEFORE if place else None,
        "door_open": bool(place and now >= place.session.begins_at - OPENS_BEFORE),
        "code": _qr(place.arrival_code) if place and place.modality != Modality.VIRTUAL else "",
        "before": before_the_group(person, at=now),
        "hours": hours_of(person, at=now),
        "told": told(person, at=now),
    }
    return page(request, "portal/today.html", context)


def _next_place(person: Person, *, at: datetime) -> RosterEntry | None:
    """The session that is on, or the next one within the coming days."""
    rows = RosterEntry.objects.visible_to(person).standing().filter(session__cancelled_at=None)
    return (
        rows.filter(during__endswith__gt=at)
        .select_related("session__room__site", "session__series")
        .order_by("during__startswith")
        .first()
    )


def _qr(code: str) -> str:
    """The arrival code as a picture (a data: address), for the kiosk's scanner."""
    return str(segno.make(code, micro=False).svg_data_uri(scale=6, border=2))


def before_the_group(person: Person, *, at: datetime) -> list[dict[str, Any]]:
    """Return what to fill in today: label, url, and whether it is done."""
    day = at.astimezone(ZoneInfo(person.zone)).date()
    return [
        {
            "label": _("Check-in") if row.code == CHECK_IN else _("Two-minute questions"),
            "url": reverse("check-in") if row.code == CHECK_IN else reverse("measure", args=[row.code]),
            "done": row.done,
        }
        for row in due(person, on=day)
    ]


def hours_of(person: Person, *, at: datetime) -> dict[str, Any] | None:
    """The week's hours in kind words: what was attended, the goal, what is still to come. None when not enrolled."""
    found = ledger.week_of_patient(person, at)
    if found is None:
        return None
    attended = found.ledger.attended
    goal, to_come = found.goal_minutes, found.to_come_minutes
    return {
        "attended_minutes": min(attended, goal),
        "goal_minutes": goal,
        "attended_words": in_hours(attended),
        "goal_words": in_hours(goal),
        "to_come_minutes": to_come,
        "to_come_words": in_hours(to_come),
    }


def in_hours(minutes: int) -> str:
    """Say minutes as people do: "5 h 35 min", "9 h", "40 min"."""
    hours, rest = divmod(minutes, 60)
    parts = [_("%(n)d h") % {"n": hours}] if hours else []
    if rest or not hours:
        parts.append(_("%(n)d min") % {"n": rest})
    return " ".join(parts)


@require_GET
@patients_only
def week(request: Any) -> HttpResponse:
    """The sessions of this week and the next, in the patient's own time."""
    person, now = request.person, timezone.now()
    rows = (
        RosterEntry.objects.visible_to(person)
        .filter(session__cancelled_at=None, during__startswith__gt=now - timedelta(days=7))
        .filter(during__startswith__lt=now + timedelta(days=14))
        .select_related("session__room__site", "session__series")
        .order_by("during__startswith")
    )
    zone, clinic_zone = ZoneInfo(person.zone), ZoneInfo(person.clinic.zone)
    context = {"places": rows, "now": now, "elsewhere": zone.key != clinic_zone.key, "clinic_zone": clinic_zone}
    return page(request, "portal/week.html", context)


@require_GET
@patients_only
def me(request: Any) -> HttpResponse:
    """What we hold about how to reach you, and what you agreed to."""
    agreements = Agreement.objects.filter(patient=request.person).select_related("document").order_by("-agreed_at")
    return page(request, "portal/me.html", {"agreements": agreements, "login": request.user})


@require_http_methods(["GET", "POST"])
@signed_in
def help_now(request: Any) -> HttpResponse:
    """Breathe, call, text, tell the team. The team is told by one tap."""
    person, now = request.person, timezone.now()
    is_patient = kind_of(person) == "patient"
    if request.method == "POST" and is_patient:
        raise_flag(
            person,
            key=f"asked-for-help-{person.pk}-{now:%Y%m%d%H%M}",
            evidence=ladder.Evidence("safe_now", "not_sure"),
            label=_("Pressed “Tell the team”"),
            value=_("asks for help"),
            at=now,
        )
        return redirect("help")
    context = {"told": told(person, at=now) if is_patient else None, "is_patient": is_patient}
    return page(request, "portal/help.html", context)


# --- the desk ---


@require_GET
@staff_only
def desk(request: Any) -> HttpResponse:
    """The sessions of today; the one that is on, or next, as a table that can be read aloud."""
    person, now = request.person, timezone.now()
    sessions = list(
        CareSession.objects.visible_to(person)
        .standing()
        .between(now - timedelta(hours=4), now + SOON)
        .select_related("room__site", "track")
        .prefetch_related("blocks", "staff__staff")
        .in_order()
    )
    chosen = _chosen(sessions, request.GET.get("session"), person=person, at=now)
    context = {"now": now, "sessions": sessions, "session": chosen, "rows": _evening(chosen, person, at=now)}
    return page(request, "portal/desk.html", context, part="_evening.html")


def _chosen(sessions: list[CareSession], wanted: str | None, *, person: Person, at: datetime) -> CareSession | None:
    """The session asked for; else one that the reader leads and that is not over; else the next."""
    named = [session for session in sessions if str(session.pk) == wanted]
    ahead = [session for session in sessions if session.ends_at > at]
    led = [session for session in ahead if any(row.staff_id == person.pk for row in session.staff.all())]
    return next(iter([*named, *led, *ahead, *sessions[::-1]]), None)


def _evening(session: CareSession | None, person: Person, *, at: datetime) -> list[dict[str, Any]]:
    """One row a patient: here and how, tonight's check-in, hours. Clinical columns for clinicians alone."""
    if session is None:
        return []
    roster = list(session.roster.standing().select_related("patient").order_by("patient__called"))
    who = [entry.patient_id for entry in roster]
    here = presence.who_is_here(session, at=at)
    answers = _checkins(who, session) if person.is_clinician else {}
    clinic = session.clinic
    week = ledger.week_of(clinic, at)
    enrolments = Enrolment.objects.filter(pk__in=[entry.enrolment_id for entry in roster])
    hours = ledger.weeks(enrolments.select_related("patient", "track"), clinic=clinic, week=week, at=at)
    week_of = {row.patient.pk: row for row in hours}
    alarmed = set(Case.objects.visible_to(person).open().filter(patient__in=who).values_list("patient_id", flat=True))
    return [
        {
            "entry": entry,
            "patient": entry.patient,
            "here": here.get(entry.patient_id),
            "checkin": answers.get(entry.patient_id, {}),
            "week": week_of.get(entry.patient_id),
            "needs_someone": entry.patient_id in alarmed,
        }
        for entry in roster
    ]


def _checkins(patients: list[UUID], session: CareSession) -> dict[UUID, dict[str, Any]]:
    """The newest answers of the day's check-in, by patient and item."""
    rows = Response.objects.filter(
        patient__in=patients, instrument="checkin", for_day=session.begins_on
    ).prefetch_related("answers")
    return {
        row.patient_id: {
            answer.item: answer.value for answer in sorted(row.answers.all(), key=lambda a: (a.answered_at, a.pk))
        }
        for row in rows
    }


@require_GET
@staff_only
def patient(request: Any, pk: UUID) -> HttpResponse:
    """One patient's record, as the reader may see it. Opening it leaves a line in the trail."""
    now = timezone.now()
    found = get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)
    trail.record("patient.open", patient=found, thing=found)
    enrolments = Enrolment.objects.filter(patient=found).select_related("track__program", "therapist")
    context = {
        "patient": found,
        "age": found.age_on(now.date()),
        "where": Whereabouts.latest(found.pk, at=now),
        "case": Case.objects.visible_to(request.person).open().filter(patient=found).first(),
        "enrolments": enrolments.prefetch_related("diagnoses").order_by("-during"),
        "places": RosterEntry.objects.visible_to(request.person)
        .filter(patient=found, during__startswith__gt=now - timedelta(days=14))
        .select_related("session")
        .order_by("during__startswith")[:12],
        "emergency": Agreement.objects.filter(patient=found, document__kind=Document.EMERGENCY, withdrawn_at=None)
        .order_by("-agreed_at")
        .first(),
        "missing": Agreement.objects.missing(found, kinds=[kind for kind, _label in Document.KINDS]),
    }
    return page(request, "portal/patient.html", context)


# --- running the clinic ---


@require_GET
@roles(Role.DIRECTOR, Role.INTAKE)
def operations(request: Any) -> HttpResponse:
    """Census, and what an empty clinic still needs, in order."""
    today_ = timezone.now().date()
    census = (
        Track.objects.filter(program__clinic_id=request.person.clinic_id)
        .annotate(people=Count("cadences", distinct=True))
        .order_by("name")
    )
    enrolled = dict(Enrolment.objects.on(today_).values_list("track").annotate(n=Count("pk")).values_list("track", "n"))
    context = {
        "steps": setup_steps(),
        "census": [(track, enrolled.get(track.pk, 0)) for track in census],
        "open_cases": Case.objects.visible_to(request.person).open().count(),
    }
    return page(request, "portal/operations.html", context)


def setup_steps() -> list[dict[str, Any]]:
    """What a clinic needs before its first evening: label, where it is made, how many there are."""
    people = Person.objects.aggregate(
        staff=Count("pk", filter=Q(kind=Person.STAFF)), patients=Count("pk", filter=Q(kind=Person.PATIENT))
    )
    rows: list[tuple[str, str, int]] = [
        (_("The clinic's settings"), "clinic-settings", 1),
        (_("Sites and rooms"), "site-list", Site.objects.count()),
        (_("Staff, with roles and licences"), "staff-list", people["staff"] - 1),
        (_("What patients agree to"), "document-list", Document.objects.count()),
        (_("Programs and tracks"), "program-list", Track.objects.count()),
        (_("Patients"), "patient-list", people["patients"]),
        (_("Enrolments"), "enrolment-new", Enrolment.objects.count()),
        (_("Series of sessions"), "series-list", Series.objects.count()),
        (_("On-call rota"), "on-call", OnCallShift.objects.count()),
        (_("Payers and their rules"), "payer-list", Rule.objects.count() or Payer.objects.count()),
        (_("Kiosk and room devices"), "devices", Device.objects.count()),
    ]
    return [{"label": label, "url": reverse(name), "count": count} for label, name, count in rows]


@require_GET
@staff_only
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page."""
    return render(request, "portal/styleguide.html", {"layout": "base_staff.html"})

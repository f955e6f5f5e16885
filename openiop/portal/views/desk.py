"""Where staff work: their first page, the desk of the day, one patient's record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page, wants_part
from openiop.measures.answering import BEFORE, CHECK_IN
from openiop.measures.asking import newest
from openiop.measures.instruments import in_language
from openiop.measures.models import Response
from openiop.people import access
from openiop.people.access import kind_of
from openiop.people.doors import staff_only, with_a_screen
from openiop.people.models import CLINICIANS, Agreement, Device, Document, Person, Role
from openiop.programs.models import Enrolment
from openiop.safety import rail
from openiop.safety.models import Case, Whereabouts
from openiop.schedule import ledger, presence
from openiop.schedule.models import CareSession, RosterEntry

SOON = timedelta(hours=12)


@require_GET
@with_a_screen
def home(request: Any) -> HttpResponse:
    """Send everybody to where their day begins."""
    person = request.person
    if kind_of(person) == "patient":
        return redirect("today")
    if kind_of(person) == "helper":
        return redirect("helping")
    if isinstance(person, Device):
        return redirect("kiosk" if person.kind == Device.KIOSK else "site-room")
    if person.has_role(Role.FRONT_DESK) and not person.is_clinician:
        return redirect("front-desk")
    if person.has_role(Role.BILLING) and not person.is_clinician:
        return redirect("charges")
    if person.has_role(Role.PRIVACY) and not person.has_role(*access.SEES_THE_SCHEDULE):
        return redirect("trail")
    return redirect("desk")


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
    rows = _evening(chosen, person, at=now)
    if chosen and person.is_clinician and not wants_part(request):
        # The page reads itself again every ten seconds; opening it is what counts as looking.
        for row in rows:
            trail.record("desk.open", patient=row["patient"], thing=chosen)
    context = {"now": now, "sessions": sessions, "session": chosen, "rows": rows}
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
    answers = _checkins(who, session, reader=person) if person.is_clinician else {}
    changes = _changes(who, reader=person) if person.is_clinician else {}
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
            "changes": changes.get(entry.patient_id, []),
            "week": week_of.get(entry.patient_id),
            "needs_someone": entry.patient_id in alarmed,
        }
        for entry in roster
    ]


def _checkins(patients: list[UUID], session: CareSession, *, reader: Person) -> dict[UUID, dict[str, Any]]:
    """The newest answers of the day's check-in, by patient and item, of those whose record the reader may open."""
    rows = (
        Response.objects.visible_to(reader)
        .filter(patient__in=patients, instrument__in=[CHECK_IN, BEFORE], for_day=session.begins_on)
        .prefetch_related("answers")
    )
    found: dict[UUID, dict[str, Any]] = {}
    answers = [answer for row in rows for answer in row.answers.all()]
    for answer in sorted(answers, key=lambda a: (a.answered_at, a.pk)):
        found.setdefault(answer.patient_id, {})[answer.item] = answer.value
    return found


def _changes(patients: list[UUID], *, reader: Person) -> dict[UUID, list[str]]:
    """What was scored last, with the time before, by patient: "PHQ-9 14 → 11"."""
    scored = (
        Response.objects.visible_to(reader)
        .filter(patient__in=patients, total__isnull=False)
        .order_by("instrument", "for_day")
        .values_list("patient", "instrument", "total")
    )
    totals: dict[tuple[UUID, str], list[int]] = {}
    for patient_id, code, total in scored:
        totals.setdefault((patient_id, code), []).append(int(total or 0))
    found: dict[UUID, list[str]] = {}
    for (patient_id, code), values in totals.items():
        name = newest(code).title
        said = " → ".join(str(value) for value in values[-2:])
        found.setdefault(patient_id, []).append(f"{in_language(name, get_language() or 'en')} {said}")
    return found


@require_GET
@staff_only
def patient(request: Any, pk: UUID) -> HttpResponse:
    """One patient's record, as the reader may see it. Opening it leaves a line in the trail."""
    now = timezone.now()
    found = get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)
    trail.record("patient.open", patient=found, thing=found)
    enrolments = Enrolment.objects.filter(patient=found).select_related("track__program", "therapist")
    kinds = dict(Document.KINDS)
    context = {
        "patient": found,
        "age": found.age_on(now.date()),
        "where": Whereabouts.latest(found.pk, at=now),
        "place": rail.places_of([found], at=now)[found.pk],
        "case": Case.objects.visible_to(request.person).open().filter(patient=found).first(),
        "enrolments": enrolments.prefetch_related("diagnoses").order_by("-during"),
        "places": RosterEntry.objects.visible_to(request.person)
        .filter(patient=found, during__startswith__gt=now - timedelta(days=14))
        .select_related("session")
        .order_by("during__startswith")[:12],
        "missing": [(kind, kinds[kind]) for kind in Agreement.objects.missing(found, kinds=list(kinds))],
        "may_change": request.person.has_role(*CLINICIANS, Role.INTAKE),
    }
    return page(request, "portal/patient.html", context)


@require_GET
@staff_only
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page."""
    return render(request, "portal/styleguide.html", {"layout": "base_staff.html"})

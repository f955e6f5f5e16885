"""Sessions for staff: the list, the evening's page, the roster, minutes and their evidence, closing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from openiop.audit import trail
from openiop.lib.http import page, wants_part
from openiop.lib.refusals import told_at
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.schedule import kinds, planning, presence, stillness
from openiop.schedule.forms import CancelForm, CorrectionForm, MoveForm, PlaceForm, SessionForm, fit
from openiop.schedule.kiosk import code_picture
from openiop.schedule.models import Block, BlockMinutes, CareSession, Correction, Evidence, HasBegun, RosterEntry
from openiop.schedule.views.setup import SETS_UP, _asks_for_rows, _blocks, _series_page, form_page

SEES_SESSIONS = (*CLINICIANS, Role.INTAKE)
ONE_BLOCK = [{"kind": "individual", "title": "", "minutes": 50}]


@dataclass
class Cell:
    """Seconds of one person in one block; None while nothing is known, or the evidence contradicts itself."""

    block: Block
    seconds: int | None
    correction: Correction | None


@dataclass
class RosterRow:
    entry: RosterEntry
    seen: presence.Presence | None
    cells: list[Cell]

    @property
    def planned(self) -> str:
        return str(presence.place_word("on_site" if self.entry.modality == "on_site" else "virtual"))


def session_of(person: Person, pk: Any) -> CareSession:
    rows = CareSession.objects.visible_to(person).select_related("track", "room__site", "series", "clinic")
    return get_object_or_404(rows, pk=pk)


def entry_of(person: Person, pk: Any) -> RosterEntry:
    rows = RosterEntry.objects.visible_to(person).select_related(
        "session__room__site", "session__clinic", "session__track", "patient"
    )
    return get_object_or_404(rows, pk=pk)


def may_change(person: Person, session: CareSession) -> bool:
    """Those who lead the session, directors and intake change its roster."""
    return person.has_role(*SETS_UP) or leads(person, session)


def leads(person: Person, session: CareSession) -> bool:
    return session.staff.filter(staff=person, stands=True).exists()


def require_change(person: Person, session: CareSession) -> None:
    if not may_change(person, session):
        raise PermissionDenied


def require_lead(person: Person, session: CareSession) -> None:
    """Minutes are the facilitator's and the director's to correct and to close."""
    if not (leads(person, session) or person.has_role(Role.DIRECTOR)):
        raise PermissionDenied


# --- lists and new sessions ---


@roles(*SEES_SESSIONS)
def session_list(request: Any) -> HttpResponse:
    """The sessions of a week, day by day; `?on=` any day in it."""
    zone = ZoneInfo(request.person.clinic.zone)
    on = parse_date_or(request.GET.get("on"), timezone.localdate(timezone=zone))
    first_on = on - timedelta(
        days=on.isoweekday() % 7 if request.person.clinic.week_starts == "sunday" else on.weekday()
    )
    sessions = (
        CareSession.objects.visible_to(request.person)
        .standing()
        .filter(begins_on__gte=first_on, begins_on__lt=first_on + timedelta(days=7))
        .select_related("track", "room__site")
        .annotate(taken=Count("roster", filter=Q(roster__stands=True)))
        .in_order()
    )
    return page(
        request,
        "schedule/session_list.html",
        {"sessions": sessions, "first_on": first_on, "may_set_up": request.person.has_role(*SETS_UP)},
    )


def parse_date_or(said: str | None, otherwise: date) -> date:
    """Read a date of an address; anything else is `otherwise`."""
    try:
        return parse_date(said or "") or otherwise
    except ValueError:
        return otherwise


@roles(*SETS_UP)
def session_new(request: Any) -> HttpResponse:
    form = SessionForm(request.POST or None, reader=request.person)
    blocks = _blocks(request, ONE_BLOCK)
    back = reverse("session-list")
    heading = _("A single session")
    if _asks_for_rows(request):
        return _series_page(request, form, blocks, heading=heading, back=back, status=200)
    if request.method == "POST" and fit(form, blocks):
        with told_at(form):
            session = _plan(form, blocks)
        if form.is_valid():
            return redirect("session", session.pk)
    return _series_page(request, form, blocks, heading=heading, back=back)


def _plan(form: SessionForm, blocks: Any) -> CareSession:
    said = form.cleaned_data
    session = CareSession.plan(
        track=said["track"],
        name=said["name"],
        begins_at=form.begins_at(),
        blocks=blocks.filled(),
        modality=said["modality"],
        room=said["room"],
        capacity=said["capacity"],
        staff=said["facilitators"],
        zone=said["zone"],
    )
    trail.record("session.plan", thing=session)
    return session


# --- the evening's page ---


@roles(*SEES_SESSIONS)
def session(request: Any, pk: Any) -> HttpResponse:
    """Who is expected, who is here and how, for how long; read again every ten seconds."""
    found = session_of(request.person, pk)
    if not wants_part(request):
        trail.record("session.open", thing=found)
    return _session_page(request, found)


def _session_page(request: Any, found: CareSession, *, place_form: PlaceForm | None = None) -> HttpResponse:
    now = timezone.now()
    blocks = presence.blocks_of(found)
    rows = roster_rows(found, blocks, at=now)
    change = may_change(request.person, found)
    context = {
        "session": found,
        "blocks": blocks,
        "rule": kinds.rule_for(block.kind for block in blocks),
        "counting": [block for block in blocks if block.counts],
        "rows": [row for row in rows if row.entry.stands],
        "cancelled": [row for row in rows if not row.entry.stands],
        "faults": [row for row in rows if row.seen and row.seen.fault],
        "now": now,
        "has_begun": now >= found.begins_at,
        "may_change": change,
        "leads": leads(request.person, found),
        "may_close": (leads(request.person, found) or request.person.has_role(Role.DIRECTOR)),
    }
    if not wants_part(request):
        already = [row.entry.patient_id for row in rows if row.entry.stands]
        context |= {
            "staff": found.staff.filter(stands=True).select_related("staff").order_by("staff__family_name"),
            "place_form": place_form or PlaceForm(reader=request.person, already=already),
        }
    wrong = place_form is not None and bool(place_form.errors)
    return page(request, "schedule/session.html", context, part="_roster.html", status=422 if wrong else 200)


def roster_rows(found: CareSession, blocks: list[Block], *, at: datetime) -> list[RosterRow]:
    """Return the roster by first name with what is known of each: counted minutes, or those so far."""
    entries = list(found.roster.select_related("patient").order_by("patient__called", "patient__family_name"))
    seen = presence.who_is_here(found, at=at)
    corrected = presence.corrections_of(entries)
    counted = {(row.entry_id, row.block_id): row for row in BlockMinutes.objects.filter(entry__in=entries)}
    rows = []
    for entry in entries:
        here = seen.get(entry.patient_id)
        cells = []
        for block in blocks:
            if not block.counts:
                continue
            correction = corrected.get((entry.pk, block.pk))
            minutes = counted.get((entry.pk, block.pk))
            if minutes is None and at >= block.begins_at and (here or correction):
                minutes = presence.minutes_of(entry, block, here, correction, at=at)
            cells.append(Cell(block, None if minutes is None else minutes.seconds, correction))
        rows.append(RosterRow(entry, here, cells))
    return rows


@require_POST
@roles(*SEES_SESSIONS)
def roster_add(request: Any, pk: Any) -> HttpResponse:
    found = session_of(request.person, pk)
    require_change(request.person, found)
    form = PlaceForm(request.POST, reader=request.person)
    if form.is_valid():
        if found.closed_at or found.cancelled_at:
            form.add_error(None, _("This session is over. Nobody can be added any more."))
        elif found.roster.standing().filter(patient=form.cleaned_data["patient"]).exists():
            form.add_error("patient", _("This person is on the roster already."))
    if form.is_valid():
        try:
            with told_at(form):
                planning.put_on_roster(found, **form.cleaned_data, by=request.person, at=timezone.now())
        except planning.NotEnrolled as refusal:
            form.add_error("patient", str(refusal))
    if form.errors:
        return _session_page(request, found, place_form=form)
    messages.success(request, _("%(name)s has a place.") % {"name": form.cleaned_data["patient"].called})
    return redirect("session", found.pk)


@roles(*SEES_SESSIONS)
def roster_cancel(request: Any, pk: Any) -> HttpResponse:
    entry = entry_of(request.person, pk)
    require_change(request.person, entry.session)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            entry.cancel(excused=form.cleaned_data["excused"], by=request.person, at=timezone.now())
        except HasBegun as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The place is free."))
            return redirect("session", entry.session_id)
    return form_page(
        request,
        form,
        _("%(name)s is not coming") % {"name": entry.patient.called},
        back=reverse("session", args=[entry.session_id]),
        title=_("Cancel a place"),
        label=_("Free the place"),
    )


@roles(*SEES_SESSIONS)
def roster_entry(request: Any, pk: Any) -> HttpResponse:
    """One person in one session: minutes, every sign of presence in plain words, corrections."""
    entry = entry_of(request.person, pk)
    trail.record("evidence.open", patient=entry.patient_id, thing=entry)
    return _entry_page(request, entry)


def _entry_page(request: Any, entry: RosterEntry, *, form: CorrectionForm | None = None) -> HttpResponse:
    found = entry.session
    now = timezone.now()
    blocks = presence.blocks_of(found)
    row = next(row for row in roster_rows(found, blocks, at=now) if row.entry.pk == entry.pk)
    return page(
        request,
        "schedule/roster_entry.html",
        {
            "entry": entry,
            "session": found,
            "row": row,
            "signs": in_words(entry),
            "questions": stillness.asked_of(found.pk, entry.patient_id),
            "corrections": entry.corrections.select_related("by", "block").order_by("-at"),
            "form": form or CorrectionForm(session=found, initial={"block": request.GET.get("block")}),
            "may_change": may_change(request.person, found),
            "may_correct": (leads(request.person, found) or request.person.has_role(Role.DIRECTOR))
            and now >= found.begins_at,
        },
        status=422 if form is not None else 200,
    )


@dataclass
class Sign:
    """A line of the evidence. Beats of one device without a gap are one line, from the first to the last."""

    begins_at: datetime
    ends_at: datetime
    words: str


def in_words(entry: RosterEntry) -> list[Sign]:
    """Return the evidence of one person in order, in words."""
    signs: list[Sign] = []
    beating: dict[tuple[str, str], Sign] = {}
    rows = Evidence.objects.filter(session=entry.session_id, patient=entry.patient_id).order_by("at", "pk")
    for row in rows.select_related("by", "device"):
        device = (row.source, row.connection)
        running = beating.get(device)
        if row.kind == "beat" and running and row.at - running.ends_at <= timedelta(seconds=60):
            running.ends_at = row.at
            continue
        sign = Sign(row.at, row.at, _words(row))
        signs.append(sign)
        beating.pop(device, None)
        if row.kind == "beat":
            beating[device] = sign
    return signs


def _words(row: Evidence) -> str:
    if row.kind == "beat":
        said = _("sound or picture received") if row.source == "media" else _("in the room, by the device's own signs")
    elif row.source in ("room", "media"):
        said = {
            ("in", "room"): _("came into the room"),
            ("out", "room"): _("left the room"),
            ("in", "media"): _("sound or picture began"),
            ("out", "media"): _("sound and picture ended"),
        }[row.kind, row.source]
    else:
        said = _("arrived on site") if row.kind == "in" else _("left the site")
        who = row.by.full_name if row.by else row.device.name if row.device else row.source
        said = _("%(what)s, noted by %(who)s") % {"what": said, "who": who}
    return said if row.treatment else _("%(what)s (contact only, not treatment)") % {"what": said}


@require_POST
@roles(*SEES_SESSIONS)
def correction_new(request: Any, pk: Any) -> HttpResponse:
    entry = entry_of(request.person, pk)
    require_lead(request.person, entry.session)
    form = CorrectionForm(request.POST, session=entry.session)
    if form.is_valid():
        said = form.cleaned_data
        try:
            presence.correct(
                entry,
                said["block"],
                seconds=said["minutes"] * 60,
                reason=said["reason"],
                by=request.person,
                at=timezone.now(),
            )
        except presence.NoMinutes as refusal:
            form.add_error(None, str(refusal))
    if form.errors:
        return _entry_page(request, entry, form=form)
    messages.success(request, _("The minutes are corrected; the evidence is kept beside them."))
    return redirect("roster-entry", entry.pk)


@require_POST
@roles(*SEES_SESSIONS)
def session_close(request: Any, pk: Any) -> HttpResponse:
    found = session_of(request.person, pk)
    require_lead(request.person, found)
    try:
        closing = presence.close(found, by=request.person, at=timezone.now())
    except presence.NotYet as refusal:
        messages.error(request, str(refusal))
        return redirect("session", found.pk)
    said = ngettext("Closed: %(count)d person counted.", "Closed: %(count)d people counted.", closing.counted)
    messages.success(request, said % {"count": closing.counted})
    if closing.faults:
        messages.warning(request, _("Somebody could not be counted. Look at the marked line and correct the minutes."))
    return redirect("session", found.pk)


@require_POST
@roles(*SETS_UP)
def session_cancel(request: Any, pk: Any) -> HttpResponse:
    found = session_of(request.person, pk)
    try:
        found.cancel(by=request.person, at=timezone.now())
    except HasBegun as refusal:
        messages.error(request, str(refusal))
        return redirect("session", found.pk)
    messages.success(request, _("The session is cancelled; room, staff and patients are free."))
    return redirect("session-list")


@roles(*SETS_UP)
def session_move(request: Any, pk: Any) -> HttpResponse:
    found = session_of(request.person, pk)
    begins = found.begins_at.astimezone(ZoneInfo(found.zone))
    form = MoveForm(request.POST or None, initial={"on": begins.date(), "starts": begins.time()})
    if request.method == "POST" and form.is_valid():
        try:
            with told_at(form):
                found.move(to=form.to(found), by=request.person, at=timezone.now())
        except HasBegun as refusal:
            form.add_error(None, str(refusal))
        if not form.errors:
            messages.success(request, _("Moved, with everybody on the roster."))
            return redirect("session", found.pk)
    return form_page(
        request,
        form,
        _("Move %(name)s") % {"name": found.name},
        back=reverse("session", args=[found.pk]),
        label=_("Move it"),
    )


@roles(*SEES_SESSIONS, Role.FRONT_DESK)
def session_codes(request: Any, pk: Any) -> HttpResponse:
    """Today's arrival codes, one slip for each person, to print and cut."""
    found = session_of(request.person, pk)
    entries = found.roster.standing().select_related("patient").order_by("patient__called", "patient__family_name")
    trail.record("codes.open", thing=found)
    slips = [(entry, code_picture(entry.arrival_code)) for entry in entries]
    return page(request, "schedule/codes.html", {"session": found, "slips": slips})


# --- arrivals by staff ---


@require_POST
@roles(*SEES_SESSIONS, Role.FRONT_DESK)
def arrival(request: Any, pk: Any) -> HttpResponse:
    return _note(request, pk, presence.arrival)


@require_POST
@roles(*SEES_SESSIONS, Role.FRONT_DESK)
def departure(request: Any, pk: Any) -> HttpResponse:
    return _note(request, pk, presence.departure)


def _note(request: HttpRequest, pk: Any, verb: Any) -> HttpResponse:
    person: Person = request.person  # type: ignore[attr-defined]
    entry = entry_of(person, pk)
    source = "desk" if person.has_role(Role.FRONT_DESK) else "hand"
    on_site = presence.said_to_be_here(entry.session, entry.patient)
    try:
        if on_site != (verb is presence.arrival):
            verb(entry.session, entry.patient, source=source, by=person, at=timezone.now())
    except presence.OutsideTheSession as refusal:
        messages.error(request, str(refusal))
    return _back(request, entry)


@require_POST
@roles(*SEES_SESSIONS, Role.FRONT_DESK)
def arrival_undo(request: Any, pk: Any) -> HttpResponse:
    """Take back the last arrival or departure: a contrary line is added, nothing is removed."""
    entry = entry_of(request.person, pk)
    presence.take_back(entry.session, entry.patient, by=request.person, at=timezone.now())
    return _back(request, entry)


def _back(request: Any, entry: RosterEntry) -> HttpResponse:
    if request.POST.get("from") == "front-desk" or not request.person.has_role(*SEES_SESSIONS):
        return redirect("front-desk")
    return redirect("session", entry.session_id)

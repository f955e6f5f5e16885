"""A patient's own pages: the day, the week, themselves, and help."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import segno
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from openiop.lib.http import page
from openiop.measures import after_group
from openiop.measures.answering import BEFORE, CHECK_IN, due
from openiop.people import screen
from openiop.people.access import kind_of
from openiop.people.doors import patients_only, public
from openiop.people.models import Agreement, Document, Person
from openiop.programs.models import Modality
from openiop.room import companions
from openiop.room.admission import OPENS_BEFORE
from openiop.room.cards import showing
from openiop.safety import ladder
from openiop.safety.models import raise_flag
from openiop.safety.told import told
from openiop.schedule import ledger
from openiop.schedule.models import CareSession, RosterEntry

LABELS = {CHECK_IN: gettext_lazy("Check-in"), BEFORE: gettext_lazy("Before the group, in your words")}


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
        "arrived": bool(place and place.modality != Modality.VIRTUAL and companions.is_on_site(place.session, person)),
        "with_whom": _leaders(place.session) if place else [],
        "before": before_the_group(person, at=now),
        "asks_after_group": after_group.is_offered(person, at=now),
        "hours": hours_of(person, at=now),
        "told": told(person, at=now),
        "cards": showing.kept_by(person),
    }
    return page(request, "portal/today.html", context)


def _leaders(session: CareSession) -> list[str]:
    """By the names patients know them by."""
    return [row.staff.called for row in session.staff.filter(stands=True).select_related("staff").order_by("pk")]


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
            "label": LABELS.get(row.code, _("Two-minute questions")),
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
    """The sessions of this week and the next, in the patient's own time with the clinic's beside it."""
    person, now = request.person, timezone.now()
    this = ledger.week_of(person.clinic, now)
    next_ends_at = ledger.week_of(person.clinic, this.ends_at).ends_at
    rows = list(
        RosterEntry.objects.visible_to(person)
        .filter(session__cancelled_at=None, during__startswith__gte=this.begins_at)
        .filter(during__startswith__lt=next_ends_at)
        .select_related("session__room__site", "session__series")
        .order_by("during__startswith")
    )
    context = {
        "weeks": [
            (_("This week"), [row for row in rows if row.during.lower < this.ends_at]),
            (_("Next week"), [row for row in rows if row.during.lower >= this.ends_at]),
        ],
        "now": now,
        "hours": hours_of(person, at=now),
        "elsewhere": person.zone != person.clinic.zone,
        "clinic_zone": ZoneInfo(person.clinic.zone),
    }
    return page(request, "portal/week.html", context)


@require_GET
@patients_only
def me(request: Any) -> HttpResponse:
    """How we reach you, how you sign in, what you agreed to and what we would still ask for."""
    given = Agreement.objects.filter(patient=request.person).select_related("document").order_by("-agreed_at")
    kinds = dict(Document.KINDS)
    missing = Agreement.objects.missing(request.person, kinds=list(kinds))
    context = {
        "agreements": given,
        "missing": [(kind, kinds[kind]) for kind in missing],
        "has_second": is_mfa_enabled(request.user),
    }
    return page(request, "portal/me.html", context)


@require_http_methods(["GET", "POST"])
@public("nobody is asked who they are before they find a number to call")
def help_now(request: Any) -> HttpResponse:
    """Breathe, call, text, tell the team. The team is told by one tap."""
    person, now = request.person, timezone.now()
    is_patient = person is not None and kind_of(person) == "patient"
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
    # On a locked screen the numbers stay, and nothing of what was said.
    hidden = not is_patient or request.session.get(screen.LOCKED)
    context = {"told": None if hidden else told(person, at=now), "is_patient": is_patient}
    return page(request, "portal/help.html", context)

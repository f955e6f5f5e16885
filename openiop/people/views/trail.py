"""Who saw what and why, for the privacy officer and the director. Looking at the trail leaves a line in it."""

import csv
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from openiop.audit import trail as kept
from openiop.audit.models import AuditEvent, broken_links
from openiop.people import names
from openiop.people.doors import roles
from openiop.people.forms import TrailForm
from openiop.people.models import Device, Person, Role

READERS = (Role.PRIVACY, Role.DIRECTOR)
LINES_A_PAGE = 50
MOST_EXPORTED = 50_000
COLUMNS = ("at", "by", "kind", "verb", "about", "thing", "thing_id", "reason", "outcome", "origin", "link", "id")


@require_http_methods(["GET", "POST"])
@roles(*READERS)
def trail(request: Any) -> HttpResponse:
    """The newest lines, or those asked for. What is asked for is posted: a name stands in no URL."""
    form = TrailForm(request.POST)
    rows = _wanted(request, form).order_by("-at", "-id")
    lines = Paginator(rows, LINES_A_PAGE).get_page(request.POST.get("page"))
    called = _names(request, lines)
    kept.record("trail.open", lines=len(lines))
    return render(
        request,
        "people/trail.html",
        {"form": form, "lines": lines, "rows": _told(lines, called)},
    )


@require_http_methods(["GET", "POST"])
@roles(*READERS)
def export(request: Any) -> HttpResponse:
    """The same lines as a table for a spreadsheet, at most fifty thousand, the newest first."""
    rows = list(_wanted(request, TrailForm(request.POST)).order_by("-at", "-id")[:MOST_EXPORTED])
    called = _names(request, rows)
    response = HttpResponse(
        content_type="text/csv", headers={"Content-Disposition": 'attachment; filename="trail.csv"'}
    )
    table = csv.writer(response)
    table.writerow(COLUMNS)
    for row in rows:
        line = [row.at.isoformat(), called.get(row.person_id, ""), row.person_kind, row.verb]
        line += [called.get(row.patient_id, ""), row.thing, row.thing_id, row.reason, row.outcome, row.origin]
        line += [str(row.link), str(row.id)]
        table.writerow([_harmless(cell) for cell in line])
    kept.record("trail.export", lines=len(rows))
    return response


@require_POST
@roles(*READERS)
def verification(request: Any) -> HttpResponse:
    """Compute the chain again from the first link to the last and say whether it holds."""
    broken = broken_links(request.person.clinic_id)
    kept.record("trail.verify", broken=len(broken))
    if broken:
        text = ngettext(
            "Something was changed: %(n)d link does not hold, the first is %(first)d.",
            "Something was changed: %(n)d links do not hold, the first is %(first)d.",
            len(broken),
        )
        messages.error(request, text % {"n": len(broken), "first": broken[0]})
    else:
        messages.success(request, _("Every line is as it was written."))
    return redirect("trail")


def _wanted(request: Any, form: TrailForm) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(clinic_id=request.person.clinic_id)
    if not form.is_valid():
        return rows.none()
    asked = form.cleaned_data
    people = Person.objects.filter(clinic_id=request.person.clinic_id)
    if asked["patient"]:
        rows = rows.filter(patient_id__in=names.matching(people.patients(), asked["patient"]).values("pk"))
    if asked["person"]:
        rows = rows.filter(person_id__in=names.matching(people, asked["person"]).values("pk"))
    zone = ZoneInfo(request.person.clinic.zone)
    if asked["first"]:
        rows = rows.filter(at__gte=datetime.combine(asked["first"], time.min, zone))
    if asked["last"]:
        rows = rows.filter(at__lt=datetime.combine(asked["last"] + timedelta(days=1), time.min, zone))
    return rows


def _told(lines: Iterable[AuditEvent], called: dict[Any, str]) -> list[dict[str, Any]]:
    return [{"event": row, "by": called.get(row.person_id), "about": called.get(row.patient_id)} for row in lines]


def _names(request: Any, lines: Iterable[AuditEvent]) -> dict[Any, str]:
    """Names of everybody in these lines. The trail says whom it is about, also to who may not open their record."""
    ids = {pk for line in lines for pk in (line.person_id, line.patient_id) if pk}
    clinic = request.person.clinic_id
    devices = Device.objects.filter(clinic_id=clinic, pk__in=ids)
    people = Person.objects.filter(clinic_id=clinic, pk__in=ids)
    return {device.pk: device.name for device in devices} | {person.pk: person.full_name for person in people}


def _harmless(cell: str) -> str:
    """A spreadsheet must not run what somebody typed."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell

"""What staff saw, measured and were told that somebody takes, and who came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import DateTimeField, F, Func
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from openiop.chart.models import MedicationChange
from openiop.measures.models import Observation, SubstanceEvent, SubstanceResult
from openiop.measures.observed.aspects import ON_SITE
from openiop.portal.timeline.line import Line, Reading, place_of
from openiop.schedule.models import RosterEntry


def observations(reading: Reading) -> Iterator[Line]:
    for row in _written(reading, Observation):
        on_site = row.place == ON_SITE
        what = _("Seen on site") if on_site else _("Seen in a virtual session")
        detail = row.in_short or _("nothing out of the ordinary")
        yield _line(reading, row, "observations", what, sort="on-site" if on_site else "virtual", detail=detail)


def results(reading: Reading) -> Iterator[Line]:
    for row in _written(reading, SubstanceResult):
        yield _line(reading, row, "results", _("Toxicology or breath result"), sort="result", detail=row.in_short)


def events(reading: Reading) -> Iterator[Line]:
    for row in _written(reading, SubstanceEvent):
        yield _line(reading, row, "results", row.get_kind_display(), sort="event", detail=row.beside_its_kind)


def medication(reading: Reading) -> Iterator[Line]:
    """When it was written down: the day on which it happened has no hour, and may be long before."""
    rows = MedicationChange.objects.visible_to(reading.reader).filter(patient=reading.patient).current().called()
    url = reverse("medications", args=[reading.patient.pk])
    for row in reading.newest(rows.select_related("by"), "at"):
        day = date_format(row.happened_on, "DATE_FORMAT")
        what = _("Medication: %(change)s") % {"change": row.get_kind_display()}
        said = [f"{row.called} {row.dose}".strip(), day]
        said += [_("entered in error")] if row.in_error or row.fell else [_("corrected")] if row.is_corrected else []
        yield Line(place_of(row, "at"), "medication", what, " · ".join(said), row.by.full_name, url)


def _written(reading: Reading, table: Any) -> list[Any]:
    """The newest version of each; the others are on its own page."""
    rows = table.objects.visible_to(reading.reader).filter(patient=reading.patient).current().select_related("by")
    return reading.newest(rows, "at")


def _line(reading: Reading, row: Any, kind: str, what: Any, *, sort: str, detail: str) -> Line:
    said = " · ".join([detail, _("corrected")]) if row.is_corrected else detail
    url = reverse("observed", args=[reading.patient.pk, sort, row.pk])
    return Line(place_of(row, "at"), kind, what, said, row.by.full_name, url)


def attendance(reading: Reading) -> Iterator[Line]:
    """What each session was for the person, once that is known; a cancelled session was nothing."""
    begins_at = Func(F("during"), function="lower", output_field=DateTimeField())
    rows = (
        RosterEntry.objects.visible_to(reading.reader)
        .filter(patient=reading.patient, session__cancelled_at=None)
        .exclude(status="")
        .annotate(begins_at=begins_at)
        .select_related("session")
    )
    for entry in reading.newest(rows, "begins_at"):
        detail = f"{entry.get_status_display()} · {entry.get_modality_display()}"
        url = reverse("roster-entry", args=[entry.pk])
        yield Line(place_of(entry, "begins_at"), "attendance", entry.session.name, detail, url=url)

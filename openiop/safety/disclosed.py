"""What left the clinic about a patient: one account, put together from the rows in which it was noted.

Rule and what it leaves out: docs/rules/disclosures.md. Nothing is kept a second time, so that a report about harm is
read here by those who read its worksheet and by nobody else: the database shows its rows to them alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from openiop.people.models import Person
from openiop.safety.models import EmergencyDisclosure, ReportMade


class Disclosure(NamedTuple):
    """One telling. `is_restricted`: few may read it, and a printed copy leaves it out until somebody decides."""

    told_at: datetime
    patient: Person
    recipient: str
    where: str
    why: str
    what: str
    by: Person
    is_restricted: bool
    flag_id: UUID | None = None


def account(reader: Person, *, of: UUID | None = None) -> list[Disclosure]:
    """Return what was told, the last first, as far as `reader` may see it; `of` one patient alone."""
    told = [*_in_emergencies(reader, of), *_reported(reader, of)]
    return sorted(told, key=lambda each: (each.told_at, str(each.patient.pk)), reverse=True)


def _in_emergencies(reader: Person, of: UUID | None) -> list[Disclosure]:
    rows = EmergencyDisclosure.objects.visible_to(reader).select_related("patient", "by")
    return [
        Disclosure(row.told_at, row.patient, row.recipient, row.organisation, row.nature, row.what, row.by, False)
        for row in _about(rows, "patient", of)
    ]


def _reported(reader: Person, of: UUID | None) -> list[Disclosure]:
    """Reports that say who the person is. One that identifies nobody discloses nothing about anybody."""
    rows: Any = ReportMade.objects.filter(clinic_id=reader.clinic_id, identifying=True, flag__patient__isnull=False)
    return [
        Disclosure(
            told_at=row.told_at,
            patient=row.flag.patient,
            recipient=row.recipient,
            where=row.agency,
            why=" · ".join(filter(None, [str(row.get_path_display()), row.path_detail])),
            what=_number(row),
            by=row.by,
            is_restricted=True,
            flag_id=row.flag_id,
        )
        for row in _about(rows.select_related("flag__patient", "by"), "flag__patient", of)
    ]


def _about(rows: Any, column: str, of: UUID | None) -> Any:
    return rows.filter(**{column: of}) if of else rows


def _number(row: ReportMade) -> str:
    kind = row.flag.get_kind_display()
    report = _("%(kind)s: report in writing") if row.written else _("%(kind)s: report")
    return " · ".join(filter(None, [report % {"kind": kind}, row.number]))

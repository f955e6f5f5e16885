"""Papers filed to the record: what was made with others, such as a board, kept in one patient's chart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404

from openiop.audit import trail
from openiop.chart import requirements
from openiop.chart.models import FiledPaper
from openiop.people import access
from openiop.people.models import Person
from openiop.schedule.models import CareSession


class NamesOthers(Exception):
    """Other members' names stand in the paper; `names` has them. It goes into a record only with a reason."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(len(names))
        self.names = names


@transaction.atomic
def file(
    session: CareSession,
    patients: Iterable[Person],
    *,
    title: str,
    text: str,
    pdf: bytes,
    by: Person,
    at: datetime,
    name_override: str = "",
) -> list[FiledPaper]:
    """File one paper in each of these patients' records.

    Raises Http404 for a patient who was not on the roster or whose record `by` may not open, PermissionDenied for
    whoever is no clinician, and NamesOthers when another member's name stands in the words and no reason was given.
    """
    if not by.is_clinician:
        raise PermissionDenied
    patients = list(patients)
    members = [entry.patient for entry in session.roster.select_related("patient")]
    may = Person.objects.filter(access.about(by, "pk", at=at), pk__in=[one.pk for one in patients])
    if {one.pk for one in patients} - ({one.pk for one in may} & {one.pk for one in members}):
        raise Http404
    named: dict[str, None] = {}
    for one in patients:
        others = [_names(member) for member in members if member.pk != one.pk]
        named |= dict.fromkeys(requirements.other_names(text, others, own=_names(one)))
    if named and not name_override.strip():
        raise NamesOthers(list(named))
    return [_file(session, one, title, text, pdf, by, at, name_override.strip()) for one in patients]


def _file(
    session: CareSession, patient: Person, title: str, text: str, pdf: bytes, by: Person, at: datetime, reason: str
) -> FiledPaper:
    paper = FiledPaper.objects.create(
        clinic_id=session.clinic_id,
        patient=patient,
        session=session,
        title=title,
        text=text,
        pdf=pdf,
        digest=hashlib.sha256(pdf).hexdigest(),
        by=by,
        at=at,
        name_override=reason,
    )
    trail.record("paper.file", patient=patient, thing=paper, bytes=len(pdf))
    return paper


def _names(patient: Person) -> requirements.Names:
    return requirements.Names(patient.called, patient.given_name, patient.family_name)

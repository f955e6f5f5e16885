"""Whose safety pages a clinician opens."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404

from openiop.people.models import Person
from openiop.safety.models import Case


def patient_in_reach(request: Any, pk: UUID) -> Person:
    """A patient whose record this clinician may open, or who is in danger; for everybody else there is no such page."""
    patients = Person.objects.filter(clinic_id=request.person.clinic_id).patients()
    if not request.person.is_clinician:
        patients = patients.none()
    in_danger = Case.objects.visible_to(request.person).open().values("patient_id")
    may = patients.visible_to(request.person) | patients.filter(pk__in=in_danger)
    return get_object_or_404(may.select_related("clinic"), pk=pk)

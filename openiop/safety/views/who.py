"""Whose safety pages a clinician opens."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404

from openiop.people.models import Person
from openiop.safety.reach import patients_in_reach


def patient_in_reach(request: Any, pk: UUID) -> Person:
    """A patient whose record this clinician may open, or who is in danger; for everybody else there is no such page."""
    return get_object_or_404(patients_in_reach(request.person).select_related("clinic"), pk=pk)

"""Whose safety pages a member of staff opens."""

from typing import Any

from openiop.people.models import Person, PersonQuerySet
from openiop.safety.models import Case


def reads_private(reader: Person, patient_id: Any) -> bool:
    """May this member of staff read a private flag: may they open the record, as whoever took the case does?"""
    return reader.is_clinician and Person.objects.visible_to(reader).filter(pk=patient_id).exists()


def patients_in_reach(reader: Person) -> PersonQuerySet:
    """For a clinician: patients whose record they may open, and whoever is in danger. For everybody else, nobody."""
    patients = Person.objects.filter(clinic_id=reader.clinic_id).patients()
    if not reader.is_clinician:
        return patients.none()
    in_danger = Case.objects.visible_to(reader).open().values("patient_id")
    return patients.visible_to(reader) | patients.filter(pk__in=in_danger)

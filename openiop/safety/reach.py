"""Whose safety pages a member of staff opens."""

from openiop.people.models import Person, PersonQuerySet
from openiop.safety.models import Case


def patients_in_reach(reader: Person) -> PersonQuerySet:
    """For a clinician: patients whose record they may open, and whoever is in danger. For everybody else, nobody."""
    patients = Person.objects.filter(clinic_id=reader.clinic_id).patients()
    if not reader.is_clinician:
        return patients.none()
    in_danger = Case.objects.visible_to(reader).open().values("patient_id")
    return patients.visible_to(reader) | patients.filter(pk__in=in_danger)

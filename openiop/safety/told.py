"""What a person in danger is told, at once: kindly, and nothing that is not true."""

from dataclasses import dataclass
from datetime import datetime

from openiop.people.models import Person
from openiop.safety.models import Case, Whereabouts, staff_are_here


@dataclass(frozen=True)
class Told:
    """`state`: sent, somebody_has_it, nobody_yet, or empty where no case is open. `who` is a first name.

    `phone` is the clinic's number for the place and hour, with `place` naming the site the person is at.
    """

    state: str
    who: str
    phone: str
    place: str
    what_to_do_here: str
    at: datetime


def told(patient: Person, *, at: datetime) -> Told:
    """Return what is true for `patient` now, and the numbers for where they are."""
    case = Case.objects.open().with_steps().filter(patient=patient).first()
    if case and case.is_private:
        case = None  # whoever harms them may read along: their pages look as on any other day
    taken = case.acknowledgement if case else None
    where = Whereabouts.latest(patient.pk, at=at)
    site = where.site if where else None
    clinic = patient.clinic
    usual = clinic.phone if staff_are_here(clinic, at=at) else clinic.crisis_phone
    return Told(
        state=case.told(at=at) if case else "",
        who=taken.by.called if taken else "",
        phone=(site.phone if site else "") or usual or clinic.phone,
        place=site.name if site else "",
        what_to_do_here=site.emergency_notes if site else "",
        at=at,
    )

"""Coming to the clinic and leaving it: staff and patients, with the login they sign in by."""

from django.db import transaction

from openiop.audit import trail
from openiop.people.models import Licence, Login, Person


@transaction.atomic
def add_staff(person: Person, *, email: str, by: Person) -> Person:
    """Save a new colleague; with an address they get a login, for which an invitation can be made."""
    return _add(person, kind=Person.STAFF, email=email, by=by)


@transaction.atomic
def add_patient(person: Person, *, email: str, by: Person) -> Person:
    """Save a new patient; without an address they have no login, and everything else works."""
    return _add(person, kind=Person.PATIENT, email=email, by=by)


@transaction.atomic
def add_helper(person: Person, *, email: str, by: Person) -> Person:
    """Save an interpreter or captioner: booked for single sessions, and nothing else here is open to them."""
    return _add(person, kind=Person.HELPER, email=email, by=by)


def _add(person: Person, *, kind: str, email: str, by: Person) -> Person:
    person.kind, person.clinic_id = kind, by.clinic_id
    person.login = Login.objects.create_user(email) if email else None
    person.save()
    trail.record(f"{kind}.add", patient=person if kind == Person.PATIENT else None, thing=person)
    return person


@transaction.atomic
def change(person: Person, *, email: str = "", by: Person) -> None:
    """Save what was changed; an address given to somebody without a login makes one."""
    if email and person.login is None:
        person.login = Login.objects.create_user(email)
    person.save()
    trail.record(f"{person.kind}.change", patient=person if person.kind == Person.PATIENT else None, thing=person)


@transaction.atomic
def deactivate(person: Person, *, by: Person) -> None:
    """End somebody's work here. Their login is closed, which ends every session at its next request."""
    _set_active(person, False)


@transaction.atomic
def reactivate(person: Person, *, by: Person) -> None:
    _set_active(person, True)


def _set_active(person: Person, active: bool) -> None:
    Person.objects.filter(pk=person.pk).update(active=active)
    if person.login_id:
        Login.objects.filter(pk=person.login_id).update(is_active=active)
    person.active = active
    trail.record("staff.reactivate" if active else "staff.deactivate", thing=person)


@transaction.atomic
def add_licence(licence: Licence, *, by: Person) -> None:
    licence.save()
    trail.record("licence.add", thing=licence, state=licence.state)

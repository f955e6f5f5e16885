"""The door: who is acting, in which clinic, and whose record they may open.

Two locks. Views reach rows through `visible_to(person)`, built on `about` below, where the fine rules live.
Under it PostgreSQL refuses other clinics' rows and other patients' rows, by the settings that `acting` makes.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.utils import timezone

from openiop.audit import trail
from openiop.people.models import CLINICIANS, Clinic, Device, Person, Role, Tie
from openiop.people.support import SupporterLink

log = logging.getLogger(__name__)

SETTINGS = ("app.clinic", "app.person", "app.kind", "app.link", "app.at")


class Actor(Protocol):
    """Whoever acts: a Person, a Device or the System of one clinic."""

    @property
    def pk(self) -> Any: ...

    @property
    def clinic_id(self) -> Any: ...


@dataclass(frozen=True)
class System:
    """The clinic's own jobs. Means something to the worker's database role only."""

    clinic_id: Any
    pk: Any = None
    kind: str = "system"


def kind_of(actor: Actor) -> str:
    """Return the actor's kind for row-level security: staff, patient, supporter, helper, device or system."""
    return "device" if isinstance(actor, Device) else actor.kind  # type: ignore[attr-defined]


@contextmanager
def acting(actor: Actor, *, origin: str = "") -> Iterator[trail.Trail]:
    """Do what is inside as `actor`: one transaction, row-level security set, the trail written last.

    An exception rolls everything back; a refusal (404 or 403) is then noted in a transaction of its own.
    """
    followed = trail.Trail(clinic_id=actor.clinic_id, person_id=actor.pk, kind=kind_of(actor), origin=origin)
    within = connection.in_atomic_block
    try:
        with trail.following(followed), transaction.atomic(), _settings_of(actor, within=within):
            yield followed
            if not transaction.get_rollback():
                followed.write()
    except (Http404, PermissionDenied):
        note_refusal(actor, origin=origin)
        raise


def note_refusal(actor: Actor, *, origin: str, thing: str = "") -> None:
    """Note that `actor` was refused something, in a transaction of its own."""
    followed = trail.Trail(clinic_id=actor.clinic_id, person_id=actor.pk, kind=kind_of(actor), origin=origin)
    within = connection.in_atomic_block
    with trail.following(followed), transaction.atomic(), _settings_of(actor, within=within):
        trail.record("refused", outcome="refused", at=thing)
        followed.write()


@contextmanager
def _settings_of(actor: Actor, *, within: bool) -> Iterator[None]:
    """Set clinic, person, kind and time for the transaction; `within` another's, that one's come back afterwards.

    A supporter's link is set as well: the database asks whether it still stands, as it asks of ties and of
    helpers' bookings.
    """
    before = _read_settings() if within else None
    link = getattr(actor, "link", None)
    now = timezone.now().isoformat()
    _write_settings([str(actor.clinic_id), str(actor.pk or ""), kind_of(actor), str(link.pk) if link else "", now])
    yield
    if before and not transaction.get_rollback():
        _write_settings(before)


def _read_settings() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join("current_setting(%s, true)" for _ in SETTINGS), SETTINGS)
        return [value or "" for value in cursor.fetchone()]


def _write_settings(values: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join("set_config(%s, %s, true)" for _ in SETTINGS),
            [part for pair in zip(SETTINGS, values, strict=True) for part in pair],
        )


def person_of(login_id: Any) -> Person | None:
    """Return the person who signs in with this login, with their clinic.

    Before this answer nobody is known, so it passes the lock.
    """
    of_person, of_clinic = Person._meta.concrete_fields, Clinic._meta.concrete_fields
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_columns('p', of_person)}, {_columns('c', of_clinic)} "
            "FROM person_of_login(%s) p, clinic_of_login(%s) c",
            [login_id, login_id],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    person = _made(Person, of_person, row[: len(of_person)])
    person.clinic = _made(Clinic, of_clinic, row[len(of_person) :])
    return person


def _columns(table: str, fields: Any) -> str:
    return ", ".join(f"{table}.{field.column}" for field in fields)


def _made(model: Any, fields: Any, values: Any) -> Any:
    """The row as a query of Django's would return it."""
    read = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, values, strict=True)
    ]
    return model.from_db(connection.alias, [field.attname for field in fields], read)


def device_of(token_hash: str) -> Device | None:
    """Return the paired, unrevoked device that holds this token."""
    return next(iter(Device.objects.raw("SELECT * FROM device_of_token(%s)", [token_hash])), None)


def supporter_of(cookie_hash: str, *, at: datetime) -> Person | None:
    """Return the supporter whose browser holds this cookie, with their link, for as long as it stands."""
    links = SupporterLink.objects.raw("SELECT * FROM supporter_link_of_cookie(%s, %s)", [cookie_hash, at])
    link = next(iter(links), None)
    if link is None:
        return None
    supporter = Person.objects.raw("SELECT * FROM supporter_of_link(%s, %s)", [cookie_hash, at])[0]
    supporter.link = link
    return supporter


def all_clinics() -> list[Clinic]:
    """Return every clinic, for the worker, which goes through them one by one."""
    return list(Clinic.objects.order_by("pk"))


def in_each_clinic(step: Callable[..., int], *, at: datetime) -> int:
    """Do `step(clinic, at=at)` as the worker for every clinic, each in a transaction of its own; returns the sum.

    What fails in one clinic holds up no other, as in `for_each_clinic`.
    """

    @wraps(step)
    def as_the_worker(clinic: Clinic, *, at: datetime) -> int:
        with acting(System(clinic.pk), origin="worker"):
            return step(clinic, at=at)

    return for_each_clinic(as_the_worker, at=at)


def for_each_clinic(step: Callable[..., int], *, at: datetime) -> int:
    """Do `step(clinic, at=at)`, which opens its own transactions, for every clinic; returns the sum.

    What fails in one clinic holds up no other, two that waited for each other's rows neither. A database that cannot be
    reached is everybody's, and is raised.
    """
    done = 0
    for clinic in all_clinics():
        try:
            done += step(clinic, at=at)
        except Exception as error:
            if isinstance(error, InterfaceError | OperationalError) and not _is_of_one_transaction(error):
                raise
            # The kind only: its text may quote the record.
            log.error("%s failed in a clinic (%s).", step.__name__, type(error).__name__)
    return done


# SQLSTATE: given up in a deadlock or for another's sake (40), a row held by another (55), taking too long (57014).
OF_ONE_TRANSACTION = ("40", "55", "57014")


def _is_of_one_transaction(error: Exception) -> bool:
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return state.startswith(OF_ONE_TRANSACTION)


# --- whose record may `person` open? ---

OPENS_EVERY_RECORD = {Role.DIRECTOR, Role.INTAKE}
SEES_THE_SCHEDULE = {*CLINICIANS, Role.INTAKE, Role.FRONT_DESK, Role.BILLING}


def about(person: Actor, column: str, *, at: datetime | None = None) -> Q | Exists:
    """The filter for rows about a patient whom `person` may open; `column` leads to the patient's id.

    Patients: themselves. Directors and intake: the clinic's. Other clinicians: those they are tied to today.
    Everybody else: nobody.
    """
    if kind_of(person) == "patient":
        return Q(**{column: person.pk})
    if isinstance(person, Person) and person.has_role(*OPENS_EVERY_RECORD):
        return Q(clinic_id=person.clinic_id)
    if isinstance(person, Person) and person.is_clinician:
        return Q(
            Exists(Tie.objects.in_force(at or timezone.now()).filter(staff_id=person.pk, patient_id=OuterRef(column)))
        )
    return Q(pk__in=[])


def schedule_of(person: Actor, column: str = "patient_id") -> Q:
    """The filter for schedule rows (who comes when): the patient's own, or all for staff who see the schedule."""
    if kind_of(person) == "patient":
        return Q(**{column: person.pk})
    if isinstance(person, Person) and person.has_role(*SEES_THE_SCHEDULE):
        return Q(clinic_id=person.clinic_id)
    return Q(pk__in=[])


def require(person: Actor, *roles: str) -> None:
    """Raise PermissionDenied unless `person` is active staff with one of `roles`."""
    if not (isinstance(person, Person) and person.has_role(*roles)):
        raise PermissionDenied

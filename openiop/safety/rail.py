"""What the desk shows of the open cases: who, what they said, where they are, and how long is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from openiop.people.access import Actor
from openiop.people.models import Agreement, Document, Person
from openiop.safety import one_to_one, unreached
from openiop.safety.assessing import HIGH
from openiop.safety.models import (
    Case,
    DoNotContact,
    OneToOne,
    Page,
    Whereabouts,
    decision_asked_at,
    marks_of,
    states_of,
)

# This long after it was due, the worker has not looked: it is down, or the case makes it fail.
WORKER_IS_LATE = timedelta(seconds=30)


@dataclass(frozen=True)
class Place:
    """Where a person is now and whom to call for that place. `where` is None while they have not said today.

    `marks`: who must not be contacted about them.
    """

    patient: Person
    where: Whereabouts | None
    plan: dict[str, Any]
    marks: tuple[DoNotContact, ...] = ()

    @property
    def callback(self) -> str:
        return (self.where.callback if self.where else "") or self.patient.phone

    @property
    def contact_mark(self) -> DoNotContact | None:
        """The mark about the emergency contact on file, if there is one."""
        name, phone = self.plan.get("contact_name", ""), self.plan.get("contact_phone", "")
        return unreached.marked(self.marks, name=name, phone=phone)


@dataclass(frozen=True)
class OpenCase:
    """A case as it stands at `at`, for the desk."""

    case: Case
    place: Place
    at: datetime
    staying: one_to_one.State = one_to_one.State()

    @property
    def rings(self) -> bool:
        return self.case.rings(at=self.at)

    @property
    def sounds(self) -> bool:
        """Is somebody looked for: to take it, or to be with them?"""
        return self.rings or self.is_late_to_stay

    @property
    def is_late_to_stay(self) -> bool:
        return self.staying.is_late(at=self.at)

    @property
    def with_them(self) -> OneToOne | None:
        """Who is with them now, in their own word."""
        return next((row for row in self.case.one_to_ones.all() if row.is_with_them), None)

    @property
    def asked_to_stay(self) -> OneToOne | None:
        return next((row for row in self.case.one_to_ones.all() if row.is_asked), None)

    @property
    def may_name(self) -> bool:
        """Is it a case of which somebody is named to stay?"""
        return self.case.closed_at is None and self.case.tier >= HIGH

    @property
    def asked_about_staying(self) -> list[Page]:
        """Who was asked last because nobody is with them."""
        pages = [page for page in self.case.pages.all() if page.is_to_stay and page.because != one_to_one.NAMED]
        if not self.staying.due_at or not pages:
            return []
        latest = max(page.made_at for page in pages)
        return [page for page in pages if page.made_at == latest and latest >= self.staying.due_at]

    @property
    def ack_minutes(self) -> int:
        """Whole minutes left to acknowledge; below zero, how long it is overdue."""
        return _minutes(self.case.ack_due_at - self.at)

    @property
    def contact_minutes(self) -> int:
        """Whole minutes left to contact made; below zero, how long it is overdue."""
        return _minutes(self.case.contact_due_at - self.at)

    @property
    def paged(self) -> list[Page]:
        """The pages of the latest rung."""
        pages = [page for page in self.case.pages.all() if page.made_at >= self.case.since and not page.is_to_stay]
        latest = max((page.made_at for page in pages), default=None)
        return [page for page in pages if page.made_at == latest]

    @property
    def is_to_be_decided(self) -> bool:
        """Did the time to reach them run out though somebody tried, so that a clinician decides what happens now?"""
        asked_at = decision_asked_at(self.case)
        return asked_at is not None and asked_at <= self.at

    @property
    def is_left_alone(self) -> bool:
        """Has the worker failed to look at it? Then nobody is being paged, and people must do it themselves."""
        return self.case.failures > 0 or self.case.next_step_at < self.at - WORKER_IS_LATE


def open_cases(person: Actor, *, at: datetime) -> list[OpenCase]:
    """Return the open cases that `person` may see, newest danger first, in a constant number of queries."""
    cases = list(
        Case.objects.visible_to(person).open().with_steps().with_attempts().with_one_to_ones().order_by("-since")
    )
    places = places_of([case.patient for case in cases], at=at)
    staying = states_of(cases, at=at)
    return [OpenCase(case, places[case.patient_id], at, staying.get(case.pk, one_to_one.State())) for case in cases]


def open_case(case: Case, *, at: datetime) -> OpenCase:
    """The same of one case, read `with_steps`, `with_attempts` and `with_one_to_ones`."""
    place = places_of([case.patient], at=at)[case.patient_id]
    found = states_of([case], at=at) if case.closed_at is None else {}
    return OpenCase(case, place, at, found.get(case.pk, one_to_one.State()))


def places_of(patients: list[Person], *, at: datetime) -> dict[Any, Place]:
    """Return by patient where they are, the emergency plan they agreed to, and who must not be contacted about them.

    As many queries for one as for a hundred.
    """
    ids = [patient.pk for patient in patients]
    told = (
        Whereabouts.objects.told_by(at=at)
        .filter(patient_id__in=ids)
        .order_by("patient_id", "-told_at")
        .distinct("patient_id")
        .select_related("site")
    )
    where = {row.patient_id: row for row in told}
    plan = emergency_plans(ids)
    marks = marks_of(patients, at=at)
    return {
        patient.pk: Place(patient, where.get(patient.pk), plan.get(patient.pk, {}), tuple(marks[patient.pk]))
        for patient in patients
    }


def emergency_plans(patients: list[Any]) -> dict[Any, dict[str, Any]]:
    """Return by patient what they agreed to for an emergency; nothing of whoever agreed to none."""
    rows = (
        Agreement.objects.filter(patient_id__in=patients, document__kind=Document.EMERGENCY, withdrawn_at=None)
        .order_by("patient_id", "-agreed_at")
        .distinct("patient_id")
    )
    return {row.patient_id: row.details for row in rows}


def _minutes(left: timedelta) -> int:
    """Rounded up: "1 min left" until it is over."""
    return -int(-left.total_seconds() // 60)

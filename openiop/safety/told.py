"""What a person in danger is told, at once: kindly, and nothing that is not true."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from openiop.people.models import Person
from openiop.safety import ladder
from openiop.safety.models import Case, Whereabouts, ladder_for, staff_are_here


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
    state, who = _spoken_of(case, at=at) if case else ("", "")
    where = Whereabouts.latest(patient.pk, at=at)
    site = where.site if where else None
    clinic = patient.clinic
    usual = clinic.phone if staff_are_here(clinic, at=at) else clinic.crisis_phone
    return Told(
        state=state,
        who=who,
        phone=(site.phone if site else "") or usual or clinic.phone,
        place=site.name if site else "",
        what_to_do_here=site.emergency_notes if site else "",
        at=at,
    )


class _Spoken(NamedTuple):
    state: str
    who: str


def _spoken_of(case: Case, *, at: datetime) -> _Spoken:
    """What the pages say of a case: as if its private flags were not there.

    Whoever harms the person may read along, so that a private flag moves no clock and no name that they can see.
    """
    public = [flag for flag in case.flags.all() if not flag.is_private]
    if not public:
        return _Spoken("", "")
    contacts = [case.contacted_at] if case.contacted_at else []
    since = ladder.clocks_start_at([(flag.raised_at, flag.tier) for flag in public], contacts=contacts)
    seen = case.on_the_ladder()._replace(since=since)
    taken = max((row for row in case.acknowledgements.all() if row.at >= since), key=lambda row: row.at, default=None)
    state = ladder.told_to_patient(seen, at=at, deadlines=_deadlines(case, max(flag.tier for flag in public), since))
    return _Spoken(state, _who_has_it(case, since=taken.at, otherwise=taken.by.called) if taken else "")


def _who_has_it(case: Case, *, since: datetime, otherwise: str) -> str:
    """Who took it over since it was taken, if somebody did."""
    handed = case.handed.filter(at__gte=since).exclude(to=None).select_related("to").order_by("-at").first()
    return handed.to.called if handed and handed.to else otherwise


def _deadlines(case: Case, tier: int, since: datetime) -> ladder.Deadlines:
    """The clocks kept with the case, or, where a private flag made it more urgent, those it had without."""
    if tier == case.tier:
        return case.deadlines
    drawn = ladder_for(case.patient, tier=tier, at=since)
    return ladder.deadlines_for(tier, case.clinic.deadlines)._replace(
        acknowledge_minutes=drawn.acknowledge_minutes,
        contact_minutes=drawn.plan.contact_minutes,
        repeat_minutes=drawn.plan.repeat_minutes,
    )

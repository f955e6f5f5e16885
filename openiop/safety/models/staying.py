"""Naming who stays with a person at high risk, saying that one is with them, ending it; and what the worker does.

Read from top to bottom: a clinician names somebody, who is asked on every way and says themselves that they are with
the person; to hand it on they name the next, and stay until that one has said the same. Each verb holds the case, so
that of two who press at once the second sees what the first did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Clinic, Person, PersonQuerySet, Role, Site, Tie
from openiop.safety import one_to_one, rungs
from openiop.safety.assessing import HIGH
from openiop.safety.models.alert_pages import StaffPlace
from openiop.safety.models.asking import everyone, ladder_for
from openiop.safety.models.assessment import RiskAssessment
from openiop.safety.models.case import Case, Page
from openiop.safety.models.crisis import held, send_pages, wake_about
from openiop.safety.models.one_to_one import OneToOne, OneToOneClock, OneToOneEnd, states_of
from openiop.safety.models.rota import OnCallShift, staff_are_here


class NotOnDuty(Exception):
    """They are not here now: of no shift, or said that they are somewhere else today."""


class ChangedMeanwhile(Exception):
    """Somebody else was faster: who is asked or with them is not what was shown any more, or nothing is to be ended."""


class MayNotEnd(Exception):
    """It may not end for this reason. `reason` is a key of MAY_NOT_END."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


MAY_NOT_END = {
    one_to_one.NO_REASON: _("Please say why, and what was found and agreed."),
    one_to_one.NOT_LOWERED: _("The last assessment since this danger is not below high. Assess the risk first."),
}


@transaction.atomic
def name_who_stays(
    case: Case,
    *,
    who: Person,
    place: str,
    by: Person,
    at: datetime,
    site: Site | None = None,
    where: str = "",
    instead_of: str | None = None,
) -> OneToOne:
    """Name who stays with the case's person, and ask them on every way; one who names themselves is with them.

    A clinician names, or whoever is with them now. That one stays responsible until the other has confirmed.
    `instead_of`: the id of who was shown as asked, empty for nobody; None asks nothing. Raises PermissionDenied,
    NotOnDuty, ChangedMeanwhile, and ValueError for a case below high and for anybody but staff.
    """
    case = _held(case)
    asked, with_them = _asked_and_with(case)
    if not by.is_clinician and not (with_them and with_them.who_id == by.pk):
        raise PermissionDenied
    if case.closed_at is not None or (with_them and with_them.who_id == who.pk):
        raise ChangedMeanwhile
    if asked and asked.who_id == who.pk:
        return confirm_presence(asked, by=by, at=at) if who == by else asked
    if instead_of is not None and instead_of != (str(asked.pk) if asked else ""):
        raise ChangedMeanwhile
    _may_stay(case, who, place=place, site=site, by=by, at=at)
    if asked:
        _end(asked, how=one_to_one.INSTEAD, at=at)
    made = OneToOne.objects.create(
        clinic_id=case.clinic_id,
        case=case,
        patient_id=case.patient_id,
        who=who,
        place=place,
        site=site if place == rungs.ON_SITE else None,
        where=where.strip(),
        named_by=by,
        named_at=at,
        within_minutes=OneToOneClock.in_force(case.clinic_id, at=at).minutes,
    )
    trail.record("one-to-one.name", patient=case.patient_id, thing=made, case=case.pk, who=str(who.pk))
    if who == by:
        return confirm_presence(made, by=by, at=at)
    _ask(case, [who.pk], because=one_to_one.NAMED, ways=rungs.WAYS, at=at)
    return made


def _may_stay(case: Case, who: Person, *, place: str, site: Site | None, by: Person, at: datetime) -> None:
    if case.tier < HIGH or place not in rungs.PLACES:
        raise ValueError("somebody stays with a person at high or imminent risk, in the room or on the line")
    if who.kind != Person.STAFF or not who.active or who.clinic_id != case.clinic_id:
        raise ValueError("staff of the clinic stay with a patient, and nobody else")
    if who == by:
        return
    if not on_duty(case.clinic, at=at).filter(pk=who.pk).exists():
        raise NotOnDuty
    told = StaffPlace.today_of(who, at=at)
    if place == rungs.ON_SITE and told and (told.site_id is None or (site and told.site_id != site.pk)):
        raise NotOnDuty


def on_duty(clinic: Clinic, *, at: datetime) -> PersonQuerySet:
    """Who of the staff may be named now: while staff are here everybody; out of hours who is on call, leads a session
    that runs, or said today at which site they are. `is_with_somebody`: one-to-one already, as far as the reader sees.
    """
    confirmed = OneToOne.objects.filter(who=OuterRef("pk"), confirmed_at__isnull=False).open()
    staff = Person.objects.filter(clinic_id=clinic.pk, active=True).staff().annotate(is_with_somebody=Exists(confirmed))
    if staff_are_here(clinic, at=at):
        return staff
    midnight = at.astimezone(ZoneInfo(clinic.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    on_call = OnCallShift.objects.filter(staff=OuterRef("pk"), during__contains=at)
    live = Tie.objects.in_force(at).filter(staff=OuterRef("pk"), role="live")
    here = StaffPlace.objects.filter(staff=OuterRef("pk"), told_at__gte=midnight, told_at__lte=at, site__isnull=False)
    return staff.filter(Q(Exists(on_call)) | Q(Exists(live)) | Q(Exists(here)))


@transaction.atomic
def confirm_presence(row: OneToOne, *, by: Person, at: datetime) -> OneToOne:
    """`by` says: I am with them. Whoever was with them until now has handed it on. Twice keeps the first.

    Raises PermissionDenied for anybody but who was named, and ChangedMeanwhile where it ended before.
    """
    case = _held(row.case)
    row = OneToOne.objects.select_related("who").get(pk=row.pk)
    if row.who_id != by.pk or not by.active:
        raise PermissionDenied
    if row.ended_at is not None:
        raise ChangedMeanwhile
    if row.confirmed_at is not None:
        return row
    _asked, with_them = _asked_and_with(case)
    if with_them:
        _end(with_them, how=one_to_one.HANDED, at=at)
    row.confirmed_at, row.until_at = at, duty_ends_at(by, at=at)
    row.save(update_fields=["confirmed_at", "until_at"])
    trail.record("one-to-one.confirm", patient=case.patient_id, thing=row, case=case.pk)
    wake_about(case)
    return row


@transaction.atomic
def stay_on(row: OneToOne, *, by: Person, at: datetime) -> OneToOne:
    """`by` is with them and stays past the end of their duty: a turn of its own, in their own word.

    It holds until their next duty ends or, for who is on none, for STAYS_ON: then it is asked anew.
    Raises PermissionDenied for others and ChangedMeanwhile where it ended.
    """
    case = _held(row.case)
    row = OneToOne.objects.get(pk=row.pk)
    if row.who_id != by.pk or not by.active:
        raise PermissionDenied
    if not row.is_with_them:
        raise ChangedMeanwhile
    if not row.is_over_duty(at=at):
        return row
    _end(row, how=one_to_one.HANDED, at=at)
    made = OneToOne.objects.create(
        clinic_id=case.clinic_id,
        case=case,
        patient_id=case.patient_id,
        who=by,
        place=row.place,
        site_id=row.site_id,
        where=row.where,
        named_by=by,
        named_at=at,
        within_minutes=row.within_minutes,
        confirmed_at=at,
        until_at=duty_ends_at(by, at=at) or at + one_to_one.STAYS_ON,
    )
    trail.record("one-to-one.confirm", patient=case.patient_id, thing=made, case=case.pk, stays_on=True)
    wake_about(case)
    return made


def duty_ends_at(person: Person, *, at: datetime) -> datetime | None:
    """When they go by the clinic's hours and the rota: the later of closing time and the shift that runs."""
    clinic = person.clinic
    shifts = OnCallShift.objects.filter(staff=person, during__contains=at)
    ends = [shift.during.upper for shift in shifts]
    if staff_are_here(clinic, at=at):
        ends.append(one_to_one.closing_of(at.astimezone(ZoneInfo(clinic.zone)), clinic.closes))
    return one_to_one.duty_ends_at(ends, at=at)


@transaction.atomic
def end_one_to_one(case: Case, *, why: str, words: str, by: Person, at: datetime) -> OneToOneEnd:
    """A clinician decides that nobody needs to stay with them any more. Whoever is asked or with them is released.

    Raises PermissionDenied for non-clinicians, MayNotEnd, and ChangedMeanwhile where nothing is to be ended.
    """
    case = held(case, by=by)
    found = states_of([_with_rows(case)], at=at).get(case.pk, one_to_one.State())
    open_rows = list(OneToOne.objects.filter(case=case).open())
    if case.closed_at is not None or not (open_rows or found.needed_since):
        raise ChangedMeanwhile
    if reason := one_to_one.why_not_end(why, words=words, assessed=_assessed_since(case, at=at)):
        raise MayNotEnd(reason)
    end = OneToOneEnd.objects.create(
        clinic_id=case.clinic_id, case=case, patient_id=case.patient_id, why=why, words=words.strip(), by=by, at=at
    )
    for row in open_rows:
        _end(row, how=one_to_one.OVER, at=at)
    trail.record("one-to-one.end", patient=case.patient_id, thing=end, case=case.pk, why=why)
    wake_about(case)
    return end


def _assessed_since(case: Case, *, at: datetime) -> int | None:
    """The level found last since the latest danger."""
    rows = RiskAssessment.objects.filter(patient_id=case.patient_id, at__gte=case.since, at__lte=at)
    return rows.order_by("-at", "-pk").values_list("level", flat=True).first()


@transaction.atomic
def set_clock(*, minutes: int, source: str, effective_from: datetime, by: Person, at: datetime) -> OneToOneClock:
    """Set within how many minutes somebody is with them, from now or later on. Raises PermissionDenied."""
    access.require(by, Role.DIRECTOR)
    made = OneToOneClock.objects.create(
        clinic_id=by.clinic_id,
        minutes=minutes,
        source=source.strip(),
        effective_from=max(effective_from, at),
        by=by,
        at=at,
    )
    trail.record("one-to-one.clock", thing=made, minutes=minutes)
    return made


# --- the worker ---


def left_alone(clinic: Clinic, *, at: datetime) -> list[UUID]:
    """The cases about which somebody is to be asked or told now, the oldest danger first. Holds none of them.

    A number of queries that does not grow with the cases.
    """
    named = OneToOne.objects.filter(case=OuterRef("pk")).open()
    unsent = Page.objects.filter(case=OuterRef("pk"), because__startswith=one_to_one.PAGED, sent_at=None)
    high = Case.objects.open().filter(Q(tier__gte=HIGH) | Q(Exists(named)), clinic_id=clinic.pk)
    cases = list(high.with_one_to_ones().annotate(is_unsent=Exists(unsent)).order_by("since"))
    found = states_of(cases, at=at)
    late = {pk for pk, state in found.items() if state.is_late(at=at)}
    return [case.pk for case in cases if case.pk in late or case.is_unsent]


def take_one_to_one_step(pk: UUID, *, at: datetime) -> None:
    """Ask the rung of the case's own ladder that is due, and hand pages to the other ways. Twice changes nothing.

    Whoever holds the case now is not waited for: we look again in a moment.
    """
    locked = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
    if locked is None or locked.closed_at is not None:
        return
    case = _with_rows(locked)
    found = states_of([case], at=at).get(case.pk, one_to_one.State())
    if found.is_late(at=at):
        drawn = ladder_for(case.patient, tier=case.tier, at=at)
        step = one_to_one.next_step(
            found,
            asked=drawn.rungs,
            paged=[(page.made_at, page.because) for page in case.pages.all() if page.is_to_stay],
            order=drawn.plan.order,
            minutes=OneToOneClock.in_force(case.clinic_id, at=at).minutes,
            at=at,
        )
        if step.kind == "page" and step.rung is not None:
            rung = drawn.rungs[step.rung]
            who: list[Any] = everyone(case.clinic_id) if rung.everyone else list(rung.who)
            _ask(case, who, because=f"{one_to_one.PAGED}{rung.because}", ways=rung.ways, rung=step.rung, at=at)
    send_pages(case, at=at)


# --- inside ---


def _ask(case: Case, who: list[Any], *, because: str, ways: Any, at: datetime, rung: int = 0) -> None:
    """The case's own pages, for a reason that its ladder does not count."""
    pages = Page.objects.bulk_create(
        Page(
            clinic_id=case.clinic_id,
            case=case,
            patient_id=case.patient_id,
            rung=rung,
            to_id=person,
            because=because,
            ways=list(ways),
            made_at=at,
        )
        for person in who
    )
    trail.record("case.page", patient=case.patient_id, thing=case, rung=rung, people=len(pages), because=because)
    wake_about(case)


def _held(case: Case) -> Case:
    """Return the case locked, for whoever of the staff may act on it: the verb says who."""
    return Case.objects.select_for_update(of=("self",)).select_related("clinic", "patient").get(pk=case.pk)


def _with_rows(case: Case) -> Case:
    return Case.objects.with_steps().with_one_to_ones().get(pk=case.pk)


def _asked_and_with(case: Case) -> tuple[OneToOne | None, OneToOne | None]:
    rows = list(OneToOne.objects.filter(case=case).open())
    return next((row for row in rows if row.is_asked), None), next((row for row in rows if row.is_with_them), None)


def _end(row: OneToOne, *, how: str, at: datetime) -> None:
    row.ended_at, row.how = at, how
    row.save(update_fields=["ended_at", "how"])

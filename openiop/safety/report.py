"""One case as it went: everything that was said, sent, seen and done, in order, with who did it and how long after.

Put together from the rows themselves and from the trail (who looked); nothing is kept a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from openiop.audit.models import AuditEvent
from openiop.messaging.models import Delivery
from openiop.people.models import Person
from openiop.safety import handover, one_to_one
from openiop.safety.models import (
    Case,
    EmergencyDisclosure,
    HandOver,
    RiskAssessment,
    SafetyPlan,
    SafetyPlanReview,
)

LOOKED = ("case.show", "case.open")


class Event(NamedTuple):
    """One line. `minutes`: whole minutes since the first evidence; `is_clock`: when something was due, not done."""

    at: datetime
    what: str
    who: str = ""
    detail: str = ""
    is_clock: bool = False
    minutes: int = 0


def timeline(case: Case, *, reader: Person) -> list[Event]:
    """Return the case's events in order, as far as `reader` may see each, in a constant number of queries."""
    sources = (
        *(_evidence, _pages, _looks, _answers, _handed, _waiting_to_be_handed, _stays, _decisions),
        *(_clocks, _assessments, _plans, _disclosures, _end),
    )
    found = [event for source in sources for event in source(case, reader)]
    found.sort(key=lambda event: (event.at, event.is_clock))
    begun = min((event.at for event in found), default=case.opened_at)
    return [event._replace(minutes=int((event.at - begun).total_seconds() // 60)) for event in found]


def _evidence(case: Case, reader: Person) -> Iterator[Event]:
    for flag in case.flags.all():
        if flag.is_private:
            # This page is printed and filed: what was said in private stands on the case alone, for who reads it there.
            yield Event(flag.raised_at, _("Evidence: a private matter"))
            continue
        detail = " ".join([str(flag.value), _("(tier %(n)d)") % {"n": flag.tier}])
        yield Event(flag.raised_at, _("Evidence: %(label)s") % {"label": flag.label}, "", detail)


def _pages(case: Case, reader: Person) -> Iterator[Event]:
    pages = {page.delivered_as: page for page in case.pages.select_related("to")}
    for page in pages.values():
        yield Event(page.made_at, _("Paged"), page.to.full_name, str(page.because_in_words))
    for delivery in Delivery.objects.about(pages):
        to, way = pages[delivery.because].to.full_name, str(delivery.get_way_display())
        if delivery.sent_at:
            yield Event(delivery.sent_at, _("Page handed over"), to, way)
        elif delivery.given_up_at:
            yield Event(delivery.given_up_at, _("Page could not be handed over"), to, way)


def _looks(case: Case, reader: Person) -> Iterator[Event]:
    """Each person's first look, from the trail."""
    looks = AuditEvent.objects.filter(
        clinic_id=case.clinic_id, patient_id=case.patient_id, verb__in=LOOKED, thing_id=str(case.pk)
    )
    first: dict[Any, datetime] = {}
    for person, at in looks.order_by("at").values_list("person_id", "at"):
        first.setdefault(person, at)
    names = {person.pk: person.full_name for person in Person.objects.filter(pk__in=first)}
    for person, at in first.items():
        if case.closed_at is None or at <= case.closed_at:
            yield Event(at, _("Seen"), names.get(person, ""))


def _answers(case: Case, reader: Person) -> Iterator[Event]:
    for taken in case.acknowledgements.select_related("by"):
        yield Event(taken.at, _("Taken"), taken.by.full_name)
    for contact in case.contacts.select_related("by"):
        what = _("Reached") if contact.reached else _("Tried, not reached")
        detail = " · ".join(filter(None, [str(contact.get_how_display()), contact.note]))
        yield Event(contact.at, what, contact.by.full_name, detail)


def _handed(case: Case, reader: Person) -> Iterator[Event]:
    """Hand-overs that it was on: who went, who was asked while nobody took over, who took it, and a line about it."""
    for word in case.hand_over_words.select_related("by"):
        yield Event(word.at, _("For the hand-over"), word.by.full_name, "" if case.holds_private else word.words)
    handed = case.handed.select_related("to", "end__by", "end__hand_over__goes", "end__hand_over__clinic")
    rows = list(handed.prefetch_related("end__hand_over__pages__to"))
    for row in rows:
        passed = row.end.hand_over
        kind = str(passed.get_kind_display())
        yield Event(passed.due_at, _("To be taken over"), passed.goes.full_name, kind)
        for page in passed.pages.all():
            yield Event(page.made_at, _("Asked to take over"), page.to.full_name)
        if row.end.at > passed.late_at:
            yield Event(passed.late_at, _("Due: somebody takes over"), is_clock=True)
        if row.end.by is not None:
            keeps = _("%(who)s keeps it") % {"who": row.to.full_name} if row.to and row.to != row.end.by else ""
            what = _("Taken over") if row.end.how == handover.TAKEN else _("Stays with it")
            yield Event(row.at, what, row.end.by.full_name, keeps)


def _waiting_to_be_handed(case: Case, reader: Person) -> Iterator[Event]:
    """Hand-overs that nobody has taken yet."""
    if case.closed_at is not None:
        return
    for row in HandOver.objects.visible_to(reader).waiting().with_people().prefetch_related("pages__to"):
        if row.concerns(case):
            yield Event(row.due_at, _("To be taken over"), row.goes.full_name, str(row.get_kind_display()))
            for page in row.pages.all():
                yield Event(page.made_at, _("Asked to take over"), page.to.full_name)


def _stays(case: Case, reader: Person) -> Iterator[Event]:
    """Who was named to stay with the person, when they said that they were, and how it ended."""
    for row in case.one_to_ones.select_related("who", "named_by", "site").order_by("named_at", "pk"):
        where = ", ".join(filter(None, [str(row.get_place_display()), row.where, row.site.name if row.site else ""]))
        named = _("by %(who)s") % {"who": row.named_by.full_name}
        yield Event(row.named_at, _("Named to stay with them"), row.who.full_name, f"{named} · {where}")
        due_at = row.named_at + timedelta(minutes=row.within_minutes)
        answered_at = row.confirmed_at or row.ended_at
        if answered_at is None or answered_at > due_at:
            yield Event(due_at, _("Due: they are with them"), row.who.full_name, is_clock=True)
        if row.confirmed_at:
            yield Event(row.confirmed_at, _("Is with them"), row.who.full_name)
        if row.until_at and (row.ended_at is None or row.ended_at > row.until_at):
            yield Event(row.until_at, _("Their duty ends"), row.who.full_name, is_clock=True)
        if row.ended_at and row.how != one_to_one.OVER:
            yield Event(row.ended_at, str(row.get_how_display()).capitalize(), row.who.full_name)
    for end in case.one_to_one_ends.select_related("by").order_by("at"):
        detail = [str(end.get_why_display())] + ([] if case.holds_private else [end.words])
        yield Event(end.at, _("Nobody needs to stay any more"), end.by.full_name, " · ".join(detail))


def _decisions(case: Case, reader: Person) -> Iterator[Event]:
    for made in case.decisions.select_related("by"):
        parts = [made.in_words, made.reasons, _("Advice: %(who)s") % {"who": made.consulted}]
        if case.holds_private:  # whom, and why not another, would tell it
            parts = [made.get_choice_display()]
        elif made.mark_id:
            parts.append(_("against a do-not-contact mark"))
        yield Event(made.at, _("Decided, not reached"), made.by.full_name, " · ".join(parts))


def _clocks(case: Case, reader: Person) -> Iterator[Event]:
    """When the clocks that ran last ran out, if they did."""
    taken = [row.at for row in case.acknowledgements.all()]
    over_at = case.closed_at or case.contacted_at
    if not any(case.since <= at <= case.ack_due_at for at in taken) and (not over_at or over_at > case.ack_due_at):
        yield Event(case.ack_due_at, _("Due: somebody takes it"), is_clock=True)
    if not case.contacted_at or case.contacted_at > case.contact_due_at:
        yield Event(case.contact_due_at, _("Due: somebody has reached the person"), is_clock=True)


def _assessments(case: Case, reader: Person) -> Iterator[Event]:
    rows = RiskAssessment.objects.visible_to(reader).filter(patient_id=case.patient_id)
    for row in _within(case, rows, "at").select_related("by"):
        detail = " · ".join(filter(None, [str(row.get_level_display()), row.lowered_because, row.plan]))
        yield Event(row.at, _("Risk assessed"), row.by.full_name, detail)


def _plans(case: Case, reader: Person) -> Iterator[Event]:
    plans = SafetyPlan.objects.visible_to(reader).filter(patient_id=case.patient_id)
    for plan in plans.newest_first():
        version = _("version %(n)d") % {"n": plan.version}
        if _is_within(case, plan.written_at):
            yield Event(plan.written_at, _("Safety plan written"), plan.written_by.full_name, version)
        for signature in plan.signatures.all():
            if _is_within(case, signature.at):
                yield Event(signature.at, _("Safety plan signed"), signature.by.full_name, version)
    for review in _within(case, SafetyPlanReview.objects.filter(plan__in=plans), "at").select_related("by"):
        yield Event(review.at, _("Safety plan gone through"), review.by.full_name)


def _disclosures(case: Case, reader: Person) -> Iterator[Event]:
    rows = EmergencyDisclosure.objects.visible_to(reader).filter(patient_id=case.patient_id)
    for told in _within(case, rows, "told_at").select_related("by"):
        detail = ", ".join([told.recipient, told.organisation])
        yield Event(told.told_at, _("Told in an emergency"), told.by.full_name, detail)


def _end(case: Case, reader: Person) -> Iterator[Event]:
    closure = getattr(case, "closure", None)
    if closure:
        detail = " · ".join(filter(None, [str(closure.get_disposition_display()), closure.note]))
        yield Event(closure.at, _("Closed"), closure.by.full_name, detail)


def _within(case: Case, rows: Any, field: str) -> Any:
    found = rows.filter(**{f"{field}__gte": case.opened_at})
    return found.filter(**{f"{field}__lte": case.closed_at}) if case.closed_at else found


def _is_within(case: Case, at: datetime) -> bool:
    return case.opened_at <= at and (case.closed_at is None or at <= case.closed_at)

"""Reminding people of what is due: once a day, never saying what, never at night.

Whoever has left care is reminded of their follow-ups only, if they agreed to that, and once in seven days at the most.

Rule and examples: docs/rules/reminders.md.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import translation
from django.utils.translation import gettext as _

from openiop.audit import trail
from openiop.measures import asking
from openiop.measures.reminders import ONCE_IN, Reminder, ReminderWish, Window, hours_of, may_follow_up, window
from openiop.messaging.models import EMAIL, SMS, dialled, has_stopped, send_by
from openiop.people.models import Clinic, Person
from openiop.programs.models import Enrolment
from openiop.safety.models import marks_of

AT_ONCE = 100  # people whose answers are read in one go
FOLLOWED_FOR = timedelta(days=400)  # the last follow-up is twelve months after, and two weeks


class Candidate(NamedTuple):
    """Somebody whom it is time to remind, if anything is open: on which of their days, and until when."""

    person: Person
    on: date
    wish: ReminderWish | None
    window: Window


def remind(clinic: Clinic, *, at: datetime) -> int:
    """Remind everybody of `clinic` who may be reminded now and has something open; returns how many."""
    candidates = _may_be_reminded(clinic, at=at)
    reminded = 0
    for on in sorted({each.on for each in candidates}):
        people = [each for each in candidates if each.on == on]
        for start in range(0, len(people), AT_ONCE):
            some = people[start : start + AT_ONCE]
            known = asking.history([each.person for each in some], on=on)
            for each in some:
                open_now = [row.code for row in asking.due_of(known[each.person.pk], on=on) if not row.done]
                reminded += bool(open_now) and _remind(each, open_now, at=at)
    return reminded


def _may_be_reminded(clinic: Clinic, *, at: datetime) -> list[Candidate]:
    today = at.astimezone(ZoneInfo(clinic.zone)).date()
    near = [today + timedelta(days=days) for days in (-1, 0, 1)]  # what day it is, wherever they are
    found = []
    for on in near:
        rows = Enrolment.objects.filter(clinic=clinic, patient__active=True).on(on)
        rows = rows.exclude(patient__in=Reminder.objects.filter(clinic=clinic, on=on).values("patient"))
        people = [row.patient for row in rows.select_related("patient__login", "patient__clinic")]
        people += _followed_up(clinic, on=on)
        people = [person for person in people if at.astimezone(ZoneInfo(person.zone)).date() == on]
        wishes = {wish.patient_id: wish for wish in ReminderWish.objects.filter(patient__in=people)}
        found += [each for person in people if (each := _candidate(person, wishes.get(person.pk), on=on, at=at))]
    return found


def _followed_up(clinic: Clinic, *, on: date) -> list[Person]:
    """Those who have left care within the time of their follow-ups and agreed to be written to then."""
    stays = Enrolment.objects.filter(patient=OuterRef("patient"), during__startswith__lte=on)
    wishes = (
        ReminderWish.objects.filter(clinic=clinic, after_care=True, patient__active=True)
        .filter(Exists(stays.filter(during__endswith__gt=on - FOLLOWED_FOR)))
        .exclude(Exists(stays.filter(Q(during__endswith=None) | Q(during__endswith__gt=on))))
    )
    people = [wish.patient for wish in wishes.select_related("patient__login", "patient__clinic")]
    before: dict[Any, list[date]] = {}
    lately = Reminder.objects.filter(patient__in=people, on__gt=on - ONCE_IN)
    for patient_id, day in lately.values_list("patient", "on"):
        before.setdefault(patient_id, []).append(day)
    return [person for person in people if may_follow_up(before.get(person.pk, []), on=on)]


def _candidate(person: Person, wish: ReminderWish | None, *, on: date, at: datetime) -> Candidate | None:
    if wish and not (wish.by_email or wish.by_text):
        return None
    hours = hours_of(person.clinic, wish)
    if hours is None:
        return None
    when = window(on, hours, zone=ZoneInfo(person.zone))
    return Candidate(person, on, wish, when) if when.holds(at) else None


@transaction.atomic
def _remind(each: Candidate, open_now: list[str], *, at: datetime) -> bool:
    person, wish = each.person, each.wish
    row, made = Reminder.objects.get_or_create(
        patient=person, on=each.on, defaults={"clinic_id": person.clinic_id, "asked": open_now, "made_at": at}
    )
    if not made:
        return False
    with translation.override(person.language):
        subject, body = _("A reminder"), _("Something is waiting for you on your page. Open it in a quiet moment.")
        ends = _("Reply STOP to get no more of these texts.")
    told: dict[str, Any] = {
        "subject": subject,
        "because": row.delivered_as,
        "at": at,
        "not_after": each.window.closes_at,
    }
    if wish is None or wish.by_email:
        send_by([EMAIL], person, body=body, **told)
    if wish and wish.by_text and _may_text(person, wish, at=at):
        send_by([SMS], person, body=f"{body} {ends}", **told)
    trail.record("reminder.send", patient=person, thing=row)
    return True


def _may_text(person: Person, wish: ReminderWish, *, at: datetime) -> bool:
    """Not after a STOP, and not to a number that a mark names: somebody who must not be contacted would read it."""
    if has_stopped(person, SMS, since=wish.chosen_at):
        return False
    numbers = {dialled(mark.phone) for mark in marks_of([person], at=at).get(person.pk, []) if mark.phone}
    return dialled(person.phone) not in numbers

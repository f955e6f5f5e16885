"""Answers come in one by one; each is kept the moment it is given, and what must be told is told with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.measures import instruments, private, scoring
from openiop.measures.blocks import assembled
from openiop.measures.models import Answer, Cadence, Response
from openiop.measures.phrases.listening import listen
from openiop.people.models import Person
from openiop.programs.models import Enrolment
from openiop.safety import ladder
from openiop.safety.models import Flag, raise_flag
from openiop.schedule.models import RosterEntry

CHECK_IN, BEFORE = assembled.DAILY, assembled.BEFORE
newest = assembled.newest_shipped
KEPT_FOR = timedelta(days=14)  # how long a device may hold an answer before it is sent; it stays on its own day
CLOCKS_DIFFER_BY = timedelta(minutes=5)


class NotTaken(ValueError):
    """This answer cannot be kept; the text says why in words for the patient."""


class AlreadyGiven(ValueError):
    """The key names another answer already. Nothing was changed."""


class Taken(NamedTuple):
    """What became of an answer: its row, and the flag it raised, if any."""

    answer: Answer
    flag: Flag | None


def answer(
    patient: Person,
    *,
    instrument: instruments.Instrument,
    for_day: date,
    item: str,
    value: Any,
    key: UUID,
    answered_at: datetime,
    at: datetime,
) -> Taken:
    """Keep one answer and, in the same transaction, raise the flag it calls for, even if no other answer follows.

    The transaction is the caller's (`people.access.acting`): what is refused here has written nothing yet.
    Sent twice with the same `key` it is kept once. A further answer to the same item corrects it and removes
    nothing. `value` as the device sends it: text or number. Raises NotTaken or AlreadyGiven.
    """
    given = understood(instrument, item, value)
    _check_day(patient, for_day, at=at)
    response, begun = _response(patient, instrument, for_day, at=at)
    so_far = list(Answer.objects.filter(Q(response=response) | Q(patient=patient, key=key)))
    # The device may have sent it twice at once: the second waited for this row, and finds the first here.
    if found := next((row for row in so_far if row.key == key), None):
        if begun:
            response.delete()  # the key was another day's, so nothing is said on this one
        return _again(found, item=item, value=given, instrument=instrument)
    kept = Answer.objects.create(
        clinic_id=patient.clinic_id,
        response=response,
        patient=patient,
        item=item,
        value=given,
        key=key,
        answered_at=min(answered_at, at + CLOCKS_DIFFER_BY),
        received_at=at,
    )
    trail.record("answer.give", patient=patient, thing=response, item=item)
    here = newest_of([row for row in so_far if row.response_id == response.pk] + [kept])
    flag = _tell(patient, instrument, kept, current=here, at=at)
    _score(response, instrument, here, at=at)
    return Taken(kept, flag)


def understood(instrument: instruments.Instrument, item: str, value: Any) -> scoring.Answer:
    """Return the value as the item's kind has it: a whole number, a number or a text. Raises NotTaken."""
    try:
        kind = instrument.item(item).kind
        given: scoring.Answer = str(value).strip() if kind == "text" else _number(value)
        scoring.check(instrument, item, given)
    except (KeyError, ValueError, TypeError):
        raise NotTaken(_("We could not read that answer. Please choose one of those shown.")) from None
    return given


def _number(value: Any) -> int | float:
    number = float(str(value))
    return int(number) if number.is_integer() else number


def _check_day(patient: Person, day: date, *, at: datetime) -> None:
    today = at.astimezone(ZoneInfo(patient.zone)).date()
    if day > today:
        raise NotTaken(_("That day has not come yet. Please open today's page again."))
    if day < today - KEPT_FOR:
        raise NotTaken(_("That day is too long ago to answer. Please open today's page."))


def _again(found: Answer, *, item: str, value: Any, instrument: instruments.Instrument) -> Taken:
    same = (found.item, found.value, found.response.instrument) == (item, value, instrument.code)
    if not same:
        raise AlreadyGiven(_("This answer was already sent with other words. Please answer again."))
    keys = [f"answer-{found.key}", f"words-answer-{found.key}"]
    return Taken(found, Flag.objects.filter(patient_id=found.patient_id, key__in=keys, kind="").first())


def _response(patient: Person, instrument: instruments.Instrument, day: date, *, at: datetime) -> tuple[Response, bool]:
    """Return the day's response, held, and whether it begins with this answer."""
    # Held until the commit: two last answers at once would each miss the other, and nobody would score them.
    response, begun = Response.objects.select_for_update().get_or_create(
        patient=patient,
        instrument=instrument.code,
        for_day=day,
        defaults={"clinic_id": patient.clinic_id, "version": instrument.version, "started_at": at},
    )
    if response.version != instrument.version:
        raise NotTaken(_("These questions have changed since you began. Please open today's page again."))
    return response, begun


def _tell(
    patient: Person, instrument: instruments.Instrument, kept: Answer, *, current: dict[str, Any], at: datetime
) -> Flag | None:
    """Raise the flag this one answer calls for, at any total (docs/rules/escalation.md).

    A private one is raised and not returned: the patient's page says nothing of it.
    """
    if instrument.item(kept.item).kind == "text":
        return _tell_of_words(patient, instrument, kept, at=at)
    if instrument.item(kept.item).private:
        private.tell(patient, instrument, kept, current=current, at=at)
        return None
    sign = scoring.sign_of(instrument, kept.item, kept.value)
    if sign is None:
        return None
    item = instrument.item(kept.item)
    option = next(option for option in item.options if option.value == kept.value)
    return raise_flag(
        patient,
        key=f"answer-{kept.key}",
        evidence=ladder.Evidence(sign.reason, sign.value),
        label=instruments.in_language(item.text, "en"),
        value=instruments.in_language(option.text, "en"),
        url=reverse("patient-response", args=[patient.pk, kept.response_id]),
        at=at,
    )


def _tell_of_words(patient: Person, instrument: instruments.Instrument, kept: Answer, *, at: datetime) -> Flag | None:
    flags = listen(
        patient,
        str(kept.value),
        key=f"answer-{kept.key}",
        label=f"Words in: {instruments.in_language(instrument.title, 'en')}",
        url=reverse("patient-response", args=[patient.pk, kept.response_id]),
        at=at,
    )
    return next((flag for flag in flags if not flag.is_private), None)


def _score(response: Response, instrument: instruments.Instrument, answers: dict[str, Any], *, at: datetime) -> None:
    """Score when every required item has an answer; a later correction scores again."""
    result = scoring.score(instrument, answers)
    if result.complete:
        response.total, response.band = result.total, result.band or ""
        response.completed_at = response.completed_at or at
        response.save(update_fields=["total", "band", "completed_at"])


def current_answers(response: Response) -> dict[str, Any]:
    """Return the newest answer to each item, by when it was given."""
    return newest_of(response.answers.all())


def newest_of(rows: Iterable[Answer]) -> dict[str, Any]:
    """Of some answers to one response, return the newest to each item, by when it was given."""
    in_order = sorted(rows, key=lambda row: (row.answered_at, row.received_at, str(row.pk)))
    return {row.item: row.value for row in in_order if row.value != ""}


class Due(NamedTuple):
    """An instrument to answer on a day; `done` when it was completed on that very day."""

    code: str
    done: bool


def due(patient: Person, *, on: date) -> list[Due]:
    """Return what the patient's track asks for on this day: the check-in, then measures whose time has come."""
    done = set(
        Response.objects.filter(patient=patient, completed_at__isnull=False, for_day__lte=on).values_list(
            "instrument", "for_day"
        )
    )
    rows = [Due(CHECK_IN, (CHECK_IN, on) in done)]
    if _has_a_group(patient, on=on) and assembled.asks_before(patient.clinic_id):
        rows.append(Due(BEFORE, (BEFORE, on) in done))
    tracks = Enrolment.objects.on(on).filter(patient=patient).values("track")
    for cadence in Cadence.objects.filter(track__in=tracks).order_by("instrument"):
        last = max((day for code, day in done if code == cadence.instrument), default=None)
        if last is None or last == on or (on - last).days >= cadence.every_days:
            rows.append(Due(cadence.instrument, last == on))
    return rows


def _has_a_group(patient: Person, *, on: date) -> bool:
    zone = ZoneInfo(patient.zone)
    begins_at = datetime.combine(on, time(), zone)
    ends_at = datetime.combine(on + timedelta(days=1), time(), zone)
    entries = RosterEntry.objects.standing().filter(patient=patient, session__cancelled_at=None)
    return entries.filter(during__startswith__gte=begins_at, during__startswith__lt=ends_at).exists()


def given_at(text: str, *, at: datetime) -> datetime:
    """Return the moment a device says an answer was given; a clock that cannot be read counts as now."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return at
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

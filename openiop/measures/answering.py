"""Answers come in one by one; each is kept the moment it is given, and what must be told is told with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.measures import asking, assessing, instruments, private, reading, scoring
from openiop.measures.asking import BEFORE, CHECK_IN, due, newest
from openiop.measures.blocks import assembled
from openiop.measures.models import Answer, Response
from openiop.measures.phrases.listening import listen
from openiop.people.models import Person
from openiop.safety import ladder
from openiop.safety.models import Flag, raise_flag

__all__ = ["BEFORE", "CHECK_IN", "AlreadyGiven", "NotItsDay", "NotTaken", "Taken", "answer", "due", "newest"]

YOUTH_UNTIL = 18
KEPT_FOR = timedelta(days=14)  # how long a device may hold an answer before it is sent; it stays on its own day
CLOCKS_DIFFER_BY = timedelta(minutes=5)


class NotTaken(ValueError):
    """This answer cannot be kept; the text says why in words for the patient."""


class NotItsDay(NotTaken):
    """No answer is taken for that day any more, or yet. The device keeps it and says so."""


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
    by: Person | None = None,
    how: str = "self",
    among: Mapping[str, Any] = MappingProxyType({}),
) -> Taken:
    """Keep one answer and, in the same transaction, raise the flag it calls for, even if no other answer follows.

    `by` and `how`: who of the staff wrote it down, and whether it was read out or copied from paper. `among`: answers
    that come in the same form, so that a screen is not told for more than they say together.

    The transaction is the caller's (`people.access.acting`): what is refused here has written nothing yet.
    Sent twice with the same `key` it is kept once. A further answer to the same item corrects it and removes
    nothing. `value` as the device sends it: text or number. Raises NotTaken or AlreadyGiven.
    """
    given = understood(instrument, item, value)
    youth = is_youth(patient, on=for_day)
    sign = scoring.sign_of(instrument, item, given, youth=youth, among=among)
    asked = instrument.item(item)
    # Whatever must or may have to be told is kept, whoever says it and however late, on its own day.
    must_hear = sign is not None or asked.kind == "text" or asked.private
    _check_day(patient, for_day, at=at, however_old=must_hear)
    response, begun = _response(patient, instrument, for_day, at=at, always=must_hear or by is not None)
    scored_by = instrument
    if response.version != instrument.version:
        scored_by = _begun_with(response, item, given, must_hear=must_hear)
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
        by=by,
        how=how,
    )
    trail.record("answer.give", patient=patient, thing=response, item=item, how=how)
    flag = _told(patient, instrument, kept, sign, among=[*so_far, kept], at=at)
    result_before = response.band
    _score(response, scored_by, [*so_far, kept], youth=youth, at=at)
    assessing.answered(response, scored_by, by=by, youth=youth)
    assessing.screened(response, scored_by, result_before=result_before, at=at)
    return Taken(kept, flag)


def is_youth(patient: Person, *, on: date) -> bool:
    """Is the person under 18 on this day? For them a refused question about suicide counts as a positive screen."""
    return patient.born_on is not None and patient.age_on(on) < YOUTH_UNTIL


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


def _check_day(patient: Person, day: date, *, at: datetime, however_old: bool) -> None:
    today = at.astimezone(ZoneInfo(patient.zone)).date()
    if day > today:
        raise NotItsDay(_("That day has not come yet. Please open today's page again."))
    if day < today - KEPT_FOR and not however_old:
        raise NotItsDay(_("That day is too long ago to answer. Please open today's page."))


def _again(found: Answer, *, item: str, value: Any, instrument: instruments.Instrument) -> Taken:
    same = (found.item, found.value, found.response.instrument) == (item, value, instrument.code)
    if not same:
        raise AlreadyGiven(_("This answer was already sent with other words. Please answer again."))
    keys = [f"answer-{found.key}", f"words-answer-{found.key}"]
    return Taken(found, Flag.objects.filter(patient_id=found.patient_id, key__in=keys, kind="").first())


def _response(
    patient: Person, instrument: instruments.Instrument, day: date, *, at: datetime, always: bool
) -> tuple[Response, bool]:
    """Return the day's response, held, and whether it begins with this answer."""
    # Held until the commit: two last answers at once would each miss the other, and nobody would score them.
    response, begun = Response.objects.select_for_update().get_or_create(
        patient=patient,
        instrument=instrument.code,
        for_day=day,
        defaults={"clinic_id": patient.clinic_id, "version": instrument.version, "started_at": at},
    )
    if begun and not always:
        _check_open(response, on=day)
    return response, begun


def _begun_with(response: Response, item: str, given: scoring.Answer, *, must_hear: bool) -> instruments.Instrument:
    """Return the questions this day was begun with, where an answer to another version may join them.

    Only what must be heard may, and only where the same is asked there. Raises NotTaken.
    """
    changed = NotTaken(_("These questions have changed since you began. Please open today's page again."))
    if not must_hear:
        raise changed
    begun = assembled.load(response.instrument, response.version, clinic_id=response.clinic_id)
    try:
        scoring.check(begun, item, given)
    except scoring.NotAnAnswer:
        raise changed from None
    return begun


def _check_open(response: Response, *, on: date) -> None:
    try:
        asking.check_open(response.patient, response.instrument, on=on)
    except asking.Closed as closed:
        response.delete()  # begun by this very answer, which is not kept
        raise NotTaken(*closed.args) from None


def _told(
    patient: Person,
    instrument: instruments.Instrument,
    kept: Answer,
    sign: scoring.Sign | None,
    *,
    among: list[Answer],
    at: datetime,
) -> Flag | None:
    """Raise what this answer calls for. A private flag is raised and not returned: the patient's page says nothing."""
    item = instrument.item(kept.item)
    if item.kind == "text":
        return _tell_of_words(patient, instrument, kept, at=at)
    if item.private:
        here = newest_of(row for row in among if row.response_id == kept.response_id)
        private.tell(patient, instrument, kept, current=here, at=at)
        return None
    return _tell(patient, instrument, kept, sign, at=at) if sign else None


def _tell(
    patient: Person, instrument: instruments.Instrument, kept: Answer, sign: scoring.Sign, *, at: datetime
) -> Flag:
    """Raise the flag this one answer calls for, at any total (docs/rules/escalation.md)."""
    item = instrument.item(kept.item)
    option = next(option for option in item.options if option.value == kept.value)
    flag = raise_flag(
        patient,
        key=f"answer-{kept.key}",
        evidence=ladder.Evidence(sign.reason, sign.value),
        label=instruments.in_language(item.text, "en") if item.text else item.code,
        value=instruments.in_language(option.text, "en"),
        url=reverse("patient-response", args=[patient.pk, kept.response_id]),
        at=at,
    )
    if instrument.method == "sum":
        # A questionnaire's one question is no assessment; a screen is.
        asking.assess_today(patient, kept.response, on=at.astimezone(ZoneInfo(patient.clinic.zone)).date(), at=at)
    return flag


def _tell_of_words(patient: Person, instrument: instruments.Instrument, kept: Answer, *, at: datetime) -> Flag | None:
    """Raise what the words call for (openiop/measures/phrases)."""
    flags = listen(
        patient,
        str(kept.value),
        key=f"answer-{kept.key}",
        label=f"Words in: {instruments.in_language(instrument.title, 'en')}",
        url=reverse("patient-response", args=[patient.pk, kept.response_id]),
        at=at,
    )
    return next((flag for flag in flags if not flag.is_private), None)


def _score(
    response: Response, instrument: instruments.Instrument, rows: Iterable[Answer], *, youth: bool, at: datetime
) -> None:
    """Score when every required item has an answer; a later correction scores again.

    A screen's result is written as soon as there is one: a positive screen that was abandoned is a positive screen.
    """
    mine = [row for row in rows if row.response_id == response.pk]
    allowed = reading.prorate_up_to(response) if instrument.method == "sum" and _is_nearly_all(instrument, mine) else 0
    result = scoring.score(instrument, newest_of(mine), youth=youth, prorate_up_to=allowed)
    if not result.complete and result.band is None and result.total is None:
        return
    first = result.complete and response.completed_at is None
    response.total, response.band, response.prorated = result.total, result.band or "", result.prorated
    response.completed_at = response.completed_at or (at if result.complete else None)
    response.save(update_fields=["total", "band", "prorated", "completed_at"])
    if first:
        asking.completed(response, instrument, on=response.for_day, at=at)


def _is_nearly_all(instrument: instruments.Instrument, rows: list[Answer]) -> bool:
    """Could a clinic's rule about missing answers come to bear? Most answers cost no query for it."""
    required = {item.code for item in instrument.items if item.required}
    return 0 < len(required - {row.item for row in rows}) <= reading.MOST_MISSING


def current_answers(response: Response) -> dict[str, Any]:
    """Return the newest answer to each item, by when it was given."""
    return newest_of(response.answers.all())


def newest_of(rows: Iterable[Answer]) -> dict[str, Any]:
    """Of some answers to one response, return the newest to each item, by when it was given."""
    in_order = sorted(rows, key=lambda row: (row.answered_at, row.received_at, str(row.pk)))
    return {row.item: row.value for row in in_order if row.value != ""}


def given_at(text: str, *, at: datetime) -> datetime:
    """Return the moment a device says an answer was given; a clock that cannot be read counts as now."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return at
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

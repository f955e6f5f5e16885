"""What the patient said: check-ins, measures, messages to the team, private signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from openiop.measures import answering, instruments
from openiop.measures.asking import ASKED_BY_THE_DAY
from openiop.measures.blocks import assembled
from openiop.measures.models import Response
from openiop.portal.timeline.line import Line, Reading, place_of
from openiop.room.models import Signal, SignalKind
from openiop.safety.models import Case, Flag
from openiop.safety.reach import reads_private
from openiop.schedule.models import SessionStaff

SIGNALS = {
    SignalKind.WORD: gettext_lazy("needs a word"),
    SignalKind.NOT_ALONE: gettext_lazy("is not alone"),
    SignalKind.URGES: gettext_lazy("has strong urges"),
    SignalKind.STEPPING_AWAY: gettext_lazy("is stepping away, safe"),
    SignalKind.NOT_SAFE: gettext_lazy("is not safe there"),
}
# What the two ways to tell the team raise: *Something is wrong*, and the one tap on the help page.
A_MESSAGE = Q(reason="something_wrong") | Q(key__startswith="asked-for-help-")


def check_ins(reading: Reading) -> Iterator[Line]:
    return _responses(reading, "check_ins", Q(instrument__in=ASKED_BY_THE_DAY))


def measures(reading: Reading) -> Iterator[Line]:
    return _responses(reading, "measures", ~Q(instrument__in=ASKED_BY_THE_DAY))


def _responses(reading: Reading, kind: str, which: Q) -> Iterator[Line]:
    rows = Response.objects.visible_to(reading.reader).filter(which, patient=reading.patient)
    found = reading.newest(rows.prefetch_related("answers"), "started_at")
    known = assembled.load_all(((row.instrument, row.version) for row in found), clinic_id=reading.patient.clinic_id)
    for row in found:
        instrument = known[row.instrument, row.version]
        yield Line(
            place_of(row, "started_at"),
            kind,
            instruments.in_language(instrument.title, reading.language),
            _in_short(row, instrument, reading.language, daily=kind == "check_ins"),
            url=reverse("patient-response", args=[reading.patient.pk, row.pk]),
        )


def _in_short(row: Response, instrument: instruments.Instrument, language: str, *, daily: bool) -> str:
    """The total with its band; of a check-in the answers, but for those that are private and those in words."""
    said = []
    if row.total is not None:
        said.append(str(row.total))
    named = {band.code: band.text for band in instrument.bands} | {each.code: each.text for each in instrument.results}
    if row.band in named:
        said.append(instruments.in_language(named[row.band], language))
    if daily:
        given = answering.current_answers(row)
        for item in instrument.items:
            if item.code in given and not item.private and item.kind != "text":
                said.append(f"{item.code.replace('_', ' ')} {_answer(item, given[item.code], language)}")
    if row.completed_at is None:
        said.append(_("not finished"))
    return " · ".join(said)


def _answer(item: instruments.Item, value: Any, language: str) -> str:
    option = next((option for option in item.options if option.value == value), None)
    return instruments.in_language(option.text, language) if option else str(value)


def messages(reading: Reading) -> Iterator[Line]:
    """The message itself is the flag it raised; a sentence that speaks of being harmed is in no ordinary flag."""
    cases = Case.objects.visible_to(reading.reader).filter(patient=reading.patient)
    rows = Flag.objects.filter(A_MESSAGE, case__in=cases, patient=reading.patient, kind="")
    for flag in reading.newest(rows, "raised_at"):
        yield Line(
            place_of(flag, "raised_at"), "messages", flag.label, flag.value, url=reverse("case", args=[flag.case_id])
        )


def signals(reading: Reading) -> Iterator[Line]:
    """Only of sessions that the reader led: the person was told that nobody but the facilitators sees it."""
    if not reads_private(reading.reader, reading.patient.pk):
        return
    led = SessionStaff.objects.filter(staff=reading.reader).values("session")
    rows = Signal.objects.filter(patient=reading.patient, session__in=led).select_related("session")
    for signal in reading.newest(rows, "at"):
        yield Line(
            place_of(signal, "at"),
            "signals",
            SIGNALS[SignalKind(signal.kind)],
            signal.session.name,
            url=reverse("session", args=[signal.session_id]),
            is_private=True,
        )

"""Signed care becomes charges: the worker calls `price_signed_days` again and again.

A part of a note that is signed and that no row of ours names yet is *claimed*: a row with a lease is committed first,
then its patient's day is priced from all that is signed of that day, then the row is done. A worker that dies leaves a
lease that runs out; two workers price one day one after the other, with the same answer. A day whose pricing fails is
tried again, later each time, and in the end put before the biller, never dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from openiop.billing import pricing
from openiop.billing.models import Charge, Coverage, Rule, SignedDay
from openiop.chart.models import NotePart
from openiop.people import access
from openiop.people.models import Clinic

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
AT_A_TIME = 50


def price_signed_days(at: datetime) -> int:
    """Price every day that is due at `at`, in each clinic. Returns how many days were priced."""
    return access.for_each_clinic(_of_clinic, at=at)


def _of_clinic(clinic: Clinic, *, at: datetime) -> int:
    priced = 0
    for patient_id, on, attempts in claim(clinic, at=at):
        try:
            with access.acting(access.System(clinic.pk), origin="billing"):
                if attempts > MOST_ATTEMPTS:
                    _give_to_the_biller(clinic, patient_id, on, at=at)
                else:
                    price_day(clinic, patient_id, on, at=at)
            priced += 1
        except Exception as error:  # one bad record must not hold up the others
            # The error's words may hold a person's data; its kind and the claim's number are enough to look.
            log.error("A signed day could not be priced, attempt %s: %s", attempts, type(error).__name__)
    return priced


def claim(clinic: Clinic, *, at: datetime) -> list[tuple[UUID, date, int]]:
    """Take up what is due and commit to it; returns (patient, day, attempts so far with this one), each day once."""
    with access.acting(access.System(clinic.pk), origin="billing"):
        _take_up_new(clinic, at=at)
        due = list(
            SignedDay.objects.select_for_update(skip_locked=True)
            .filter(clinic_id=clinic.pk, done_at__isnull=True, leased_until__lte=at)
            .order_by("leased_until")[:AT_A_TIME]
        )
        for day in due:
            day.attempts += 1
            # Each failure waits twice as long, so that a record that kills its worker leaves time for the others.
            day.leased_until = at + LEASE * 2 ** (min(day.attempts, MOST_ATTEMPTS) - 1)
        SignedDay.objects.bulk_update(due, ["attempts", "leased_until"])
    days: dict[tuple[UUID, date], int] = {}
    for day in due:
        key = (day.patient_id, day.on)
        days[key] = max(days.get(key, 0), day.attempts)
    return [(patient_id, on, attempts) for (patient_id, on), attempts in days.items()]


def _take_up_new(clinic: Clinic, *, at: datetime) -> None:
    """Write a row for each signed part that has none. Two workers may both try; the second one's rows are dropped."""
    known = SignedDay.objects.filter(part_id=OuterRef("pk"))
    parts = (
        NotePart.objects.signed()
        .filter(~Exists(known), clinic_id=clinic.pk)
        .order_by("signed_at")
        .values_list("pk", "patient_id", "signed_at", "facts", "note__session_id", *_SESSION)[:AT_A_TIME]
    )
    SignedDay.objects.bulk_create(
        [
            SignedDay(
                clinic_id=clinic.pk,
                part_id=pk,
                patient_id=patient_id,
                signed_at=signed_at,
                session_id=session_id,
                session=name,
                on=on,
                blocks=facts.get("blocks", []),
                came_at=_moment(facts.get("actual_begins_at")),
                went_at=_moment(facts.get("actual_ends_at")),
                leased_until=at,
            )
            for pk, patient_id, signed_at, facts, session_id, name, on in parts
        ],
        ignore_conflicts=True,
    )


def _moment(text: Any) -> datetime | None:
    """Read a time from a signed part; one that cannot be read is left out, the part is taken up all the same."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


_SESSION = ("note__session__name", "note__session__begins_on")


def price_day(clinic: Clinic, patient_id: UUID, on: date, *, at: datetime) -> list[Charge]:
    """Price one patient's day from everything signed of it, in place of what stood there."""
    _one_at_a_time(patient_id, on)
    parts = list(SignedDay.objects.filter(patient_id=patient_id, on=on).order_by("signed_at"))
    blocks = [block for part in parts for block in part.blocks]
    coverage = Coverage.objects.on(on).filter(patient_id=patient_id).select_related("payer").order_by("rank").first()
    rules = (
        list(Rule.objects.filter(payer=coverage.payer_id, in_force__contains=on).select_related("payer"))
        if coverage
        else []
    )
    lines = lines_of(blocks, patient_id, on, coverage=coverage, rules=rules)
    charges = [
        Charge(
            clinic_id=clinic.pk,
            patient_id=patient_id,
            on=on,
            n=n,
            code=line.code,
            revenue_code=line.revenue_code,
            units=line.units,
            amount_cents=line.amount_cents,
            status=line.status,
            reason=line.words,
            source=line.source,
            payer=coverage.payer if coverage else None,
            rule=rules[0] if len(rules) == 1 else None,
            priced_at=at,
        )
        for n, line in enumerate(lines, start=1)
    ]
    Charge.replace(charges, patient_id=patient_id, on=on)
    _done(parts, at=at)
    return charges


def lines_of(
    blocks: list[dict[str, Any]], patient_id: UUID, on: date, *, coverage: Coverage | None, rules: list[Rule]
) -> list[pricing.ChargeLine]:
    """Return the day's lines. Without coverage, or without a rule for its payer, the day is held and says so."""
    treatment_allowed = all(block["treatment"] for block in blocks) or any(_is_care(block) for block in blocks)
    kind = coverage.payer.kind if coverage else "nobody"

    def priced(minutes: list[int]) -> list[pricing.ChargeLine]:
        day = pricing.Day(
            patient=patient_id,
            on=on,
            payer_kind=kind,
            blocks=[
                pricing.Block(block["kind"], count, block["place"] or "on_site", block["counts"])
                for block, count in zip(care, minutes, strict=True)
            ],
            signed=True,
            treatment_allowed=treatment_allowed,
        )
        return pricing.price(day, [rule.as_priced() for rule in rules])

    care = [block for block in blocks if block["treatment"]]
    lines = priced([block["seconds"] // 60 for block in care])
    whole = priced(rounded_once(care))
    # A day is rounded once, a single service by itself: the seconds between blocks may complete a per diem, no more.
    if any(line.reason == "pricing.per_diem_earned" for line in whole):
        lines = whole
    return [_in_words(line, coverage=coverage, on=on) for line in lines]


def _is_care(block: dict[str, Any]) -> bool:
    return block["treatment"] and block["seconds"] > 0


def rounded_once(blocks: list[dict[str, Any]]) -> list[int]:
    """Return whole minutes by block whose sum is the counted time rounded down once, not block by block."""
    minutes = [block["seconds"] // 60 for block in blocks]
    counted = [index for index, block in enumerate(blocks) if block["counts"]]
    over = sum(blocks[index]["seconds"] % 60 for index in counted) // 60
    fullest = sorted(counted, key=lambda index: blocks[index]["seconds"] % 60, reverse=True)
    for index in fullest[:over]:
        minutes[index] += 1
    return minutes


def _in_words(line: pricing.ChargeLine, *, coverage: Coverage | None, on: date) -> pricing.ChargeLine:
    """Say in the biller's words what is missing where the pure rule knows only that nothing was in force."""
    if line.reason != "pricing.no_rule":
        return line
    if coverage is None:
        return line._replace(words=_("No coverage is on file for this day; write it down and the day is priced again."))
    words = _("No rule of %(payer)s is in force on this day; write it down and the day is priced again.")
    return line._replace(words=words % {"payer": coverage.payer.name})


def _give_to_the_biller(clinic: Clinic, patient_id: UUID, on: date, *, at: datetime) -> None:
    """Hold a day that could not be priced, so that somebody sees it."""
    _one_at_a_time(patient_id, on)
    line = Charge(
        clinic_id=clinic.pk,
        patient_id=patient_id,
        on=on,
        n=1,
        units=0,
        status="hold",
        reason=_("This day could not be priced by itself after several attempts; the biller decides."),
        priced_at=at,
    )
    Charge.replace([line], patient_id=patient_id, on=on)
    _done(SignedDay.objects.filter(patient_id=patient_id, on=on, done_at__isnull=True), at=at)


def _done(parts: Iterable[SignedDay], *, at: datetime) -> None:
    """These parts, and no other that came meanwhile, are in the day's lines now."""
    SignedDay.objects.filter(pk__in=[part.pk for part in parts]).update(done_at=at)


def _one_at_a_time(patient_id: UUID, on: date) -> None:
    """Wait until nobody else is pricing this day."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"price {patient_id} {on}"])

"""What one signed day becomes on the bill, and why.

Pure: a day and the payer's dated rows come in, charge lines come out, each with its reason and its row's source.
Minutes, never hours; cents, never floats. Rule and worked examples: docs/rules/charges.md.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal, NamedTuple

Trust = Literal["read", "recalled", "design"]
LineStatus = Literal["ready", "hold", "refused", "nothing"]


class Service(NamedTuple):
    """A code for one block billed by itself, and the whole minutes attended for which it may be used."""

    code: str
    source: str
    trust: Trust
    least_minutes: int = 1
    most_minutes: int | None = None
    amount_cents: int | None = None


@dataclass(frozen=True, kw_only=True)
class PayerRule:
    """One dated row of what a payer pays for a day.

    `per_diem_minutes`: countable minutes that earn the per diem; None where the payer does not decide by minutes.
    `below`: what happens to a shorter day. `virtual`: what happens to a day with any virtual minute that counts.
    `effective_to` is the first day the row no longer holds.
    """

    payer_kind: str
    service: Literal["psychiatric", "substance_use"]
    code: str
    revenue_code: str
    per_diem_minutes: int | None
    effective_from: date
    effective_to: date | None
    source: str
    trust: Trust
    below: Literal["discrete", "nothing", "hold"] = "hold"
    virtual: Literal["covered", "refused", "hold"] = "hold"
    amount_cents: int | None = None
    discrete: Mapping[str, Sequence[Service]] = field(default_factory=dict)

    def in_force(self, *, on: date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


class Block(NamedTuple):
    """One block as the person had it. A break does not count."""

    kind: str
    minutes: int
    place: Literal["virtual", "on_site"]
    counts: bool = True


@dataclass(frozen=True, kw_only=True)
class Day:
    """One person's day. `treatment_allowed` is False where nobody was licensed in the state the person was in."""

    patient: Hashable
    on: date
    payer_kind: str
    blocks: Sequence[Block]
    signed: bool
    treatment_allowed: bool = True
    service: Literal["psychiatric", "substance_use"] = "psychiatric"


class ChargeLine(NamedTuple):
    """One line for the biller. `reason` is a key, `words` its sentence with this day's figures, `source` the row's.

    `block` is the place of the block in the day for a line about one block. Only a `ready` line has units.
    """

    code: str
    units: int
    amount_cents: int | None
    status: LineStatus
    reason: str
    words: str
    source: str
    trust: Trust = "design"
    revenue_code: str = ""
    block: int | None = None


REASONS: Mapping[str, str] = MappingProxyType(
    {
        "pricing.per_diem_earned": "{minutes} countable minutes reach the per diem of {needed}.",
        "pricing.below_held": "{minutes} countable minutes are below the per diem of {needed}; the biller decides.",
        "pricing.below_nothing": "{minutes} countable minutes are below the per diem of {needed}; this payer pays "
        "nothing for a shorter day.",
        "pricing.below_discrete": "{minutes} countable minutes are below the per diem of {needed}; this payer pays "
        "each service by itself: {kind}, {block_minutes} minutes.",
        "pricing.no_discrete_code": "This payer pays each service by itself, but its row names no code for {kind}; the "
        "biller decides.",
        "pricing.too_short_for_a_code": "{kind}, {block_minutes} minutes: no code of this payer fits so few minutes.",
        "pricing.virtual_refused": "This payer does not pay the per diem for a day with virtual minutes "
        "({virtual} of {minutes}).",
        "pricing.professional_service": "The per diem is refused for a virtual day; {kind}, {block_minutes} minutes, "
        "may be payable as a professional service; the biller decides.",
        "pricing.virtual_held": "Whether this payer pays a day with virtual minutes ({virtual} of {minutes}) is a "
        "matter of its contract; the biller decides.",
        "pricing.not_by_minutes": "This payer does not decide by minutes; the biller decides.",
        "pricing.no_rule": "No rule for {payer} is in force on {on}; the biller decides.",
        "pricing.several_rules": "{count} rules for {payer} are in force on {on}; the biller decides.",
        "pricing.not_signed": "The note is not signed yet.",
        "pricing.not_licensed_there": "The person was in a state where nobody of the session is licensed; contact "
        "there is documented, not billed.",
        "pricing.nobody_there": "No countable minute was attended.",
    }
)  # fmt: skip

OWN_RULE = "OpenIOP docs/rules/charges.md"


class Ambiguous(ValueError):
    """A payer row names two services for the same minutes; the table must be mended."""


def price(day: Day, rules: Iterable[PayerRule]) -> list[ChargeLine]:
    """Return the lines of one day. There is always at least one, so nothing is dropped without a reason.

    Raises Ambiguous if two services of a row fit the same block.
    """
    minutes = _countable(day)
    if not day.signed:
        return [_own_line("hold", "pricing.not_signed")]
    if not day.treatment_allowed:
        return [_own_line("nothing", "pricing.not_licensed_there")]
    if not minutes:
        return [_own_line("nothing", "pricing.nobody_there")]
    rows = [rule for rule in rules if _is_for(rule, day)]
    if len(rows) != 1:
        reason = "pricing.several_rules" if rows else "pricing.no_rule"
        return [_own_line("hold", reason, count=len(rows), payer=day.payer_kind, on=day.on.isoformat())]
    return _by_rule(day, rows[0], minutes=minutes)


def _by_rule(day: Day, rule: PayerRule, *, minutes: int) -> list[ChargeLine]:
    virtual = sum(block.minutes for block in day.blocks if block.counts and block.place == "virtual")
    if virtual and rule.virtual == "refused":
        refused = _line(rule, "refused", "pricing.virtual_refused", virtual=virtual, minutes=minutes)
        return [refused, *_professional_services(day, rule)]
    if virtual and rule.virtual == "hold":
        return [_line(rule, "hold", "pricing.virtual_held", virtual=virtual, minutes=minutes)]
    if rule.per_diem_minutes is None:
        return [_line(rule, "hold", "pricing.not_by_minutes")]
    if minutes >= rule.per_diem_minutes:
        return [_line(rule, "ready", "pricing.per_diem_earned", minutes=minutes, needed=rule.per_diem_minutes)]
    if rule.below == "discrete":
        return [_discrete_line(rule, index, block, minutes=minutes) for index, block in _attended(day)]
    status: LineStatus = "nothing" if rule.below == "nothing" else "hold"
    reason = "pricing.below_nothing" if rule.below == "nothing" else "pricing.below_held"
    return [_line(rule, status, reason, minutes=minutes, needed=rule.per_diem_minutes)]


def _professional_services(day: Day, rule: PayerRule) -> list[ChargeLine]:
    """Return a held line for each block: which professional may bill what by telehealth is the biller's to say."""
    lines = []
    for index, block in _attended(day):
        service = _service(rule, block)
        said = {"kind": block.kind, "block_minutes": block.minutes}
        line = _line(rule, "hold", "pricing.professional_service", **said)
        lines.append(line._replace(code=service.code if service else "", revenue_code="", block=index))
    return lines


def _discrete_line(rule: PayerRule, index: int, block: Block, *, minutes: int) -> ChargeLine:
    said = {"kind": block.kind, "block_minutes": block.minutes, "minutes": minutes, "needed": rule.per_diem_minutes}
    service = _service(rule, block)
    if service is not None:
        line = _line(rule, "ready", "pricing.below_discrete", **said)
        line = line._replace(
            code=service.code, amount_cents=service.amount_cents, source=service.source, trust=service.trust
        )
    elif block.kind in rule.discrete:
        line = _line(rule, "nothing", "pricing.too_short_for_a_code", **said)._replace(code="")
    else:
        line = _line(rule, "hold", "pricing.no_discrete_code", **said)._replace(code="")
    return line._replace(revenue_code="", block=index)


def _service(rule: PayerRule, block: Block) -> Service | None:
    fitting = [
        service
        for service in rule.discrete.get(block.kind, ())
        if service.least_minutes <= block.minutes
        and (service.most_minutes is None or block.minutes <= service.most_minutes)
    ]
    if len(fitting) > 1:
        raise Ambiguous(f"{[service.code for service in fitting]} all fit {block.minutes} minutes of {block.kind}")
    return fitting[0] if fitting else None


def _is_for(rule: PayerRule, day: Day) -> bool:
    return rule.payer_kind == day.payer_kind and rule.service == day.service and rule.in_force(on=day.on)


def _attended(day: Day) -> list[tuple[int, Block]]:
    return [(index, block) for index, block in enumerate(day.blocks) if block.counts and block.minutes > 0]


def _countable(day: Day) -> int:
    if any(block.minutes < 0 for block in day.blocks):
        raise ValueError(f"minutes below zero on {day.on}")
    return sum(block.minutes for block in day.blocks if block.counts)


def _line(rule: PayerRule, status: LineStatus, reason: str, **said: object) -> ChargeLine:
    ready = status == "ready"
    return ChargeLine(
        code=rule.code,
        units=1 if ready else 0,
        amount_cents=rule.amount_cents if ready else None,
        status=status,
        reason=reason,
        words=REASONS[reason].format(**said),
        source=rule.source,
        trust=rule.trust,
        revenue_code=rule.revenue_code,
    )


def _own_line(status: LineStatus, reason: str, **said: object) -> ChargeLine:
    return ChargeLine("", 0, None, status, reason, REASONS[reason].format(**said), OWN_RULE)


# --- Rows to begin with ----------------------------------------------------------------------------------------------
# Code numbers only, labels in our own words: the codes' official descriptions belong to their owners.
# No amounts: rates come from the clinic's own contracts.

_INDIVIDUAL = "CPT time rule, half of the time passed: 16-37, 38-52, 53 and more minutes; read in a secondary source"
DISCRETE: Mapping[str, tuple[Service, ...]] = MappingProxyType(
    {
        "group": (Service("90853", "One a session and patient, not time-based; read in a secondary source", "read"),),
        "skills": (Service("90853", "Skills training in a group, one a session and patient", "design"),),
        "education": (Service("G0177", "Training and education, 45 minutes or more", "recalled", least_minutes=45),),
        "individual": (
            Service("90832", _INDIVIDUAL, "read", least_minutes=16, most_minutes=37),
            Service("90834", _INDIVIDUAL, "read", least_minutes=38, most_minutes=52),
            Service("90837", _INDIVIDUAL, "read", least_minutes=53),
        ),
        "family": (Service("90847", "With the patient, 26 minutes or more", "read", least_minutes=26),),
    }
)

RULES = (
    PayerRule(
        payer_kind="medicare",
        service="psychiatric",
        code="IOP-DAY",  # our own label: Medicare's day is a payment group of component lines, not one code
        revenue_code="",
        per_diem_minutes=None,
        virtual="refused",
        effective_from=date(2024, 1, 1),
        effective_to=None,
        source="CAA 2023, section 4124: no virtual delivery, the home is no site; paid by services a day, not minutes; "
        "read in secondary sources",
        trust="read",
        discrete=DISCRETE,
    ),
    PayerRule(
        payer_kind="commercial",
        service="psychiatric",
        code="S9480",
        revenue_code="0905",
        per_diem_minutes=180,
        effective_from=date(2000, 1, 1),
        effective_to=None,
        source="Typical commercial design of 3 hours a day; the contract decides; read in secondary sources",
        trust="read",
        discrete=DISCRETE,
    ),
    PayerRule(
        payer_kind="commercial",
        service="substance_use",
        code="H0015",
        revenue_code="0906",
        per_diem_minutes=180,
        effective_from=date(2024, 1, 1),
        effective_to=None,
        source="H0015: a program of at least 3 hours a day on 3 days a week; the contract decides; "
        "read in secondary sources",
        trust="read",
        discrete=DISCRETE,
    ),
    PayerRule(
        payer_kind="medicaid_ny",
        service="psychiatric",
        code="S9480",
        revenue_code="",
        per_diem_minutes=180,
        below="discrete",
        effective_from=date(2024, 1, 1),
        effective_to=None,
        source="New York Medicaid intensive outpatient services: 3 hours attended that day earn the per diem, else "
        "the services attended are billed; read in a secondary source",
        trust="read",
        discrete=DISCRETE,
    ),
)  # fmt: skip

"""Who is told of a person at risk, when it climbs to the next, and when it may be closed.

Pure functions: the rows and the time come in, the next step comes out; the poller carries it out. Two clocks run from
the evidence: one to the *acknowledgement* (paging), one to *contact made*. Acknowledging stops only the first.

Tiers follow the escalation ladder that the project set for itself, with clocks of the SPiER suicide-care documents
where the table says so. Rule and worked examples: docs/rules/escalation.md.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

Trust = Literal["read", "recalled", "design"]


class Evidence(NamedTuple):
    """What somebody said or did: a reason this app knows, and its value as text or number."""

    reason: str
    value: str | int


class Trigger(NamedTuple):
    """One row: this value of this reason means this tier."""

    reason: str
    value: str | int
    tier: int
    source: str
    trust: Trust


class Deadlines(NamedTuple):
    """How long a tier may wait, in minutes from the evidence. The clinic may set its own; these are to begin with.

    `repeat_minutes`: how often the last rung is paged again until somebody acknowledges.
    """

    tier: int
    acknowledge_minutes: int
    contact_minutes: int
    repeat_minutes: int
    source: str
    trust: Trust


class Rung(NamedTuple):
    """Who is paged together, and why them. `everyone` is the desk: all staff who have it open.

    `minutes` (or `seconds`) is how long this rung may wait; 0 leaves it to the tier's deadlines. `ways`: see
    `rungs.WAYS`.
    """

    who: tuple[Hashable, ...]
    because: str
    everyone: bool = False
    minutes: int = 0
    ways: tuple[str, ...] = ("desk", "push", "sms", "email")
    seconds: int = 0


class Paged(NamedTuple):
    """A rung that was paged. `rung` is its place on the ladder, from 0."""

    at: datetime
    rung: int


class Case(NamedTuple):
    """What is known of one case. `since` is where its clocks start: see `clocks_start_at`.

    Acknowledgements, pages and contacts from before `since` answer earlier evidence and stop nothing.
    `tries_again_at`: a clinician decided to keep trying, until then.
    """

    since: datetime
    rungs: Sequence[Rung]
    paged: Sequence[Paged] = ()
    acknowledged: Sequence[datetime] = ()
    contacts: Sequence[datetime] = ()
    tries_again_at: datetime | None = None
    closed_at: datetime | None = None


class Step(NamedTuple):
    """What to do now. `page` names a rung to page at once; `wait` says until when; `rest`: no clock runs.

    `next_at` is when to look again: for `page`, when this page would climb; for `wait`, when the next clock expires.
    `contact_due_at` is the second clock, shown beside every case that has not been reached.
    """

    kind: Literal["page", "wait", "rest"]
    rung: int | None = None
    next_at: datetime | None = None
    contact_due_at: datetime | None = None


LIVE = "safety.live_with_the_person"
PRIMARY = "safety.primary_therapist"
ON_CALL = "safety.on_call"
SECOND_ON_CALL = "safety.second_on_call"
SUPERVISOR = "safety.supervisor"
EVERYONE_ON_THE_DESK = "safety.everyone_on_the_desk"
ASKED_FOR = "safety.asked_for"  # no rung: somebody the patient named is called beside the ladder, never instead of it
ORDER = (LIVE, PRIMARY, ON_CALL, SECOND_ON_CALL, SUPERVISOR, EVERYONE_ON_THE_DESK)

CLOSING_NEEDS_A_CLINICIAN = "safety.closing_needs_a_clinician"
CLOSING_NEEDS_CONTACT_OR_DISPOSITION = "safety.closing_needs_contact_or_disposition"
CLOSING_ENDS_THE_ONE_TO_ONE_FIRST = "safety.closing_ends_the_one_to_one_first"

_TABLE = "OpenIOP escalation ladder"
_OWN = f"{_TABLE}; the clinic's own staff may set it higher"
_WORDS = f"{_TABLE}: the tier that the phrase of the list suggests"
_THEIR_OWN = f"{_TABLE}: how soon the person says somebody should come"
_DECIDED = f"{_TABLE}: the tier that the clinic itself decided on, with its source"
_FAIL_SAFE = f"{_TABLE}: a person who says they are not safe is met as if in immediate danger"

TRIGGERS = (
    Trigger("self_harm_thoughts", 1, 1, f"{_TABLE}: PHQ-9 item 9 at 1, several days", "design"),
    Trigger("self_harm_thoughts", 2, 2, f"{_TABLE}: PHQ-9 item 9 at 2 or more", "design"),
    Trigger("self_harm_thoughts", 3, 2, f"{_TABLE}: PHQ-9 item 9 at 2 or more", "design"),
    Trigger("safe_now", "not_sure", 2, f"{_TABLE}: unsure of one's own safety is met the same day", "design"),
    Trigger("safe_now", "no", 4, _FAIL_SAFE, "design"),
    Trigger("suicide_screen", "low", 1, f"{_TABLE}: screen low", "design"),
    Trigger("suicide_screen", "moderate", 2, f"{_TABLE}: screen moderate", "design"),
    Trigger("suicide_screen", "high", 3, f"{_TABLE}: screen high", "design"),
    Trigger("suicide_screen", "imminent", 4, f"{_TABLE}: acute positive, or means with intent", "design"),
    Trigger("worse_and_missing", "yes", 2, f"{_TABLE}: deterioration together with a no-show", "design"),
    Trigger("line_lost", "with_open_case", 3, f"{_TABLE}: dropped out of a live group while a case is open", "design"),
    Trigger("left_site", "with_open_case", 3, f"{_TABLE}: left the site while a high case is open", "design"),
    Trigger("missed_session", "moderate_risk", 2, f"{_TABLE}: a no-show with open risk", "design"),
    Trigger("missed_session", "high_risk", 3, f"{_TABLE}: a no-show with open high risk", "design"),
    Trigger("words_found", 1, 1, _WORDS, "design"),
    Trigger("words_found", 2, 2, _WORDS, "design"),
    Trigger("words_found", 3, 3, _WORDS, "design"),
    Trigger("words_found", 4, 4, _WORDS, "design"),
    Trigger("something_wrong", 1, 1, _THEIR_OWN, "design"),
    Trigger("something_wrong", 2, 2, _THEIR_OWN, "design"),
    Trigger("something_wrong", 3, 3, _THEIR_OWN, "design"),
    Trigger("something_wrong", 4, 4, _THEIR_OWN, "design"),
    Trigger("harmed_at_home", "rather_not_say", 1, f"{_TABLE}: asked about in person, the same day", "design"),
    Trigger("harmed_at_home", "yes", 2, f"{_TABLE}: within hours, in the way the person says is safe", "design"),
    Trigger("self_harm_today", "wanted", 2, f"{_TABLE}: urges to hurt oneself are met the same day", "design"),
    Trigger("self_harm_today", "did", 3, f"{_TABLE}: hurt oneself since yesterday", "design"),
    Trigger("harmed_at_home", "seen_by_staff", 1, f"{_TABLE}: asked about alone and in person, the same day", "design"),
    Trigger("observed", "intoxicated", 2, f"{_TABLE}: seems intoxicated, met before they drive or are alone", "design"),
    Trigger("observed", "means_in_sight", 3, f"{_TABLE}: means within reach", "design"),
    Trigger("observed", "self_harm_marks", 3, f"{_TABLE}: as hurt oneself since yesterday", "design"),
    Trigger("observed", "confused", 3, f"{_TABLE}: does not know where they are: a medical question now", "design"),
    Trigger("observed", "hard_to_wake", 4, f"{_TABLE}: cannot be kept awake: an emergency", "design"),
    Trigger("withdrawal", "signs", 2, f"{_TABLE}: signs of withdrawal, met the same day", "design"),
    Trigger("withdrawal", "severe", 3, f"{_TABLE}: withdrawal with confusion or seeing things", "design"),
    Trigger("withdrawal", "seizure", 4, f"{_TABLE}: a seizure: an emergency", "design"),
    Trigger("overdose", "seen", 3, f"{_TABLE}: overdose, seen by medical help since", "design"),
    Trigger("overdose", "not_seen", 4, f"{_TABLE}: overdose, not known to be seen by medical help", "design"),
    Trigger("naloxone", "seen", 3, f"{_TABLE}: as an overdose", "design"),
    Trigger("naloxone", "not_seen", 4, f"{_TABLE}: as an overdose", "design"),
    Trigger("own_rule", 1, 1, _DECIDED, "design"),
    Trigger("own_rule", 2, 2, _DECIDED, "design"),
    Trigger("own_rule", 3, 3, _DECIDED, "design"),
    Trigger("own_rule", 4, 4, _DECIDED, "design"),
    Trigger("staff_concern", 1, 1, _OWN, "design"),
    Trigger("staff_concern", 2, 2, _OWN, "design"),
    Trigger("staff_concern", 3, 3, _OWN, "design"),
    Trigger("staff_concern", 4, 4, _OWN, "design"),
)

# The reasons that close a joint session until this person was asked alone again (safety/models/joint.py).
HARM = frozenset({"safe_now", "harmed_at_home"})

# Answers of the same reasons that raise nothing. Whatever is in neither list is a fault, not a "no".
QUIET = frozenset(
    {
        ("self_harm_thoughts", 0),
        ("safe_now", "yes"),
        ("suicide_screen", "none"),
        ("harmed_at_home", "no"),
        ("self_harm_today", "no"),
    }
)

DEADLINES: Mapping[int, Deadlines] = MappingProxyType(
    {
        1: Deadlines(1, 60, 480, 60, f"{_TABLE}: same day", "design"),
        2: Deadlines(2, 30, 240, 30, f"{_TABLE}: within 4 working hours", "design"),
        3: Deadlines(3, 15, 60, 10, f"{_TABLE}: acknowledged in 15 min, contact in 60 min", "design"),
        4: Deadlines(4, 2, 10, 2, f"{_TABLE}: now; two minutes so that a page unseen does not wait", "design"),
    }
)


class UnknownEvidence(ValueError):
    """No row says what this evidence means. The caller asked about something nobody has thought through."""


def tier_for(evidence: Iterable[Evidence], *, triggers: Iterable[Trigger] = TRIGGERS) -> int:
    """Return the highest tier that any of the evidence calls for, 1 to 4; 0 where none raises a flag.

    A corrected answer only adds evidence, so a tier never falls. Raises UnknownEvidence.
    """
    rows = {(row.reason, row.value): row.tier for row in triggers} | dict.fromkeys(QUIET, 0)
    tiers = [0]
    for piece in evidence:
        if piece not in rows:
            raise UnknownEvidence(f"no tier for {piece.reason} = {piece.value!r}")
        tiers.append(rows[piece])
    return max(tiers)


def route(
    *,
    live_with: Iterable[Hashable] = (),
    primary: Hashable | None = None,
    on_call: Iterable[Hashable] = (),
    second_on_call: Iterable[Hashable] = (),
    supervisors: Iterable[Hashable] = (),
    in_hours: bool,
) -> list[Rung]:
    """Return the ladder for one person now, lowest rung first. It is never empty.

    Whoever is with the person comes first. Then, in hours, the primary therapist; out of hours the therapist is at
    home and the clinician on call takes that place, then the second on call. Then supervisors; at the end everyone on
    the desk. Nobody stands on two rungs, and a rung without people is left out.
    """
    therapist = [primary] if primary is not None and in_hours else []
    asked: set[Hashable] = set()
    rungs = []
    for people, because in (
        (live_with, LIVE),
        (therapist, PRIMARY),
        (on_call, ON_CALL),
        (second_on_call, SECOND_ON_CALL),
        (supervisors, SUPERVISOR),
    ):
        new = tuple(dict.fromkeys(person for person in people if person not in asked))
        asked.update(new)
        if new:
            rungs.append(Rung(new, because))
    return [*rungs, Rung((), EVERYONE_ON_THE_DESK, everyone=True)]


def place_of(because: str, rungs: Sequence[Rung], *, order: Sequence[str] = ORDER) -> int:
    """Return which rung of the ladder as it stands now an earlier page for this reason has used up; -1 for none.

    The ladder is drawn anew at each look: whoever was live with the person has gone home, a shift has changed, the
    clinic has closed. A page counts against what has taken its place, so that nobody above it is ever left out.
    `order` is the clinic's plan of this moment. A page for a reason that it does not know is placed as a clinic that
    has set no plan would place it, at the lowest: somebody may be asked twice, nobody is skipped.
    """
    order = order if because in order else ORDER
    if because not in order:
        return -1
    used = [rung for rung in rungs if rung.because in order and order.index(rung.because) <= order.index(because)]
    return min(len(used), _unbroken(rungs, used)) - 1


def _unbroken(rungs: Sequence[Rung], used: Sequence[Rung]) -> int:
    """How many rungs from the bottom were used up without a gap."""
    return next((place for place, rung in enumerate(rungs) if rung not in used), len(rungs))


def deadlines_for(tier: int, own: Mapping[str, Mapping[str, object]]) -> Deadlines:
    """Return the deadlines of a tier, with the clinic's own minutes in place: {"3": {"contact_minutes": 45}}.

    Whatever is not a whole number of at least one minute is passed over: a slip in the settings must not stop a page.
    """
    begun_with, wanted = DEADLINES[tier], own.get(str(tier))
    if not isinstance(wanted, Mapping):
        return begun_with
    found = begun_with._replace(
        acknowledge_minutes=_minutes(wanted.get("acknowledge_minutes"), begun_with.acknowledge_minutes),
        contact_minutes=_minutes(wanted.get("contact_minutes"), begun_with.contact_minutes),
        repeat_minutes=_minutes(wanted.get("repeat_minutes"), begun_with.repeat_minutes),
    )
    return found if found == begun_with else found._replace(source="the clinic's own setting")


def _minutes(wanted: object, otherwise: int) -> int:
    is_a_number = isinstance(wanted, int) and not isinstance(wanted, bool)
    return wanted if is_a_number and wanted >= 1 else otherwise  # type: ignore[return-value,operator]


def clocks_start_at(flags: Sequence[tuple[datetime, int]], *, contacts: Iterable[datetime] = ()) -> datetime:
    """Return when the clocks of a case started: with the latest evidence that nobody has answered yet.

    That is the first flag, any flag of a higher tier than all before it, and any flag after contact was made.
    More of the same while somebody is on it starts nothing anew. `flags` are (at, tier); raises ValueError if none.
    """
    if not flags:
        raise ValueError("a case without a flag has no clock")
    reached = sorted(contacts)
    ordered = sorted(flags)
    since, highest = ordered[0]
    for at, tier in ordered[1:]:
        if tier > highest or any(since <= contact < at for contact in reached):
            since = at
        highest = max(highest, tier)
    return since


def next_step(case: Case, *, at: datetime, deadlines: Deadlines) -> Step:
    """Return what is to be done about the case now. Asking twice in the same state gives the same answer.

    Unacknowledged, each expiry of the first clock climbs one rung; the last rung is paged again every
    `repeat_minutes`. An acknowledgement stops the paging until contact is due; if contact was not made by then, paging
    opens again one rung higher, and a later acknowledgement buys one more such time, never a silence without end.
    """
    if case.closed_at is not None or _reached(case):
        return Step("rest")
    contact_due_at = case.since + timedelta(minutes=deadlines.contact_minutes)
    acknowledged_at = max((moment for moment in case.acknowledged if moment >= case.since), default=None)
    opened_at = case.since
    if acknowledged_at is not None:
        opened_at = _held_until(case, acknowledged_at, deadlines)
        if at < opened_at:
            return Step("wait", next_at=opened_at, contact_due_at=contact_due_at)
    return _page_or_wait(case, opened_at=opened_at, at=at, deadlines=deadlines)._replace(contact_due_at=contact_due_at)


def told_to_patient(
    case: Case, *, at: datetime, deadlines: Deadlines
) -> Literal["sent", "somebody_has_it", "nobody_yet"]:
    """Return which of three true things the person is told. Help lines are shown beside all three."""
    if _reached(case):
        return "somebody_has_it"
    acknowledged_at = max((moment for moment in case.acknowledged if moment >= case.since), default=None)
    if acknowledged_at is not None:
        return "somebody_has_it" if at < _held_until(case, acknowledged_at, deadlines) else "nobody_yet"
    return "sent" if at < case.since + timedelta(minutes=deadlines.acknowledge_minutes) else "nobody_yet"


def held_until(
    acknowledged_at: datetime, *, since: datetime, contact_minutes: int, tries_again_at: datetime | None = None
) -> datetime:
    """Return how long an acknowledgement holds without contact made: until contact is due, or once more as long.

    A time that somebody set (`tries_again_at`) brings the second nearer, never further away.
    """
    contact_due_at = since + timedelta(minutes=contact_minutes)
    if acknowledged_at < contact_due_at:
        return contact_due_at
    reopens_at = acknowledged_at + timedelta(minutes=contact_minutes)
    return min(reopens_at, tries_again_at) if tries_again_at and tries_again_at > acknowledged_at else reopens_at


def why_not_close(
    *, by_clinician: bool, contact_made: bool, disposition: str = "", somebody_stays: bool = False
) -> tuple[str, ...]:
    """Return the reasons, as keys of sentences, why a case may not be closed; empty when it may.

    `somebody_stays`: is somebody of the staff still named to stay with the person?
    """
    refusals = []
    if not by_clinician:
        refusals.append(CLOSING_NEEDS_A_CLINICIAN)
    if not contact_made and not disposition.strip():
        refusals.append(CLOSING_NEEDS_CONTACT_OR_DISPOSITION)
    if somebody_stays:
        refusals.append(CLOSING_ENDS_THE_ONE_TO_ONE_FIRST)
    return tuple(refusals)


def may_close(*, by_clinician: bool, contact_made: bool, disposition: str = "") -> bool:
    """Return whether a case may be closed: by a clinician, after contact or with a recorded disposition."""
    return not why_not_close(by_clinician=by_clinician, contact_made=contact_made, disposition=disposition)


def _reached(case: Case) -> bool:
    return any(contact >= case.since for contact in case.contacts)


def _held_until(case: Case, acknowledged_at: datetime, deadlines: Deadlines) -> datetime:
    return held_until(
        acknowledged_at,
        since=case.since,
        contact_minutes=deadlines.contact_minutes,
        tries_again_at=case.tries_again_at,
    )


def _page_or_wait(case: Case, *, opened_at: datetime, at: datetime, deadlines: Deadlines) -> Step:
    last = len(case.rungs) - 1
    before = [page for page in case.paged if case.since <= page.at]
    highest = max((page.rung for page in before), default=-1)
    this_time = [page for page in before if page.at >= opened_at]
    if not this_time:
        return _page(min(highest + 1, last), rungs=case.rungs, at=at, deadlines=deadlines)
    latest = max(this_time, key=lambda page: page.at)
    climbs_at = latest.at + _patience(latest.rung, rungs=case.rungs, deadlines=deadlines)
    if at < climbs_at:
        return Step("wait", next_at=climbs_at)
    return _page(min(latest.rung + 1, last), rungs=case.rungs, at=at, deadlines=deadlines)


def _page(rung: int, *, rungs: Sequence[Rung], at: datetime, deadlines: Deadlines) -> Step:
    return Step("page", rung=rung, next_at=at + _patience(rung, rungs=rungs, deadlines=deadlines))


def _patience(rung: int, *, rungs: Sequence[Rung], deadlines: Deadlines) -> timedelta:
    if rung >= len(rungs) - 1:
        return timedelta(minutes=deadlines.repeat_minutes)
    # A page to a rung that is no longer there (-1) waits as the tier does.
    own = timedelta(minutes=rungs[rung].minutes, seconds=rungs[rung].seconds) if rung >= 0 else timedelta()
    return own or timedelta(minutes=deadlines.acknowledge_minutes)

"""Who was there: evidence comes in, minutes come out.

`note` writes one sign of presence; the room calls it for every beat, so it is one INSERT. `arrival` and `departure`
are what a kiosk, the front desk or a colleague says. `close` counts the minutes of every block and what the evening was
for each person; it may count again until the note is signed. The rules themselves are in `attendance`, pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Device, Person, Site
from openiop.safety.models import Whereabouts
from openiop.schedule import attendance, stillness
from openiop.schedule.models import Block, BlockMinutes, CareSession, Correction, Evidence, OneDevice, RosterEntry
from openiop.schedule.stillness import StillQuestion

AROUND = timedelta(hours=2)
# Kiosk, front desk and colleagues speak of one and the same coming and going, so that one may end what another began.
AT_THE_SITE = "site"

Place = Literal["virtual", "on_site"]


class OutsideTheSession(ValueError):
    """Evidence from long before or after the session; the text says so in words for staff."""


class NotYet(Exception):
    """The session cannot be closed now; the text says why in words for staff."""


class NoMinutes(ValueError):
    """A correction that cannot be; the text says why in words for staff."""


# --- evidence comes in ---


def note(
    session: CareSession,
    patient: Person,
    *,
    kind: Literal["in", "beat", "out"],
    source: attendance.Source,
    connection: str,
    place: Place,
    at: datetime,
    by: Person | None = None,
    device: Device | None = None,
    treatment: bool = True,
) -> Evidence | None:
    """Write one sign of presence. Beats are one INSERT; coming and going also wakes the open pages.

    A device that goes without having come proves nothing, so nothing is written and the answer is None.
    Raises OutsideTheSession for anything more than two hours before the session or after it.
    """
    if not session.begins_at - AROUND <= at <= session.ends_at + AROUND:
        raise OutsideTheSession(_("This session is not within two hours of now."))
    if kind == "out" and source in attendance.PROVED_BY_BEATS and not _came(session, patient, source, connection):
        return None
    evidence = Evidence.objects.create(
        clinic_id=session.clinic_id,
        session=session,
        patient=patient,
        at=at,
        kind=kind,
        source=source,
        connection=connection,
        place=place,
        treatment=treatment,
        by=by,
        device=device,
    )
    if kind != "beat":
        wake(f"session.{session.pk}")
        wake(f"desk.{session.clinic_id}")
    return evidence


def _came(session: CareSession, patient: Person, source: str, connection: str) -> bool:
    return Evidence.objects.filter(
        session=session, patient=patient, source=source, connection=connection, kind__in=("in", "beat")
    ).exists()


@transaction.atomic
def arrival(
    session: CareSession,
    patient: Person,
    *,
    source: Literal["kiosk", "desk", "hand"],
    at: datetime,
    by: Person | None = None,
    device: Device | None = None,
) -> Evidence | None:
    """`patient` is on site: evidence for the minutes, and where they are now. Raises OutsideTheSession."""
    evidence = note(
        session, patient, kind="in", source=source, connection=AT_THE_SITE, place="on_site", at=at, by=by, device=device
    )
    _tell_where(patient, site=_site_of(session, device), source=source, at=at, on_site=True)
    trail.record("arrival.note", patient=patient, thing=session, source=source)
    return evidence


@transaction.atomic
def departure(
    session: CareSession,
    patient: Person,
    *,
    source: Literal["kiosk", "desk", "hand"],
    at: datetime,
    by: Person | None = None,
    device: Device | None = None,
) -> Evidence | None:
    """`patient` leaves the site; from here on they are elsewhere, we do not know where. Raises OutsideTheSession."""
    evidence = note(
        session,
        patient,
        kind="out",
        source=source,
        connection=AT_THE_SITE,
        place="on_site",
        at=at,
        by=by,
        device=device,
    )
    _tell_where(patient, site=None, source=source, at=at, on_site=False)
    trail.record("departure.note", patient=patient, thing=session, source=source)
    return evidence


@transaction.atomic
def take_back(session: CareSession, patient: Person, *, by: Person, at: datetime) -> bool:
    """Undo the last thing said about coming or going: its opposite is added right after it, nothing is removed.

    Returns False when there is nothing to undo.
    """
    last = _last_said(session, patient)
    if last is None:
        return False
    opposite: Literal["in", "out"] = "in" if last.kind == "out" else "out"
    # A microsecond later: the order stays certain, and the stay is too short to be one.
    right_after = last.at + timedelta(microseconds=1)
    note(
        session,
        patient,
        kind=opposite,
        source="desk",
        connection=AT_THE_SITE,
        place="on_site",
        at=right_after,
        by=by,
    )
    site = _site_of(session, None) if opposite == "in" else None
    _tell_where(patient, site=site, source="desk", at=at, on_site=opposite == "in")
    trail.record("arrival.take-back", patient=patient, thing=session)
    return True


def _tell_where(patient: Person, *, site: Site | None, source: str, at: datetime, on_site: bool) -> None:
    """Whoever has to find this person in an emergency looks here first."""
    Whereabouts.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        told_at=at,
        place="on_site" if on_site else "virtual",
        site=site,
        address=site.address if site else "",
        state=site.state if site else "",
        source=source,
    )


def stands_at(site: Site | None, patient: Person, *, at: datetime) -> None:
    """`patient` stands before a device of this site; told only where something else was said last. No minutes."""
    last = Whereabouts.latest(patient.pk, at=at)
    if site is None or (last and (last.place, last.site_id) == ("on_site", site.pk)):
        return
    _tell_where(patient, site=site, source="kiosk", at=at, on_site=True)


def said_to_be_here(session: CareSession, patient: Person) -> bool:
    """Is the last thing said by kiosk, desk or hand that this person came?"""
    last = _last_said(session, patient)
    return last is not None and last.kind != "out"


def _last_said(session: CareSession, patient: Person) -> Evidence | None:
    said = Evidence.objects.filter(session=session, patient=patient, source__in=("kiosk", "desk", "hand"))
    return said.order_by("-at", "-pk").first()


def _site_of(session: CareSession, device: Device | None) -> Site | None:
    if device is not None:
        return device.site
    return session.room.site if session.room else None


# --- minutes come out ---


@dataclass
class Presence:
    """One person in one session, as the evidence tells it up to a moment. `fault`: it contradicts itself."""

    patient_id: UUID
    stays: list[attendance.Stay] = field(default_factory=list)
    treated: list[attendance.Stay] = field(default_factory=list)
    questions: list[attendance.Question] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    is_here: bool = False
    here_as: str = ""
    fault: str = ""

    @property
    def counted(self) -> list[attendance.Stay]:
        """What was treatment, without what unanswered questions take where the clinic counts them."""
        return attendance.without_stillness(self.treated, questions=self.questions)

    @property
    def came(self) -> bool:
        """Were they here at all? An arrival that was taken back is none."""
        return self.is_here or bool(self.fault) or any(map(_lasted, self.stays))


def _lasted(stay: attendance.Stay) -> bool:
    """An arrival that was taken back leaves a stay of next to nothing, which is none."""
    return stay.left_at - stay.joined_at >= timedelta(seconds=1)


def presence_in(sessions: Iterable[CareSession], *, at: datetime | None = None) -> dict[tuple[UUID, UUID], Presence]:
    """Return everybody who was seen, by (session, patient), up to `at` or, without it, to each session's end.

    One query, whatever the number of sessions, and one more where *still with us?* may take minutes of one of them.
    A person who is still in the chair is counted up to `at`. Where two patients share a device, what devices say is
    seen and not counted (`OneDevice`).
    """
    by_id = {session.pk: session for session in sessions}
    found: dict[tuple[UUID, UUID], list[tuple[attendance.Evidence, bool]]] = defaultdict(list)
    rows = Evidence.objects.filter(session__in=by_id).order_by("at", "pk")
    if at is not None:
        rows = rows.filter(at__lte=at)
    rows = rows.annotate(
        shared=Exists(OneDevice.objects.filter(session=OuterRef("session_id"))),
        asked=Exists(StillQuestion.objects.filter(session=OuterRef("session_id"), counts=True)),
    )
    signs: Any = rows.values_list(
        "session_id", "patient_id", "treatment", "shared", "asked", *attendance.Evidence._fields
    )
    were_asked = set()
    for session_id, patient_id, treatment, shared, asked, *seen in signs:
        if asked:
            were_asked.add(session_id)
        sign = attendance.Evidence(*seen)
        counts = treatment and not (shared and sign.source in attendance.PROVED_BY_BEATS)
        found[session_id, patient_id].append((sign, counts))
    questions = stillness.that_count(were_asked) if were_asked else {}
    return {
        (session_id, patient_id): _presence(
            patient_id, seen, questions.get((session_id, patient_id), []), session=by_id[session_id], at=at
        )
        for (session_id, patient_id), seen in found.items()
    }


def _presence(
    patient_id: UUID,
    seen: list[tuple[attendance.Evidence, bool]],
    questions: list[attendance.Question],
    *,
    session: CareSession,
    at: datetime | None,
) -> Presence:
    closes_at = session.ends_at if at is None else min(at, session.ends_at)
    presence = Presence(patient_id, sources={record.source for record, _treatment in seen}, questions=questions)
    try:
        presence.stays = attendance.stays((record for record, _treatment in seen), closes_at=closes_at)
        presence.treated = attendance.stays(_treatment_only(seen), closes_at=closes_at)
    except attendance.RecordingFault as fault:
        presence.fault = str(fault)
    if at is not None:
        here = [stay for stay in _open_stays(seen, at=at)]
        presence.is_here = bool(here)
        presence.here_as = here[-1].place if here else ""
    return presence


def _treatment_only(seen: list[tuple[attendance.Evidence, bool]]) -> list[attendance.Evidence]:
    """Leave out contact without treatment; going ends whichever of the two it was before."""
    was_treatment: dict[tuple[str, str], bool] = {}
    kept = []
    for record, treatment in seen:
        device = (record.source, record.connection)
        if record.kind == "out":
            treatment = was_treatment.get(device, treatment)
        was_treatment[device] = treatment
        if treatment:
            kept.append(record)
    return kept


def _open_stays(seen: list[tuple[attendance.Evidence, bool]], *, at: datetime) -> list[attendance.Evidence]:
    """The last sign of each device that is still there: it said so within a minute, or nobody said that it left."""
    last: dict[tuple[str, str], attendance.Evidence] = {}
    for record, _treatment in seen:
        said = record.source if record.source in attendance.PROVED_BY_BEATS else "said"
        last[said, record.connection] = record
    return [
        record
        for (said, _connection), record in last.items()
        if record.kind != "out" and (said == "said" or at - record.at <= attendance.GAP)
    ]


def seconds_by_block(session: CareSession, *, at: datetime | None = None) -> dict[UUID, dict[UUID, int]]:
    """Return {patient: {block: seconds}} from the evidence, up to `at` (to the end without it).

    Whoever's evidence contradicts itself is left out, and so are corrections: see `preview` for what would count.
    """
    blocks = blocks_of(session)
    return {
        patient_id: {block.pk: _seconds(presence.counted, block) for block in blocks}
        for (_session, patient_id), presence in presence_in([session], at=at).items()
        if not presence.fault
    }


def preview(session: CareSession, *, at: datetime) -> dict[tuple[UUID, UUID], tuple[int, str, bool]]:
    """Return {(roster entry, block): (seconds, place, treatment)} as `close` would count them at `at`."""
    entries = list(session.roster.all())
    counted = {}
    for entry, _seen, rows in _count(session, entries, at=at):
        for row in rows:
            counted[entry.pk, row.block_id] = (row.seconds, row.place, row.treatment)
    return counted


def blocks_of(session: CareSession) -> list[Block]:
    """Return the blocks in order, each knowing its session without another query."""
    blocks = list(session.blocks.order_by("n"))
    for block in blocks:
        block.session = session
    return blocks


def _seconds(stays: Iterable[attendance.Stay], block: Block) -> int:
    time = attendance.block_time(stays, begins_at=block.begins_at, ends_at=block.ends_at)
    return int(time // timedelta(seconds=1))


def _place(stays: Iterable[attendance.Stay], block: Block) -> str:
    """Where most of the time was spent; nothing for somebody who was not there."""
    listed = list(stays)
    times = {
        place: _seconds([stay for stay in listed if stay.place == place], block)
        for place in sorted({stay.place for stay in listed})
    }
    return max(times, key=lambda place: times[place]) if any(times.values()) else ""


# --- the session is closed ---


@dataclass
class Closing:
    """What closing did: how many were counted, and whom somebody has to look at, with the contradiction."""

    counted: int
    faults: Mapping[UUID, str]


@transaction.atomic
def close(session: CareSession, *, by: Any, at: datetime) -> Closing:
    """Count the minutes of every block and what the evening was for each person. Counting again changes nothing.

    Whoever's evidence contradicts itself is left uncounted (until corrected) and named in the answer; the others are
    counted all the same. Raises NotYet before the session begins or when it was cancelled.
    """
    session = CareSession.objects.select_for_update().select_related("clinic").get(pk=session.pk)
    if session.cancelled_at:
        raise NotYet(_("This session was cancelled; there is nothing to count."))
    if at < session.begins_at:
        raise NotYet(_("This session has not begun. Close it when it is over."))
    entries = list(session.roster.select_for_update(of=("self",)).all())
    faults, counted = {}, 0
    for entry, presence, rows in _count(session, entries, at=at):
        if presence is not None and presence.fault:
            faults[entry.patient_id] = presence.fault
        _save_minutes(rows)
        _save_status(entry, presence, rows, session=session)
        counted += bool(rows)
    if session.closed_at is None:
        session.closed_at = at
        session.save(update_fields=["closed_at"])
    trail.record("session.close", thing=session, counted=counted, faults=len(faults))
    wake(f"session.{session.pk}")
    wake(f"desk.{session.clinic_id}")
    return Closing(counted, faults)


def _count(
    session: CareSession, entries: list[RosterEntry], *, at: datetime
) -> list[tuple[RosterEntry, Presence | None, list[BlockMinutes]]]:
    """Minutes of each person, unsaved. Corrections win over the evidence, block by block."""
    blocks = blocks_of(session)
    present = presence_in([session], at=at)
    corrected = corrections_of(entries)
    counted = []
    for entry in entries:
        presence = present.get((session.pk, entry.patient_id))
        if entry.attested_at is None and (entry.stands or entry.status == "cancelled_late" or presence):
            rows = [minutes_of(entry, block, presence, corrected.get((entry.pk, block.pk)), at=at) for block in blocks]
            counted.append((entry, presence, [row for row in rows if row is not None]))
    return counted


def attest(entries: Iterable[RosterEntry], *, at: datetime) -> None:
    """A note with these people's minutes was signed: from now on they stand."""
    RosterEntry.objects.filter(pk__in=[entry.pk for entry in entries], attested_at=None).update(attested_at=at)


def corrections_of(entries: Iterable[RosterEntry]) -> dict[tuple[UUID, UUID], Correction]:
    """Return the correction in force, the newest, by (roster entry, block)."""
    rows = Correction.objects.filter(entry__in=list(entries)).select_related("by").order_by("at", "pk")
    return {(row.entry_id, row.block_id): row for row in rows}


def minutes_of(
    entry: RosterEntry, block: Block, presence: Presence | None, correction: Correction | None, *, at: datetime
) -> BlockMinutes | None:
    """Return the minutes of one person in one block, unsaved; None where contradicting evidence was not corrected."""
    faulty = presence is not None and bool(presence.fault)
    if correction is None and faulty:
        return None
    if presence is None or faulty:
        presence = Presence(entry.patient_id)
    seconds = _seconds(presence.counted, block)
    contact_only = not _seconds(presence.treated, block) and _seconds(presence.stays, block) > 0
    if correction is not None:
        seconds, contact_only = correction.seconds, False
    planned = "on_site" if entry.modality == "on_site" else "virtual"
    return BlockMinutes(
        clinic_id=entry.clinic_id,
        entry=entry,
        patient_id=entry.patient_id,
        block=block,
        block_length=block.minutes,
        seconds=seconds,
        place=_place(presence.stays, block) or (planned if seconds else ""),
        treatment=not contact_only,
        counted_at=at,
    )


def _save_minutes(rows: list[BlockMinutes]) -> None:
    BlockMinutes.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["entry", "block"],
        update_fields=["block_length", "seconds", "place", "treatment", "counted_at"],
    )


def _save_status(
    entry: RosterEntry, presence: Presence | None, rows: list[BlockMinutes], *, session: CareSession
) -> None:
    word = _status(entry, presence, rows, session=session)
    if word != entry.status:
        entry.status = word
        entry.save(update_fields=["status"])


def _status(entry: RosterEntry, presence: Presence | None, rows: list[BlockMinutes], *, session: CareSession) -> str:
    """The evening in one word; a correction that says otherwise about being there at all wins."""
    if presence is not None and presence.fault and not rows:
        return ""
    found = attendance.status(
        presence.stays if presence and not presence.fault else [],
        begins_at=session.begins_at,
        ends_at=session.ends_at,
        late_after_minutes=session.clinic.late_after_minutes,
        left_early_minutes=session.clinic.left_early_minutes,
        cancelled_late=_cancelled_late(entry),
    )
    was_there = any(row.seconds for row in rows)
    if found.word in ("absent", "cancelled_late"):
        return "attended" if was_there else found.word
    return found.word if was_there or (presence is not None and _had_contact_only(presence)) else "absent"


def _had_contact_only(presence: Presence) -> bool:
    """Was this person with staff, but never treated?"""
    return any(map(_lasted, presence.stays)) and not any(map(_lasted, presence.treated))


def _cancelled_late(entry: RosterEntry) -> Literal["excused", "unexcused"] | None:
    if entry.status != "cancelled_late":
        return None
    return "excused" if entry.excused else "unexcused"


@transaction.atomic
def correct(entry: RosterEntry, block: Block, *, seconds: int, reason: str, by: Person, at: datetime) -> Correction:
    """Say how long this person was there in one block, and why; the evidence stays. A closed session counts again.

    Raises NoMinutes for more than the block lasts, without a reason, or when a note with these minutes was signed.
    """
    if entry.attested_at is not None:
        raise NoMinutes(_("The note with these minutes is signed. Please add to the note instead."))
    if not 0 <= seconds <= block.minutes * 60:
        raise NoMinutes(_("Nobody can be there longer than the block lasts."))
    if not reason.strip():
        raise NoMinutes(_("Please say why, so that others can follow it."))
    correction = Correction.objects.create(
        clinic_id=entry.clinic_id,
        entry=entry,
        patient_id=entry.patient_id,
        block=block,
        block_length=block.minutes,
        seconds=seconds,
        reason=reason.strip(),
        by=by,
        at=at,
    )
    trail.record("minutes.correct", patient=entry.patient_id, thing=entry, block=block.n, seconds=seconds)
    if entry.session.closed_at:
        close(entry.session, by=by, at=at)
    return correction


def who_is_here(session: CareSession, *, at: datetime) -> dict[UUID, Presence]:
    """Return who was seen in the session up to `at`, by patient."""
    return {patient: presence for (_session, patient), presence in presence_in([session], at=at).items()}


def place_word(place: str) -> Any:
    """How a place is said: "from home" or "on site"."""
    return dict(cast(Any, Evidence._meta.get_field("place")).choices).get(place, "")

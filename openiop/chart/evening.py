"""What the record itself knows of an evening: who was expected, for how long they were there, how and where.

Reads schedule and safety, writes nothing. Signing freezes what `of` returns (see `signing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from openiop.lib.intervals import clip
from openiop.people import access
from openiop.people.models import Person
from openiop.safety.models import Whereabouts
from openiop.schedule import presence
from openiop.schedule.attendance import whole_minutes
from openiop.schedule.models import Block, BlockMinutes, CareSession, OutreachCall, RosterEntry


@dataclass(frozen=True)
class Stretch:
    """One block as one person had it. Where it was contact only (no licence in their state), `treatment` is False,
    no second counts, and `place` says that they were there.
    """

    block: Block
    seconds: int
    place: str
    treatment: bool

    @property
    def minutes(self) -> int:
        """Whole minutes, rounded down."""
        return whole_minutes(timedelta(seconds=self.seconds))


@dataclass
class Expected:
    """One person on the roster, and what the record knows about their evening."""

    entry: RosterEntry
    stretches: list[Stretch] = field(default_factory=list)
    came_at: datetime | None = None
    went_at: datetime | None = None
    identity: str = ""
    location: str = ""
    state: str = ""
    fault: str = ""
    calls: list[OutreachCall] = field(default_factory=list)

    @property
    def patient(self) -> Person:
        return self.entry.patient

    @property
    def was_here(self) -> bool:
        return any(stretch.place for stretch in self.stretches)

    @property
    def minutes(self) -> int:
        """Whole minutes in the blocks that count, rounded down once."""
        counted = sum(stretch.seconds for stretch in self.stretches if stretch.block.counts)
        return whole_minutes(timedelta(seconds=counted))

    @property
    def contact_only(self) -> bool:
        """Was everything they had contact, not treatment?"""
        return self.was_here and not any(stretch.treatment for stretch in self.stretches if stretch.place)

    @property
    def modality(self) -> str | None:
        """on_site or virtual_video; a person who was both counts as virtual, which asks for more. None: not here."""
        places = {stretch.place for stretch in self.stretches if stretch.place}
        if not places:
            return None
        return "on_site" if places == {"on_site"} else "virtual_video"

    @property
    def counted(self) -> list[Stretch]:
        return [stretch for stretch in self.stretches if stretch.block.counts]


def of(session: CareSession, *, person: Person, at: datetime) -> list[Expected]:
    """Return everybody expected whose record `person` may open, in order of name."""
    entries = (
        session.roster.filter(access.about(person, "patient_id", at=at))
        .exclude(stands=False, status="")
        .select_related("patient")
        .order_by("patient__called", "patient__family_name", "pk")
    )
    found = {entry.pk: Expected(entry) for entry in entries}
    by_patient = {expected.entry.patient_id: expected for expected in found.values()}
    _fill_stretches(session, found, at=at)
    _fill_times(session, by_patient, at=at)
    _fill_places(session, by_patient, at=at)
    for call in OutreachCall.objects.filter(entry__in=found).select_related("by").order_by("at"):
        found[call.entry_id].calls.append(call)
    return list(found.values())


def frozen(expected: Expected, session: CareSession) -> dict[str, Any]:
    """Return what the signature attests, as plain values: UTC times in ISO 8601, whole seconds by block."""
    return {
        "on": session.begins_on.isoformat(),
        "session": session.name,
        "zone": session.zone,
        "scheduled_begins_at": session.begins_at.isoformat(),
        "scheduled_ends_at": session.ends_at.isoformat(),
        "actual_begins_at": expected.came_at.isoformat() if expected.came_at else None,
        "actual_ends_at": expected.went_at.isoformat() if expected.went_at else None,
        "minutes": expected.minutes,
        "modality": expected.modality,
        "identity": expected.identity,
        "location": expected.location,
        "state": expected.state,
        "contact_only": expected.contact_only,
        "blocks": [
            {
                "n": stretch.block.n,
                "kind": stretch.block.kind,
                "title": stretch.block.title,
                "counts": stretch.block.counts,
                "seconds": stretch.seconds,
                "place": stretch.place,
                "treatment": stretch.treatment,
            }
            for stretch in expected.stretches
        ],
    }


def clinicians_place(session: CareSession) -> str:
    """Where the session's staff most likely are: its room. Empty for a session without one."""
    if session.room is None:
        return ""
    site = session.room.site
    return f"{session.room.name}, {site.name}, {site.address}, {site.state}"


def _fill_stretches(session: CareSession, found: Mapping[UUID, Expected], *, at: datetime) -> None:
    """Seconds by block: as counted when the session was closed, else as closing it now would count them."""
    counted = _counted(found) if session.closed_at else presence.preview(session, at=at)
    for block in presence.blocks_of(session):
        for expected in found.values():
            expected.stretches.append(Stretch(block, *counted.get((expected.entry.pk, block.pk), (0, "", True))))


def _counted(found: Mapping[UUID, Expected]) -> dict[tuple[UUID, UUID], tuple[int, str, bool]]:
    rows = BlockMinutes.objects.filter(entry__in=found)
    return {(row.entry_id, row.block_id): (row.seconds, row.place, row.treatment) for row in rows}


def _fill_times(session: CareSession, by_patient: Mapping[UUID, Expected], *, at: datetime) -> None:
    """When each person came and went, cut to the session, and how we know that it was they."""
    seen = presence.presence_in([session], at=at if at < session.ends_at else None)
    for patient_id, expected in by_patient.items():
        found = seen.get((session.pk, patient_id))
        inside = clip(
            ((stay.joined_at, stay.left_at) for stay in found.stays) if found else (),
            begins_at=session.begins_at,
            ends_at=session.ends_at,
        )
        if inside:
            expected.came_at = min(span.begins_at for span in inside)
            expected.went_at = max(span.ends_at for span in inside)
        elif expected.was_here:
            # Counted by a correction alone: the blocks it names are all that is known.
            attended = [stretch.block for stretch in expected.stretches if stretch.seconds]
            expected.came_at, expected.went_at = attended[0].begins_at, attended[-1].ends_at
        expected.identity = identity_from(found.sources if found else (), was_here=expected.was_here)
        expected.fault = found.fault if found and not expected.was_here else ""


def identity_from(sources: Iterable[str], *, was_here: bool) -> str:
    """Say how we know who it was; empty when nobody was seen."""
    said = set(sources)
    if said & {"room", "media"}:
        return "signed in, admitted by staff"
    if "kiosk" in said:
        return "own code at the kiosk, seen by staff"
    return "seen by staff" if said or was_here else ""


def _fill_places(session: CareSession, by_patient: Mapping[UUID, Expected], *, at: datetime) -> None:
    """Where each person last said to be on that evening, as `Whereabouts.latest` would say at the session's end."""
    told = (
        Whereabouts.objects.filter(
            patient__in=by_patient,
            told_at__gt=session.begins_at - timedelta(hours=12),
            told_at__lte=min(at, session.ends_at),
        )
        .select_related("site")
        .order_by("told_at")
    )
    for where in told:
        expected = by_patient[where.patient_id]
        site = where.site
        expected.location = where.address or (f"{site.name}, {site.address}" if site else "")
        expected.state = where.state or (site.state if site else "")

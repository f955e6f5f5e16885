"""Two people write one note: nothing typed is lost, and nobody's words are overwritten unseen.

Every open page has a name of its own, the *sheet*, and says with each part which words it had found there and which
it had shown (more, where the record fills a blank). A part is written when this sheet wrote it last, or when it still
holds the words that the sheet found. Otherwise somebody else changed it meanwhile: what the page merely repeats is
left alone, and what it changed is kept beside the part until its writer decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from openiop.audit import trail
from openiop.chart import evening
from openiop.chart.models import Goal, GroupNote, NotePart, Sheet
from openiop.people.models import Person
from openiop.schedule.models import CareSession

GROUP_FIELDS = ("topic", "intervention", "present", "place", "name_override")
PART_FIELDS = (
    "risk", "response", "participation", "affect", "goal", "progress", "next_step", "location", "name_override",
)  # fmt: skip
# The group part's key among the parts; every other key is a roster entry's id.
GROUP = "group"

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """One part as a page sent it: its words, and the digests of those the page had found and had shown."""

    texts: Texts
    found: str
    shown: str


@dataclass
class Saved:
    """What became of the parts sent: keys written, kept beside because another had written, and already signed."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)


def digest(texts: Texts) -> str:
    """Return a short fingerprint of a part's words; line ends and outer blanks make no difference."""
    return hashlib.sha256(json.dumps(clean(texts), sort_keys=True).encode()).hexdigest()[:24]


def clean(texts: Texts) -> dict[str, str]:
    """Return the words as they are stored: browsers send CR LF, and a trailing blank means nothing."""
    return {name: str(value or "").replace("\r\n", "\n").strip() for name, value in texts.items()}


def texts_of(row: GroupNote | NotePart | None, *, fields: tuple[str, ...]) -> dict[str, str]:
    """Return a part's words as plain text; blanks for one that nobody has begun."""
    if row is None:
        return dict.fromkeys(fields, "")
    values = {name: getattr(row, "goal_id" if name == "goal" else name) for name in fields}
    return {name: "" if value is None else str(value) for name, value in values.items()}


@transaction.atomic
def save(session: CareSession, *, sheet: UUID, sent: Mapping[str, Sent], by: Person, at: datetime) -> Saved:
    """Write what this sheet changed, keep what it may not write over, and leave alone what it merely repeats."""
    note = open_note(session, by=by, at=at)
    rows = _rows(note)
    before = {_key(state): state for state in Sheet.objects.filter(note=note, sheet=sheet)}
    saved = Saved()
    for key, part in sent.items():
        texts, row = clean(part.texts), rows.get(key)
        stored = clean(texts_of(row, fields=tuple(texts)))
        earlier = before.get(key)
        if texts == stored or (earlier is not None and texts == earlier.texts):
            continue
        is_mine = row is None or row.sheet == sheet or digest(stored) == part.found
        if not is_mine and earlier is None and digest(texts) == part.shown:
            continue
        if row is not None and row.signed_at is not None:
            _remember(note, key, sheet=sheet, texts=texts, kept=True, by=by, at=at)
            saved.signed.append(key)
            continue
        if is_mine:
            _write(note, key, row, texts, sheet=sheet, by=by, at=at)
        _remember(note, key, sheet=sheet, texts=texts, kept=not is_mine, by=by, at=at)
        (saved.written if is_mine else saved.kept).append(key)
    return saved


def open_note(session: CareSession, *, by: Person, at: datetime) -> GroupNote:
    """Return the session's note, begun if need be, with nobody else writing in it until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"note {session.pk}"])
    note = GroupNote.objects.filter(session=session).first()
    if note is not None:
        return note
    note = GroupNote.objects.create(
        clinic_id=session.clinic_id,
        session=session,
        author=by,
        edited_at=at,
    )
    trail.record("note.begin", thing=note)
    return note


@transaction.atomic
def settle(session: CareSession, kept: Sheet, *, mine: bool, by: Person, at: datetime) -> None:
    """The writer of kept words decides: theirs go into the note over the other's, or are dropped."""
    note = open_note(session, by=by, at=at)
    row = _rows(note).get(_key(kept))
    if mine and not (row is not None and row.signed_at):
        _write(note, _key(kept), row, kept.texts, sheet=kept.sheet, by=by, at=at)
    kept.kept = False
    kept.save(update_fields=["kept"])


@transaction.atomic
def fill(session: CareSession, words: Texts, *, by: Person, at: datetime) -> int:
    """Write `words` into every part of a person who was here where that field is still empty; returns how many.

    An act of the writer for all at once; risk and response are not among what it may fill. The goal is filled where
    the signed plan has just one.
    """
    note = open_note(session, by=by, at=at)
    wanted = {name: value for name, value in clean(words).items() if value and name in _FOR_EVERYBODY}
    if not wanted:
        return 0
    parts = {part.entry_id: part for part in note.parts.all()}
    present = [expected for expected in evening.of(session, person=by, at=at) if expected.was_here]
    goals = goals_by_patient([expected.entry.patient_id for expected in present])
    filled = 0
    for expected in present:
        part = parts.get(expected.entry.pk)
        if part is not None and part.signed_at:
            continue
        texts = texts_of(part, fields=PART_FIELDS)
        only = goals.get(expected.entry.patient_id, [])
        offered = wanted | ({"goal": str(only[0].pk)} if len(only) == 1 else {})
        empty = {name: value for name, value in offered.items() if not texts[name]}
        if empty:
            _write(note, str(expected.entry.pk), part, texts | empty, sheet=None, by=by, at=at)
            filled += 1
    return filled


_FOR_EVERYBODY = {"participation", "affect", "progress", "next_step"}


def goals_by_patient(patients: list[UUID]) -> dict[UUID, list[Goal]]:
    """Return the goals of each patient's newest signed plan."""
    rows = (
        Goal.objects.filter(patient__in=patients, plan__signed_at__isnull=False)
        .select_related("plan")
        .order_by("patient", "-plan__version", "n")
    )
    found: dict[UUID, list[Goal]] = {}
    for goal in rows:
        goals = found.setdefault(goal.patient_id, [])
        if not goals or goals[0].plan_id == goal.plan_id:
            goals.append(goal)
    return found


def _rows(note: GroupNote) -> dict[str, GroupNote | NotePart]:
    return {GROUP: note} | {str(part.entry_id): part for part in note.parts.select_related("edited_by")}


def _key(state: Sheet) -> str:
    return str(state.entry_id) if state.entry_id else GROUP


def _write(
    note: GroupNote,
    key: str,
    row: GroupNote | NotePart | None,
    texts: Texts,
    *,
    sheet: UUID | None,
    by: Person,
    at: datetime,
) -> None:
    if row is None:
        entry = note.session.roster.get(pk=key)
        row = NotePart(clinic_id=note.clinic_id, note=note, entry=entry, patient_id=entry.patient_id)
    for name, value in texts.items():
        _set(row, name, value)
    row.edited_at, row.edited_by, row.sheet = at, by, sheet
    row.save()
    trail.record("note.write", patient=getattr(row, "patient_id", None), thing=row)


def _set(row: GroupNote | NotePart, name: str, value: str) -> None:
    if name == "goal":
        row.goal_id = UUID(value) if value else None  # type: ignore[union-attr]
    elif name == "present":
        row.present = int(value) if value else None  # type: ignore[union-attr]
    else:
        setattr(row, name, value)


def _remember(
    note: GroupNote, key: str, *, sheet: UUID, texts: dict[str, str], kept: bool, by: Person, at: datetime
) -> None:
    Sheet.objects.update_or_create(
        note=note,
        sheet=sheet,
        entry_id=None if key == GROUP else UUID(key),
        defaults={"clinic_id": note.clinic_id, "by": by, "at": at, "texts": texts, "kept": kept},
    )


def kept_for(note: GroupNote, *, by: Person) -> dict[str, Sheet]:
    """Return what is kept for this writer, by part."""
    rows: Any = Sheet.objects.filter(note=note, by=by, kept=True).order_by("at")
    return {_key(state): state for state in rows}

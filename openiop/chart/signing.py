"""What is missing in a note, and the signature that freezes it.

One act signs every part that is complete and that the signer has before them; what is not complete stays open and
says why. The signature attests the minutes, so attendance is counted first. Required elements: `requirements`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.chart import evening, requirements, writing
from openiop.chart.models import RAISES_CONCERN, Addendum, GroupNote, NotePart
from openiop.people.models import Person
from openiop.schedule import presence
from openiop.schedule.models import CareSession


class NotYet(Exception):
    """The group has not ended, so nobody can attest its minutes."""


class NotSigned(Exception):
    """An addendum belongs to a signed part; this one can still be changed itself."""


class Lack(NamedTuple):
    """One thing that stands between a part and its signature. `field` is where to put it right, if anywhere."""

    code: str
    label: Any
    field: str = ""


@dataclass
class Checked:
    """One person's part beside what the record knows, and what it lacks."""

    expected: evening.Expected
    part: NotePart | None
    lacks: list[Lack] = field(default_factory=list)

    @property
    def is_signed(self) -> bool:
        return self.part is not None and self.part.signed_at is not None

    @property
    def is_ready(self) -> bool:
        return self.expected.was_here and not self.is_signed and not self.lacks

    @property
    def raises_concern(self) -> bool:
        return self.part is not None and self.part.risk in RAISES_CONCERN


FIELD_OF = {
    "number_present": "present",
    "clinician_location": "place",
    "patient_location": "location",
    "topic": "topic",
    "intervention": "intervention",
    "participation": "participation",
    "affect": "affect",
    "response": "response",
    "goal": "goal",
    "risk": "risk",
    "progress": "progress",
    "next_step": "next_step",
}
OF_THE_GROUP = {"number_present", "clinician_location", "topic", "intervention"}
LABELS = {
    "date": _("Date of the session"),
    "scheduled_times": _("Planned beginning and end"),
    "actual_times": _("When this person came and went"),
    "minutes": _("Minutes this person was here"),
    "modality": _("On site or by video"),
    "patient_location": _("Where the person was"),
    "clinician_location": _("Where you were"),
    "identity": _("How we know who it was"),
    "number_present": _("Number present"),
    "topic": _("Topic"),
    "intervention": _("What we did"),
    "participation": _("Participation"),
    "affect": _("Affect"),
    "response": _("Response"),
    "goal": _("A goal of the signed plan"),
    "risk": _("Risk"),
    "progress": _("Progress"),
    "next_step": _("Next step"),
    "clinician": _("Your name and credential"),
}
TEXTS = ("response", "next_step")
COMPARED = ("participation", "affect", "response", "risk", "progress", "next_step")


def check(
    session: CareSession, note: GroupNote | None, expected: Iterable[evening.Expected], *, by: Person
) -> tuple[list[Lack], list[Checked]]:
    """Return what the group part lacks, and each person with their part and what that lacks before `by` may sign."""
    parts = {part.entry_id: part for part in _parts(note)}
    found = [Checked(one, parts.get(one.entry.pk)) for one in expected]
    names = {one.expected.entry.pk: _names(one.expected.patient) for one in found}
    alike = _identical(found)
    for one in found:
        if one.is_signed or not one.expected.was_here:
            continue
        asked = requirements.missing(_facts(session, note, one, by=by), on=session.begins_on, before_signing=True)
        one.lacks = [
            Lack(element.code, LABELS.get(element.code, element.label), FIELD_OF.get(element.code, ""))
            for element in asked
            if element.code not in OF_THE_GROUP
        ]
        one.lacks += _names_in(one, names)
        if one.expected.entry.pk in alike:
            one.lacks.append(Lack("identical", _("Word for word the same as another person's part"), "response"))
    return _group_lacks(session, note, names.values(), by=by), found


@dataclass
class Signed:
    """What one press of Sign did: parts signed, and keys left because another person had changed them meanwhile."""

    parts: list[NotePart] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


@transaction.atomic
def sign(
    session: CareSession, *, by: Person, at: datetime, seen: Mapping[str, Mapping[str, str]] | None = None
) -> Signed:
    """Count attendance, then sign every part that is complete and reads as `by` has seen it (`seen`, by part).

    Freezes what the record knows, the words, and the attestation. Raises NotYet before the session has ended.
    """
    if session.closed_at is None and at < session.ends_at:
        raise NotYet
    note = writing.open_note(session, by=by, at=at)
    presence.close(session, by=by, at=at)
    session.refresh_from_db()
    group_lacks, found = check(session, note, evening.of(session, person=by, at=at), by=by)
    done = Signed()
    if group_lacks:
        return done
    if seen is not None and not _reads_as(note, seen.get(writing.GROUP), writing.GROUP_FIELDS):
        done.unseen.append(writing.GROUP)
        return done
    for one in found:
        if not one.is_ready or one.part is None:
            continue
        if seen is not None and not _reads_as(one.part, seen.get(str(one.expected.entry.pk)), writing.PART_FIELDS):
            done.unseen.append(str(one.expected.entry.pk))
            continue
        _freeze(session, note, one, by=by, at=at)
        done.parts.append(one.part)
    presence.attest([part.entry for part in done.parts], at=at)
    if done.parts and note.signed_at is None:
        note.signed_at = at
        note.save(update_fields=["signed_at"])
    return done


def add(part: NotePart, text: str, *, by: Person, at: datetime) -> Addendum:
    """Add `text` to a signed part. Raises NotSigned while the part itself can still be changed."""
    if part.signed_at is None:
        raise NotSigned
    addendum = Addendum.objects.create(
        clinic_id=part.clinic_id, part=part, patient_id=part.patient_id, by=by, at=at, text=text.strip()
    )
    trail.record("note.addendum", patient=part.patient_id, thing=part)
    return addendum


def is_intact(part: NotePart) -> bool:
    """Does a signed part still read as it was signed?"""
    assert part.signed_at is not None and part.signed_by_id is not None
    return part.digest == _digest(part.note, part, signer_id=part.signed_by_id, at=part.signed_at)


def _freeze(session: CareSession, note: GroupNote, one: Checked, *, by: Person, at: datetime) -> None:
    part = one.part
    assert part is not None
    if not one.expected.location:
        one.expected.location = part.location
    part.facts = evening.frozen(one.expected, session) | {
        "clinician_location": note.place,
        "number_present": note.present,
        "goal": part.goal.text if part.goal else "",
    }
    part.attestation = attestation(session, one.expected, by=by, at=at)
    part.signed_at, part.signed_by = at, by
    part.digest = _digest(note, part, signer_id=by.pk, at=at)
    part.save()
    note.sheets.filter(entry=one.expected.entry, kept=False).delete()
    trail.record("note.sign", patient=part.patient_id, thing=part, minutes=one.expected.minutes, digest=part.digest)


def attestation(session: CareSession, expected: evening.Expected, *, by: Person, at: datetime) -> str:
    """Return the sentence that the signature puts its name to, in English and in the session's own time zone."""
    when = at.astimezone(ZoneInfo(session.zone))
    blocks = ", ".join(f"{stretch.block.title} {stretch.seconds // 60}" for stretch in expected.counted)
    with override("en"):
        said = gettext(
            "I attest that %(patient)s was present for %(minutes)s minutes on %(day)s (%(blocks)s; %(how)s), and that "
            "this part and the group part are my record. Signed by %(signer)s, %(credential)s, at %(time)s."
        ) % {
            "patient": expected.patient.full_name,
            "minutes": expected.minutes,
            "day": date_format(session.begins_on, "F j, Y"),
            "blocks": blocks,
            "how": "on site" if expected.modality == "on_site" else "by video",
            "signer": by.full_name,
            "credential": by.credential,
            "time": f"{date_format(when, 'F j, Y, g:i a')} {when.tzname()}",
        }
    if expected.contact_only:
        said += " Contact only: nobody of the session is licensed where this person was; this was not treatment."
    return said


def _digest(note: GroupNote, part: NotePart, *, signer_id: Any, at: datetime) -> str:
    """SHA-256 of everything the signature covers, as JSON with sorted keys."""
    covered = {
        "group": writing.texts_of(note, fields=writing.GROUP_FIELDS),
        "part": writing.texts_of(part, fields=writing.PART_FIELDS),
        "facts": part.facts,
        "attestation": part.attestation,
        "patient": str(part.patient_id),
        "signed_by": str(signer_id),
        "signed_at": at.timestamp(),
    }
    return hashlib.sha256(json.dumps(covered, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _parts(note: GroupNote | None) -> list[NotePart]:
    if note is None:
        return []
    rows = note.parts.select_related("goal", "signed_by", "edited_by").prefetch_related("addenda__by")
    return list(rows)


def _facts(session: CareSession, note: GroupNote | None, one: Checked, *, by: Person) -> requirements.NoteFacts:
    expected, part = one.expected, one.part
    words = writing.texts_of(part, fields=writing.PART_FIELDS)
    return requirements.NoteFacts(
        session_on=session.begins_on,
        scheduled_begins_at=session.begins_at,
        scheduled_ends_at=session.ends_at,
        actual_begins_at=expected.came_at,
        actual_ends_at=expected.went_at,
        minutes=expected.minutes if expected.was_here else None,
        modality=expected.modality,  # type: ignore[arg-type]
        patient_location=expected.location or words["location"],
        clinician_location=note.place if note else "",
        identity_confirmed=bool(expected.identity),
        number_present=note.present if note else None,
        topic=note.topic if note else "",
        intervention=note.intervention if note else "",
        participation=words["participation"],
        affect=words["affect"],
        response=words["response"],
        goals=[words["goal"]] if words["goal"] else [],
        risk=words["risk"],
        progress=words["progress"],
        next_step=words["next_step"],
        clinician_name=by.full_name,
        clinician_credential=by.credential,
    )


def _group_lacks(
    session: CareSession, note: GroupNote | None, names: Iterable[requirements.Names], *, by: Person
) -> list[Lack]:
    facts = requirements.NoteFacts(
        number_present=note.present if note else None,
        topic=note.topic if note else "",
        intervention=note.intervention if note else "",
        clinician_location=note.place if note else "",
    )
    lacking = {element.code for element in requirements.missing(facts, on=session.begins_on, before_signing=True)}
    lacks = [
        Lack(element.code, LABELS[element.code], FIELD_OF[element.code])
        for element in requirements.in_force(on=session.begins_on)
        if element.code in OF_THE_GROUP & lacking
    ]
    if note is not None and not note.name_override:
        named = requirements.other_names(f"{note.topic}\n{note.intervention}", names, own=requirements.Names())
        lacks += [_named(name) for name in named]
    return lacks


def _names_in(one: Checked, names: Mapping[Any, requirements.Names]) -> list[Lack]:
    if one.part is None or one.part.name_override:
        return []
    own = names[one.expected.entry.pk]
    others = [other for entry, other in names.items() if entry != one.expected.entry.pk]
    text = "\n".join(getattr(one.part, name) for name in TEXTS)
    return [_named(name) for name in requirements.other_names(text, others, own=own)]


def _named(name: str) -> Lack:
    label = _("The name %(name)s stands here. Take it out, or say why it must stay") % {"name": name}
    return Lack("other_name", label, "name_override")


def _names(patient: Person) -> requirements.Names:
    return requirements.Names(patient.called, patient.given_name, patient.family_name)


def _identical(found: Iterable[Checked]) -> set[Any]:
    """Entries whose parts read the same from end to end as another's; only what is written by hand is compared."""
    texts: dict[Hashable, list[str]] = {
        one.expected.entry.pk: [getattr(one.part, name) for name in COMPARED]
        for one in found
        if one.part is not None and one.expected.was_here and one.part.response
    }
    return {entry for group in requirements.identical(texts) or () for entry in group}


def _reads_as(row: GroupNote | NotePart, seen: Mapping[str, str] | None, fields: tuple[str, ...]) -> bool:
    return seen is not None and writing.clean(writing.texts_of(row, fields=fields)) == writing.clean(seen)

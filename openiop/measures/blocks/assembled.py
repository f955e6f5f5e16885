"""The check-ins a clinic put together: which blocks, for which moment, since when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.measures import blocks, instruments
from openiop.people.models import Person, Row

DAILY, BEFORE = "checkin", "before"
TITLES = {
    DAILY: {"en": "Today's check-in", "es": "Cómo está hoy"},
    BEFORE: {"en": "Before the group", "es": "Antes del grupo"},
}
OWN_FROM = 100  # versions above this are a clinic's own; below, the shipped instrument


class CheckInForm(Row):
    """The blocks one of a clinic's check-ins is made of. Only ever added; the newest of a moment counts.

    The first is number 1 and is answered as version 101. No blocks: not asked any more (before the group only).
    """

    moment = models.TextField(_("When"), choices=[(DAILY, _("every day")), (BEFORE, _("before each group"))])
    number = models.PositiveSmallIntegerField()
    blocks = models.JSONField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "moment", "number"], name="one_form_a_number")]

    @property
    def instrument(self) -> instruments.Instrument:
        return blocks.assemble(self.moment, OWN_FROM + self.number, TITLES[self.moment], self.blocks)


class NotAForm(ValueError):
    """These blocks make no check-in; the text says why in words for staff."""


def choose(moment: str, keys: Sequence[str], *, by: Person, at: datetime) -> CheckInForm:
    """From now on `moment` asks these blocks. Whoever began today's finishes with what they began. Raises NotAForm."""
    known = [block.key for block in blocks.shipped()]
    if moment not in TITLES or not set(keys) <= set(known):
        raise NotAForm(_("Choose from the blocks shown."))
    if moment == DAILY and blocks.SAFETY not in keys:
        raise NotAForm(_("The daily check-in always asks whether people are safe."))
    last = newest(moment, clinic_id=by.clinic_id)
    made = CheckInForm.objects.create(
        clinic_id=by.clinic_id,
        moment=moment,
        number=(last.number if last else 0) + 1,
        blocks=[key for key in known if key in set(keys)],
        by=by,
        at=at,
    )
    trail.record("check-in.choose", thing=made, moment=moment, blocks=len(made.blocks))
    return made


def newest(moment: str, *, clinic_id: Any) -> CheckInForm | None:
    """Return what the clinic last chose for a moment."""
    return CheckInForm.objects.filter(clinic_id=clinic_id, moment=moment).order_by("-number").first()


def asks_before(clinic_id: Any) -> bool:
    """Does this clinic ask anything before each group?"""
    form = newest(BEFORE, clinic_id=clinic_id)
    return bool(form and form.blocks)


def current(code: str, patient: Person, *, day: date) -> instruments.Instrument:
    """Return what `patient` is asked on `day`: what they began that day, else the newest. Raises KeyError."""
    from openiop.measures.models import Response

    begun = Response.objects.filter(patient=patient, instrument=code, for_day=day).values_list("version", flat=True)
    if (version := begun.first()) is not None:
        return load(code, version, clinic_id=patient.clinic_id)
    form = newest(code, clinic_id=patient.clinic_id) if code in TITLES else None
    if form is not None and form.blocks:
        return form.instrument
    return newest_shipped(code)


def load(code: str, version: int, *, clinic_id: Any) -> instruments.Instrument:
    """Return one version, a shipped instrument's or the clinic's own. Raises KeyError."""
    if code not in TITLES or version <= OWN_FROM:
        return instruments.load(f"{code}.v{version}")
    form = CheckInForm.objects.filter(clinic_id=clinic_id, moment=code, number=version - OWN_FROM).first()
    if form is None:
        raise KeyError(f"no {code}.v{version}")
    return form.instrument


def loader(clinic_id: Any) -> Callable[[str, int], instruments.Instrument]:
    """Return `load` for many rows of one clinic: each version is asked for once."""
    return cache(lambda code, version: load(code, version, clinic_id=clinic_id))


def load_all(pairs: Iterable[tuple[str, int]], *, clinic_id: Any) -> dict[tuple[str, int], instruments.Instrument]:
    """Return `load` for many versions of one clinic, with one query for its own. Raises KeyError."""
    wanted = set(pairs)
    own = [version - OWN_FROM for code, version in wanted if code in TITLES and version > OWN_FROM]
    forms = CheckInForm.objects.filter(clinic_id=clinic_id, number__in=own)
    found = {(form.moment, form.number + OWN_FROM): form.instrument for form in forms}
    for code, version in wanted - set(found):
        if code in TITLES and version > OWN_FROM:
            raise KeyError(f"no {code}.v{version}")
        found[code, version] = instruments.load(f"{code}.v{version}")
    return found


def newest_shipped(code: str) -> instruments.Instrument:
    """Return the newest shipped version of an instrument. Raises KeyError."""
    versions = [each for each in instruments.all_instruments().values() if each.code == code]
    if not versions:
        raise KeyError(code)
    return max(versions, key=lambda each: each.version)

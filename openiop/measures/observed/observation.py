"""What a clinician saw of a patient, on site or virtually, with vital signs where they were taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.measures.observed import aspects, dangers, vitals
from openiop.measures.observed.aspects import ASPECTS, NOT_SEEN, ON_SITE, VIRTUAL
from openiop.measures.observed.written import Written, keep, tell
from openiop.people.models import Person, Row
from openiop.safety import ladder
from openiop.safety.models import Flag, raise_flag
from openiop.schedule.models import CareSession

PLACES = [(ON_SITE, _("on site")), (VIRTUAL, _("virtual"))]
SIGN_WORDS: dict[str, Any] = {
    "means_in_sight": _("a weapon or other means in sight"),
    "self_harm_marks": _("fresh marks that look like self-harm"),
    "confused": _("does not know where they are or what day it is"),
    "hard_to_wake": _("cannot be kept awake"),
    "intoxicated": _("seems intoxicated"),
    "harmed": _("signs that somebody near may harm them"),
}


def _signs() -> Any:
    return ArrayField(models.TextField(), default=list)


def _unseen_stands_alone(code: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=~Q(**{f"{code}__contains": [NOT_SEEN]}) | Q(**{f"{code}__len": 1}), name=f"unseen_{code}_stands_alone"
    )


def _nothing_stands_alone(aspect: aspects.Aspect) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=~Q(**{f"{aspect.code}__contains": [aspect.nothing]}) | Q(**{f"{aspect.code}__len": 1}),
        name=f"usual_{aspect.code}_stands_alone",
    )


class Observation(Written):
    """One look at a patient. Each aspect holds its signs, or *could not be seen* alone, or nothing: not looked at.

    `camera` belongs to a virtual session. With the camera off all the time, what takes an eye was not seen.
    """

    place = models.TextField(_("Where"), choices=PLACES)
    camera = models.TextField(_("Their camera"), choices=aspects.CAMERA, blank=True)
    surroundings = _signs()
    appearance = _signs()
    affect = _signs()
    health = _signs()
    intoxication = _signs()

    class Meta(Written.Meta):
        constraints = [
            *Written.Meta.constraints,
            *(_unseen_stands_alone(aspect.code) for aspect in ASPECTS),
            *(_nothing_stands_alone(aspect) for aspect in ASPECTS if aspect.code != "surroundings"),
            models.CheckConstraint(
                condition=Q(place=ON_SITE, camera="", surroundings__len=0) | (Q(place=VIRTUAL) & ~Q(camera="")),
                name="a_camera_is_looked_through_in_a_virtual_session",
            ),
            models.CheckConstraint(
                condition=~Q(camera=aspects.CAMERA_OFF)
                | Q(surroundings__contained_by=[NOT_SEEN], appearance__contained_by=[NOT_SEEN]),
                name="nothing_is_seen_with_the_camera_off",
            ),
        ]

    @property
    def signs(self) -> dict[str, list[str]]:
        return {aspect.code: getattr(self, aspect.code) for aspect in ASPECTS}

    @property
    def holds_private(self) -> bool:
        """Does it say that somebody near may harm the person? Then it is read on the screen alone, and not printed."""
        return any((aspect, sign) in aspects.PRIVATE for aspect, chosen in self.signs.items() for sign in chosen)

    @property
    def facts(self) -> list[tuple[Any, list[str], bool]]:
        """What was looked at in this place: label, words, and whether it could not be seen."""
        rows = [(_("Their camera"), [str(self.get_camera_display())], False)] if self.camera else []
        for aspect in aspects.at(self.place):
            chosen = getattr(self, aspect.code)
            words = [aspects.words_of(aspect, sign) for sign in chosen] or [str(_("not looked at"))]
            rows.append((aspect.label, words, not chosen or NOT_SEEN in chosen))
        rows += [(vital.vital.label, [vital.said], False) for vital in sorted(self.vitals.all(), key=lambda v: v.place)]
        return rows

    @property
    def in_short(self) -> str:
        """One line that may stand on an open screen: what is out of the ordinary, and what could not be seen."""
        told, unseen = [], []
        for aspect in aspects.at(self.place):
            chosen = getattr(self, aspect.code)
            if NOT_SEEN in chosen:
                unseen.append(str(aspect.label).lower())
            told += [
                aspects.words_of(aspect, sign)
                for sign in chosen
                if sign not in (aspect.nothing, NOT_SEEN) and (aspect.code, sign) not in aspects.PRIVATE
            ]
        if unseen:
            told.append(str(_("could not be seen: %(what)s") % {"what": ", ".join(unseen)}))
        return " · ".join(told)


class VitalSign(Row):
    """One number of one observation, in the unit of its kind (`vitals.VITALS`). Added to, never changed."""

    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="vitals")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    code = models.TextField(choices=[(vital.code, vital.label) for vital in vitals.VITALS])
    value = models.DecimalField(max_digits=6, decimal_places=1)
    unit = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["observation", "code"], name="each_vital_sign_once"),
            models.CheckConstraint(
                condition=models.Q(
                    *[
                        models.Q(code=vital.code, unit=vital.unit, value__gte=vital.least, value__lte=vital.most)
                        for vital in vitals.VITALS
                    ],
                    _connector=models.Q.OR,
                ),
                name="a_vital_sign_of_a_living_person",
            ),
        ]

    @property
    def vital(self) -> vitals.Vital:
        return vitals.BY_CODE[self.code]

    @property
    def place(self) -> int:
        return vitals.VITALS.index(self.vital)

    @property
    def said(self) -> str:
        return f"{self.value:.{self.vital.places}f} {self.vital.said}"


@transaction.atomic
def observe(
    patient: Person,
    *,
    place: str,
    seen: Mapping[str, Sequence[str]],
    by: Person,
    at: datetime,
    seen_at: datetime,
    key: UUID,
    camera: str = "",
    vital_signs: Mapping[str, Decimal] | None = None,
    note: str = "",
    session: CareSession | None = None,
    corrects: Observation | None = None,
    because: str = "",
    worry: int | None = None,
) -> tuple[Observation, list[Flag]]:
    """Write down what `by` saw and, in the same transaction, raise what it calls for.

    `vital_signs` as `vitals.checked` has them. `worry`: how soon somebody should come, where whoever saw it wants more
    than the rule. Raises what `keep` raises.
    """
    row = Observation(
        id=uuid7(),
        patient=patient,
        session=session,
        by=by,
        at=seen_at,
        written_at=at,
        key=key,
        because=because,
        note=note,
        place=place,
        camera=camera,
        **{aspect.code: list(seen.get(aspect.code, ())) for aspect in ASPECTS},
    )
    row, is_new = keep(row, of=corrects)
    if not is_new:
        return row, []
    numbers = dict(vital_signs or {})
    VitalSign.objects.bulk_create(
        VitalSign(
            clinic_id=row.clinic_id,
            observation=row,
            patient=patient,
            code=code,
            value=value,
            unit=vitals.BY_CODE[code].unit,
        )
        for code, value in numbers.items()
    )
    flags = tell(row, dangers.seen(row.signs), numbers, sort=SORTS[place], words=SIGN_WORDS, at=at)
    if worry:
        flags.append(_worry(row, worry, at=at))
    return row, flags


SORTS = {ON_SITE: "on-site", VIRTUAL: "virtual"}


def _worry(row: Observation, tier: int, *, at: datetime) -> Flag:
    return raise_flag(
        row.patient,
        key=f"seen {row.pk} worry",
        evidence=ladder.Evidence("staff_concern", tier),
        label=_("Concern of %(name)s") % {"name": row.by.full_name},
        value=_("after what they saw; open it in the record"),
        at=at,
    )

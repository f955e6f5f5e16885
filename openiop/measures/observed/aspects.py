"""What staff look at, on site and virtually, and the words for what they see.

Each aspect is answered by signs, by "nothing out of the ordinary" where it was looked at, or by *could not be seen*.
What is left open was not looked at: none of the three is taken for another.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

ON_SITE, VIRTUAL = "on_site", "virtual"
NOT_SEEN = "not_seen"
CAMERA = [("on", _("on all the time")), ("partly", _("off part of the time")), ("off", _("off all the time"))]
CAMERA_OFF = "off"


class Aspect(NamedTuple):
    """One thing to look at. `nothing`: the sign that says it was looked at and was as usual; it stands alone.

    `by_eye`: with the camera off all the time nobody has seen it.
    """

    code: str
    label: Any
    nothing: str
    signs: tuple[tuple[str, Any], ...]
    places: tuple[str, ...] = (ON_SITE, VIRTUAL)
    by_eye: bool = True

    @property
    def choices(self) -> list[tuple[str, Any]]:
        return [*self.signs, (NOT_SEEN, self.unseen)]

    @property
    def unseen(self) -> Any:
        return _("could not be seen") if self.by_eye else _("could not be seen or heard")


ASPECTS = (
    Aspect(
        "surroundings",
        _("Surroundings"),
        "private",
        (
            ("private", _("alone, in a private place")),
            ("others", _("others in the room or within hearing")),
            ("under_way", _("driving or under way")),
            ("disorder", _("much disorder, neglected")),
            ("means_in_sight", _("a weapon or other means in sight")),
        ),
        places=(VIRTUAL,),
    ),
    Aspect(
        "appearance",
        _("Appearance"),
        "usual",
        (
            ("usual", _("as usual for them")),
            ("neglected", _("hygiene or clothing neglected")),
            ("weight", _("visibly thinner or heavier")),
            ("self_harm_marks", _("fresh marks that look like self-harm")),
            ("hurt_by_somebody", _("an injury that somebody may have done to them")),
        ),
    ),
    Aspect(
        "affect",
        _("Affect"),
        "calm",
        (
            ("calm", _("calm, full range")),
            ("low", _("low or sad")),
            ("anxious", _("anxious or tense")),
            ("irritable", _("irritable")),
            ("flat", _("flat or numb")),
            ("changing", _("changing quickly")),
            ("afraid_of_somebody", _("afraid of somebody near them")),
        ),
        by_eye=False,
    ),
    Aspect(
        "health",
        _("Physical health"),
        "well",
        (
            ("well", _("no complaint, nothing seen")),
            ("pain", _("in pain")),
            ("ill", _("looks ill")),
            ("unsteady", _("unsteady on their feet")),
            ("confused", _("does not know where they are or what day it is")),
            ("hard_to_wake", _("cannot be kept awake")),
        ),
        by_eye=False,
    ),
    Aspect(
        "intoxication",
        _("Signs of intoxication"),
        "none_seen",
        (
            ("none_seen", _("looked for, none seen")),
            ("smell", _("smells of alcohol")),
            ("slurred", _("slurred speech")),
            ("sleepy", _("very sleepy")),
            ("restless", _("restless, cannot sit still")),
            ("pupils", _("pupils very small or very large")),
            ("intoxicated", _("seems intoxicated")),
        ),
        by_eye=False,
    ),
)
BY_CODE = {aspect.code: aspect for aspect in ASPECTS}
ONLY_ON_SITE = frozenset({("intoxication", "smell")})

# Signs that somebody near may harm the person: told in private (docs/rules/private.md), on no page but the row's own.
PRIVATE = frozenset({("appearance", "hurt_by_somebody"), ("affect", "afraid_of_somebody")})


def at(place: str) -> list[Aspect]:
    """Return what is looked at in this place, with the signs that can be met there."""
    return [
        aspect._replace(signs=tuple(sign for sign in aspect.signs if _can_be_met(aspect, sign[0], place)))
        for aspect in ASPECTS
        if place in aspect.places
    ]


def _can_be_met(aspect: Aspect, sign: str, place: str) -> bool:
    return place == ON_SITE or (aspect.code, sign) not in ONLY_ON_SITE


def words_of(aspect: Aspect, sign: str) -> str:
    return str(dict(aspect.choices)[sign])

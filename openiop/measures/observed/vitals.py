"""Vital signs with their units, and what no person has: a typing mistake is refused with a sentence. Pure.

The ranges are this project's own and wide on purpose. They say what can be a number of a living person at all, and
nothing about health: no number here calls anybody. Breaths, pulse and oxygen begin at 0, and an upper blood pressure
may stand alone: that is what an overdose looks like, and a refused form calls nobody.
LOINC codes and UCUM units: HL7 FHIR vital signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Vital(NamedTuple):
    """One measure. `unit` as UCUM writes it, `said` as people do; `least` and `most`: what is taken."""

    code: str
    label: Any
    unit: str
    said: Any
    least: Decimal
    most: Decimal
    loinc: str
    places: int = 0


CELSIUS, FAHRENHEIT = "Cel", "[degF]"
VITALS = (
    Vital("systolic", _("Blood pressure, upper"), "mm[Hg]", "mmHg", Decimal(40), Decimal(300), "8480-6"),
    Vital("diastolic", _("Blood pressure, lower"), "mm[Hg]", "mmHg", Decimal(20), Decimal(200), "8462-4"),
    Vital("pulse", _("Pulse"), "/min", _("a minute"), Decimal(0), Decimal(300), "8867-4"),
    Vital("breaths", _("Breaths"), "/min", _("a minute"), Decimal(0), Decimal(80), "9279-1"),
    Vital("oxygen", _("Oxygen saturation"), "%", "%", Decimal(0), Decimal(100), "59408-5"),
    Vital("temperature", _("Temperature"), CELSIUS, "°C", Decimal(25), Decimal(45), "8310-5", 1),
)
BY_CODE = {vital.code: vital for vital in VITALS}
UNITS = [(FAHRENHEIT, "°F"), (CELSIUS, "°C")]


class NotPlausible(ValueError):
    """No person has this value; `code` names the vital sign, the text says what is taken."""

    def __init__(self, code: str, sentence: Any) -> None:
        super().__init__(sentence)
        self.code = code


def checked(given: Mapping[str, Decimal], *, temperature_in: str = CELSIUS) -> dict[str, Decimal]:
    """Return the values in their own units, temperature in °C. Raises NotPlausible for what no person has."""
    values = {
        code: _in_celsius(value, temperature_in) if code == "temperature" else value for code, value in given.items()
    }
    for code, value in values.items():
        vital = BY_CODE[code]
        if not value.is_finite() or not vital.least <= value <= vital.most:
            raise NotPlausible(code, _out_of_range(vital, temperature_in))
    if "diastolic" not in values:  # a pressure felt at the wrist has an upper number alone
        return values
    if "systolic" not in values:
        raise NotPlausible("systolic", _("A lower blood pressure needs its upper number. Please write both."))
    if values["diastolic"] >= values["systolic"]:
        raise NotPlausible(
            "diastolic", _("The lower number of a blood pressure is below the upper one. Please check both.")
        )
    return values


def _in_celsius(value: Decimal, unit: str) -> Decimal:
    return ((value - 32) * 5 / 9).quantize(Decimal("0.1")) if unit == FAHRENHEIT and value.is_finite() else value


def _out_of_range(vital: Vital, temperature_in: str) -> str:
    least, most, said = vital.least, vital.most, vital.said
    if vital.code == "temperature" and temperature_in == FAHRENHEIT:
        least, most, said = least * 9 / 5 + 32, most * 9 / 5 + 32, "°F"
    told = {"what": vital.label, "least": f"{least:f}", "most": f"{most:f}", "unit": said}
    return str(_("%(what)s: between %(least)s and %(most)s %(unit)s is taken. Please check the number.") % told)

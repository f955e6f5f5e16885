"""What a clinician fills in: what they saw, a result, withdrawal or overdose. And what a clinic wants to be told of."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.lib.inputs import WallTimeField
from openiop.measures.observed import aspects, dangers, event, own_rules, substances, vitals
from openiop.measures.observed.aspects import NOT_SEEN, ON_SITE, VIRTUAL
from openiop.measures.observed.observation import Observation
from openiop.measures.observed.result import MOST_BREATH, SubstanceResult
from openiop.measures.observed.written import CLOCKS_DIFFER_BY, Written

WORRY = [
    ("", _("what the rule says is enough")),
    (1, _("today")),
    (2, _("today, within hours")),
    (3, _("within the hour")),
    (4, _("now: in danger this minute")),
]


class WrittenForm(forms.Form):
    """When it was, and the words; in a correction, why. The key makes a second press of the button change nothing."""

    at_label: ClassVar[Any] = _("When")
    at = WallTimeField()
    note = forms.CharField(
        label=_("In words"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    because = forms.CharField(label=_("Why it is corrected"), max_length=300)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def __init__(self, *args: Any, zone: str, now: datetime, corrects: Written | None = None, **kwargs: Any) -> None:
        self.now, self.corrects = now, corrects
        super().__init__(*args, **kwargs)
        self.initial = _initial_of(corrects) if corrects else {"at": now}
        at = self.fields["at"]
        assert isinstance(at, WallTimeField)
        at.label, at.zone = self.at_label, ZoneInfo(zone)
        if corrects is None:
            del self.fields["because"]
        self.order_fields([name for name in self.fields if name not in ("note", "because")] + ["note", "because"])

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if self.corrects and self._shown(self.corrects.at) == self._shown(at):
            return self.corrects.at  # left alone: not moved, even in the hour that comes twice
        if at > self.now + CLOCKS_DIFFER_BY:
            raise forms.ValidationError(_("That has not come yet. Please write when it was."))
        return at

    def _shown(self, moment: datetime) -> str:
        field = self.fields["at"]
        return str(field.widget.format_value(field.prepare_value(moment)))

    def said(self) -> dict[str, Any]:
        """What the form says, as the verb takes it; the time under `at`."""
        return dict(self.cleaned_data)


def _initial_of(row: Written) -> dict[str, Any]:
    values = {
        field.name: getattr(row, field.name) for field in row._meta.fields if field.name not in ("key", "because")
    }
    return {name: value for name, value in values.items() if value is not None}


class ObservationForm(WrittenForm):
    """What was seen in one place. Nothing is filled in beforehand: what nobody looked at stays open."""

    place: ClassVar[str]
    at_label = _("When you saw them")
    worry = forms.TypedChoiceField(
        label=_("Should somebody come sooner?"), choices=WORRY, coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for aspect in aspects.at(self.place):
            self.fields[aspect.code] = forms.MultipleChoiceField(
                label=aspect.label, choices=aspect.choices, required=False, widget=forms.CheckboxSelectMultiple
            )
        codes = [aspect.code for aspect in aspects.at(self.place)]
        self.order_fields(["at", "camera", *codes, *(vital.code for vital in vitals.VITALS), "temperature_in"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for aspect in aspects.at(self.place):
            self._check(aspect, set(data.get(aspect.code, [])))
        if not self.errors and not self._says_something(data):
            raise forms.ValidationError(_("Nothing is written yet. What could not be seen is worth saying too."))
        return data

    def _check(self, aspect: aspects.Aspect, chosen: set[str]) -> None:
        if NOT_SEEN in chosen and len(chosen) > 1:
            self.add_error(aspect.code, _("Either it could not be seen, or it could. Please choose one."))
        elif aspect.code == "surroundings":
            if {"private", "others"} <= chosen:
                self.add_error(aspect.code, _("Either they were alone, or others were there. Please choose one."))
        elif aspect.nothing in chosen and len(chosen) > 1:
            self.add_error(aspect.code, _("Either all was as usual, or something was not. Please choose one."))

    def _says_something(self, data: dict[str, Any]) -> bool:
        names = [aspect.code for aspect in aspects.at(self.place)]
        return any(data.get(name) for name in names) or bool(data.get("note")) or bool(data.get("worry"))

    def said(self) -> dict[str, Any]:
        data = super().said()
        seen = {aspect.code: data.pop(aspect.code) for aspect in aspects.at(self.place)}
        return {**data, "place": self.place, "seen": seen}


class OnSiteForm(ObservationForm):
    place = ON_SITE
    systolic = forms.DecimalField(required=False, decimal_places=0)
    diastolic = forms.DecimalField(required=False, decimal_places=0)
    pulse = forms.DecimalField(required=False, decimal_places=0)
    breaths = forms.DecimalField(required=False, decimal_places=0)
    oxygen = forms.DecimalField(required=False, decimal_places=0)
    temperature = forms.DecimalField(required=False, decimal_places=1)
    temperature_in = forms.ChoiceField(label=_("Temperature in"), choices=vitals.UNITS, widget=forms.RadioSelect)

    def __init__(self, *args: Any, corrects: Written | None = None, **kwargs: Any) -> None:
        super().__init__(*args, corrects=corrects, **kwargs)
        for vital in vitals.VITALS:
            unit = "" if vital.code == "temperature" else f" ({vital.said})"
            self.fields[vital.code].label = f"{vital.label}{unit}"
        self.initial["temperature_in"] = vitals.FAHRENHEIT
        if isinstance(corrects, Observation):
            measured = {sign.code: sign.value for sign in corrects.vitals.all()}
            self.initial.update(measured, temperature_in=vitals.CELSIUS)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        given = {vital.code: data[vital.code] for vital in vitals.VITALS if data.get(vital.code) is not None}
        try:
            data["vital_signs"] = vitals.checked(given, temperature_in=data.get("temperature_in", vitals.CELSIUS))
        except vitals.NotPlausible as refusal:
            self.add_error(refusal.code, str(refusal))
        return data

    def _says_something(self, data: dict[str, Any]) -> bool:
        return super()._says_something(data) or any(data.get(vital.code) is not None for vital in vitals.VITALS)

    def said(self) -> dict[str, Any]:
        measured = {vital.code for vital in vitals.VITALS} | {"temperature_in"}
        return {name: value for name, value in super().said().items() if name not in measured}


class VirtualForm(ObservationForm):
    place = VIRTUAL
    camera = forms.ChoiceField(label=_("Their camera"), choices=aspects.CAMERA, widget=forms.RadioSelect)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("camera") == aspects.CAMERA_OFF:
            for aspect in aspects.at(VIRTUAL):
                if aspect.by_eye and set(data.get(aspect.code, [])) - {NOT_SEEN}:
                    self.add_error(aspect.code, _("Their camera was off all the time: say that it could not be seen."))
        return data


NOT_TESTED, NOT_FOUND, FOUND, EXPECTED, UNREAD = "", "not_found", "found", "expected", "unread"
OF_A_SUBSTANCE = [
    (NOT_TESTED, _("not tested for")),
    (NOT_FOUND, _("not found")),
    (FOUND, _("found")),
    (EXPECTED, _("found; prescribed")),
    (UNREAD, _("not readable")),
]


class ResultForm(WrittenForm):
    """One choice for each substance, so that nothing is found that was not tested for."""

    at_label = _("When it was taken")
    specimen = forms.ChoiceField(label=_("Specimen"), choices=substances.SPECIMENS, widget=forms.RadioSelect)
    outcome = forms.ChoiceField(label=_("It was"), choices=substances.OUTCOMES, widget=forms.RadioSelect)
    taken_by = forms.CharField(label=_("Taken by"), max_length=200)
    collected = forms.ChoiceField(
        label=_("How it was given"), choices=substances.COLLECTED, required=False, widget=forms.RadioSelect
    )
    breath = forms.DecimalField(
        label=_("Breath alcohol (g/210 L)"), required=False, max_digits=4, decimal_places=3, min_value=0
    )
    dilute = forms.TypedChoiceField(
        label=_("Dilute"),
        choices=[("", _("not checked")), ("yes", _("yes")), ("no", _("no"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    sureness = forms.ChoiceField(
        label=_("How sure"), choices=substances.SURENESS, required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, corrects: Written | None = None, **kwargs: Any) -> None:
        super().__init__(*args, corrects=corrects, **kwargs)
        for code, label in substances.PANEL:
            self.fields[_field_of(code)] = forms.ChoiceField(label=label, choices=OF_A_SUBSTANCE, required=False)
        if isinstance(corrects, SubstanceResult):
            self.initial.update(_choices_of(corrects))
        own = [_field_of(code) for code, _label in substances.PANEL]
        self.order_fields(["at", "specimen", "outcome", "taken_by", "collected", "breath", *own])

    @property
    def together(self) -> list[forms.BoundField]:
        """What the page shows as one group: a choice for each substance."""
        return [self[_field_of(code)] for code, _label in substances.PANEL]

    @property
    def together_names(self) -> list[str]:
        return [field.name for field in self.together]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        tested = any(data.get(field.name) for field in self.together)
        if data.get("outcome") == substances.GIVEN:
            self._needs(data, tested=tested)
        elif tested or data.get("breath") is not None:
            raise forms.ValidationError(
                _("Nothing was given, so nothing can have been found. Please look at it again.")
            )
        else:
            data |= {"collected": "", "dilute": None, "sureness": ""}
        return data

    def _needs(self, data: dict[str, Any], *, tested: bool) -> None:
        for name in ("collected", "sureness"):
            if not data.get(name):
                self.add_error(name, _("Please choose one."))
        if data.get("specimen") == substances.BREATH:
            self._needs_breath(data, tested=tested)
        elif not tested:
            self.add_error(self.together[0].name, _("Please say what was tested for."))
        elif data.get("breath") is not None:
            self.add_error("breath", _("A number of breath alcohol comes from a breath test."))

    def _needs_breath(self, data: dict[str, Any], *, tested: bool) -> None:
        breath: Decimal | None = data.get("breath")
        if breath is None:
            if "breath" not in self.errors:
                self.add_error("breath", _("Please write the number that the device showed."))
        elif breath > MOST_BREATH:
            said = _("Between 0 and %(most)s is taken. Please check the number.") % {"most": MOST_BREATH}
            self.add_error("breath", said)
        if tested or data.get("dilute") is not None:
            self.add_error("specimen", _("A breath test has a number and nothing else."))

    def said(self) -> dict[str, Any]:
        data = super().said()
        chosen = {code: data.pop(_field_of(code)) for code, _label in substances.PANEL}

        def of(*choices: str) -> list[str]:
            return [code for code, choice in chosen.items() if choice in choices]

        return {
            **data,
            "panel": of(NOT_FOUND, FOUND, EXPECTED, UNREAD),
            "found": of(FOUND, EXPECTED),
            "expected": of(EXPECTED),
            "unread": of(UNREAD),
        }


def _field_of(code: str) -> str:
    return f"of_{code}"


def _choices_of(row: SubstanceResult) -> dict[str, Any]:
    """How the form stands for a result that is corrected."""
    chosen: dict[str, Any] = {_field_of(code): NOT_FOUND for code in row.panel}
    chosen |= {_field_of(code): FOUND for code in row.found}
    chosen |= {_field_of(code): EXPECTED for code in row.expected}
    chosen |= {_field_of(code): UNREAD for code in row.unread}
    return chosen if row.dilute is None else {**chosen, "dilute": "yes" if row.dilute else "no"}


def _boxes(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple)


class EventForm(WrittenForm):
    at_label = _("When it happened")
    kind = forms.ChoiceField(label=_("What"), choices=event.KINDS, widget=forms.RadioSelect)
    how_known = forms.ChoiceField(label=_("How it is known"), choices=event.HOW_KNOWN, widget=forms.RadioSelect)
    signs = _boxes(_("Signs of withdrawal"), event.SIGNS)
    medical = forms.ChoiceField(
        label=_("After an overdose or naloxone: medical help"),
        choices=event.MEDICAL,
        required=False,
        widget=forms.RadioSelect,
    )
    doses = forms.IntegerField(
        label=_("Doses of naloxone"),
        required=False,
        min_value=1,
        max_value=event.MOST_DOSES,
        help_text=_("Leave it empty if nobody knows."),
    )
    given_by = forms.CharField(label=_("Naloxone given by"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        kind = data.get("kind")
        if kind == event.WITHDRAWAL:
            data["medical"] = ""
            if not data.get("signs"):
                self.add_error("signs", _("Please say which signs."))
            if data.get("doses") or data.get("given_by"):
                self.add_error("doses", _("Naloxone belongs to an overdose. Please write that down by itself."))
        elif kind:
            # What nobody said about medical help was not said: it counts as not seen.
            data["medical"] = data.get("medical") or dangers.NOT_SEEN_BY_MEDICAL_HELP
            if data.get("signs"):
                self.add_error("signs", _("Signs of withdrawal are written down by themselves."))
            if data.get("doses") and not data.get("given_by"):
                self.add_error("given_by", _("Please say who gave it."))
        return data


class OwnRuleForm(forms.Form):
    """What this clinic wants to be told of, and whose decision that is."""

    of = forms.ChoiceField(label=_("What"))
    way = forms.ChoiceField(label=_("When"), choices=own_rules.WAYS, widget=forms.RadioSelect)
    limit = forms.DecimalField(label=_("Number"), required=False, max_digits=6, decimal_places=3)
    tier = forms.TypedChoiceField(
        label=_("How soon somebody comes"), choices=own_rules.TIERS, coerce=int, widget=forms.RadioSelect
    )
    source = forms.CharField(
        label=_("Source"), max_length=300, help_text=_("Whose decision this is, with its date or document.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of = self.fields["of"]
        assert isinstance(of, forms.ChoiceField)
        of.choices = list(own_rules.known().items())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        number = own_rules.is_number(data.get("of", ""))
        if number and (data.get("way") == dangers.FOUND or data.get("limit") is None):
            self.add_error("limit", _("Please write the number, and whether at it and above or below."))
        if not number and (data.get("way") != dangers.FOUND or data.get("limit") is not None):
            self.add_error("way", _("This has no number: choose “whenever it is so” and leave the number empty."))
        return data

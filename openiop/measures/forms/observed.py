"""What a clinician fills in: what they saw, a result, withdrawal or overdose. And what a clinic wants to be told of."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
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
    at = forms.DateTimeField(widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
    note = forms.CharField(
        label=_("In words"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    because = forms.CharField(label=_("Why it is corrected"), max_length=300)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def __init__(self, *args: Any, zone: str, now: datetime, corrects: Written | None = None, **kwargs: Any) -> None:
        self.zone, self.now = ZoneInfo(zone), now
        begun = _initial_of(corrects) if corrects else {"at": now}
        begun["at"] = begun["at"].astimezone(self.zone).replace(tzinfo=None)
        super().__init__(*args, **kwargs)
        self.initial = begun
        self.fields["at"].label = self.at_label
        if corrects is None:
            del self.fields["because"]
        self.order_fields([name for name in self.fields if name not in ("note", "because")] + ["note", "because"])

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"].replace(tzinfo=self.zone)
        if at > self.now + CLOCKS_DIFFER_BY:
            raise forms.ValidationError(_("That has not come yet. Please write when it was."))
        return at

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


def _boxes(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple)


class ResultForm(WrittenForm):
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
    panel = _boxes(_("Tested for"), substances.PANEL)
    found = _boxes(_("Found"), substances.PANEL)
    expected = _boxes(_("Of these, prescribed and expected"), substances.PANEL)
    unread = _boxes(_("Not readable"), substances.PANEL)
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
        if isinstance(corrects, SubstanceResult) and corrects.dilute is not None:
            self.initial["dilute"] = "yes" if corrects.dilute else "no"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("outcome") == substances.GIVEN:
            self._needs(data)
        elif any(data.get(name) for name in ("panel", "found", "unread", "expected")) or data.get("breath") is not None:
            raise forms.ValidationError(
                _("Nothing was given, so nothing can have been found. Please look at it again.")
            )
        else:
            data |= {"collected": "", "dilute": None, "sureness": ""}
        return data

    def _needs(self, data: dict[str, Any]) -> None:
        is_breath = data.get("specimen") == substances.BREATH
        for name in ("collected", "sureness"):
            if not data.get(name):
                self.add_error(name, _("Please choose one."))
        if is_breath:
            self._needs_breath(data)
        elif not data.get("panel"):
            self.add_error("panel", _("Please say what was tested for."))
        elif data.get("breath") is not None:
            self.add_error("breath", _("A number of breath alcohol comes from a breath test."))
        self._among(data, "found", "panel", _("What was found is among what was tested for."))
        self._among(data, "unread", "panel", _("What was not readable is among what was tested for."))
        self._among(data, "expected", "found", _("What was expected is among what was found."))
        if set(data.get("found", [])) & set(data.get("unread", [])):
            self.add_error("unread", _("What was not readable was not found."))

    def _needs_breath(self, data: dict[str, Any]) -> None:
        breath: Decimal | None = data.get("breath")
        if breath is None:
            if "breath" not in self.errors:
                self.add_error("breath", _("Please write the number that the device showed."))
        elif breath > MOST_BREATH:
            self.add_error(
                "breath", _("Between 0 and %(most)s is taken. Please check the number.") % {"most": MOST_BREATH}
            )
        if data.get("panel") or data.get("dilute") is not None:
            self.add_error("panel", _("A breath test has a number and nothing else."))

    def _among(self, data: dict[str, Any], part: str, whole: str, sentence: Any) -> None:
        if set(data.get(part, [])) - set(data.get(whole, [])):
            self.add_error(part, sentence)


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
    doses = forms.IntegerField(label=_("Doses of naloxone"), required=False, min_value=1, max_value=event.MOST_DOSES)
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
            self._naloxone(data, kind)
        return data

    def _naloxone(self, data: dict[str, Any], kind: str) -> None:
        if kind == event.NALOXONE and not data.get("doses") and "doses" not in self.errors:
            self.add_error("doses", _("Please say how many doses."))
        if data.get("doses") and not data.get("given_by"):
            self.add_error("given_by", _("Please say who gave it."))
        if data.get("given_by") and not data.get("doses") and "doses" not in self.errors:
            self.add_error("doses", _("Please say how many doses."))


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

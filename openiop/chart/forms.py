"""What the pages of the record send, read into its words: the note, the plan, medication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.chart import medication, writing
from openiop.chart.models import Affect, MedicationChange, Participation, Progress, Risk
from openiop.lib.ids import uuid7
from openiop.lib.inputs import DateInput

CHOICES: Mapping[str, list[tuple[str, Any]]] = {
    "risk": list(Risk.choices),
    "participation": list(Participation.choices),
    "affect": list(Affect.choices),
    "progress": list(Progress.choices),
}


class PlanForm(forms.Form):
    goals = forms.CharField(
        label=_("Goals"),
        help_text=_("Each on a line of its own, in the patient's words where you can."),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=4000,
    )

    def clean_goals(self) -> list[str]:
        goals = [line.strip() for line in self.cleaned_data["goals"].splitlines() if line.strip()]
        if len(goals) > 20:
            raise forms.ValidationError(_("That is more than twenty goals. Which matter now?"))
        return goals


class AddendumForm(forms.Form):
    text = forms.CharField(label=_("Addendum"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4000)


class MedicationForm(forms.Form):
    """One change in what somebody takes. Which fields there are goes by its kind, and by whether it is a correction."""

    name = forms.CharField(
        label=_("Medication"), max_length=200, help_text=_("As it stands on the package or as the person calls it.")
    )
    rxnorm = forms.RegexField(
        label=_("RxNorm code"),
        regex=r"^[0-9]{1,8}$",
        required=False,
        help_text=_("If you have it at hand. It is kept as you write it and looked up nowhere."),
        error_messages={"invalid": _("An RxNorm code has digits only, eight at most.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    kind = forms.ChoiceField(
        label=_("Is it new?"),
        choices=[
            (medication.BEGUN, _("started on that day")),
            (medication.TAKEN, _("taken already: the day is when you were told")),
        ],
        widget=forms.RadioSelect,
    )
    happened_on = forms.DateField(label=_("On which day"), widget=DateInput())
    dose = forms.CharField(
        label=_("Dose and how often, in words"),
        max_length=200,
        required=False,
        help_text=_("Leave it empty if nobody knows."),
    )
    decided = forms.ChoiceField(label=_("Who decided it"), choices=MedicationChange.DECIDED, widget=forms.RadioSelect)
    prescriber = forms.CharField(label=_("Prescriber’s name"), max_length=200, required=False)
    reason = forms.CharField(label=_("Why"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    in_error = forms.BooleanField(
        label=_("This never was: it was entered in error"),
        required=False,
        help_text=_("It leaves the list and the trend. What was written stays readable below the list."),
    )
    because = forms.CharField(label=_("Why it is corrected"), max_length=300)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def __init__(self, *args: Any, kind: str, corrects: MedicationChange | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind not in medication.OPENING:
            self._leave_out("name", "rxnorm", "kind")
        if kind == medication.STOPPED:
            self._leave_out("dose")
        if kind == medication.DOSE:
            self.fields["dose"].required = True
            self.fields["dose"].label, self.fields["dose"].help_text = _("New dose and how often, in words"), ""
        if corrects is None:
            self._leave_out("in_error", "because")
        else:
            self.initial = {name: getattr(corrects, name) for name in self.fields if name not in ("key", "because")}

    def _leave_out(self, *names: str) -> None:
        for name in names:
            del self.fields[name]


class BadSheet(ValueError):
    """A page sent something that our pages never send."""


def sheet_of(data: Mapping[str, str]) -> UUID:
    """Return the page's own name. Raises BadSheet when it is none."""
    try:
        return UUID(data.get("sheet", ""))
    except ValueError:
        raise BadSheet("sheet") from None


def sent_parts(data: Mapping[str, str], *, entries: Mapping[str, set[str]]) -> dict[str, writing.Sent]:
    """Return the parts that a page sent, by key. `entries`: roster entry → ids of goals that may be chosen for it.

    Fields that were not sent are left out. Raises BadSheet for a choice that was not offered.
    """
    found = {}
    for key in (writing.GROUP, *entries):
        names = writing.GROUP_FIELDS if key == writing.GROUP else writing.PART_FIELDS
        texts = {name: data[f"{key}-{name}"] for name in names if f"{key}-{name}" in data}
        if set(texts) != set(names):
            continue
        _refuse_what_was_not_offered(texts, goals=entries.get(key, set()))
        found[key] = writing.Sent(texts, data.get(f"{key}-found", ""), data.get(f"{key}-shown", ""))
    return found


def words_for_everybody(data: Mapping[str, str]) -> dict[str, str]:
    """Return what the writer chose for all who were here. Raises BadSheet for a choice that was not offered."""
    names = ("participation", "affect", "progress", "next_step")
    texts = {name: data.get(f"all-{name}", "") for name in names}
    _refuse_what_was_not_offered(texts, goals=set())
    return texts


def _refuse_what_was_not_offered(texts: Mapping[str, str], *, goals: set[str]) -> None:
    for name, value in texts.items():
        if len(value) > 8000:
            raise BadSheet(name)
        if name in CHOICES and value and value not in dict(CHOICES[name]):
            raise BadSheet(name)
        if name == "goal" and value and value not in goals:
            raise BadSheet(name)
        if name == "present" and value and not (value.isascii() and value.isdigit() and int(value) <= 99):
            raise BadSheet(name)

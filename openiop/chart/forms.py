"""What the note's and the plan's pages send, read into the words of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.chart import writing
from openiop.chart.models import Affect, Participation, Progress, Risk

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

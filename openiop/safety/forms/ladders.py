"""A ladder as a director types it: eight rows, the lowest rung first."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openiop.people.models import CLINICIANS, Clinic, Person, Role
from openiop.safety import rungs
from openiop.safety.models import FAULTS, BrokenLadder
from openiop.safety.models.ladders import ASKS, WAYS

ROWS = 8
LONGEST_MINUTES = 1440


class RungForm(forms.Form):
    """One row. Left without a choice it is no rung."""

    asks = forms.ChoiceField(label=_("Who is asked"), required=False)
    minutes = forms.IntegerField(
        label=_("Minutes until the next is asked"), required=False, min_value=1, max_value=LONGEST_MINUTES
    )
    ways = forms.MultipleChoiceField(
        label=_("Ways"), required=False, choices=WAYS, widget=forms.CheckboxSelectMultiple, initial=list(rungs.WAYS)
    )

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asks = self.fields["asks"]
        assert isinstance(asks, forms.ChoiceField)
        asks.choices = choices(clinic)

    def as_ask(self) -> rungs.Ask | None:
        chosen = str(self.cleaned_data.get("asks") or "")
        if not chosen:
            return None
        asks, _colon, who = chosen.partition(":")
        ways = tuple(way for way in rungs.WAYS if way in self.cleaned_data.get("ways", []))
        return rungs.Ask(asks, self.cleaned_data.get("minutes"), _who(asks, who), ways)


def _who(asks: str, who: str) -> Any:
    return UUID(who) if asks == rungs.PERSON else who


def choices(clinic: Clinic) -> list[Any]:
    """What may be a rung: the clinic's own roles and clinicians. Nobody else is on the list."""
    whole = [(asks, label) for asks, label in ASKS if asks not in (rungs.ROLE, rungs.PERSON)]
    roles = [(f"{rungs.ROLE}:{role}", Role(role).label) for role in sorted(CLINICIANS)]
    people = Person.objects.filter(clinic=clinic).clinicians().order_by("family_name", "given_name")
    named = [(f"{rungs.PERSON}:{person.pk}", person.full_name) for person in people]
    return [("", "—"), *whole, (_("Everybody with a role"), roles), (_("By name"), named)]


class LadderForm(forms.Form):
    """The whole: its clocks, from when it holds, why it is changed; `rungs` are its rows."""

    contact_minutes = forms.IntegerField(
        label=_("Contact made within (minutes)"), min_value=1, max_value=2 * LONGEST_MINUTES
    )
    repeat_minutes = forms.IntegerField(
        label=_("Last rung asked again every (minutes)"), min_value=1, max_value=LONGEST_MINUTES
    )
    effective_from = forms.DateTimeField(
        label=_("In force from"),
        required=False,
        help_text=_("Empty: from now on."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    why = forms.CharField(label=_("Why it is changed"), widget=forms.Textarea(attrs={"rows": 2}), max_length=1000)

    def __init__(self, data: Any = None, *, clinic: Clinic, shown: rungs.Plan) -> None:
        first = {"contact_minutes": shown.contact_minutes, "repeat_minutes": shown.repeat_minutes}
        super().__init__(data, initial=first)
        self.clinic = clinic
        rows = [_typed(ask) for ask in shown.rungs[:ROWS]]
        rows += [{} for _row in range(ROWS - len(rows))]
        self.rungs = [
            RungForm(data, prefix=f"rung-{number}", clinic=clinic, initial=row) for number, row in enumerate(rows)
        ]

    def full_clean(self) -> None:
        # The time typed here is the clinic's, whoever types it.
        with timezone.override(ZoneInfo(self.clinic.zone)):
            super().full_clean()

    def is_valid(self) -> bool:
        rungs = [rung.is_valid() for rung in self.rungs]
        return super().is_valid() and all(rungs)

    def rows(self) -> list[rungs.Ask | None]:
        return [rung.as_ask() for rung in self.rungs]

    def beginning(self, *, at: datetime) -> datetime:
        return self.cleaned_data["effective_from"] or at

    def tell(self, broken: BrokenLadder) -> None:
        """Say at each row, or above them all, what is wrong with it."""
        for row, key in broken.faults:
            if row < 0:
                self.add_error(None, FAULTS[key])
            else:
                self.rungs[row].add_error("minutes" if key == rungs.NO_CLOCK else "asks", FAULTS[key])

    @property
    def all_errors(self) -> list[tuple[Any, Any, str]]:
        """Every mistake in a row: its number, the sentence and the field's id."""
        return [
            (number, error, rung[name].id_for_label)
            for number, rung in enumerate(self.rungs, 1)
            for name, errors in rung.errors.items()
            for error in errors
        ]


def _typed(ask: rungs.Ask) -> dict[str, Any]:
    asks = f"{ask.asks}:{ask.who}" if ask.asks in (rungs.ROLE, rungs.PERSON) else ask.asks
    return {"asks": asks, "minutes": ask.minutes, "ways": list(ask.ways)}

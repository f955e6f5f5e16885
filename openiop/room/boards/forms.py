"""Forms around a board: the clinic's policy, and in whose record a board is filed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Person
from openiop.room.boards.models import Board, BoardPolicy


class PolicyForm(forms.ModelForm):
    class Meta:
        model = BoardPolicy
        fields = ["carry_over", "may_file", "may_destroy", "keep_days"]


class HoldForm(forms.Form):
    """Keep a board longer than the clinic's days."""

    until = forms.DateField(label=_("Keep it until the end of"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(
        label=_("Why"),
        help_text=_("Those who lead this session can read it. It goes when the board goes."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class FilingForm(forms.Form):
    """In whose record; a group's board is about several people, so nobody is chosen beforehand."""

    patients = forms.ModelMultipleChoiceField(
        label=_("In whose record?"), queryset=Person.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    name_override = forms.CharField(
        label=_("Why another member’s name must stay"),
        help_text=_("Only when a name stands on the board. Better: take it off the board first."),
        required=False,
        max_length=300,
    )

    def __init__(self, data: Any = None, *, board: Board) -> None:
        super().__init__(data)
        members = board.session.roster.standing().values("patient_id")
        field: Any = self.fields["patients"]
        field.queryset = Person.objects.filter(pk__in=members).order_by("given_name")
        field.label_from_instance = lambda person: person.full_name

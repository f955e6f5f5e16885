"""The door's forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.people.models import STATES, Document
from openiop.room.together.models import LeavingHow

STATE_CHOICES = [("", _("Choose a state")), *((state, state) for state in STATES)]


def telephone(label: Any) -> forms.RegexField:
    return forms.RegexField(
        label=label,
        regex=r"^[0-9+()\-. x/]{7,30}$",
        error_messages={"invalid": _("Please write a telephone number, such as (555) 010-0100.")},
    )


class PlaceForm(forms.Form):
    """Where somebody is for the evening: half a minute, mostly filled in."""

    address = forms.CharField(
        label=_("Where are you right now?"),
        help_text=_("Street and town. If you were in danger, help would be sent there."),
        max_length=300,
    )
    state = forms.ChoiceField(label=_("State"), choices=STATE_CHOICES)
    callback = telephone(_("Which number can we call if the line drops?"))
    company = forms.ChoiceField(
        label=_("Who else is there?"),
        choices=[
            ("alone", _("I am alone")),
            ("near", _("Someone is near, but cannot hear")),
            ("room", _("Someone is in the room")),
        ],
        widget=forms.RadioSelect,
    )
    headphones = forms.TypedChoiceField(
        label=_("Do you have headphones on?"),
        choices=[("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )

    def answers(self) -> dict[str, Any]:
        """The answers as `admission.tell_place` takes them; private means that nobody else is in the room."""
        told = dict(self.cleaned_data)
        return {**told, "private": told["company"] != "room"}


class AgreementForm(forms.Form):
    """One document that is missing, with what it asks for; read and agreed to at the door."""

    agreed = forms.BooleanField(label=_("I have read this and I agree"))

    def __init__(self, data: Any = None, *, document: Document, spoken: bool = False) -> None:
        super().__init__(data, prefix=document.kind)
        self.document = document
        if spoken:
            self.fields["agreed"].label = _("I read this to them and they agreed aloud")
        if document.kind == Document.EMERGENCY:
            self.fields["contact_name"] = forms.CharField(label=_("Whom may we call in an emergency?"), max_length=120)
            self.fields["contact_phone"] = telephone(_("Their telephone"))
            self.fields["may_tell_contact"] = forms.BooleanField(
                label=_("You may tell them why you call"), required=False
            )
            self.fields["nearest_emergency"] = forms.CharField(
                label=_("Nearest emergency department, if you know it"), required=False, max_length=200
            )

    def details(self) -> dict[str, Any]:
        return {key: value for key, value in self.cleaned_data.items() if key != "agreed"}


class LeavingForm(forms.Form):
    """One tap: how somebody leaves, and the device's own key for this tap."""

    how = forms.ChoiceField(choices=LeavingHow.choices)
    key = forms.UUIDField()

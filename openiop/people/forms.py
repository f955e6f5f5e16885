"""What staff tell us about people, devices and documents."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from openiop.lib.inputs import DateInput
from openiop.people.models import LANGUAGES, STATES, Device, Document, Licence, Login, Person, Role
from openiop.people.support import Knows

ZONES = sorted(zone for zone in available_timezones() if zone.startswith(("America/", "Pacific/", "US/")))


def line(label: Any, *, required: bool = True, help_text: Any = "", **attrs: Any) -> forms.CharField:
    """One line of text; `attrs` go to the control (autocomplete, inputmode, …)."""
    return forms.CharField(
        label=label, required=required, help_text=help_text, max_length=200, widget=forms.TextInput(attrs=attrs)
    )


def zone_field() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Time zone"), choices=[(zone, zone.replace("_", " ")) for zone in ZONES])


class _PersonForm(forms.ModelForm):
    given_name = line(_("First name"))
    family_name = line(_("Last name"))
    called = line(_("Called"), help_text=_("The name others in a group see."))
    phone = line(_("Telephone"), required=False, inputmode="tel")
    zone = zone_field()
    email = forms.EmailField(label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"}))

    class Meta:
        model = Person
        fields = ["given_name", "family_name", "called", "phone", "language", "zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.login_id:
            # Whoever holds the address can ask for a new password, so it is not changed in passing.
            del self.fields["email"]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if email and Login.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody already signs in with this address."))
        return email


class StaffForm(_PersonForm):
    """A member of staff: what they may do follows from their roles."""

    roles = forms.MultipleChoiceField(label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple)
    credential = line(_("Credential"), required=False, help_text=_("As it stands under a note, such as LCSW."))

    class Meta(_PersonForm.Meta):
        fields = [*_PersonForm.Meta.fields, "roles", "credential"]


class HelperForm(_PersonForm):
    """An interpreter or captioner. Without an address they could not sign in, so there is one."""

    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))


class PatientForm(_PersonForm):
    born_on = forms.DateField(label=_("Date of birth"), widget=DateInput())
    home_address = line(_("Home address"), required=False)
    home_state = forms.ChoiceField(
        label=_("State"), choices=[("", "—"), *((state, state) for state in STATES)], required=False
    )

    class Meta(_PersonForm.Meta):
        fields = [*_PersonForm.Meta.fields, "born_on", "home_address", "home_state"]

    def clean_born_on(self) -> date:
        born_on: date = self.cleaned_data["born_on"]
        if not 1900 <= born_on.year <= date.today().year:
            raise forms.ValidationError(_("Please check the year."))
        return born_on


class LicenceForm(forms.ModelForm):
    number = line(_("Number"))
    valid_from = forms.DateField(label=_("Valid from"), widget=DateInput())
    valid_until = forms.DateField(
        label=_("Valid until"),
        widget=DateInput(),
        required=False,
        help_text=_("The first day on which it no longer holds."),
    )

    class Meta:
        model = Licence
        fields = ["state", "number", "valid_from", "valid_until"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        begins, ends = data.get("valid_from"), data.get("valid_until")
        if begins and ends and ends <= begins:
            self.add_error("valid_until", _("It ends before it begins."))
        return data


class DeviceForm(forms.ModelForm):
    name = line(_("Name"), help_text=_("Such as “lobby” or “Room 2”."))

    class Meta:
        model = Device
        fields = ["kind", "name", "site"]
        labels = {"kind": _("Kind"), "site": _("Site")}


class PairingForm(forms.Form):
    code = forms.CharField(
        label=_("Pairing code"),
        max_length=20,
        help_text=_("Eight digits, from the page “Devices” on a signed-in computer."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_code(self) -> str:
        return "".join(sign for sign in self.cleaned_data["code"] if sign.isdigit())


class DocumentForm(forms.ModelForm):
    """A new wording. What was agreed to before stays as it was."""

    english = forms.CharField(label=_("In English"), widget=forms.Textarea(attrs={"rows": 6}))
    spanish = forms.CharField(label=_("In Spanish"), widget=forms.Textarea(attrs={"rows": 6, "lang": "es"}))
    in_force_from = forms.DateField(label=_("In force from"), widget=DateInput())

    class Meta:
        model = Document
        fields = ["kind", "in_force_from"]
        labels = {"kind": _("Kind")}


class EmergencyForm(forms.Form):
    """What the emergency plan asks for."""

    contact_name = line(_("Whom may we call for you?"))
    contact_phone = line(_("Their telephone"), inputmode="tel")
    may_tell_contact = forms.BooleanField(
        label=_("You may tell them why you call, if my life is in danger."), required=False
    )
    nearest_emergency = line(_("Nearest emergency room"), required=False)


class SupporterForm(forms.Form):
    """Somebody a patient wants beside them, and what this person may know."""

    given_name = line(_("First name"))
    family_name = line(_("Last name"))
    relation = line(_("Who they are to the patient"), help_text=_("Such as mother, partner or sponsor."))
    phone = line(_("Telephone"), required=False, inputmode="tel")
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    may_know = forms.MultipleChoiceField(
        label=_("What they may know"), choices=Knows.choices, widget=forms.CheckboxSelectMultiple
    )
    signed = forms.BooleanField(
        label=_("The patient has signed this on paper"),
        required=False,
        help_text=_("Otherwise the patient finds it on their own page and agrees there."),
    )


class PasswordForm(forms.Form):
    """Choosing a password with an invitation."""

    password = forms.CharField(
        label=_("Your new password"),
        help_text=_("Twelve signs or more. Four words in a row are easy to keep in mind."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, login: Login, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.login = login

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self.login)
        return password


class UnlockForm(forms.Form):
    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class TrailForm(forms.Form):
    """Which lines of the trail to show."""

    patient = forms.CharField(label=_("About"), required=False)
    person = forms.CharField(label=_("By"), required=False)
    first = forms.DateField(label=_("From"), required=False, widget=DateInput())
    last = forms.DateField(label=_("To"), required=False, widget=DateInput())

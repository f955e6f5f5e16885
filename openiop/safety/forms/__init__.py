"""What staff fill in about somebody in danger."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.lib.inputs import DateInput, WallTimeField
from openiop.people.models import Clinic, Person
from openiop.safety import location, plans
from openiop.safety.models import (
    ClosedDay,
    Closure,
    Contact,
    EmergencyDisclosure,
    JointScreen,
    LocalHelp,
    MeansTalk,
    OnCallShift,
)


class _OnTheCase(forms.ModelForm):
    """Two forms stand on the page of a case, and both have a note: their fields are told apart by the form's name."""

    called = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{self.called}_%s", **kwargs})


class ContactForm(_OnTheCase):
    called = "contact"
    reached = forms.TypedChoiceField(
        label=_("Did you reach them?"),
        choices=[("yes", _("Yes, we spoke")), ("no", _("No, not yet"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Contact
        fields = ["how", "reached", "note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}


class JointScreenForm(forms.Form):
    """What a clinician found who asked one partner alone."""

    alone = forms.BooleanField(label=_("I asked them alone: nobody else could see or hear us"))
    safe_at_home = forms.ChoiceField(
        label=_("Do they feel safe at home?"),
        choices=JointScreen._meta.get_field("safe_at_home").choices,  # type: ignore[arg-type]
        widget=forms.RadioSelect,
    )
    suitable = forms.TypedChoiceField(
        label=_("Is being seen together suitable now?"),
        choices=[("yes", _("Yes")), ("no", _("No, not now"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reasons = forms.CharField(
        label=_("What you asked, what they said, and why"), widget=forms.Textarea(attrs={"rows": 4})
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("suitable") and data.get("safe_at_home") not in (None, "yes"):
            self.add_error("suitable", _("Together is suitable only for somebody who feels safe at home."))
        return data


class ClosureForm(_OnTheCase):
    called = "closure"
    note = forms.CharField(label=_("What was found and done"), widget=forms.Textarea(attrs={"rows": 4}))

    class Meta:
        model = Closure
        fields = ["disposition", "note"]


class ConcernForm(forms.Form):
    """Somebody of the staff is worried. The key makes a second press of the button change nothing."""

    tier = forms.TypedChoiceField(
        label=_("How soon does somebody need to be with them?"),
        choices=[
            (4, _("Now: in danger this minute")),
            (3, _("Within the hour: high risk")),
            (2, _("Today, within hours")),
            (1, _("Today")),
        ],
        coerce=int,
        widget=forms.RadioSelect,
    )
    what = forms.CharField(label=_("What did you see or hear?"), widget=forms.Textarea(attrs={"rows": 4}))
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)


class ClosedDayForm(forms.ModelForm):
    name = forms.CharField(label=_("Why"), max_length=100, help_text=_("Such as Thanksgiving."))

    class Meta:
        model = ClosedDay
        fields = ["on", "name"]
        widgets = {"on": DateInput()}

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "closed_%s", **kwargs})
        self.instance.clinic = clinic


class ShiftForm(forms.ModelForm):
    """Who answers out of hours, from when until when, in the clinic's own time."""

    begins_at = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    ends_at = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))

    class Meta:
        model = OnCallShift
        fields = ["staff", "rung"]

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clinic = clinic
        self.instance.clinic = clinic
        staff = self.fields["staff"]
        assert isinstance(staff, forms.ModelChoiceField)
        staff.queryset = Person.objects.filter(clinic=clinic).clinicians().order_by("family_name")

    def full_clean(self) -> None:
        # Times typed here are the clinic's, whoever types them; an hour that a clock change skips is refused.
        with timezone.override(ZoneInfo(self.clinic.zone)):
            super().full_clean()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        begins_at, ends_at = found.get("begins_at"), found.get("ends_at")
        if begins_at and ends_at:
            if ends_at <= begins_at:
                self.add_error("ends_at", _("The end comes before the beginning."))
            else:
                self.instance.during = (begins_at, ends_at)
        return found

    def _get_validation_exclusions(self) -> set[str]:
        # The clinic and the hours are set by us, and the rule against overlaps looks at both.
        ours = {"clinic", "during"} if self.instance.during else {"clinic"}
        return super()._get_validation_exclusions() - ours  # type: ignore[misc]


class SafetyPlanForm(forms.Form):
    """The seven parts, one thing a line. How many help is asked for, never demanded."""

    begun_from = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in plans.PARTS:
            self.fields[part.name] = forms.CharField(
                label=part.title,
                required=False,
                max_length=4000,
                help_text=format_lazy("{} {} {}", part.asks, part.hint, _("One on each line.")),
                widget=forms.Textarea(attrs={"rows": 4}),
            )


class MeansTalkForm(forms.Form):
    about = forms.MultipleChoiceField(
        label=_("What was talked about?"), choices=MeansTalk.ABOUT, widget=forms.CheckboxSelectMultiple
    )
    agreed = forms.CharField(label=_("What was agreed"), widget=forms.Textarea(attrs={"rows": 4}))
    helper = forms.CharField(label=_("Who helps with it"), required=False)


class DisclosureForm(forms.ModelForm):
    told_at = WallTimeField(label=_("When it was told"))

    class Meta:
        model = EmergencyDisclosure
        fields = ["told_at", "recipient", "organisation", "nature", "what"]
        widgets = {
            "recipient": forms.TextInput,
            "organisation": forms.TextInput,
            "nature": forms.Textarea(attrs={"rows": 3}),
            "what": forms.Textarea(attrs={"rows": 3}),
        }


class LocalHelpForm(forms.ModelForm):
    """Numbers as people write them; kept as ten digits."""

    PHONES = ("emergency_phone", "crisis_phone", "department_phone")

    checked_on = forms.DateField(label=_("Last checked on"), widget=DateInput(), initial=timezone.localdate)

    class Meta:
        model = LocalHelp
        fields = [
            "state",
            "locality",
            "emergency_phone",
            "crisis_phone",
            "department",
            "department_phone",
            "source",
            "checked_on",
        ]
        widgets = {"locality": forms.TextInput, "department": forms.TextInput, "source": forms.TextInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.PHONES:
            label, required = self.fields[name].label, self.fields[name].required
            self.fields[name] = forms.CharField(
                label=label, required=required, max_length=20, widget=forms.TextInput(attrs={"type": "tel"})
            )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        for name in self.PHONES:
            if said := found.get(name):
                try:
                    found[name] = location.ten_digits(said)
                except location.NotTenDigits:
                    self.add_error(name, _("Ten digits, please: 911 from here reaches our own dispatcher."))
        return found

    def clean_checked_on(self) -> date:
        checked_on: date = self.cleaned_data["checked_on"]
        if checked_on > timezone.localdate():
            raise forms.ValidationError(_("That lies in the future."))
        return checked_on

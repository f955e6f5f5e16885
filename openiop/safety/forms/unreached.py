"""What a clinician fills in when somebody is not reached, and with a patient about whom nobody may contact."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.lib.inputs import DateInput
from openiop.safety import unreached
from openiop.safety.models import DECISION_FAULTS, Case, DoNotContact, MayNotDecide
from openiop.safety.models.unreached import CHOICES, HELPERS


class DecisionForm(forms.Form):
    """One choice, with what belongs to it; whatever is filled in for another choice is left out."""

    choice = forms.ChoiceField(label=_("What happens now"), choices=CHOICES, widget=forms.RadioSelect)
    minutes = forms.IntegerField(
        label=_("Keep trying for (minutes)"),
        required=False,
        min_value=1,
        max_value=7 * 24 * 60,
        help_text=_("Then it is decided again."),
    )
    whom = forms.CharField(label=_("Who is asked"), required=False, max_length=200)
    phone = forms.CharField(
        label=_("Their telephone"), required=False, max_length=40, widget=forms.TextInput(attrs={"type": "tel"})
    )
    helper = forms.ChoiceField(label=_("The welfare check"), choices=HELPERS, required=False, widget=forms.RadioSelect)
    reasons = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    consulted = forms.CharField(
        label=_("Who was asked for advice"),
        max_length=400,
        help_text=_("Such as the supervisor, by name. If nobody could be asked, say so."),
    )
    despite_mark = forms.CharField(
        label=_("Why somebody marked is contacted all the same"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, case: Case, contact: dict[str, Any], has_marks: bool, **kwargs: Any) -> None:
        longest = case.deadlines.contact_minutes
        first = {
            "minutes": longest,
            "whom": contact.get("contact_name", ""),
            "phone": contact.get("contact_phone", ""),
        }
        super().__init__(*args, **{"initial": first, **kwargs})
        self.fields["minutes"].widget.attrs["max"] = longest
        if not has_marks:
            del self.fields["despite_mark"]

    def said(self, *, at: datetime) -> dict[str, Any]:
        """What the form says, as `decide_unreached` takes it."""
        data = dict(self.cleaned_data)
        minutes = data.pop("minutes")
        return {**data, "tries_again_at": at + timedelta(minutes=minutes) if minutes else None}

    def tell(self, refusal: MayNotDecide) -> None:
        """Say at each field what is missing."""
        for reason in refusal.reasons:
            field, sentence = DECISION_FAULTS[reason]
            self.add_error(field, sentence)


class MarkForm(forms.ModelForm):
    class Meta:
        model = DoNotContact
        fields = ["whom", "name", "relation", "phone", "why", "source_of_harm", "until"]
        widgets = {
            "whom": forms.RadioSelect,
            "name": forms.TextInput,
            "relation": forms.TextInput,
            "phone": forms.TextInput(attrs={"type": "tel"}),
            "why": forms.Textarea(attrs={"rows": 3}),
            "until": DateInput(),
        }
        help_texts = {
            "source_of_harm": _("Then nobody here contacts them about the patient, whatever happens."),
            "until": _("Empty: until the patient says otherwise."),
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("whom") == unreached.PERSON and not data.get("name", "").strip():
            self.add_error("name", _("Please name them."))
        return data


class LiftForm(forms.Form):
    why = forms.CharField(label=_("What the patient said"), max_length=2000)

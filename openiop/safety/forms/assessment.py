"""What a clinician fills in when they have assessed a person's risk."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.safety.assessing import Screen
from openiop.safety.models.assessment import LEVELS, PROTECTIVE_FACTORS, RISK_FACTORS


class AssessmentForm(forms.Form):
    screened = forms.TypedChoiceField(
        label=_("What the screen calls for"),
        choices=[("", _("no screen taken")), *LEVELS],
        coerce=int,
        empty_value=None,
        required=False,
    )
    codes = forms.CharField(
        label=_("Its answers, as codes"), required=False, help_text=_("One code and its answer, then a comma.")
    )
    found = forms.CharField(label=_("What was said and seen"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    risk_factors = forms.MultipleChoiceField(
        label=_("What raises the risk"), choices=RISK_FACTORS, required=False, widget=forms.CheckboxSelectMultiple
    )
    protective_factors = forms.MultipleChoiceField(
        label=_("What protects"), choices=PROTECTIVE_FACTORS, required=False, widget=forms.CheckboxSelectMultiple
    )
    level = forms.TypedChoiceField(
        label=_("Level of risk, as decided"), choices=LEVELS, coerce=int, widget=forms.RadioSelect
    )
    lowered_because = forms.CharField(
        label=_("Why lower than the screen or the time before"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    plan = forms.CharField(label=_("What happens now"), widget=forms.Textarea(attrs={"rows": 3}))

    def said(self) -> dict[str, Any]:
        """What the form says, as `assess` takes it."""
        data = dict(self.cleaned_data)
        screened, codes = data.pop("screened"), data.pop("codes")
        kept = tuple(code.strip() for code in codes.split(",") if code.strip())
        return {**data, "screen": None if screened is None else Screen(screened, kept)}

"""Where somebody of the staff needs help, and what it was. Nothing here may hold up the call."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Clinic, Site


class AlertForm(forms.Form):
    where = forms.CharField(
        label=_("Where"), required=False, max_length=100, help_text=_("The room, such as room 2. No patient’s name.")
    )
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), required=False)
    drill = forms.BooleanField(label=_("This is a drill"), required=False)

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)
        site.queryset = Site.objects.filter(clinic=clinic).order_by("name")


class OverForm(forms.Form):
    outcome = forms.CharField(
        label=_("What it was"), max_length=200, help_text=_("Such as helped, false alarm, drill. No patient’s name.")
    )

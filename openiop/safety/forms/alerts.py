"""Where somebody of the staff needs help, and what was found. Nothing here may hold up the call."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Clinic, Person, Site


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


class QuietForm(forms.Form):
    """What a browser sends of a silent press: its key, whose it was, and for how long it waited for the line."""

    key = forms.UUIDField(required=False)
    person = forms.UUIDField(required=False)
    waited_ms = forms.IntegerField(required=False, min_value=0, max_value=31 * 24 * 3600 * 1000)

    def is_anothers(self, person: Person) -> bool:
        """Was it kept in this browser by somebody else? It waits until they are signed in here again."""
        self.is_valid()
        return self.cleaned_data.get("person") not in (None, "", person.pk)

    def pressed(self, *, at: datetime) -> dict[str, Any]:
        """Whatever can be read of it: nothing that is missing or wrong may stop the call."""
        self.is_valid()
        key, waited = self.cleaned_data.get("key"), self.cleaned_data.get("waited_ms")
        return {
            "key": key if isinstance(key, UUID) else None,
            "pressed_at": at - timedelta(milliseconds=waited) if waited is not None else None,
        }


class PlaceForm(forms.Form):
    site = forms.ModelChoiceField(
        label=_("Site"),
        queryset=Site.objects.none(),
        required=False,
        empty_label=_("At none of our sites"),
        help_text=_("Holds until midnight. Calls for help at this site reach you first."),
    )
    where = forms.CharField(label=_("Room"), required=False, max_length=100)

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)
        site.queryset = Site.objects.filter(clinic=clinic).order_by("name")


class OverForm(forms.Form):
    outcome = forms.CharField(
        label=_("What was found"), max_length=200, help_text=_("Such as helped, false alarm, drill. No patient’s name.")
    )


class BackForm(forms.Form):
    because = forms.CharField(
        label=_("Why you take it back"),
        max_length=200,
        help_text=_("Somebody comes and looks all the same. No patient’s name."),
    )

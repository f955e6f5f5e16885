"""Who stays with a person at high risk, why nobody needs to any more, and the clinic's minutes."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from openiop.lib.inputs import WallTimeField
from openiop.people.models import Clinic, Person, Site
from openiop.safety import rungs
from openiop.safety.models import OneToOneEnd
from openiop.safety.models.one_to_one import PLACES, WHYS


class _Staff(forms.ModelChoiceField):
    """With a word beside whoever is with somebody already: not refused, for a night may have no one else."""

    def label_from_instance(self, obj: Any) -> str:
        beside = [str(_("is with somebody now"))] if obj.is_with_somebody else []
        return " · ".join([obj.full_name, *obj.role_labels[:1], *beside])


class StayForm(forms.Form):
    """Somebody of the staff who is on duty; in the room or on the line. `instead_of`: who was shown as asked."""

    instead_of = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)
    who = _Staff(queryset=Person.objects.none(), label=_("Who stays with them"), empty_label=_("Please choose"))
    place = forms.ChoiceField(label=_("In the room or on the line"), choices=PLACES, widget=forms.RadioSelect)
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), required=False)
    where = forms.CharField(label=_("Room"), required=False, max_length=100)

    def __init__(self, *args: Any, clinic: Clinic, staff: "QuerySet[Person]", **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "stay_%s", **kwargs})
        who, site = self.fields["who"], self.fields["site"]
        assert isinstance(who, forms.ModelChoiceField) and isinstance(site, forms.ModelChoiceField)
        who.queryset = staff.order_by("given_name", "family_name")
        site.queryset = Site.objects.filter(clinic=clinic).order_by("name")
        sites = list(site.queryset[:2])
        self.only_site = sites[0] if len(sites) == 1 else None
        if self.only_site:
            del self.fields["site"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.only_site:
            data["site"] = self.only_site
        elif data.get("place") == rungs.ON_SITE and not data.get("site") and "site" not in self.errors:
            self.add_error("site", _("Please say at which site."))
        return data


class EndForm(forms.ModelForm):
    why = forms.ChoiceField(label=_("Why nobody needs to stay any more"), choices=WHYS, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "over_%s", **kwargs})

    class Meta:
        model = OneToOneEnd
        fields = ["why", "words"]
        widgets = {"words": forms.Textarea(attrs={"rows": 2, "maxlength": 2000})}


class ClockForm(forms.Form):
    """The clinic's minutes, from when on, and where the number is from."""

    minutes = forms.IntegerField(label=_("Somebody is with them within (minutes)"), min_value=1, max_value=60)
    source = forms.CharField(
        label=_("Where this number is from"), max_length=400, help_text=_("Such as your own policy, with its date.")
    )
    effective_from = WallTimeField(label=_("In force from"), required=False, help_text=_("Empty: from now on."))

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["effective_from"].zone = ZoneInfo(zone)  # type: ignore[attr-defined]

    def said(self, *, at: datetime) -> dict[str, Any]:
        return {**self.cleaned_data, "effective_from": self.cleaned_data["effective_from"] or at}

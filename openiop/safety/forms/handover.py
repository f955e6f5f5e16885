"""Who takes over, and a line for them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.people.models import Person


class _Clinician(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.full_name)


class NameForm(forms.Form):
    """A clinician who stays."""

    to = _Clinician(queryset=Person.objects.none(), label=_("Who takes over"), empty_label=_("Please choose"))

    def __init__(self, *args: Any, clinic_id: Any, goes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who = Person.objects.filter(clinic_id=clinic_id).clinicians().exclude(pk__in=list(goes))
        self.fields["to"].queryset = who.order_by("given_name", "family_name")  # type: ignore[attr-defined]


class GoingForm(NameForm):
    """I go before my shift or session ends. The key makes a second press change nothing."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=lambda: str(uuid7()))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].required = False
        self.fields["to"].help_text = _("Or whoever is on call. It stays yours until somebody takes it over.")


class WordForm(forms.Form):
    words = forms.CharField(label=_("A line for the one who comes"), max_length=500)

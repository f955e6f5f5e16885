"""How often a track asks for a measure."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.measures import instruments
from openiop.measures.models import Cadence
from openiop.people.models import Clinic
from openiop.programs.models import Track


class CadenceForm(forms.ModelForm):
    instrument = forms.ChoiceField(label=_("Measure"))
    every_days = forms.IntegerField(label=_("Every (days)"), min_value=1, max_value=365, initial=7)

    class Meta:
        model = Cadence
        fields = ["track", "instrument", "every_days", "source"]
        labels = {"track": _("Track")}
        widgets = {"source": forms.TextInput()}
        help_texts = {"source": _("Whose rule this is, for example the payer’s or the clinic’s own.")}

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tracks, measures = self.fields["track"], self.fields["instrument"]
        assert isinstance(tracks, forms.ModelChoiceField) and isinstance(measures, forms.ChoiceField)
        tracks.queryset = Track.objects.filter(clinic=clinic).order_by("name")
        scored = {each.code: each for each in instruments.all_instruments().values() if each.method == "sum"}
        measures.choices = [(code, instruments.in_language(each.title, "en")) for code, each in sorted(scored.items())]

    def _get_validation_exclusions(self) -> set[str]:
        # A second rule for the same pair replaces the first: see `Cadence.agree`.
        return super()._get_validation_exclusions() | {"track"}  # type: ignore[misc]

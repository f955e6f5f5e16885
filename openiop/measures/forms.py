"""How often a track asks for a measure."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.measures import instruments
from openiop.measures.models import Cadence, OwnPhrase
from openiop.measures.phrases.wording import has_a_word
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


class PhraseForm(forms.ModelForm):
    """A phrase of the clinic's own, tried on a text before it is saved."""

    class Meta:
        model = OwnPhrase
        fields = ["language", "category", "tier", "words", "why"]
        widgets = {"words": forms.TextInput(attrs={"maxlength": 200}), "why": forms.TextInput(attrs={"maxlength": 200})}
        help_texts = {
            "words": _(
                "kill|end: either word · drown*: whatever begins so · #: a number · ...: up to three other words"
            ),
            "why": _("What a colleague should know who reads the flag."),
        }

    def clean_words(self) -> str:
        """At least one whole word, so that a phrase of signs alone does not match everything."""
        words = " ".join(self.cleaned_data["words"].split())
        if not has_a_word(words):
            raise forms.ValidationError(_("Write at least one word of three letters or more."))
        return words


class PhraseOffForm(forms.Form):
    """Which shipped phrase is no longer listened for, and why."""

    code = forms.RegexField(r"^[a-z]{2}[0-9]{3}$")
    because = forms.CharField(max_length=200)

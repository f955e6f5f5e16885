"""When a track asks for a measure, and what staff say when they write one down or ask for one."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext_lazy as _

from openiop.measures import instruments, norms
from openiop.measures.answering import KEPT_FOR
from openiop.measures.asking import ASKED_BY_THE_DAY, DAYS_TO_ANSWER
from openiop.measures.assessing import Offered
from openiop.measures.models import Answer, Cadence, LicensedWords, OwnPhrase
from openiop.measures.phrases.wording import has_a_word
from openiop.measures.reminders import Hours, allowed
from openiop.people.models import Clinic
from openiop.programs.models import Track
from openiop.safety.assessing import Screen
from openiop.safety.models.assessment import LEVELS, PROTECTIVE_FACTORS, RISK_FACTORS


def for_patients(clinic: Clinic) -> list[tuple[str, str]]:
    """Return the measures that a patient of this clinic may be asked for: code and title.

    Not those whose words the clinic has not loaded: nobody could answer them, and they would count as not answered.
    """
    loaded = set(LicensedWords.objects.filter(clinic=clinic).values_list("instrument", flat=True))
    newest = {each.code: each for each in sorted(instruments.all_instruments().values(), key=lambda each: each.version)}
    found = {
        code: instruments.in_language(each.title, "en")
        for code, each in newest.items()
        if "patient" in each.asked_by and code not in ASKED_BY_THE_DAY and (each.words == "shipped" or code in loaded)
    }
    return sorted(found.items(), key=lambda row: row[1])


class CadenceForm(forms.ModelForm):
    instrument = forms.ChoiceField(label=_("Measure"))
    every_days = forms.IntegerField(
        label=_("Every (days)"),
        min_value=1,
        max_value=365,
        initial=7,
        required=False,
        help_text=_("Counts only for “every so many days”."),
    )

    class Meta:
        model = Cadence
        fields = ["track", "instrument", "moment", "every_days", "source"]
        labels = {"track": _("Track")}
        widgets = {"source": forms.TextInput()}
        help_texts = {"source": _("Whose rule this is, for example the payer’s or the clinic’s own.")}

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tracks, measures = self.fields["track"], self.fields["instrument"]
        assert isinstance(tracks, forms.ModelChoiceField) and isinstance(measures, forms.ChoiceField)
        tracks.queryset = Track.objects.filter(clinic=clinic).order_by("name")
        measures.choices = for_patients(clinic)

    def clean_every_days(self) -> int:
        return self.cleaned_data["every_days"] or 7

    def _get_validation_exclusions(self) -> set[str]:
        # A second rule for the same pair replaces the first: see `Cadence.agree`.
        return super()._get_validation_exclusions() | {"track"}  # type: ignore[misc]


class EntryForm(forms.Form):
    """Of which day the answers are, and how staff came to know them."""

    day = forms.DateField(label=_("For which day"), widget=forms.DateInput(attrs={"type": "date"}))
    how = forms.ChoiceField(label=_("How"), choices=Answer.HOW[1:], widget=forms.RadioSelect)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > self.today:
            raise forms.ValidationError(_("That day has not come yet."))
        if day < self.today - KEPT_FOR:
            raise forms.ValidationError(_("Two weeks back at the most; file an older form as a paper."))
        return day


class AskForm(forms.Form):
    instrument = forms.ChoiceField(label=_("Measure"))
    until = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, today: date, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        measures = self.fields["instrument"]
        assert isinstance(measures, forms.ChoiceField)
        measures.choices = for_patients(clinic)
        self.fields["until"].initial = today + timedelta(days=DAYS_TO_ANSWER)

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not self.today <= until <= self.today + timedelta(days=60):
            raise forms.ValidationError(_("Choose a day from today until two months from now."))
        return until


class WordsForm(forms.Form):
    file = forms.FileField(label=_("File with the words"), help_text=_("JSON, as described below."))


class ReadingForm(forms.Form):
    """A clinic's choice among the definitions on offer. Each says where it comes from."""

    definition = forms.ChoiceField(label=_("Reliable change"), widget=forms.RadioSelect)
    prorate_up_to = forms.IntegerField(
        label=_("Missing answers allowed"),
        min_value=0,
        help_text=_("0 is strict: no total without every answer. Answers about suicide are never filled in."),
    )
    source = forms.CharField(label=_("Whose decision this is"), max_length=300)

    def __init__(self, *args: Any, known: norms.Norms, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        definitions, missing = self.fields["definition"], self.fields["prorate_up_to"]
        assert isinstance(definitions, forms.ChoiceField) and isinstance(missing, forms.IntegerField)
        definitions.choices = [(each.code, f"{each.points:.1f}: {each.source}") for each in known.reliable]
        self.most = known.facts["prorate"].value if "prorate" in known.facts else 0

    def clean_prorate_up_to(self) -> int:
        value: int = self.cleaned_data["prorate_up_to"]
        if value > self.most:
            raise forms.ValidationError(_("At most %d, by the published rule.") % self.most)
        return value


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


class AssessmentForm(forms.Form):
    """What a clinician fills in after assessing a risk. It begins with a screen where one was taken."""

    taken = forms.ChoiceField(
        label=_("Screen that this assessment begins with"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("That screen is no longer open to this assessment. Choose again.")},
    )
    screened = forms.TypedChoiceField(
        label=_("What the screen calls for"),
        choices=[("", _("no screen taken")), *LEVELS],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("Only for a screen that is not listed above."),
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
    seen_at = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, offered: Sequence[Offered] = (), language: str = "en", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.screens = {str(one.response.pk): one.screen for one in offered}
        taken = self.fields["taken"]
        assert isinstance(taken, forms.ChoiceField)
        listed = [(str(one.response.pk), in_a_line(one, language)) for one in offered]
        taken.choices = [*listed, ("", _("None of these"))]
        taken.initial = taken.choices[0][0]
        if not offered:
            # Still read: a page left open may name a screen that a colleague's assessment has used meanwhile.
            taken.widget = forms.HiddenInput()
            self.fields["screened"].help_text = ""

    def clean_seen_at(self) -> datetime | None:
        """When the page was shown. A page that does not say it showed nothing, which refuses no assessment."""
        try:
            found = parse_datetime(self.cleaned_data["seen_at"])
        except ValueError:
            return None
        return found if found and found.tzinfo else None

    def said(self) -> dict[str, Any]:
        """What the form says, as `assess` takes it."""
        data = dict(self.cleaned_data)
        taken, screened, codes = data.pop("taken", ""), data.pop("screened"), data.pop("codes")
        if taken:
            return {**data, "screen": self.screens[taken]}
        kept = tuple(code.strip() for code in codes.split(",") if code.strip())
        return {**data, "screen": None if screened is None else Screen(screened, kept)}


def in_a_line(one: Offered, language: str) -> str:
    """One screen with its day, its result, what that calls for, and who wrote it down."""
    named = {row.code: row.text for row in one.instrument.results}
    told = {
        "screen": instruments.in_language(one.instrument.title, language),
        "day": date_format(one.response.for_day, "M j"),
        "result": instruments.in_language(named[one.response.band], language),
        "level": dict(LEVELS)[one.screen.level],
        "who": one.by.full_name if one.by else _("answered by themselves"),
    }
    return _("%(screen)s, %(day)s: %(result)s. Calls for: %(level)s. (%(who)s)") % told


class RemindersForm(forms.Form):
    """How a patient wants to be reminded, inside the clinic's hours."""

    by_email = forms.BooleanField(label=_("By e-mail"), required=False)
    by_text = forms.BooleanField(label=_("By text message"), required=False)
    first = forms.TimeField(label=_("Not before"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    last = forms.TimeField(label=_("Not after"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    after_care = forms.BooleanField(label=_("Also after I have finished the program"), required=False)

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hours = Hours(clinic.reminders_from, clinic.reminders_until)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and allowed(self.hours, Hours(first, last)) != Hours(first, last):
            told = {"first": time_format(self.hours.first), "last": time_format(self.hours.last)}
            self.add_error(
                "last", _("Please choose a time between %(first)s and %(last)s that ends after it begins.") % told
            )
        return data

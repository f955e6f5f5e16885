"""Forms for programs, tracks and enrolment. Hours are typed as hours and kept as minutes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openiop.lib.inputs import DateInput
from openiop.people.access import Actor
from openiop.people.models import Person
from openiop.programs.models import Audience, Diagnosis, LevelOfCare, Modality, Program, Track

OF_AGE = 18


def hours_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DecimalField:
    """Hours in steps of a quarter, such as 9 or 7.5."""
    return forms.DecimalField(
        label=label, required=required, min_value=Decimal("0.25"), max_value=80, decimal_places=2, help_text=help_text
    )


def minutes_of(hours: Decimal) -> int:
    """Return hours as whole minutes: 7.5 → 450."""
    return int(hours * 60)


def hours_of(minutes: int) -> Decimal:
    """Return minutes as hours with at most two decimals: 450 → 7.5."""
    return (Decimal(minutes) / 60).quantize(Decimal("0.01")).normalize() + 0


class ProgramForm(forms.ModelForm):
    class Meta:
        model = Program
        fields = ["name", "part2"]
        widgets = {"name": forms.TextInput}
        help_texts = {
            "part2": _(
                "Tick this when the program holds itself out as treating substance use: its records then need "
                "the consent that 42 CFR Part 2 asks for."
            )
        }


class TrackForm(forms.ModelForm):
    hours = hours_field(
        _("Least hours a week"),
        help_text=_("What the level of care asks for: usually 9 for adults and 6 for adolescents."),
    )

    class Meta:
        model = Track
        fields = ["program", "name", "audience", "minimum_source"]
        widgets = {"name": forms.TextInput, "minimum_source": forms.TextInput}
        help_texts = {
            "audience": _("Adolescents and adults are never in one group."),
            "minimum_source": _("Such as: ASAM level 2.1, 9 to 19 hours a week for adults."),
        }

    field_order = ["program", "name", "audience", "hours", "minimum_source"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["program"].queryset = Program.objects.order_by("name")  # type: ignore[attr-defined]
        if self.instance.pk and not self.instance._state.adding:
            self.fields["hours"].initial = hours_of(self.instance.weekly_minimum_minutes)
            # Enrolments and rosters copy it: a track that changed its audience would mix what must stay apart.
            self.fields["audience"].disabled = True

    def save(self, commit: bool = True) -> Track:
        self.instance.weekly_minimum_minutes = minutes_of(self.cleaned_data["hours"])
        return super().save(commit)


class EnrolmentForm(forms.Form):
    patient = forms.ModelChoiceField(Person.objects.none(), label=_("Patient"))
    track = forms.ModelChoiceField(Track.objects.none(), label=_("Track"))
    first_on = forms.DateField(label=_("First day"), widget=DateInput)
    modality = forms.ChoiceField(label=_("Takes part"), choices=Modality.choices)
    goal_hours = hours_field(
        _("Goal, hours a week"), required=False, help_text=_("Left empty, the track's least hours are the goal.")
    )
    level_clinical = forms.ChoiceField(
        label=_("Level of care, as the clinician finds it"), choices=LevelOfCare.choices, initial=LevelOfCare.IOP
    )
    level_authorised = forms.ChoiceField(
        label=_("Level of care, as the payer authorised it"), choices=LevelOfCare.choices, initial=LevelOfCare.IOP
    )
    therapist = forms.ModelChoiceField(Person.objects.none(), label=_("Therapist"))

    def __init__(self, *args: Any, reader: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Person.objects.visible_to(reader).filter(active=True).order_by("family_name", "given_name")
        self._choices("patient", people.patients())
        self._choices("track", Track.objects.filter(clinic_id=reader.clinic_id).order_by("name"))
        self._choices("therapist", people.clinicians())

    def _choices(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Refuse an age that does not fit the track, on the first day."""
        patient, track, first_on = (self.cleaned_data.get(name) for name in ("patient", "track", "first_on"))
        if not (patient and track and first_on and patient.born_on):
            return
        age = patient.age_on(first_on)
        fits = age >= OF_AGE if track.audience == Audience.ADULT else age < OF_AGE
        if not fits:
            self.add_error(
                "track",
                gettext("%(name)s is %(age)d on that day, and this track is for %(audience)s.")
                % {"name": patient.called, "age": age, "audience": track.get_audience_display().lower()},
            )


class DiagnosisForm(forms.Form):
    code = forms.CharField(label=_("Code"), required=False, max_length=20)
    label = forms.CharField(label=_("Words"), required=False, max_length=200)

    def clean_code(self) -> str:
        code = self.cleaned_data["code"].strip().upper()
        if code:
            try:
                Diagnosis._meta.get_field("code").run_validators(code)
            except ValidationError:
                raise ValidationError(_("An ICD-10-CM code looks like F33.1.")) from None
        return code

    def clean(self) -> None:
        code, label = self.cleaned_data.get("code"), self.cleaned_data.get("label")
        if code and not label:
            self.add_error("label", _("Please say in words what the code means."))
        if label and not code and "code" not in self.errors:
            self.add_error("code", _("Please give the ICD-10-CM code."))


DiagnosisFormSet = forms.formset_factory(DiagnosisForm, extra=3, max_num=12)


def diagnoses_of(rows: Any) -> list[tuple[str, str]]:
    """Return (code, words) of the rows that were filled in, in order."""
    return [(row["code"], row["label"]) for row in rows.cleaned_data if row.get("code")]

"""What staff fill in on a restricted flag and its worksheet, and on a minor's guardians."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.lib.inputs import DateInput, WallTimeField
from openiop.people.models import STATES, Clinic, Person
from openiop.safety import reporting
from openiop.safety.models import (
    EmergencyDisclosure,
    GrievanceClock,
    Guardian,
    GuardianNotice,
    GuardianRule,
    ReportMade,
    RestrictedFlag,
    StateRule,
)
from openiop.safety.models.restricted import KINDS, NAMED, READERS


def area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def yes_or_no(label: Any, yes: Any, no: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[("yes", yes), ("no", no)],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )


def staff_of(clinic: Clinic) -> Any:
    staff = Person.objects.filter(clinic=clinic, active=True).staff()
    return staff.order_by("family_name", "given_name")


class RaiseForm(forms.Form):
    """`guardians` and the kinds but *incident* stand only where a patient does."""

    kind = forms.ChoiceField(label=_("What it is"), widget=forms.RadioSelect)
    words = forms.CharField(label=_("What was seen and said"), widget=area(5))
    learned_at = WallTimeField(label=_("When the clinic learned of it"))
    state = forms.ChoiceField(
        label=_("State whose rules run"), choices=[("", "–"), *((s, s) for s in STATES)], required=False
    )
    about = forms.ModelMultipleChoiceField(
        label=_("Staff it is about"),
        queryset=Person.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They will not read it, whatever their role."),
    )
    guardians = forms.ModelMultipleChoiceField(
        label=_("Guardians who may have had a part in it"),
        queryset=Guardian.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They will not be told."),
    )
    others = forms.CharField(
        label=_("Others who may have had a part in it"),
        required=False,
        widget=area(2),
        help_text=_("One name on each line."),
    )

    def __init__(self, *args: Any, clinic: Clinic, patient: Person | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [row for row in KINDS if patient or row[0] == reporting.INCIDENT]  # type: ignore[attr-defined]
        self.fields["about"].queryset = staff_of(clinic)  # type: ignore[attr-defined]
        guardians = Guardian.objects.filter(patient=patient).order_by("name") if patient else Guardian.objects.none()
        self.fields["guardians"].queryset = guardians  # type: ignore[attr-defined]
        if not guardians:
            del self.fields["guardians"]

    def said(self) -> dict[str, Any]:
        """What the form says, as `raise_restricted` takes it."""
        data = dict(self.cleaned_data)
        return {
            **{name: data[name] for name in ("kind", "words", "learned_at", "state")},
            "about": list(data["about"]),
            "about_guardians": list(data.get("guardians", ())),
            "about_names": data["others"].splitlines(),
        }


class _OnTheSheet(forms.Form):
    """Several forms stand on one sheet: their controls are told apart by the form's name."""

    called = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{self.called}_%s", **kwargs})


class DecisionForm(_OnTheSheet):
    called = "decision"
    report = yes_or_no(_("What is decided?"), _("Report it"), _("Do not report it"))
    why = forms.CharField(label=_("Why"), widget=area(3))
    consulted = forms.CharField(label=_("With whom you spoke about it"), required=False)


class PrivacyForm(_OnTheSheet):
    called = "privacy"
    allowed = yes_or_no(
        _("May anything that identifies the person leave?"),
        _("Yes, as written below"),
        _("No, nothing that identifies"),
    )
    why = forms.CharField(label=_("Why, and what may be told to whom"), widget=area(3))


class ReportForm(forms.ModelForm):
    told_at = WallTimeField(label=_("When it was told"))
    written = yes_or_no(_("How was it told?"), _("In writing"), _("By word of mouth"))
    identifying = yes_or_no(_("Did it say who the person is?"), _("Yes"), _("No"))

    class Meta:
        model = ReportMade
        fields = [
            "told_at", "agency", "recipient", "written", "number", "identifying", "path", "path_detail", "emergency",
        ]  # fmt: skip
        widgets = {"agency": forms.TextInput, "recipient": forms.TextInput, "number": forms.TextInput,
                   "path_detail": forms.TextInput}  # fmt: skip

    def __init__(self, *args: Any, flag: RestrictedFlag, part2: bool, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "report_%s", **kwargs})
        told = EmergencyDisclosure.objects.filter(patient=flag.patient_id).order_by("-told_at")
        emergency = self.fields["emergency"]
        assert isinstance(emergency, forms.ModelChoiceField)
        emergency.queryset = told
        emergency.label = _("Which emergency disclosure")
        emergency.required = False
        emergency.label_from_instance = lambda row: f"{row.told_at:%Y-%m-%d %H:%M} {row.organisation}"  # type: ignore[assignment, method-assign]
        for name in () if part2 else ("path", "path_detail", "emergency"):
            del self.fields[name]


class FollowUpForm(_OnTheSheet):
    called = "follow-up"
    what = forms.CharField(label=_("What was done"), widget=area(3))
    next_at = WallTimeField(label=_("Look again on"), required=False)
    closes = forms.BooleanField(label=_("Nothing more is to be done"), required=False)


class ReplyForm(_OnTheSheet):
    called = "reply"
    answers = yes_or_no(_("What is this?"), _("The answer"), _("We have it and are looking into it"))
    words = forms.CharField(
        label=_("What the person reads"), required=False, widget=area(4), help_text=_("The patient reads these words.")
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("answers") and not data.get("words", "").strip():
            self.add_error("words", _("An answer has words."))
        return data


class ImplicatedForm(_OnTheSheet):
    """Somebody else who may have had a part in it. One of the three."""

    called = "implicated"
    person = forms.ModelChoiceField(label=_("Staff it is about"), queryset=Person.objects.none(), required=False)
    guardian = forms.ModelChoiceField(label=_("Guardian"), queryset=Guardian.objects.none(), required=False)
    name = forms.CharField(label=_("Somebody else, by name"), required=False)

    def __init__(self, *args: Any, flag: RestrictedFlag, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = staff_of(flag.clinic)  # type: ignore[attr-defined]
        self.fields["guardian"].queryset = Guardian.objects.filter(patient=flag.patient_id).order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if sum(bool(data.get(name)) for name in ("person", "guardian", "name")) != 1:
            raise forms.ValidationError(_("Name one."))
        return data


class ReadersForm(forms.Form):
    """Who reads one kind: roles, relations and named people."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=READERS, required=False, widget=forms.CheckboxSelectMultiple
    )
    people = forms.ModelMultipleChoiceField(
        label=_("Named people"), queryset=Person.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, clinic: Clinic, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **{"prefix": kind, **kwargs})
        self.fields["people"].queryset = staff_of(clinic)  # type: ignore[attr-defined]

    def lines(self) -> list[tuple[str, UUID | None]]:
        named = [(NAMED, person.pk) for person in self.cleaned_data["people"]]
        return [*((role, None) for role in self.cleaned_data["roles"]), *named]


class GrievanceClockForm(forms.ModelForm):
    class Meta:
        model = GrievanceClock
        fields = ["acknowledge_days", "answer_days"]


class StateRuleForm(forms.ModelForm):
    class Meta:
        model = StateRule
        fields = [
            "state", "kind", "agency", "phone", "first_amount", "first_unit", "written_amount", "written_unit",
            "written_since", "source", "checked_on", "effective_from", "effective_to",
        ]  # fmt: skip
        widgets = {"agency": forms.TextInput, "source": area(2), "checked_on": DateInput(),
                   "effective_from": DateInput(), "effective_to": DateInput()}  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"prefix": "report", **kwargs})


class GuardianRuleForm(forms.ModelForm):
    class Meta:
        model = GuardianRule
        fields = ["state", "minor_until", "telling", "words", "source", "checked_on", "effective_from", "effective_to"]
        widgets = {"words": area(3), "source": area(2), "checked_on": DateInput(),
                   "effective_from": DateInput(), "effective_to": DateInput()}  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"prefix": "guardian", **kwargs})


class GuardianForm(forms.ModelForm):
    class Meta:
        model = Guardian
        fields = ["name", "relation", "phone", "authority"]
        widgets = {name: forms.TextInput for name in ("name", "relation", "phone", "authority")}


class NoticeForm(forms.ModelForm):
    told_at = WallTimeField(label=_("When they were told"))

    class Meta:
        model = GuardianNotice
        fields = ["guardian", "told_at", "what", "why", "agreed", "emergency", "considered"]
        widgets = {"what": area(3), "why": area(2), "emergency": area(2), "considered": area(2)}

    def __init__(self, *args: Any, patient: Person, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "notice_%s", **kwargs})
        guardian = self.fields["guardian"]
        assert isinstance(guardian, forms.ModelChoiceField)
        guardian.queryset = Guardian.objects.filter(patient=patient, ended_at=None).order_by("name")
        self.fields["agreed"].required = False

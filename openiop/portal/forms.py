"""The clinic's settings, which other apps read; what a patient fills in when something is wrong, and a complaint."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.lib.ids import uuid7
from openiop.people.models import Clinic, Person

ZONES = sorted(zone for zone in available_timezones() if zone.startswith(("America/", "Pacific/", "US/")))
PLAIN = [
    "name",
    "zone",
    "phone",
    "crisis_phone",
    "week_starts",
    "opens",
    "closes",
    "logoff_minutes",
    "patient_logoff_minutes",
    "kiosk_logoff_minutes",
    "late_after_minutes",
    "left_early_minutes",
    "outreach_after_minutes",
    "call_back_after_minutes",
    "hand_over_minutes",
    "pause_group_after_seconds",
    "alert_climb_seconds",
    "alert_found_minutes",
    "aside_wait_minutes",
    "group_max",
    "joint_screen_days",
    "plan_review_days",
    "reminders_from",
    "reminders_until",
    "patient_note_days",
    "staff_note_days",
    "still_after_minutes",
    "still_grace_minutes",
    "still_counts",
    "end_to_end",
]
STILL_AFTER = [(0, _("never")), *((minutes, minutes) for minutes in (10, 15, 20, 30, 45, 60))]


def _whole(label: Any, *, between: tuple[int, int], help_text: Any = "") -> forms.IntegerField:
    """A number of minutes, days or seconds that a clinic sets itself."""
    least, most = between
    return forms.IntegerField(label=label, min_value=least, max_value=most, help_text=help_text)


class ClinicForm(forms.ModelForm):
    """What the whole clinic shares. How long a danger may wait is set with its ladder, and nowhere else."""

    name = forms.CharField(label=_("Name"), max_length=100)
    phone = forms.CharField(label=_("Clinic's telephone"), max_length=40, required=False)
    crisis_phone = forms.CharField(label=_("Telephone out of hours"), max_length=40, required=False)
    zone = forms.ChoiceField(label=_("Time zone"), choices=[(zone, zone.replace("_", " ")) for zone in ZONES])
    logoff_minutes = _whole(_("Lock the screen after (minutes)"), between=(1, 60))
    patient_logoff_minutes = _whole(_("Lock a patient's screen after (minutes)"), between=(1, 720))

    aside_wait_minutes = _whole(
        _("Ask others as well when a clinician who was asked to a private place is not there after (minutes)"),
        between=(1, 30),
    )
    plan_review_days = _whole(
        _("Go through safety plans every (days)"),
        between=(1, 365),
        help_text=_("Also after each moderate or high risk, and before the last day in care."),
    )
    joint_screen_days = _whole(
        _("Ask each partner alone again after (days)"),
        between=(1, 365),
        help_text=_("Before two partners are seen together. 30 to begin with; our own, and your clinic’s to decide."),
    )

    alert_climb_seconds = _whole(
        _("When staff need help: ask the next after (seconds)"),
        between=(5, 600),
        help_text=_("Who is at that site first, then who is on duty there, then who leads, then everybody."),
    )
    alert_found_minutes = _whole(
        _("When staff need help: call again without a word on what was found (minutes)"), between=(1, 120)
    )

    patient_note_days = _whole(
        _("Keep patients' private notes from the room for (days)"),
        between=(1, 730),
        help_text=_("After the session. Only whoever wrote them reads them. What is written already keeps its day."),
    )
    staff_note_days = _whole(
        _("Keep facilitators' private notes from the room for at most (days)"),
        between=(1, 30),
        help_text=_("A help for drafting and no part of the record: deleted sooner once everybody’s note is signed."),
    )

    still_after_minutes = forms.TypedChoiceField(
        label=_("Ask “Still with us?” when a patient's device was not touched for (minutes)"),
        choices=STILL_AFTER,
        coerce=int,
        help_text=_(
            "In groups, on that patient’s screen alone, without a sound. A touch, a key or a word answers it; those "
            "who lead see a small mark when nothing does. Nobody on site is asked. 30 to begin with: many listen for "
            "long without touching anything. Our own figure and no clinical threshold."
        ),
    )
    still_grace_minutes = _whole(_("“Still with us?” is unanswered after (minutes)"), between=(1, 10))
    still_counts = forms.BooleanField(
        label=_("Minutes after an unanswered “Still with us?” do not count"),
        required=False,
        help_text=_(
            "Off to begin with: a device that nobody touches proves no absence. Where it is on, minutes stop once the "
            "question is unanswered and go on with the first touch; the question says so. A correction by whoever "
            "leads always wins."
        ),
    )

    end_to_end = forms.BooleanField(
        label=_("Encrypt the rooms end to end from the start"),
        required=False,
        help_text=_(
            "Facilitators may still decide otherwise for a session, for everybody and visibly. "
            "They are asked where a browser cannot do it."
        ),
    )

    class Meta:
        model = Clinic
        fields = PLAIN
        widgets = {
            "opens": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "closes": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "reminders_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "reminders_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if (opens := data.get("opens")) and (closes := data.get("closes")) and closes <= opens:
            self.add_error("closes", _("It closes before it opens."))
        if (first := data.get("reminders_from")) and (last := data.get("reminders_until")) and last <= first:
            self.add_error("reminders_until", _("It ends before it begins."))
        return data

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in PLAIN]


ANYONE, THERAPIST, ON_CALL = "anyone", "therapist", "on_call"
HOW_SOON = [
    (4, "now", _("Right now: I am in danger")),
    (3, "within the hour", _("Within the hour")),
    (2, "today", _("Today")),
    (1, "not urgent", _("It can wait a little, but I want somebody to know")),
]


LONGEST_WORDS = 2000


class _WhoShouldKnow(forms.ChoiceField):
    """Whoever cannot be named any more takes nobody else away: whoever can come first is called all the same."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError:
            return ANYONE


class _Words(forms.CharField):
    """Words are cut rather than refused: a call for help is never held up by its length."""

    def to_python(self, value: Any) -> str:
        said: str = super().to_python(value) or ""
        return said.replace("\r\n", "\n").replace("\0", "")[:LONGEST_WORDS]


class TellForm(forms.Form):
    """Something is wrong: who should know and how soon. The key makes a second press of the button change nothing.

    Only how soon and the key are needed. Whatever else cannot be read calls people without it.
    """

    how_soon = forms.TypedChoiceField(
        label=_("How soon do you need somebody?"),
        choices=[(tier, words) for tier, _english, words in HOW_SOON],
        coerce=int,
        widget=forms.RadioSelect,
    )
    who = _WhoShouldKnow(label=_("Who should know?"), widget=forms.RadioSelect, initial=ANYONE)
    words = _Words(
        label=_("What is wrong?"),
        required=False,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_WORDS}),
        help_text=_("A word is enough. You can leave this empty."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def __init__(self, *args: Any, therapist: Person | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who = self.fields["who"]
        assert isinstance(who, forms.ChoiceField)
        named = [(THERAPIST, _("Also my therapist, %(name)s") % {"name": therapist.called})] if therapist else []
        who.choices = [(ANYONE, _("Whoever can come first")), *named, (ON_CALL, _("Also the clinician on call"))]

    @staticmethod
    def how_soon_in_english(tier: int) -> str:
        return next(english for each, english, _words in HOW_SOON if each == tier)


class GrievanceForm(forms.Form):
    """A patient's own words; whom it is about is chosen from the staff, so that they do not read it."""

    words = forms.CharField(
        label=_("What happened, and what you would like us to do"),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=8000,
    )
    about = forms.ModelMultipleChoiceField(
        label=_("Is it about somebody here?"),
        queryset=Person.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Whoever you choose will not read it."),
    )

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = Person.objects.filter(clinic=clinic, active=True).staff()
        self.fields["about"].queryset = staff.order_by("family_name", "given_name")  # type: ignore[attr-defined]

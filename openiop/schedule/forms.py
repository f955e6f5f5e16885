"""Forms for sites, series, sessions, rosters and minutes. Every refusal is a sentence at its field."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openiop.lib.inputs import DateInput
from openiop.people.access import Actor
from openiop.people.models import Device, Person, Site
from openiop.programs.models import Enrolment, Modality, Track
from openiop.schedule import kinds, planning, recurrence
from openiop.schedule.models import Block, CareSession, Kind, OutreachCall, Room, Series
from openiop.schedule.outreach import URGENCY

PLACES_IN_A_GROUP = 30
LONGEST_BLOCK_MINUTES = 480
WEEKDAYS = [
    ("MO", _("Monday")),
    ("TU", _("Tuesday")),
    ("WE", _("Wednesday")),
    ("TH", _("Thursday")),
    ("FR", _("Friday")),
    ("SA", _("Saturday")),
    ("SU", _("Sunday")),
]
AMERICAN = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
]


class TimeInput(forms.TimeInput):
    """The browser's own clock face."""

    input_type = "time"

    def __init__(self, **attributes: Any) -> None:
        super().__init__(attrs=attributes, format="%H:%M")


def zones() -> list[tuple[str, str]]:
    """The time zones of the United States first, then all others."""
    return [(name, name.replace("_", " ")) for name in AMERICAN + sorted(available_timezones() - set(AMERICAN))]


class SiteForm(forms.ModelForm):
    class Meta:
        model = Site
        fields = ["name", "address", "state", "phone", "emergency_notes"]
        widgets = {
            "name": forms.TextInput,
            "address": forms.TextInput,
            "phone": forms.TextInput(attrs={"type": "tel"}),
            "emergency_notes": forms.Textarea(attrs={"rows": 3}),
        }


class RoomForm(forms.ModelForm):
    class Meta:
        model = Room
        fields = ["site", "name", "seats", "device"]
        labels = {"device": _("Room device")}
        help_texts = {
            "device": _("The camera and microphone that stand here. They join this room’s sessions and no others.")
        }
        widgets = {"name": forms.TextInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(clinic_id=self.instance.clinic_id).order_by("name")  # type: ignore[attr-defined]
        self.fields["seats"].min_value = 1  # type: ignore[attr-defined]
        devices = Device.objects.filter(clinic_id=self.instance.clinic_id, kind=Device.ROOM, revoked_at=None)
        self.fields["device"].queryset = devices.order_by("name")  # type: ignore[attr-defined]
        self.fields["device"].empty_label = _("No device")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        device, site = data.get("device"), data.get("site")
        if device and site and device.site_id != site.pk:
            self.add_error("device", _("This device stands at another site."))
        return data


class BlockForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    title = forms.CharField(label=_("Called"), required=False, max_length=80)
    minutes = forms.IntegerField(label=_("Minutes"), required=False, min_value=1, max_value=LONGEST_BLOCK_MINUTES)

    def clean(self) -> None:
        if self.cleaned_data.get("title") and not self.cleaned_data.get("minutes") and "minutes" not in self.errors:
            self.add_error("minutes", _("How many minutes?"))


class BlockRows(forms.BaseFormSet):
    """The evening's blocks in order. A row without minutes is left out."""

    def clean(self) -> None:
        if not any(self.errors) and not any(row.get("kind") != Kind.BREAK for row in self.filled()):
            raise ValidationError(_("Give at least one block that is not a break its minutes."))

    def filled(self) -> list[dict[str, Any]]:
        """Return the blocks as a series keeps them."""
        rows = (form.cleaned_data for form in self.forms if hasattr(form, "cleaned_data"))
        return [
            {"kind": row["kind"], "title": row["title"] or str(Kind(row["kind"]).label), "minutes": row["minutes"]}
            for row in rows
            if row.get("minutes")
        ]


BlockFormSet = forms.formset_factory(BlockForm, formset=BlockRows, extra=0, max_num=20)
FIRST_BLOCKS = [
    {"kind": "group", "title": "", "minutes": 60},
    {"kind": "break", "title": "", "minutes": 5},
    {"kind": "skills", "title": "", "minutes": 60},
    {"kind": "break", "title": "", "minutes": 5},
    {"kind": "education", "title": "", "minutes": 60},
]


class SessionFields(forms.Form):
    """What a series and a single session share."""

    track = forms.ModelChoiceField(Track.objects.none(), label=_("Track"))
    name = forms.CharField(label=_("Name"), max_length=80)
    modality = forms.ChoiceField(
        label=_("Held"),
        choices=[("hybrid", _("on site and from home")), ("on_site", _("on site")), ("virtual", _("from home"))],
    )
    room = forms.ModelChoiceField(Room.objects.none(), label=_("Room"), required=False, empty_label=_("No room"))
    facilitators = forms.ModelMultipleChoiceField(
        Person.objects.none(), label=_("Facilitators"), widget=forms.CheckboxSelectMultiple
    )
    capacity = forms.IntegerField(label=_("Places"), min_value=1, max_value=PLACES_IN_A_GROUP)
    zone = forms.ChoiceField(label=_("Time zone"), choices=zones)

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ours = {"clinic_id": reader.clinic_id}
        self._choices("track", Track.objects.filter(**ours).order_by("name"))
        self._choices("room", Room.objects.filter(**ours).select_related("site").order_by("site__name", "name"))
        self._choices("facilitators", Person.objects.filter(**ours).clinicians().order_by("family_name"))
        self.fields["zone"].initial = reader.clinic.zone
        self.fields["capacity"].initial = reader.clinic.group_max

    def _choices(self, name: str, rows: QuerySet[Any]) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> None:
        if self.cleaned_data.get("modality") == Modality.ON_SITE and not self.cleaned_data.get("room"):
            self.add_error("room", _("A session on site needs a room."))


class SeriesForm(SessionFields):
    weekdays = forms.MultipleChoiceField(
        label=_("On"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day.")},
    )
    every_weeks = forms.TypedChoiceField(
        label=_("How often"),
        coerce=int,
        choices=[(1, _("every week")), (2, _("every other week")), (4, _("every fourth week"))],
        initial=1,
    )
    starts = forms.TimeField(label=_("Starts at"), widget=TimeInput)
    also_starts = forms.CharField(
        label=_("Also starts at"),
        required=False,
        help_text=_("Several times a day: such as 14:00, 16:30. Each becomes a series of its own."),
    )
    first_on = forms.DateField(label=_("First on"), widget=DateInput)
    until = forms.DateField(label=_("Last on"), required=False, widget=DateInput)
    bring = forms.CharField(
        label=_("What to bring"), required=False, max_length=200, help_text=_("Patients read this on their page.")
    )
    rrule = forms.CharField(
        label=_("Rule (RFC 5545)"),
        required=False,
        max_length=200,
        help_text=_("Only for what the weekdays above cannot say, such as FREQ=MONTHLY;BYDAY=1TU. It wins over them."),
    )

    field_order = [
        "track",
        "name",
        "weekdays",
        "every_weeks",
        "starts",
        "also_starts",
        "zone",
        "first_on",
        "until",
        "modality",
        "room",
        "facilitators",
        "capacity",
        "bring",
        "rrule",
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A rule of its own needs no weekdays.
        self.fields["weekdays"].required = not self.data.get("rrule")

    def clean_also_starts(self) -> list[Any]:
        """Read "14:00, 16:30" as wall times."""
        words = [word for word in self.cleaned_data["also_starts"].replace(",", " ").replace(";", " ").split() if word]
        try:
            return [datetime.strptime(word, "%H:%M").time() for word in words]
        except ValueError:
            raise ValidationError(_("Write times like 14:00, with a comma between them.")) from None

    def clean(self) -> None:
        super().clean()
        said = self.cleaned_data
        if said.get("until") and said.get("first_on") and said["until"] < said["first_on"]:
            self.add_error("until", _("The last day is before the first."))
        self._read_rule()

    def _read_rule(self) -> None:
        said = self.cleaned_data
        if not said.get("rrule"):
            if not said.get("weekdays"):
                return
            said["rrule"] = planning.weekly_rule(said["weekdays"], every_weeks=said.get("every_weeks") or 1)
        first_on, starts, zone = said.get("first_on"), said.get("starts"), said.get("zone")
        if first_on and starts and zone:
            try:
                recurrence.unfold(said["rrule"], starts=starts, zone=zone, first_on=first_on, until=first_on)
            except recurrence.RuleNotUnderstood:
                self.add_error(
                    "rrule",
                    _("We cannot read this rule. It looks like FREQ=WEEKLY;BYDAY=MO,TH, without UNTIL or hours."),
                )

    @staticmethod
    def initial_of(series: Series) -> dict[str, Any]:
        """What the form shows for a series that is there already."""
        weekly = planning.weekdays_of(series.rrule)
        return {
            name: getattr(series, name)
            for name in (
                "track",
                "name",
                "starts",
                "zone",
                "first_on",
                "until",
                "modality",
                "room",
                "capacity",
                "bring",
            )
        } | {
            "facilitators": [person.pk for person in series.facilitators.all()],
            "weekdays": weekly[0] if weekly else [],
            "every_weeks": weekly[1] if weekly else 1,
            "rrule": "" if weekly else series.rrule,
        }


class SessionForm(SessionFields):
    """One session that belongs to no series."""

    on = forms.DateField(label=_("On"), widget=DateInput)
    starts = forms.TimeField(label=_("Starts at"), widget=TimeInput)

    field_order = ["track", "name", "on", "starts", "zone", "modality", "room", "facilitators", "capacity"]

    def begins_at(self) -> datetime:
        return recurrence.moment(self.cleaned_data["on"], self.cleaned_data["starts"], zone=self.cleaned_data["zone"])


def fit(form: SessionFields, blocks: BlockRows) -> bool:
    """Are form and blocks valid, with no more places than the narrowest kind among the blocks allows?"""
    if not form.is_valid() & blocks.is_valid():
        return False
    most = kinds.rule_for(block["kind"] for block in blocks.filled()).most_patients
    if most is not None and form.cleaned_data["capacity"] > most:
        sentence = gettext("For a session of this kind, places at most: %(n)s.")
        form.add_error("capacity", sentence % {"n": most})
        return False
    return True


class UnfoldForm(forms.Form):
    until = forms.DateField(label=_("Plan sessions until"), widget=DateInput)

    def __init__(self, *args: Any, last: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last = last

    def clean_until(self) -> date:
        """Half a year ahead at most: later sessions would only have to be changed again."""
        until: date = self.cleaned_data["until"]
        if until > self.last:
            raise ValidationError(gettext("Not further than %(day)s.") % {"day": self.last})
        return until


class DayChangeForm(forms.Form):
    """A day on which the series does not meet, or meets at another time."""

    on = forms.DateField(label=_("Day"), widget=DateInput)
    what = forms.ChoiceField(label=_("What changes"), choices=[("skip", _("no session")), ("move", _("another time"))])
    to_on = forms.DateField(label=_("Instead on"), required=False, widget=DateInput)
    to_time = forms.TimeField(label=_("Instead at"), required=False, widget=TimeInput)
    reason = forms.CharField(label=_("Why"), required=False, max_length=200)

    def __init__(self, *args: Any, series: Series, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.series = series

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if not planning.meets_on(self.series, on):
            raise ValidationError(_("The series does not meet on that day."))
        return on

    def clean(self) -> None:
        if self.cleaned_data.get("what") == "move":
            for name in ("to_on", "to_time"):
                if not self.cleaned_data.get(name) and name not in self.errors:
                    self.add_error(name, _("To which day and time does it move?"))


PLANNED = [("on_site", _("on site")), ("virtual", _("from home"))]


class PlaceForm(forms.Form):
    """A patient and how they are expected: in a series, or in one session."""

    patient = forms.ModelChoiceField(Person.objects.none(), label=_("Patient"))
    modality = forms.ChoiceField(label=_("Takes part"), choices=PLANNED)

    def __init__(self, *args: Any, reader: Actor, already: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Person.objects.visible_to(reader).patients().filter(active=True).exclude(pk__in=already)
        self.fields["patient"].queryset = rows.order_by("family_name", "given_name")  # type: ignore[attr-defined]


class CancelForm(forms.Form):
    excused = forms.TypedChoiceField(
        label=_("Is it excused?"),
        choices=[("yes", _("Yes, excused")), ("no", _("No"))],
        coerce=lambda said: said == "yes",
        widget=forms.RadioSelect,
        initial="yes",
    )


class MoveForm(forms.Form):
    on = forms.DateField(label=_("To the day"), widget=DateInput)
    starts = forms.TimeField(label=_("At"), widget=TimeInput)

    def to(self, session: CareSession) -> datetime:
        return recurrence.moment(self.cleaned_data["on"], self.cleaned_data["starts"], zone=session.zone)


class CorrectionForm(forms.Form):
    block = forms.ModelChoiceField(Block.objects.none(), label=_("Block"))
    minutes = forms.IntegerField(label=_("Minutes there"), min_value=0)
    reason = forms.CharField(
        label=_("Why"), max_length=500, help_text=_("What you saw. The evidence stays as it was recorded.")
    )

    def __init__(self, *args: Any, session: CareSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["block"].queryset = session.blocks.filter(counts=True).order_by("n")  # type: ignore[attr-defined]
        self.fields["block"].label_from_instance = lambda block: f"{block.title} ({block.minutes} min)"  # type: ignore[attr-defined]

    def clean(self) -> None:
        block, minutes = self.cleaned_data.get("block"), self.cleaned_data.get("minutes")
        if block and minutes is not None and minutes > block.minutes:
            self.add_error("minutes", gettext("This block lasts %(minutes)d minutes.") % {"minutes": block.minutes})


OUTCOMES: Any = OutreachCall._meta.get_field("outcome").choices


class CallForm(forms.Form):
    outcome = forms.ChoiceField(label=_("What came of it"), choices=OUTCOMES)
    note = forms.CharField(label=_("Note"), required=False, max_length=500)
    urgency = forms.ChoiceField(label=_("If you are worried"), choices=URGENCY, initial=2, required=False)

    def clean_urgency(self) -> int:
        return int(self.cleaned_data["urgency"] or 2)

    def clean(self) -> None:
        if self.cleaned_data.get("outcome") == "concern" and not self.cleaned_data.get("note"):
            self.add_error("note", _("What worries you? Whoever takes over reads it."))


class ApartForm(forms.Form):
    first = forms.ModelChoiceField(Person.objects.none(), label=_("This person"))
    second = forms.ModelChoiceField(Person.objects.none(), label=_("and this person"))
    reason = forms.CharField(label=_("Why"), required=False, max_length=300)

    def __init__(self, *args: Any, reader: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Person.objects.visible_to(reader).patients().filter(active=True).order_by("family_name", "given_name")
        self.fields["first"].queryset = self.fields["second"].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> None:
        if self.cleaned_data.get("first") and self.cleaned_data["first"] == self.cleaned_data.get("second"):
            self.add_error("second", _("Choose two different people."))


class EndForm(forms.Form):
    """The end of an episode of care."""

    on = forms.DateField(label=_("Last day"), widget=DateInput)
    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("Such as: completed; stepped down; moved away; higher level of care."),
    )

    def __init__(self, *args: Any, enrolment: Enrolment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.enrolment = enrolment

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on < self.enrolment.during.lower:
            raise ValidationError(gettext("The enrolment began on %(day)s.") % {"day": self.enrolment.during.lower})
        return on


class CodeForm(forms.Form):
    """What a kiosk takes: the day's code, typed or scanned."""

    code = forms.CharField(max_length=40)

    def clean_code(self) -> str:
        return "".join(sign for sign in self.cleaned_data["code"] if sign.isdigit())


class NameForm(forms.Form):
    name = forms.CharField(label=_("First name"), max_length=80)
    year = forms.IntegerField(label=_("Year you were born"), min_value=1900, max_value=2100)


def clinic_zone(reader: Any) -> ZoneInfo:
    return ZoneInfo(reader.clinic.zone)

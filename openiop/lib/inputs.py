"""Form controls that several apps use."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone as now_and_here
from django.utils.translation import gettext_lazy as _

# The zone of a time as it was typed, before anybody has said whose clock it was read from.
AS_TYPED = timezone(timedelta(0), "as typed")


class DateInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self, **attributes: Any) -> None:
        super().__init__(attrs=attributes, format="%Y-%m-%d")


class WallTimeField(forms.DateTimeField):
    """A moment read off a clock on the wall: the clinic's once `zone` is set, until then the reader's.

    In the hour that comes twice it is the later one that has been already, so that "now" can be written in any minute
    of the year; of two that are still to come it is the sooner. An hour that clocks skip is refused.
    """

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_error_messages = {"skipped": _("Clocks went forward over this time: it never was. Please check it.")}
    zone: ZoneInfo | None = None

    def prepare_value(self, value: Any) -> Any:
        is_moment = isinstance(value, datetime) and value.tzinfo is not None
        return value.astimezone(self._zone).replace(tzinfo=None) if is_moment else value

    def to_python(self, value: Any) -> datetime | None:
        with now_and_here.override(AS_TYPED):
            typed: datetime | None = super().to_python(value)
        if typed is None or typed.tzinfo is not AS_TYPED:
            return typed
        try:
            found = moments(typed.replace(tzinfo=None), self._zone)
        except OverflowError:  # the first and the last day that a calendar has
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None
        if not found:
            raise forms.ValidationError(self.error_messages["skipped"], code="skipped")
        been = [moment for moment in found if moment <= now_and_here.now()]
        return been[-1] if been else found[0]

    @property
    def _zone(self) -> Any:
        return self.zone or now_and_here.get_current_timezone()


def moments(wall: datetime, zone: Any) -> list[datetime]:
    """Return the moments, in UTC and in order, at which a clock on the wall in this zone shows just this."""
    folds = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(moment for moment in folds if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall)

"""How times, rules and presence are said on a page."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from openiop.schedule import planning, presence

register = template.Library()


@register.filter
def local(moment: datetime, zone: str) -> datetime:
    """The moment on the clocks of a zone."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@register.simple_tag
def hours_of_day(thing: Any, reader: Any = None) -> str:
    """ "6:00 to 9:10 p.m." of a session or block, and the reader's own time beside it where the clocks differ."""
    session = getattr(thing, "session", thing)
    said = _between(thing.begins_at, thing.ends_at, session.zone)
    zone = getattr(reader, "zone", "") or session.zone
    if (
        thing.begins_at.astimezone(ZoneInfo(zone)).utcoffset()
        == thing.begins_at.astimezone(ZoneInfo(session.zone)).utcoffset()
    ):
        return said
    return _("%(there)s (%(here)s where you are)") % {
        "there": said,
        "here": _between(thing.begins_at, thing.ends_at, zone),
    }


def _between(begins_at: datetime, ends_at: datetime, zone: str) -> str:
    begins, ends = local(begins_at, zone), local(ends_at, zone)
    return _("%(begins)s to %(ends)s") % {
        "begins": formats.time_format(begins, "P"),
        "ends": formats.time_format(ends, "P"),
    }


@register.simple_tag
def repeats(series: Any) -> str:
    """ "Mondays and Thursdays, every other week" of a series; the rule itself where words would mislead."""
    weekly = planning.weekdays_of(series.rrule)
    if weekly is None:
        return str(series.rrule)
    days, every = weekly
    names = get_text_list([str(WEEKDAYS[planning.WEEKDAYS.index(day)]) for day in days], _("and"))
    if every == 1:
        return names
    return _("%(days)s, every %(weeks)d weeks") % {"days": names, "weeks": every}


@register.filter
def minutes_and_seconds(seconds: int | None) -> str:
    """ "58 min" of 3480 seconds; short times keep their seconds, so that nobody wonders where they went."""
    whole, rest = divmod(int(seconds or 0), 60)
    if whole >= 10 or not rest:
        return _("%(minutes)d min") % {"minutes": whole}
    return _("%(minutes)d min %(seconds)02d s") % {"minutes": whole, "seconds": rest}


@register.filter
def place_word(place: str) -> str:
    return str(presence.place_word(place))


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """The value of a key, for tables whose columns are data."""
    return mapping.get(key) if mapping else None


@register.filter
def days_later(on: date, days: int) -> date:
    return on + timedelta(days=int(days))

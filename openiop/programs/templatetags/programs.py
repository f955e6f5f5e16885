"""How hours are said on a page."""

from django import template
from django.utils import formats
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def hours(minutes: int | None) -> str:
    """Return minutes as people say them: 540 → "9 h", 335 → "5 h 35 min"."""
    whole, rest = divmod(int(minutes or 0), 60)
    if not rest:
        return _("%(hours)d h") % {"hours": whole}
    if not whole:
        return _("%(minutes)d min") % {"minutes": rest}
    return _("%(hours)d h %(minutes)d min") % {"hours": whole, "minutes": rest}


@register.filter
def decimal_hours(minutes: int | None) -> str:
    """Return minutes as a short number of hours for crowded tables: 540 → "9", 450 → "7.5"."""
    return formats.number_format(f"{(minutes or 0) / 60:.2f}".rstrip("0").rstrip("."))

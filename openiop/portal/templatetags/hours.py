"""Minutes as a table shows them."""

from django import template

register = template.Library()


@register.filter
def clock(minutes: int) -> str:
    """Minutes as hours and minutes: 335 → "5:35"."""
    return f"{minutes // 60}:{minutes % 60:02d}"

"""Telephone numbers in somebody's own words, one tap from a call."""

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from openiop.safety.location import spoken

register = template.Library()
register.filter("spoken", spoken)

# As people write them in the United States, and the two that have three digits.
NUMBER = re.compile(r"(?<![\w+])(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?!\w)|\b(?:988|911)\b")


@register.filter
def phones(text: str) -> SafeString:
    """Return `text`, escaped, with every telephone number as a link that calls it."""
    return mark_safe(NUMBER.sub(_link, conditional_escape(text)))  # noqa: S308 - escaped first, and digits only after


def _link(found: re.Match[str]) -> str:
    said = found.group()
    return f'<a href="tel:{re.sub("[^0-9+]", "", said)}">{said}</a>'

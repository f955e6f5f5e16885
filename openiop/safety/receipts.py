"""What became of each page: on whose desk it stands, on which other ways it went, and whether it got there.

Says nothing of what a page is about, and no address: only who, which way, how it stands, and when.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from openiop.messaging.models import WAYS, Delivery
from openiop.safety import rungs
from openiop.safety.models import Case, Page

SENT, FAILED, TRYING, WAITING, NO_WAY = "sent", "failed", "trying", "waiting", "no_way"

IN_WORDS = {
    SENT: _("handed over"),
    FAILED: _("not delivered, given up"),
    TRYING: _("failed so far, is tried again"),
    WAITING: _("on its way"),
    NO_WAY: _("cannot be reached this way"),
}
_STATES = {"sent": SENT, "given_up": FAILED, "failing": TRYING, "waiting": WAITING}


class Receipt(NamedTuple):
    """How one page stands on one way. `at`: since when, where something has happened yet."""

    way: Any
    state: str
    at: datetime | None = None
    perhaps_twice: bool = False

    @property
    def in_words(self) -> Any:
        return IN_WORDS[self.state]


class Sent(NamedTuple):
    """One page with its receipts, but for the desk, where it stands from the moment it was made."""

    page: Page
    receipts: list[Receipt]


def receipts(case: Case) -> list[Sent]:
    """Return the case's pages, the newest first, each with what became of it on its other ways. One query."""
    pages = sorted(case.pages.all(), key=lambda page: page.made_at, reverse=True)
    deliveries = defaultdict(list)
    for delivery in Delivery.objects.about(page.delivered_as for page in pages):
        deliveries[delivery.because].append(delivery)
    return [Sent(page, _of(page, deliveries[page.delivered_as])) for page in pages]


def _of(page: Page, deliveries: list[Delivery]) -> list[Receipt]:
    found = [_receipt(delivery) for delivery in deliveries]
    if page.sent_at is None:
        return found
    went = {delivery.way for delivery in deliveries}
    words = dict(WAYS)
    lacking = [way for way in page.ways if way != rungs.DESK and way not in went]
    return [*found, *(Receipt(words[way], NO_WAY) for way in lacking)]


def _receipt(delivery: Delivery) -> Receipt:
    state = _STATES[delivery.state]
    at = {SENT: delivery.sent_at, FAILED: delivery.given_up_at, WAITING: delivery.made_at}.get(state)
    return Receipt(delivery.get_way_display(), state, at, delivery.perhaps_twice > 0)

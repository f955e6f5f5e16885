"""Sending what waits to be sent."""

import logging
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from openiop.messaging import post
from openiop.messaging.models import Delivery
from openiop.people.access import System, acting, all_clinics
from openiop.people.models import Clinic

log = logging.getLogger(__name__)


def send_due(at: datetime) -> int:
    """Send every delivery that is due; returns how many left.

    Claimed in one transaction, sent outside of any, noted in another: a crash in between sends once more.
    """
    return sum(_send_for(clinic, at=at) for clinic in all_clinics())


def _send_for(clinic: Clinic, *, at: datetime) -> int:
    with acting(System(clinic.pk)):
        waiting = Delivery.objects.filter(clinic=clinic).claim(at=at)
    if not waiting:
        return 0
    sent = 0
    for delivery in waiting:
        error = _try(delivery)
        with acting(System(clinic.pk)):
            if error is None:
                delivery.receipt(at=timezone.now())
                sent += 1
            else:
                log.warning("A delivery did not leave (%s); try %d.", type(error).__name__, delivery.tries)
                delivery.failed(error, at=at)
    return sent


def _try(delivery: Delivery) -> Exception | None:
    """Whatever goes wrong with one delivery, the others go on."""
    try:
        with post.office(settings.MAIL_URL, sender=settings.DEFAULT_FROM_EMAIL) as send:
            send(delivery)
    except Exception as error:
        return error
    return None

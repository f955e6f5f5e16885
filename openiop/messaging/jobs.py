"""Sending what waits to be sent, each way in a loop of its own."""

import logging
from datetime import datetime

from django.utils import timezone

from openiop.messaging import ways
from openiop.messaging.models import EMAIL, PUSH, SMS, Delivery, PushSubscription
from openiop.messaging.push import SubscriptionGone
from openiop.people.access import System, acting, for_each_clinic
from openiop.people.models import Clinic

log = logging.getLogger(__name__)


def send_mail(at: datetime) -> int:
    return send_due(at, way=EMAIL)


def send_texts(at: datetime) -> int:
    return send_due(at, way=SMS)


def send_pushes(at: datetime) -> int:
    return send_due(at, way=PUSH)


def send_due(at: datetime, *, way: str = EMAIL) -> int:
    """Send every delivery on `way` that is due; returns how many left.

    Claimed in one transaction, sent outside of any, noted in another: a crash in between sends once more, and the row
    counts that it may have arrived twice.
    """

    def send_those_of(clinic: Clinic, *, at: datetime) -> int:
        return _send_for(clinic, way=way, at=at)

    return for_each_clinic(send_those_of, at=at)


def _send_for(clinic: Clinic, *, way: str, at: datetime) -> int:
    sent = 0
    while True:
        with acting(System(clinic.pk)):
            waiting = Delivery.objects.filter(clinic=clinic, way=way).claim(at=at)
        if not waiting:
            return sent
        answers = ways.leave(waiting)
        with acting(System(clinic.pk)):
            sent += sum(_note(delivery, answers[delivery.pk], at=at) for delivery in waiting)


def _note(delivery: Delivery, answer: str | Exception, *, at: datetime) -> bool:
    if isinstance(answer, str):
        delivery.note_receipt(answer, at=timezone.now())
        return True
    log.warning("A delivery by %s did not leave (%s); try %d.", delivery.way, type(answer).__name__, delivery.tries)
    delivery.failed(answer, at=at)
    if isinstance(answer, SubscriptionGone) and delivery.subscription_id:
        PushSubscription.objects.filter(pk=delivery.subscription_id, ended_at=None).update(ended_at=at)
    return False

"""Web push: a notification on a member of staff's own browser or phone, through its maker's push service.

The payload is encrypted for the browser alone (RFC 8291) and says no more than that the desk should be opened. Our
servers are known to the push service by a key (VAPID, RFC 8292) that is made from OPENIOP_PUSH_SECRET.
"""

import base64
import hashlib
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02
from pywebpush import WebPushException, webpush

from openiop.messaging.models import Delivery

PATIENCE_SECONDS = 10
KEPT_SECONDS = 3600  # how long the push service keeps it for a phone that is off
_ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class NotAPushService(ValueError):
    """The address is none of the push services that this clinic allows: we call nobody else's servers."""

    final = True


class SubscriptionGone(Exception):
    """The push service says that this browser takes no more notifications."""

    final = True


class NoAnswer(Exception):
    """The push service was asked and said nothing in time: it may have taken the message."""

    unsure = True


class Refused(Exception):
    """The push service did not take the message."""


def is_allowed(endpoint: str) -> bool:
    """Is this the address of a push service we know? Subscriptions come from browsers, which may say anything."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    known = any(host == name or host.endswith(f".{name}") for name in settings.PUSH_HOSTS)
    return known and parts.scheme == "https" and parts.port in (None, 443)


def public_key() -> str:
    """What browsers subscribe with: our key's public half, as they want it."""
    point = _key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def leave(delivery: Delivery) -> str:
    """Send one notification; returns where the push service keeps it. Raises what went wrong."""
    row = delivery.subscription
    if row is None or row.ended_at is not None:
        raise SubscriptionGone
    if not is_allowed(row.endpoint):
        raise NotAPushService
    try:
        answer = webpush(
            {"endpoint": row.endpoint, "keys": {"p256dh": row.p256dh, "auth": row.auth}},
            delivery.body,
            vapid_private_key=Vapid02(_key()),
            vapid_claims={"sub": f"mailto:{settings.DEFAULT_FROM_EMAIL}"},
            headers={"Urgency": "high"},
            timeout=PATIENCE_SECONDS,
            ttl=KEPT_SECONDS,
        )
    except requests.ReadTimeout as error:
        raise NoAnswer from error
    except WebPushException as error:
        gone = error.response is not None and error.response.status_code in (404, 410)
        raise (SubscriptionGone if gone else Refused) from error
    return str(answer.headers.get("Location", "") or answer.status_code)


def _key() -> ec.EllipticCurvePrivateKey:
    seed = hashlib.sha512(f"openiop vapid {settings.PUSH_SECRET}".encode()).digest()
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER_OF_P256 - 1) + 1, ec.SECP256R1())

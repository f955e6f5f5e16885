"""Relays for people whose firewall lets no media through: addresses, and credentials for coturn's use-auth-secret.

The credentials are short-lived and say nothing of the person: a relay's log then holds no patient's name or id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from django.conf import settings

OVER_TIME = timedelta(hours=2)
"""A group that runs late may still need a new path; after that the credentials are worth nothing."""


class IceServer(TypedDict):
    """As RTCPeerConnection takes it."""

    urls: list[str]
    username: str
    credential: str


def ice_servers(*, until: datetime) -> list[IceServer]:
    """Return the relays with credentials of one person's own that end at `until`; nothing where no relay is set."""
    if not settings.TURN_URLS:
        return []
    username, credential = credentials(settings.TURN_SECRET, until=until, nonce=secrets.token_hex(8))
    return [IceServer(urls=list(settings.TURN_URLS), username=username, credential=credential)]


def ways() -> Literal["all", "relay"]:
    """Return which ways a browser may try, as RTCPeerConnection's `iceTransportPolicy` says it."""
    return "relay" if settings.TURN_ONLY else "all"


def credentials(secret: str, *, until: datetime, nonce: str) -> tuple[str, str]:
    """Return user name and password: "expiry:nonce" and its HMAC-SHA1 (draft-uberti-behave-turn-rest-00)."""
    username = f"{int(until.timestamp())}:{nonce}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()

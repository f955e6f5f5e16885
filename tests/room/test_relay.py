"""Relays: credentials that end, name nobody, and are what coturn reckons out for itself."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from openiop.room import relay

UNTIL = datetime(2026, 3, 4, 22, tzinfo=UTC)


def test_without_a_relay_none_is_offered(settings):
    settings.TURN_URLS = []
    assert relay.ice_servers(until=UNTIL) == []


def test_credentials_are_what_coturn_reckons_out_from_the_name(settings):
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example.org:3478"], "a secret"

    (server,) = relay.ice_servers(until=UNTIL)

    assert server["username"].split(":")[0] == str(int(UNTIL.timestamp()))
    expected = hmac.new(b"a secret", server["username"].encode(), hashlib.sha1).digest()
    assert server["credential"] == base64.b64encode(expected).decode()


def test_a_known_pair_stays_the_same():
    assert relay.credentials("north", until=UNTIL, nonce="00ff") == (
        "1772661600:00ff",
        base64.b64encode(hmac.new(b"north", b"1772661600:00ff", hashlib.sha1).digest()).decode(),
    )


def test_two_people_get_different_credentials_and_no_name_is_in_them(settings):
    settings.TURN_URLS, settings.TURN_SECRET = ["turn:turn.example.org:3478"], "a secret"

    one, other = (relay.ice_servers(until=UNTIL)[0] for _person in range(2))

    assert one["username"] != other["username"]
    assert not any(name in str(one).lower() for name in ("maya", "bea"))

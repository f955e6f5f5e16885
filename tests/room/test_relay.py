"""Relays: credentials that end, name nobody, and are what coturn reckons out for itself."""

import base64
import hashlib
import hmac
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from openiop.room import relay

UNTIL = datetime(2026, 3, 4, 22, tzinfo=UTC)


def test_without_a_relay_none_is_offered(settings):
    settings.TURN_URLS = []
    assert relay.ice_servers(until=UNTIL) == []


@pytest.mark.parametrize(("only", "ways"), [(False, "all"), (True, "relay")])
def test_browsers_are_told_whether_any_way_but_the_relay_may_be_tried(settings, only, ways):
    settings.TURN_ONLY = only
    assert relay.ways() == ways


def test_the_relay_alone_without_a_relay_stops_the_start():
    started = subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        env=os.environ | {"OPENIOP_TURN_ONLY": "true", "OPENIOP_TURN_URLS": ""},
        capture_output=True,
        text=True,
    )
    assert "OPENIOP_TURN_URLS names no relay" in started.stderr


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


@pytest.fixture
def coturn(tmp_path):
    """A relay of the tests' own, on loopback; returns its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = (
        f"-n --use-auth-secret --static-auth-secret=north --realm=t --listening-ip=127.0.0.1 --listening-port={port}"
    )
    files = f"--userdb={tmp_path}/users --pidfile={tmp_path}/pid --log-file=stdout --allow-loopback-peers"
    running = subprocess.Popen(
        ["turnserver", *words.split(), *files.split(), "--no-tls", "--no-dtls", "--no-cli"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _try in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield port
    running.kill()
    running.wait()


@pytest.mark.parametrize(
    ("what", "secret", "hours", "passes"),
    [
        ("credentials of ours", "north", 1, True),
        ("credentials whose session is over", "north", -1, False),
        ("credentials made with another secret", "south", 1, False),
    ],
)
def test_a_real_relay_takes(coturn, what, secret, hours, passes):
    until = datetime.now(UTC) + timedelta(hours=hours)
    username, password = relay.credentials(secret, until=until, nonce="00ff")

    sent = subprocess.run(
        ["turnutils_uclient", "-y", "-n", "1", "-u", username, "-w", password, "-p", str(coturn), "127.0.0.1"],
        capture_output=True,
        timeout=60,
    )

    assert (sent.returncode == 0) is passes, what

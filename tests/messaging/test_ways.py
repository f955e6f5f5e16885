"""Texts and notifications: what they carry, what a provider may do to them, and what is left in the row."""

import base64
import os
import signal
import subprocess
import sys
from datetime import timedelta

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from openiop.demo import world
from openiop.messaging import checks, jobs, push, ways
from openiop.messaging.models import EMAIL, LEASE, PUSH, SMS, Delivery, PushSubscription, addresses, dialled, send_by
from openiop.people.access import System, acting
from tests.messaging.conftest import texts

NOW = world.NOW


def written(person, *by, at=NOW):
    with acting(person):
        return send_by(by, person, subject="Someone needs you", body="Open the desk.", because="test", at=at)


def rows(person):
    with acting(System(person.clinic_id)):
        return {row.way: row for row in Delivery.objects.filter(because="test")}


def give_phone(people, key, phone="(555) 010-7777"):
    with acting(people["okafor"]):
        people[key].phone = phone
        people[key].save(update_fields=["phone"])
    return people[key]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("(555) 010-7777", "+15550107777"),
        ("1 555 010 7777", "+15550107777"),
        ("+52 55 5010 7777", "+525550107777"),
        ("extension 12", None),
        ("", None),
    ],
)
def test_a_number_is_dialled_as_it_was_meant_or_not_at_all(said, number):
    assert dialled(said) == number


def test_a_text_leaves_with_the_providers_receipt(people, as_worker, by_text):
    written(give_phone(people, "bea"), SMS)
    as_worker()

    assert jobs.send_texts(NOW) == 1

    assert texts(by_text) == [{"From": "+15550109999", "To": "+15550107777", "Body": "Open the desk."}]
    row = rows(people["bea"])[SMS]
    assert (row.state, row.receipt, row.tries, row.perhaps_twice) == ("sent", "SM1", 1, 0)


def test_a_number_that_takes_no_texts_is_given_up_at_once_and_a_provider_in_trouble_is_tried_again(
    people, as_worker, by_text
):
    written(give_phone(people, "bea"), SMS)
    as_worker()

    by_text.answer = (503, {})
    jobs.send_texts(NOW)
    assert rows(people["bea"])[SMS].state == "failing"

    by_text.answer = (400, {"code": 21211})
    jobs.send_texts(NOW + timedelta(minutes=1))
    assert rows(people["bea"])[SMS].state == "given_up"
    assert rows(people["bea"])[SMS].error == "NoSuchNumber"


def test_a_provider_that_hangs_holds_up_nobody_and_its_text_counts_as_perhaps_arrived(
    people, as_worker, by_text, monkeypatch, settings, tmp_path
):
    settings.MAIL_URL = f"file://{tmp_path}/mail"
    written(give_phone(people, "bea"), SMS, EMAIL)
    by_text.answer = None
    monkeypatch.setattr(ways, "PATIENCE_SECONDS", 0.5)
    as_worker()

    assert jobs.send_texts(NOW) == 0
    assert jobs.send_mail(NOW) == 1

    found = rows(people["bea"])
    assert found[EMAIL].state == "sent"
    assert (found[SMS].state, found[SMS].error, found[SMS].perhaps_twice) == ("failing", "TooSlow", 1)


def test_when_too_many_calls_hang_no_more_are_begun(people, as_worker, by_text, monkeypatch):
    for _each in range(4):
        written(give_phone(people, "bea"), SMS)
    by_text.answer = None
    monkeypatch.setattr(ways, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(ways, "_room", ways.threading.BoundedSemaphore(2))
    as_worker()

    jobs.send_texts(NOW)

    with acting(System(people["bea"].clinic_id)):
        assert sorted(Delivery.objects.values_list("error", flat=True)) == ["AllHang"] * 2 + ["TooSlow"] * 2


def test_a_worker_killed_between_claiming_and_sending_loses_nothing_and_the_second_sending_is_counted(
    people, as_worker, by_text, databases, committed
):
    written(give_phone(people, "bea"), SMS, at=timezone.now())
    by_text.answer = None  # the text is on its way when the worker dies
    environment = os.environ | {
        "OPENIOP_ROLE": "worker",
        "DATABASE_WORKER_URL": databases.server.url("worker", committed),
        "OPENIOP_SMS_URL": f"twilio+http://AC1:secret@127.0.0.1:{by_text.server_address[1]}/+15550109999",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    worker = subprocess.Popen([sys.executable, "manage.py", "worker"], env=environment)
    try:
        assert by_text.arrived.wait(30)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    by_text.answer = (201, {"sid": "SM2"})
    as_worker()

    assert jobs.send_texts(timezone.now()) == 0  # its lease still runs
    assert jobs.send_texts(timezone.now() + LEASE) == 1

    row = rows(people["bea"])[SMS]
    assert (row.state, row.receipt, row.tries, row.perhaps_twice) == ("sent", "SM2", 2, 1)
    assert len(by_text.kept) == 2


# --- notifications ---


class Browser:
    """The keys of a browser that subscribed, so that a test reads what only it can read."""

    def __init__(self, endpoint):
        self.key, self.auth, self.endpoint = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), endpoint

    def says(self):
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        coded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (point, self.auth)]
        return {"endpoint": self.endpoint, "p256dh": coded[0], "auth": coded[1]}

    def reads(self, body):
        return http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm").decode()


@pytest.fixture
def browser(provider, people, monkeypatch):
    provider.answer = (201, {})
    found = Browser(f"http://127.0.0.1:{provider.server_address[1]}/push/bea")
    monkeypatch.setattr(push, "is_allowed", lambda endpoint: endpoint == found.endpoint)
    with acting(people["bea"]):
        PushSubscription.objects.create(
            clinic_id=people["bea"].clinic_id, person=people["bea"], name="Phone", made_at=NOW, **found.says()
        )
    return found


def test_only_the_browser_reads_the_notification_and_it_says_no_more_than_open_the_desk(
    people, as_worker, provider, browser
):
    written(people["bea"], PUSH)
    as_worker()

    assert jobs.send_pushes(NOW) == 1

    ((_path, headers, body),) = provider.kept
    assert b"desk" not in body
    assert browser.reads(body) == "Open the desk."
    signed = {name.lower(): value for name, value in headers.items()}["authorization"]
    assert signed.startswith("vapid t=")
    assert push.public_key() in signed
    assert rows(people["bea"])[PUSH].receipt == "https://push.example/kept/1"


def test_a_browser_that_is_gone_is_written_to_no_more(people, as_worker, provider, browser):
    written(people["bea"], PUSH)
    provider.answer = (410, {})
    as_worker()

    jobs.send_pushes(NOW)

    assert rows(people["bea"])[PUSH].state == "given_up"
    with acting(System(people["bea"].clinic_id)):
        assert addresses(people["bea"], PUSH) == []


def test_nobody_sees_the_browsers_of_somebody_else(people, browser):
    for key, count in (("bea", 1), ("okafor", 0), ("maya", 0)):
        with acting(people[key]):
            assert PushSubscription.objects.count() == count


@pytest.mark.parametrize(
    ("endpoint", "allowed"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://sn1.notify.windows.com/w/?token=a", True),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://127.0.0.1/admin", False),
        ("https://fcm.googleapis.com:8443/x", False),
    ],
)
def test_only_push_services_the_clinic_knows_are_called(endpoint, allowed):
    assert push.is_allowed(endpoint) is allowed


# --- what is refused at the start ---


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("", False),
        ("file:///var/sms", False),
        ("twilio://AC1:x@api.twilio.com/+15550100000", False),
        ("twilio+http://AC1:x@127.0.0.1:9/+15550100000", False),
        ("twilio+http://AC1:x@sms.example/+15550100000", True),
        ("twilio://api.twilio.com/+15550100000", True),
        ("https://sms.example", True),
    ],
)
def test_a_way_for_texts_that_cannot_be_read_refuses_to_start(settings, url, refused):
    settings.SMS_URL = url
    assert bool(checks.sms_url_can_be_read(None)) is refused


def test_in_production_nothing_is_caught_and_no_page_goes_into_a_folder(settings):
    settings.CATCHER, settings.MAIL_URL, settings.SMS_URL = True, "file:///m", "file:///s"
    assert checks.nothing_is_caught_in_production(None) == []

    settings.PRODUCTION = True
    found = [error.id for error in checks.nothing_is_caught_in_production(None)]
    assert found == ["messaging.E003", "messaging.E004", "messaging.E004"]

    settings.CATCHER, settings.MAIL_URL, settings.SMS_URL, settings.PUSH_SECRET = False, "smtp://m.example", "", ""
    assert [warning.id for warning in checks.nothing_is_caught_in_production(None)] == ["messaging.W001"]

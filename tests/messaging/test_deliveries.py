"""Mail leaves with a receipt, once if it can be helped, and never stops for one bad letter."""

import email
import socketserver
import threading
from datetime import timedelta

import pytest
from django.core.mail import send_mail
from django.db import connections

from openiop.demo import world
from openiop.messaging import checks, jobs, post
from openiop.messaging.models import LEASE, MOST_TRIES, Delivery, send
from openiop.people.access import System, acting

NOW = world.NOW


@pytest.fixture
def folder(settings, tmp_path):
    settings.MAIL_URL = f"file://{tmp_path}/mail"
    return tmp_path / "mail"


def letter_to(person, *, subject="Someone needs you", at=NOW):
    with acting(person):
        return send(person, subject=subject, body="Open the desk.", because="test", at=at)


def deliveries(person):
    with acting(System(person.clinic_id)):
        return list(Delivery.objects.filter(because="test").order_by("made_at"))


def test_a_letter_leaves_once_and_has_its_receipt(people, as_worker, folder):
    letter_to(people["bea"])
    as_worker()

    jobs.send_due(NOW)
    jobs.send_due(NOW + LEASE + timedelta(seconds=1))

    (file,) = folder.glob("*.eml")
    message = email.message_from_bytes(file.read_bytes())
    assert message["To"] == "bea@harborstreet.example"
    assert message["Subject"] == "Someone needs you"
    (delivery,) = deliveries(people["bea"])
    assert delivery.sent_at
    assert delivery.tries == 1


def test_a_letter_that_fails_is_tried_again_later_and_the_others_go_on(people, as_worker, folder, monkeypatch):
    bad, _good = letter_to(people["bea"]), letter_to(people["marcus"])
    as_worker()
    really = post._into_folder

    def fails_for_the_bad_one(into, delivery, **rest):
        if delivery.pk == bad.pk:
            raise OSError("no room left for bea@harborstreet.example")
        really(into, delivery, **rest)

    monkeypatch.setattr(post, "_into_folder", fails_for_the_bad_one)
    jobs.send_due(NOW)

    failed, sent = (
        next(d for d in deliveries(people["bea"]) if (d.pk == bad.pk) is wanted) for wanted in (True, False)
    )
    assert sent.sent_at
    assert failed.sent_at is None
    assert failed.not_before > NOW
    assert failed.error == "OSError"  # the kind, not the words: they may hold an address

    monkeypatch.setattr(post, "_into_folder", really)
    jobs.send_due(failed.not_before)
    assert all(delivery.sent_at for delivery in deliveries(people["bea"]))


def test_after_the_last_try_it_is_given_up_and_says_so(people, as_worker, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"  # nobody listens there
    letter_to(people["bea"])
    as_worker()

    for hour in range(MOST_TRIES + 3):
        jobs.send_due(NOW + timedelta(hours=hour))

    (delivery,) = deliveries(people["bea"])
    assert delivery.given_up_at
    assert delivery.tries == MOST_TRIES


def test_a_worker_that_dies_while_sending_only_delays_the_letter(people, as_worker, folder):
    letter_to(people["bea"])
    as_worker()
    with acting(System(people["bea"].clinic_id)):
        assert Delivery.objects.filter(clinic_id=people["bea"].clinic_id).claim(at=NOW)  # and now it is gone

    assert jobs.send_due(NOW + timedelta(seconds=5)) == 0
    assert jobs.send_due(NOW + LEASE) == 1


def test_two_workers_never_send_the_same_letter(people, as_worker, folder):
    for _each in range(30):
        letter_to(people["bea"])
    as_worker()
    sent = []

    def work():
        try:
            sent.append(jobs.send_due(NOW) + jobs.send_due(NOW))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sum(sent) == 30
    assert {delivery.tries for delivery in deliveries(people["bea"])} == {1}


def test_mail_about_signing_in_is_written_before_anybody_is_known(people, as_worker, settings):
    settings.EMAIL_BACKEND = "openiop.messaging.backend.DeliveryBackend"
    send_mail("Your code", "123456", None, ["Maya@harborstreet.example"])

    as_worker()
    with acting(System(people["maya"].clinic_id)):
        written = Delivery.objects.get(because="sign-in")
    assert written.to_id == people["maya"].pk
    assert written.subject == "Your code"


def test_an_address_nobody_signs_in_with_gets_no_mail_and_learns_nothing(people, as_worker, settings):
    settings.EMAIL_BACKEND = "openiop.messaging.backend.DeliveryBackend"
    assert send_mail("Your code", "123456", None, ["stranger@elsewhere.example"]) == 1

    as_worker()
    with acting(System(people["maya"].clinic_id)):
        assert not Delivery.objects.filter(because="sign-in").exists()


def test_a_patient_reads_nobodys_mail(people):
    letter_to(people["bea"])
    with acting(people["maya"]):
        assert not Delivery.objects.exists()


class Mailbox(socketserver.StreamRequestHandler):
    """A mail server that speaks just enough SMTP and keeps what it is given."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line.split(b":")[0].strip().upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line)
                self.server.kept.append(email.message_from_bytes(b"".join(lines)))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def mail_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.kept = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_letter_goes_through_a_mail_server_with_an_id_that_a_mailbox_can_tell_again(
    people, as_worker, settings, mail_server
):
    settings.MAIL_URL = f"smtp://127.0.0.1:{mail_server.server_address[1]}"
    delivery = letter_to(people["bea"])
    as_worker()

    assert jobs.send_due(NOW) == 1

    (message,) = mail_server.kept
    assert message["To"] == "bea@harborstreet.example"
    assert message["Message-ID"] == f"<{delivery.pk}@localhost>"


def test_a_password_is_never_sent_to_a_server_without_encryption(people, as_worker, settings, mail_server):
    settings.MAIL_URL = f"smtp://clinic:secret@127.0.0.1:{mail_server.server_address[1]}"
    letter_to(people["bea"])
    as_worker()

    assert jobs.send_due(NOW) == 0
    assert mail_server.kept == []
    assert deliveries(people["bea"])[0].error == "SMTPNotSupportedError"


@pytest.mark.parametrize("address", ["file:///var/mail", "smtp://mail.example:587", "smtps://a:b@mail.example"])
def test_a_way_for_mail_that_can_be_read_starts(settings, address):
    settings.MAIL_URL = address
    assert checks.mail_url_can_be_read(None) == []


@pytest.mark.parametrize("address", ["", "mail.example", "http://mail.example", "smtp://", "file://"])
def test_a_way_for_mail_that_cannot_be_read_refuses_to_start(settings, address):
    settings.MAIL_URL = address
    (error,) = checks.mail_url_can_be_read(None)
    assert error.id == "messaging.E001"

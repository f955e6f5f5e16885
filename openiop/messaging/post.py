"""The ways a delivery can leave: a mail server, or a folder of .eml files where there is none.

OPENIOP_MAIL_URL: file:///folder · smtp://user:password@host:587 (encrypted where the server offers it; always with a
user) · smtps://user:password@host:465
"""

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from openiop.messaging.models import Delivery

PATIENCE_SECONDS = 15
PORTS = {"smtp": 587, "smtps": 465}

Send = Callable[[Delivery], None]


class BadMailUrl(ValueError):
    """OPENIOP_MAIL_URL cannot be read."""


@contextlib.contextmanager
def office(url: str, *, sender: str) -> Iterator[Send]:
    """Open the way out and yield what sends one delivery; raises what the mail server raises, and BadMailUrl."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        yield lambda delivery: _into_folder(Path(unquote(parts.path)), delivery, sender=sender)
    elif parts.scheme in PORTS and parts.hostname:
        with _server(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme]) as server:
            _introduce(server, user=unquote(parts.username or ""), password=unquote(parts.password or ""))
            yield lambda delivery: _through(server, delivery, sender=sender)
    else:
        raise BadMailUrl("OPENIOP_MAIL_URL must be file:///folder, smtp://… or smtps://…")


def leave(delivery: Delivery) -> str:
    """Send one mail; returns its Message-ID, which a mail server's log knows."""
    with office(settings.MAIL_URL, sender=settings.DEFAULT_FROM_EMAIL) as send:
        send(delivery)
    return str(letter(delivery, sender=settings.DEFAULT_FROM_EMAIL)["Message-ID"])


def letter(delivery: Delivery, *, sender: str) -> EmailMessage:
    """The mail itself. A delivery sent twice carries the same Message-ID, so that mailboxes can drop the second."""
    message = EmailMessage()
    message["From"], message["To"] = sender, delivery.address
    message["Subject"] = " ".join(delivery.subject.split())
    message["Date"] = format_datetime(delivery.made_at)
    message["Message-ID"] = f"<{delivery.pk}@{parseaddr(sender)[1].rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(delivery.body)
    return message


def _into_folder(folder: Path, delivery: Delivery, *, sender: str) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = folder / f".{delivery.pk}"
    waiting.write_bytes(letter(delivery, sender=sender).as_bytes())
    waiting.rename(folder / f"{delivery.pk}.eml")


def _server(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=PATIENCE_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=PATIENCE_SECONDS)


def _introduce(server: smtplib.SMTP, *, user: str, password: str) -> None:
    server.ehlo()
    is_open = not isinstance(server, smtplib.SMTP_SSL)
    if is_open and (user or server.has_extn("starttls")):
        # With a password this raises where the server offers no encryption: better late than read by others.
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    if user:
        server.login(user, password)


def _through(server: smtplib.SMTP, delivery: Delivery, *, sender: str) -> None:
    server.send_message(letter(delivery, sender=sender), sender, [delivery.address])

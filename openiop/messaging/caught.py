"""What left by mail and text on this machine, read back from the folders: for development and the demo alone."""

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.conf import settings

MOST = 50


class Caught(NamedTuple):
    way: str
    to: str
    subject: str
    body: str
    at: datetime


def caught() -> list[Caught]:
    """The newest mails and texts in the folders, newest first. A real server's are not here."""
    found = [_mail(path) for path in _newest(settings.MAIL_URL, "*.eml")]
    found += [_text(path) for path in _newest(settings.SMS_URL, "*.txt")]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def _newest(url: str, pattern: str) -> list[Path]:
    parts = urlsplit(url)
    if parts.scheme != "file":
        return []
    return sorted(Path(unquote(parts.path)).glob(pattern), key=lambda path: path.stat().st_mtime)[-MOST:]


def _mail(path: Path) -> Caught:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return Caught("email", message["To"] or "", message["Subject"] or "", message.get_content(), _at(path))


def _text(path: Path) -> Caught:
    head, _blank, body = path.read_text(encoding="utf-8").partition("\n\n")
    return Caught("sms", head.removeprefix("To: "), "", body, _at(path))


def _at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)

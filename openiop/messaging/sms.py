"""Text messages: through a provider that speaks Twilio's way, or into a folder where there is none.

OPENIOP_SMS_URL: empty (no texts) · file:///folder · twilio://ACCOUNT:TOKEN@api.twilio.com/+15550100000, the number
being the sender's. Providers that copy the same form (POST /2010-04-01/Accounts/ACCOUNT/Messages.json with From, To and
Body, answered with a `sid`) are named in place of the host. `twilio+http` does the same without encryption, to this
machine alone.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests
from django.conf import settings

from openiop.messaging.models import Delivery

PATIENCE_SECONDS = 10
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BadSmsUrl(ValueError):
    """OPENIOP_SMS_URL cannot be read."""


class Refused(Exception):
    """The provider took the call and not the message."""


class NoSuchNumber(Refused):
    """The provider says that this number cannot be texted: another try would be told the same."""

    final = True


class Stopped(NoSuchNumber):
    """The person answered STOP: the provider keeps that, and says so to whoever sends again."""


class NoAnswer(Exception):
    """The provider was asked and said nothing in time: it may have taken the message."""

    unsure = True


def check(url: str) -> None:
    """Raise BadSmsUrl for an address that no text could leave by. Empty is right: there are no texts."""
    parts = urlsplit(url)
    if not url or (parts.scheme == "file" and parts.path):
        return
    whole = parts.hostname and parts.username and parts.password and parts.path.strip("/")
    secret = parts.scheme == "twilio" or (parts.scheme == "twilio+http" and parts.hostname in LOOPBACK)
    if not (whole and secret):
        raise BadSmsUrl("OPENIOP_SMS_URL must be empty, file:///folder or twilio://account:token@host/+number")


def leave(delivery: Delivery) -> str:
    """Send one text; returns the provider's name for it. Raises what went wrong."""
    check(settings.SMS_URL)
    parts = urlsplit(settings.SMS_URL)
    if parts.scheme == "file":
        return _into_folder(Path(unquote(parts.path)), delivery)
    return _through_provider(delivery)


def _into_folder(folder: Path, delivery: Delivery) -> str:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = folder / f".{delivery.pk}"
    waiting.write_text(f"To: {delivery.address}\n\n{delivery.body}\n", encoding="utf-8")
    waiting.rename(folder / f"{delivery.pk}.txt")
    return f"{delivery.pk}.txt"


def _through_provider(delivery: Delivery) -> str:
    where = urlsplit(settings.SMS_URL)
    account, token = unquote(where.username or ""), unquote(where.password or "")
    port = f":{where.port}" if where.port else ""
    scheme = "https" if where.scheme == "twilio" else "http"
    try:
        answer = requests.post(
            f"{scheme}://{where.hostname}{port}/2010-04-01/Accounts/{account}/Messages.json",
            auth=(account, token),
            data={"From": unquote(where.path).strip("/"), "To": delivery.address, "Body": delivery.body},
            timeout=PATIENCE_SECONDS,
            allow_redirects=False,
        )
    except requests.ReadTimeout as error:
        raise NoAnswer from error
    if answer.status_code in (400, 403, 404) and _code(answer) == STOP:
        raise Stopped
    if answer.status_code in (400, 404) and _code(answer) in NUMBERS_FAULT:
        raise NoSuchNumber
    if answer.status_code not in (200, 201, 202):
        raise Refused(str(answer.status_code))
    return str(_said(answer).get("sid", ""))


# Twilio's codes for a number that is no number or cannot be reached by text, and for one that has asked for none.
NUMBERS_FAULT = {21211, 21614}
STOP = 21610


def _code(answer: requests.Response) -> int:
    code = _said(answer).get("code", 0)
    return code if isinstance(code, int) else 0


def _said(answer: requests.Response) -> dict[str, object]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}

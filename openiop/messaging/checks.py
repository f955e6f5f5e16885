"""Ways out that cannot work or must not be open, refused at the start."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from openiop.messaging import sms


@register()
def mail_url_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Pages and sign-in mail would wait for ever."""
    parts = urlsplit(settings.MAIL_URL)
    if (parts.scheme == "file" and parts.path) or (parts.scheme in ("smtp", "smtps") and parts.hostname):
        return []
    return [
        Error(
            "OPENIOP_MAIL_URL cannot be read.",
            hint="Use file:///folder, smtp://user:password@host:587 or smtps://user:password@host:465.",
            id="messaging.E001",
        )
    ]


@register()
def sms_url_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        sms.check(settings.SMS_URL)
    except sms.BadSmsUrl as error:
        return [Error("OPENIOP_SMS_URL cannot be read.", hint=str(error), id="messaging.E002")]
    return []


@register()
def nothing_is_caught_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A page to the clinician on call must leave the building, and nobody else may read it on the way."""
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.CATCHER:
        found.append(
            Error(
                "OPENIOP_CATCHER is on in production: what is sent could be read on a page.",
                hint="Unset OPENIOP_CATCHER.",
                id="messaging.E003",
            )
        )
    for name, url in (("OPENIOP_MAIL_URL", settings.MAIL_URL), ("OPENIOP_SMS_URL", settings.SMS_URL)):
        if url.startswith("file:"):
            found.append(
                Error(
                    f"{name} is a folder in production: nobody would be paged.",
                    hint="Name a mail server, or for texts a provider or nothing.",
                    id="messaging.E004",
                )
            )
    if not settings.SMS_URL and not settings.PUSH_SECRET:
        found.append(
            Warning(
                "Staff are paged by the desk and by mail alone.",
                hint="Set OPENIOP_PUSH_SECRET, OPENIOP_SMS_URL or both.",
                id="messaging.W001",
            )
        )
    return found

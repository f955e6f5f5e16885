"""A way for mail that cannot be read, refused at the start."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, register


@register()
def mail_url_can_be_read(app_configs: Any, **kwargs: Any) -> list[Error]:
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

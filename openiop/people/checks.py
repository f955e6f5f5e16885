"""Combinations of settings that would hurt somebody, refused at the start."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register


@register()
def no_demo_in_production(app_configs: Any, **kwargs: Any) -> list[Error]:
    """One-click sign-in as anybody must never meet real patients."""
    if settings.DEMO and settings.PRODUCTION:
        return [
            Error(
                "OPENIOP_DEMO is on in production: anybody could sign in as anybody.",
                hint="Unset OPENIOP_DEMO, or set OPENIOP_ENV=development for a demonstration.",
                id="people.E001",
            )
        ]
    return []

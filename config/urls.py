"""Every page and socket. Each app brings its own, the lower ones first."""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from django.conf.urls.i18n import urlpatterns as language
from django.urls import URLPattern, URLResolver, include, path

APPS = ("people", "safety", "measures", "programs", "schedule", "room", "chart", "billing", "portal")


def brought() -> list[ModuleType]:
    """Return the apps' lists of pages, in order; an app without pages brings none."""
    names = [f"openiop.{app}.urls" for app in APPS]
    modules = []
    for name in names:
        if find_spec(name):
            try:
                modules.append(import_module(name))
            except (ImportError, AttributeError) as fault:
                print(f"{name} does not load yet: {fault}", file=sys.stderr)
    return modules


urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", include("allauth.urls")),
    path("language/", include(language)),
    *(path("", include(module)) for module in brought()),
]

websocket_urlpatterns: list[URLPattern | URLResolver] = [
    route for module in brought() for route in getattr(module, "websocket_urlpatterns", [])
]

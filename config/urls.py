"""Every page and socket. Each app brings its own, the lower ones first."""

from importlib import import_module

from django.conf.urls.i18n import urlpatterns as language
from django.urls import URLPattern, URLResolver, include, path

APPS = (
    "people",
    "messaging",
    "safety",
    "measures",
    "programs",
    "schedule",
    "room",
    "chart",
    "billing",
    "portal",
    "demo",
)
BROUGHT = [import_module(f"openiop.{app}.urls") for app in APPS]

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", include("allauth.urls")),
    path("language/", include(language)),
    *(path("", include(module)) for module in BROUGHT),
]

websocket_urlpatterns: list[URLPattern | URLResolver] = [
    route for module in BROUGHT for route in getattr(module, "websocket_urlpatterns", [])
]

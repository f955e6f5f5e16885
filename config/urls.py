"""Every page and socket. Each app brings its own under its first word."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", include("allauth.urls")),
]

websocket_urlpatterns: list[URLPattern | URLResolver] = []

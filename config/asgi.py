"""The web process: pages and sockets."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from config.urls import websocket_urlpatterns  # noqa: E402
from openiop.lib.pages import Pages  # noqa: E402
from openiop.people.sockets import SignedInSocket  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Pages(),
        "websocket": AllowedHostsOriginValidator(SignedInSocket(URLRouter(websocket_urlpatterns))),
    }
)

"""Which media server this process speaks to."""

from functools import lru_cache

from django.conf import settings

from openiop.room.media.janus import UNREACHABLE, JanusAddress, MediaError
from openiop.room.media.rooms import JanusRooms, MediaRooms


@lru_cache(maxsize=1)
def _janus() -> JanusRooms:
    return JanusRooms(
        JanusAddress(ws=settings.JANUS_WS, api_secret=settings.JANUS_API_SECRET, admin_key=settings.JANUS_ADMIN_KEY)
    )


def is_set() -> bool:
    """Is there a media server at all? Without one the room's page says that it cannot open."""
    return bool(settings.JANUS_WS)


def media_rooms() -> MediaRooms:
    """Return the door to the media server. Raises MediaError where none is set."""
    if not is_set():
        raise MediaError(UNREACHABLE)
    return _janus()

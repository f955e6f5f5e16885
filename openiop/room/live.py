"""Which media server a session is on, and moving it to another one when that dies.

A session is pinned to an instance when its first room opens, and all its rooms with it: who goes from the group to a
breakout and back stays on the same machine.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from openiop.lib.wake import wake
from openiop.room.media.janus import UNREACHABLE, JanusAddress, MediaError
from openiop.room.media.pool import Instance, JanusPool
from openiop.room.media.rooms import MediaRoom, MediaRooms
from openiop.room.models import LiveRoom
from openiop.schedule.models import CareSession


def is_set() -> bool:
    """Is there a media server at all? Without one the room's page says that it cannot open."""
    return bool(settings.JANUS_WS)


def media_rooms() -> MediaRooms:
    """Return the door to the media servers. Raises MediaError where none is set."""
    return pool()


@lru_cache(maxsize=1)
def pool() -> JanusPool:
    """Return this process's media servers. Raises MediaError where none is set, ImproperlyConfigured."""
    if not is_set():
        raise MediaError(UNREACHABLE)
    count = len(settings.JANUS_WS)
    secrets = _for_each(settings.JANUS_API_SECRET, count, "OPENIOP_JANUS_API_SECRET")
    keys = _for_each(settings.JANUS_ADMIN_KEY, count, "OPENIOP_JANUS_ADMIN_KEY")
    return JanusPool(
        [
            Instance(
                address=JanusAddress(ws=ws, api_secret=secret, admin_key=key), draining=ws in settings.JANUS_DRAINING
            )
            for ws, secret, key in zip(settings.JANUS_WS, secrets, keys, strict=True)
        ]
    )


def _for_each(values: list[str], count: int, name: str) -> list[str]:
    if len(values) not in (1, count):
        raise ImproperlyConfigured(f"{name} needs one value for all media servers, or one for each of the {count}.")
    return values * count if len(values) == 1 else values


def as_media_room(room: LiveRoom) -> MediaRoom:
    """Return the room as its media server knows it, secrets included."""
    return MediaRoom(room=room.media_room, secret=room.media_secret, pin=room.media_pin, instance=room.instance)


def instance_for(session: CareSession, *, at: datetime) -> str:
    """Return the instance for a room of this session that is about to open: the one it has, else the one to give it.

    Two rooms opened at the same moment wait for each other here, until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"media {session.pk}"])
    pinned = LiveRoom.objects.filter(session=session).exclude(instance="").values_list("instance", flat=True).first()
    if pinned or not is_set():
        return pinned or ""
    return pool().choose(load=load(at=at))


def move(session: CareSession, *, away_from: str, at: datetime) -> bool:
    """Give the session to another instance that answers, when the one it has does not; everybody is woken to follow.

    Returns False where there is no reason to, nowhere to go to, or somebody else was quicker.
    """
    rooms = LiveRoom.objects.filter(session=session, ended_at=None, instance=away_from)
    if not is_set() or not rooms.exists() or (other := pool().instead_of(away_from, load=load(at=at))) is None:
        return False
    with transaction.atomic():
        moved = rooms.update(instance=other)
        if moved:
            wake(f"room.{session.pk}")
    return bool(moved)


def load(*, at: datetime) -> Mapping[str, int]:
    """Return what each instance carries now, in all clinics: one for each open session, one for each person in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT instance, sessions + people FROM media_load(%s)", [at])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return {instance: carried for instance, carried in found}

"""Who is at the other end of a socket: the same answer as for a page."""

from typing import Any

from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from openiop.people import access
from openiop.people.middleware import who_holds
from openiop.people.models import Device, Login, Person


class _PersonSocket:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        person = await database_sync_to_async(who_connects)(scope)
        return await self.inner(dict(scope, person=person), receive, send)


def SignedInSocket(inner: Any) -> Any:
    """Put `person` (a Person, a Device or None) into the socket's scope."""
    return CookieMiddleware(SessionMiddleware(_PersonSocket(inner)))


def who_connects(scope: Any) -> Person | Device | None:
    """Return the person of the session's login, else the device or the supporter of the cookie, else None."""
    session = scope["session"]
    pk = session.get(SESSION_KEY)
    login = Login.objects.filter(pk=pk, is_active=True).first() if pk else None
    if login and constant_time_compare(session.get(HASH_SESSION_KEY, ""), login.get_session_auth_hash()):
        person = access.person_of(login.pk)
        return person if person and person.active else None
    return who_holds(scope["cookies"])

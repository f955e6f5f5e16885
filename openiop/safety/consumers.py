"""The sockets of the desk, of a locked desk, and of a patient who waits for an answer.

They say that something changed, never what: the page then reads itself afresh, as its reader may see it. A word every
few seconds lets the page tell silence from calm. Nothing that arrives here is listened to.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from openiop.lib import wake
from openiop.lib.sockets import Socket
from openiop.people.access import acting, kind_of
from openiop.people.models import Person
from openiop.safety.models import somebody_is_called

HEARTBEAT_SECONDS = 5
AT_MOST_EVERY_SECONDS = 0.1  # a hundred answers a second are one reason to read, not a hundred
REFUSED = 4404


class _Hearing(Socket, ABC):
    """A socket that hears one topic and says what `words` makes of it."""

    beating: asyncio.Task[None] | None = None
    telling: asyncio.Task[None] | None = None
    again = False

    async def connect(self) -> None:
        self.person = self.scope["person"]
        await self.accept()
        if not self.may_hear():
            await self.close(REFUSED)
            return
        await wake.join(self, self.topic())
        await self.tell()
        self.beating = asyncio.create_task(self._beat())

    async def disconnect(self, code: int) -> None:
        tasks = [task for task in (self.beating, self.telling) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.beating is not None:
            await wake.part(self, self.topic())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        return

    async def wake(self, event: dict[str, Any]) -> None:
        """Something changed, or may have while nobody was listening. The first is told at once."""
        if self.telling is None or self.telling.done():
            await self.tell()
            self.telling = asyncio.create_task(self._tell_what_follows())
        else:
            self.again = True

    async def _tell_what_follows(self) -> None:
        await asyncio.sleep(AT_MOST_EVERY_SECONDS)
        while self.again:
            self.again = False
            await self.tell()
            await asyncio.sleep(AT_MOST_EVERY_SECONDS)

    async def tell(self) -> None:
        await self.say({"topic": self.topic().partition(".")[0], "changed": True})

    async def say(self, word: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(word))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self.beat()

    async def beat(self) -> None:
        await self.say({"heard": True})

    @abstractmethod
    def may_hear(self) -> bool: ...

    @abstractmethod
    def topic(self) -> str: ...


class Desk(_Hearing):
    """/ws/desk: staff. The part of the page that it lets read afresh decides what each may see."""

    def may_hear(self) -> bool:
        return _is_staff(self.person) and not self.scope["session"].get("locked")

    def topic(self) -> str:
        return f"desk.{self.person.clinic_id}"


class Alarm(_Hearing):
    """/ws/alarm: staff, behind a locked screen too. Whether somebody is being called, and nothing else."""

    rings: bool | None = None

    def may_hear(self) -> bool:
        return _is_staff(self.person)

    def topic(self) -> str:
        return f"desk.{self.person.clinic_id}"

    async def tell(self) -> None:
        self.rings = await database_sync_to_async(_rings)(self.person)
        await self.say({"alarm": self.rings})

    async def beat(self) -> None:
        # Paging may have opened again because a clock ran out; nobody wakes us for that but the worker.
        await self.tell()


class Me(_Hearing):
    """/ws/me: a patient. Something about them changed."""

    def may_hear(self) -> bool:
        return self.person is not None and kind_of(self.person) == "patient"

    def topic(self) -> str:
        return f"person.{self.person.pk}"


def _is_staff(person: Any) -> bool:
    return isinstance(person, Person) and person.kind == Person.STAFF and person.active


def _rings(person: Person) -> bool:
    with acting(person, origin="socket"):
        return somebody_is_called(person, at=timezone.now())

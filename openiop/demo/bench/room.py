"""The group while it lives: first picture, private signal, breakouts and back, 5 s without network, bytes, processor.

A clinic of its own runs in a network of its own. Four people in browsers, with the room's own choice of picture sizes;
then twelve: the same facilitator and one patient in browsers, who are measured, and ten who send a small picture and a
voice through the same app without receiving (_crowd.py). Yardstick, in the same run and on the same Janus: four bare
pages without our app, which do the same at the media server itself (join.py); for twelve, one such page among them.

Of four, two go to a breakout; of twelve everybody, those who lead too, into three rooms of four. What a facilitator
prepares is prepared beforehand; the clock runs from the word that opens the rooms, or ends them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import Browser, Page

from openiop.demo.bench import _crowd, _signals
from openiop.demo.bench._lines import session_of
from openiop.demo.bench.join import BARE, bare_page, join_bare, served
from openiop.demo.browsers import Screen, chromium, tell_place
from openiop.demo.stack import Stack
from openiop.room.media.janus import JanusAddress
from openiop.room.media.rooms import JanusRooms, MediaRoom

NO_LONGER_THAN_SECONDS = 480
WITHOUT_NETWORK_SECONDS = 5
WATCHED_SECONDS = 8
SIGNALS = 20
BACK_WITHIN_SECONDS = 40
FOUR = ("Bea", "Sam", "Ines", "Maya")
JOINS = "Maya"
ADDED = 3  # the cast has nine for the evening; these make twelve
LEADS = ("bea", "marcus")
ROOMS_OF_TWELVE = [
    ["bea", "maya", "theo", "priya"],
    ["marcus", "sam", "ines", "ruth"],
    ["jonah", "guest0", "guest1", "guest2"],
]
RECEIVED = """async line => {
  let bytes = 0, frames = 0;
  (await line.getStats()).forEach(one => {
    if (one.type === "inbound-rtp") { bytes += one.bytesReceived; frames += one.framesDecoded ?? 0; }
  });
  return {bytes, frames};
}"""


def main(words: Sequence[str] | None = None) -> int:
    """Run once and print one JSON object a line."""
    parser = argparse.ArgumentParser(prog="bin/bench room", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="how often somebody comes in and moves (4)")
    parser.add_argument("--only-four", action="store_true", help="leave the group of twelve out")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="openiop-room-") as var:
        # The database's own user and Janus have to reach their folders in here.
        os.chmod(var, 0o755)  # noqa: S103
        with Stack(var=Path(var), port=0, say=_say) as stack:
            bench = Bench(stack, rounds=options.rounds, only_four=options.only_four)
            asyncio.run(asyncio.wait_for(bench.run(), NO_LONGER_THAN_SECONDS))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass
class Load:
    """What was received and used over some seconds."""

    kbit: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)
    janus: float = 0.0
    web: float = 0.0
    machine: float = 0.0

    @property
    def each(self) -> float:
        return statistics.mean(self.kbit)


class Bench:
    """One run: the stack, its clinic, and the figures as they come."""

    def __init__(self, stack: Stack, *, rounds: int, only_four: bool) -> None:
        assert stack.janus is not None
        janus = JanusAddress.from_env(stack.janus.env())
        assert janus is not None
        self.stack, self.rounds, self.only_four, self.janus = stack, rounds, only_four, janus
        self.clinic = Clinic(stack)

    async def run(self) -> None:
        async with chromium() as browser:
            _say("Four bare pages")
            bare = await self._bare(browser)
            _say("Four people through the app")
            four = await self._four(browser, bare)
            if self.only_four:
                return
            _say("Twelve people, two of them watched")
            await self._twelve(browser, bare, four)

    # --- bare pages ---

    async def _bare(self, browser: Browser) -> Figures:
        rooms = JanusRooms(self.janus)
        here, there = await rooms.create_room(), await rooms.create_room()
        async with served(BARE) as url:
            pages = [await bare_page(browser, url) for _person in FOUR]
            *group, third = pages
            for page in group:
                await join_bare(page, self.janus, here)
            figures = Figures()
            for _round in range(self.rounds):
                figures.first_picture.append(await join_bare(third, self.janus, here) or 0.0)
                await third.evaluate("leave()")
            await join_bare(third, self.janus, here)
            await asyncio.sleep(4)
            figures.load = await self._watch(_received_bare, pages[2:])
            for turn in range(2 * self.rounds):
                await asyncio.sleep(1)
                began = time.time()
                await asyncio.gather(*[self._move_bare(page, here if turn % 2 else there) for page in pages[2:]])
                figures.move.append(1000 * (time.time() - began))
            figures.reconnect = await self._outage(pages[2:], _received_bare)
            for page in pages:
                await page.context.close()
        return figures

    async def _move_bare(self, page: Page, room: MediaRoom) -> None:
        await page.evaluate("leave()")
        await join_bare(page, self.janus, room, waits=True)

    # --- four people ---

    async def _four(self, browser: Browser, bare: Figures) -> list[Screen]:
        people = {called: await Screen.opened(browser, called, self.stack.url) for called in FOUR}
        bea, maya = people["Bea"], people[JOINS]
        for called, screen in people.items():
            await screen.sign_in(called)
        await bea.go(f"/sessions/{self.clinic.session}/room")
        for called, screen in people.items():
            if called != "Bea":
                await screen.go(f"/sessions/{self.clinic.session}/door/place")
                await tell_place(screen)
                if called != JOINS:
                    await bea.page.get_by_role("button", name=f"Let in {called}").click()
                    await screen.page.wait_for_function("() => __room.timings.joinMs !== null")
        figures = Figures()
        figures.first_picture = await self._let_in_again_and_again(bea, maya)
        await asyncio.sleep(4)  # until everybody's choice of sizes has settled
        pages = [screen.page for screen in people.values()]
        figures.load = await self._watch(_in_the_room, pages)
        figures.signal = await _signals.taps(people["Sam"], bea, times=SIGNALS)
        figures.move, figures.way_back = await self._moves([people["Sam"], maya], rooms=[["sam", "maya"], []])
        figures.reconnect = await self._outage(pages, _in_the_room)
        self._report(figures, bare, people=4, receiving=4)
        for called in ("Sam", "Ines"):
            await people[called].close()
        return [bea, maya]

    async def _let_in_again_and_again(self, bea: Screen, who: Screen) -> list[float]:
        took = []
        for number in range(self.rounds):
            await who.page.locator(".door-card").wait_for()
            await bea.page.get_by_role("button", name=f"Let in {who.who}").click()
            await who.page.wait_for_function("() => __room.timings.joinMs !== null")
            took.append(float((await who.in_room())["timings"]["joinMs"]))
            if number < self.rounds - 1:
                await bea.page.get_by_role("button", name=f"To the door: {who.who}").click()
                await who.page.locator('.door-card[data-screen="sent_back"]').wait_for()
                await who.page.reload()
                await bea.page.get_by_role("button", name=f"Let in {who.who}").wait_for()
        return took

    async def _moves(self, watched: list[Screen], *, rooms: list[list[str]]) -> tuple[list[float], list[float]]:
        """Open breakouts with these people and end them; return how long until each who is watched sees somebody.

        First the ways there, then the ways back.
        """
        took = []
        for turn in range(2 * self.rounds):
            if turn % 2 == 0:
                await asyncio.to_thread(self.clinic.prepare, rooms)
            await asyncio.sleep(1)
            began = 1000 * time.time()
            await asyncio.to_thread(self.clinic.end_rooms if turn % 2 else self.clinic.open_rooms, rooms)
            ends = []
            for mover in watched:
                await mover.page.wait_for_function(
                    "began => __room.timings.movedAt > began && __room.timings.frameAfterMoveAt > 0", arg=began
                )
                ends.append((await mover.in_room())["timings"]["frameAfterMoveAt"] - began)
            took.append(max(ends))
        return took[::2], took[1::2]

    # --- twelve people ---

    async def _twelve(self, browser: Browser, bare: Figures, measured: list[Screen]) -> None:
        bea, maya = measured
        others = await asyncio.to_thread(self.clinic.make_twelve)
        async with served(_crowd.PAGE) as url:
            page = await bare_page(browser, url)
            await page.evaluate("wish => begin(wish)", {"pictures": _crowd.PICTURES_A_SECOND})
            crowd = []
            for who, cookie in others.items():
                crowd.append(
                    await _crowd.CrowdMember.joined(
                        page, who, port=self.stack.port, session=self.clinic.session, cookie=cookie
                    )
                )
            for screen in measured:
                await screen.page.wait_for_function("async () => (await __room.figures()).framesDecoded > 0")
                await screen.page.locator(".tile[data-picture]:not([data-mine])").nth(10).wait_for(timeout=30_000)
            figures = Figures()
            await bea.page.get_by_role("button", name=f"To the door: {maya.who}").click()
            await maya.page.locator('.door-card[data-screen="sent_back"]').wait_for()
            await maya.page.reload()
            figures.first_picture = await self._let_in_again_and_again(bea, maya)
            await maya.page.locator(".tile[data-picture]:not([data-mine])").nth(10).wait_for(timeout=30_000)
            await asyncio.sleep(4)
            figures.load = await self._watch(_in_the_room, [screen.page for screen in measured])
            figures.move, figures.way_back = await self._moves(measured, rooms=ROOMS_OF_TWELVE)
            among = await self._bare_among_twelve(browser)
            among.way_back, among.move = among.move, bare.move  # a breakout has four people
            self._report(figures, among, people=12, receiving=2)
            for member in crowd:
                await member.leave()

    async def _bare_among_twelve(self, browser: Browser) -> Figures:
        """A bare page comes into the same room at the media server and receives everybody, sizes left to themselves."""
        figures, room = Figures(), await asyncio.to_thread(self.clinic.media_room)
        async with served(BARE) as url:
            page = await bare_page(browser, url)
            for turn in range(self.rounds + 1):
                began = time.time()
                if turn:
                    await page.evaluate("leave()")
                figures.first_picture.append(await join_bare(page, self.janus, room) or 0.0)
                if turn:
                    figures.move.append(1000 * (time.time() - began))
            await asyncio.sleep(4)
            figures.load = await self._watch(_received_bare, [page])
            await page.context.close()
        return figures

    # --- measuring ---

    async def _watch(self, look: Any, pages: list[Page]) -> Load:
        """Watch some seconds of what these pages receive and what the processors do."""
        processes = [psutil.Process(pid) for name in ("janus", "web") if (pid := self.stack.pid(name))]
        psutil.cpu_percent()
        before, used, began = [await look(page) for page in pages], [_used(one) for one in processes], time.monotonic()
        await asyncio.sleep(WATCHED_SECONDS)
        after, took = [await look(page) for page in pages], time.monotonic() - began
        load = Load(machine=psutil.cpu_percent() / 100)
        load.janus, load.web = [(_used(one) - was) / took for one, was in zip(processes, used, strict=True)]
        for was, now in zip(before, after, strict=True):
            load.kbit.append(8 * (now["bytes"] - was["bytes"]) / took / 1000)
            load.frames.append((now["frames"] - was["frames"]) / took)
        return load

    async def _outage(self, pages: list[Page], look: Any) -> list[float]:
        """Take the network away for some seconds; return how long after its return each has a new picture.

        Sound and picture lose their cable. Signalling runs over loopback, which has none to pull: the web server is
        held still for as long, so that no word comes through, as on a line that lets nothing pass.
        """
        web = psutil.Process(self.stack.pid("web"))
        web.suspend()
        _link("down")
        try:
            await asyncio.sleep(WITHOUT_NETWORK_SECONDS)
        finally:
            _link("up")
            web.resume()
        back = time.monotonic()
        return list(await asyncio.gather(*[_first_frame_since(page, look, back) for page in pages]))

    def _report(self, figures: Figures, bare: Figures, *, people: int, receiving: int) -> None:
        what: dict[str, Any] = {
            "yardstick_is": "four bare pages" if people == len(FOUR) else "a bare page in the same group",
            "people": people,
            "receiving_in_browsers": receiving,
            "cores": os.cpu_count(),
            "other_load": round(os.getloadavg()[2], 1),
        }
        p50 = statistics.median
        _line("first_picture_ms", p50(figures.first_picture), p50(bare.first_picture), "ms", **what)
        for metric, ours, theirs in (
            ("breakout_move_ms", figures.move, bare.move),
            ("breakout_return_ms", figures.way_back, bare.way_back or bare.move),
        ):
            until = {"until": "each of two who are watched sees somebody there", "slowest": round(max(ours))}
            _line(metric, p50(ours), p50(theirs), "ms", **what, **until)
        if figures.signal:
            until = {"until": "the facilitator's page shows it", "worst": round(max(figures.signal))}
            told = what | until | {"yardstick_is": None, "taps": len(figures.signal)}
            _line("signal_ms", p50(figures.signal), None, "ms", **told)
        if figures.reconnect:
            gone = {"without_network_s": WITHOUT_NETWORK_SECONDS, "slowest": round(max(figures.reconnect))}
            _line("reconnect_ms", p50(figures.reconnect), p50(bare.reconnect), "ms", **what, **gone)
        load, yardstick = figures.load, bare.load
        _line("down_kbit_per_person", load.each, yardstick.each, "kbit/s", **what)
        seen = {"frames_a_second": round(statistics.mean(load.frames), 1), "machine_share": round(load.machine, 2)}
        _line("janus_cpu_share", load.janus, yardstick.janus, "of one core", **what, web=round(load.web, 3), **seen)


@dataclass
class Figures:
    """Milliseconds of each time, and the load."""

    first_picture: list[float] = field(default_factory=list)
    move: list[float] = field(default_factory=list)
    way_back: list[float] = field(default_factory=list)
    signal: list[float] = field(default_factory=list)
    reconnect: list[float] = field(default_factory=list)
    load: Load = field(default_factory=Load)


def _line(metric: str, value: float, yardstick: float | None, unit: str, **what: Any) -> None:
    """Print a figure; a bare page has none of what only our own server carries, such as the private signal."""
    digits = 3 if unit == "of one core" else 0
    figures = {
        "bench": "room",
        "metric": metric,
        "value": round(value, digits) if digits else round(value),
        "unit": unit,
        "yardstick": None if yardstick is None else round(yardstick, digits) if digits else round(yardstick),
        "ratio": round(value / yardstick, 2) if yardstick else None,
        **what,
    }
    print(json.dumps(figures), flush=True)


def _used(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


async def _received_bare(page: Page) -> dict[str, float]:
    received: dict[str, float] = await page.evaluate(f"({RECEIVED})(window.receiving)")
    return received


async def _in_the_room(page: Page) -> dict[str, float]:
    figures = await page.evaluate("__room.figures()")
    return {
        "bytes": figures["videoBytesReceived"] + figures["audioBytesReceived"],
        "frames": figures["framesDecoded"],
    }


async def _first_frame_since(page: Page, look: Any, began: float) -> float:
    before = (await look(page))["frames"]
    while time.monotonic() - began < BACK_WITHIN_SECONDS:
        frames = (await look(page))["frames"]
        if frames > before:
            return 1000 * (time.monotonic() - began)
        before = min(before, frames)  # a new connection counts from nothing
        await asyncio.sleep(0.03)
    raise TimeoutError(f"no picture {BACK_WITHIN_SECONDS} s after the network was back")


def _link(state: str) -> None:
    """The network of the bench's own has one cable; signalling runs over loopback and is cut in the browser."""
    if os.environ.get("OPENIOP_IN_NAMESPACE") != "yes":
        raise RuntimeError("bin/bench makes a network of its own; without one no cable is pulled")
    subprocess.run(["ip", "link", "set", "m0", state], check=True)


# --- the clinic, through its database ---


class Clinic:
    """The evening's session, whose people this process brings to the door and moves, by the same verbs as the pages."""

    def __init__(self, stack: Stack) -> None:
        os.environ.update(stack.env, OPENIOP_ROLE="web")
        import django

        django.setup()
        from django.utils import timezone

        from openiop.demo import world
        from openiop.people.access import acting
        from openiop.schedule.models import CareSession

        self.cast = world.cast()
        self.people = dict(self.cast)
        now = timezone.now()
        with acting(self.cast["maya"], origin="bench"):
            found = CareSession.objects.visible_to(self.cast["maya"]).between(now - timedelta(hours=2), now).first()
            found = (
                found or CareSession.objects.visible_to(self.cast["maya"]).between(now, now + timedelta(hours=2)).get()
            )
        self.session = str(found.pk)

    def media_room(self) -> MediaRoom:
        """Return the group's room at the media server, with what opens it."""
        from openiop.people.access import acting
        from openiop.room import live
        from openiop.room.models import LiveRoom, Place

        with acting(self.cast["bea"], origin="bench"):
            return live.as_media_room(LiveRoom.objects.get(session__pk=self.session, place=Place.GROUP))

    def prepare(self, rooms: Sequence[Sequence[str]]) -> None:
        """Give everybody a room, which none of them knows of yet."""
        with self._leading("bea") as (session, bea, now):
            from openiop.room import breakouts
            from openiop.room.models import Seat

            round_ = breakouts.prepare(
                session, rooms=len(rooms), how="hand", minutes=None, late="smallest", by=bea, at=now
            )
            seats = dict(Seat.objects.filter(session=session, role="patient").values_list("person__called", "pk"))
            for room, keys in zip(round_.rooms.order_by("n"), rooms, strict=True):
                for called in [self.people[key].called for key in keys if key not in LEADS]:
                    breakouts.place(session, seats[called], room.pk, by=bea, at=now)

    def open_rooms(self, rooms: Sequence[Sequence[str]]) -> None:
        """Everybody goes over; each who leads goes along with those of their room."""
        from openiop.room import breakouts
        from openiop.room.models import BreakoutRoom

        with self._leading("bea") as (session, bea, now):
            breakouts.open_rooms(session, by=bea, at=now)
        for n, keys in enumerate(rooms, start=1):
            for leader in set(keys) & set(LEADS):
                with self._leading(leader) as (session, by, now):
                    there = BreakoutRoom.objects.get(round__session=session, round__ended_at=None, n=n)
                    breakouts.hop(session, there.pk, by=by, at=now)

    def end_rooms(self, _rooms: Sequence[Sequence[str]]) -> None:
        """Everybody comes back at once."""
        from openiop.room import breakouts

        with self._leading("bea") as (session, bea, now):
            breakouts.close(session, seconds=0, by=bea, at=now)

    @contextlib.contextmanager
    def _leading(self, key: str) -> Iterator[tuple[Any, Any, datetime]]:
        from django.utils import timezone

        from openiop.people.access import acting
        from openiop.schedule.models import CareSession

        by = self.cast[key]
        with acting(by, origin="bench"):
            yield CareSession.objects.get(pk=self.session), by, timezone.now()

    def make_twelve(self) -> dict[str, str]:
        """Bring ten more to the group; return their cookies by name."""
        from django.db import connection
        from django.utils import timezone

        from openiop.people.access import acting
        from openiop.room import admission
        from openiop.schedule.models import CareSession

        now = timezone.now()
        people = [self.cast[key] for key in ("theo", "priya", "sam", "ines", "jonah", "ruth")] + self._added(now)
        self.people |= {person.called.lower(): person for person in people}
        for person in people:
            self._agree(person, now)
            with acting(person, origin="bench"):
                session = CareSession.objects.get(pk=self.session)
                where = {"address": "1 Elm Street", "state": "NY", "callback": "(555) 010-1007", "company": "alone"}
                admission.tell_place(session, person, answers={**where, "headphones": True}, at=now)
        with acting(self.cast["bea"], origin="bench"):
            admission.admit_all(CareSession.objects.get(pk=self.session), by=self.cast["bea"], at=now)
        people.append(self.cast["marcus"])
        cookies = {str(person.pk): session_of(person.login) for person in people}
        connection.close()
        return cookies

    def _added(self, now: Any) -> list[Any]:
        from openiop.people.access import acting
        from openiop.people.models import Login, Person
        from openiop.programs.models import Enrolment
        from openiop.schedule.models import CareSession

        added = []
        with acting(self.cast["okafor"], origin="bench"):
            session = CareSession.objects.get(pk=self.session)
            for number in range(ADDED):
                login = Login(email=f"twelve{number}@harborstreet.example")
                login.set_unusable_password()
                login.save()
                person = Person.objects.create(
                    clinic_id=session.clinic_id,
                    kind=Person.PATIENT,
                    login=login,
                    given_name=f"Guest{number}",
                    family_name="Synthetic",
                    called=f"Guest{number}",
                    born_on=date(1990, 1, 1),
                )
                enrolment = Enrolment.begin(
                    person,
                    session.track,
                    modality="virtual",
                    therapist=self.cast["marcus"],
                    first_on=session.begins_at.date() - timedelta(days=1),
                    by=self.cast["lin"],
                    at=now,
                    diagnoses=[("F33.1", "Major depressive disorder, recurrent, moderate")],
                )
                session.put_on_roster(person, enrolment, modality="virtual")
                added.append(person)
        return added

    def _agree(self, person: Any, now: Any) -> None:
        from openiop.people.access import acting
        from openiop.people.models import Agreement, Document
        from openiop.room.missing import NEEDED

        told = {
            "contact_name": "Alex, a friend",
            "contact_phone": "(555) 010-2000",
            "may_tell_contact": True,
            "nearest_emergency": "Harbor General Hospital",
        }
        with acting(self.cast["okafor"], origin="bench"):
            missing = Agreement.objects.missing(person, kinds=NEEDED)
            for document in Document.objects.filter(kind__in=missing, language="en"):
                details = told if document.kind == Document.EMERGENCY else {}
                Agreement.give(person, document, by=self.cast["okafor"], at=now, details=details)


if __name__ == "__main__":
    sys.exit(main())

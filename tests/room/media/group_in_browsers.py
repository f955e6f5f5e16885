"""Live a short group in three real browsers with a real Janus, and print what was measured as one JSON object.

Runs in a network of its own (bin/in-namespace) and needs nothing but the room's own front end: the state of the
group is held here in a few lines, so that what is tried is the media path alone.

    bin/in-namespace .venv/bin/python -m tests.room.media.group_in_browsers FOLDER_FOR_SCREENSHOTS
"""

import asyncio
import dataclasses
import json
import math
import mimetypes
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from uuid import UUID, uuid5

from playwright.async_api import Page, async_playwright
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from openiop.room import protocol
from openiop.room.media.janus import JanusAddress, MediaError
from openiop.room.media.rooms import JanusRooms, MediaRoom, Seated
from openiop.room.media.server import JanusServer

FRONTEND = Path(__file__).parents[3] / "frontend"
SESSION = UUID("0191b7a0-0000-7000-8000-00000000000a")
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
COUNT_CAMERA_QUESTIONS = """
    window.cameraQuestions = 0;
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (wanted) => { window.cameraQuestions += 1; return ask(wanted); };
"""


@dataclasses.dataclass
class Person:
    """A seat and whatever is connected to it."""

    name: str
    role: str
    state: str
    since: datetime = dataclasses.field(default_factory=lambda: datetime.now(UTC))
    hand_at: datetime | None = None
    audio: bool = False
    video: bool = False
    saving: bool = False
    socket: ServerConnection | None = None
    media: Seated | None = None
    kept: dict | None = None
    receiving: list = dataclasses.field(default_factory=list)
    gone: int = 0
    sitting: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    """Held while a seat is taken or let go: two words at once must not take two, nor ask one that is going."""

    @property
    def seat(self) -> UUID:
        return uuid5(SESSION, self.name)


class Group:
    """The server's side of the socket, without people, consents or minutes."""

    def __init__(self, rooms: JanusRooms, room: MediaRoom, people: list[Person]) -> None:
        self.rooms, self.room = rooms, room
        self.people = {str(person.seat): person for person in people}

    async def live(self, socket: ServerConnection) -> None:
        person = self.people[socket.request.path.rsplit("/", 1)[1]]
        person.socket = socket
        try:
            async for text in socket:
                await self.hear(person, protocol.parse(text))
        except ConnectionClosed:
            pass
        if person.socket is socket:
            person.socket = None
            async with person.sitting:
                if person.media and person.socket is None:
                    person.kept = person.media.state()
                    await person.media.release()
                    person.media = None
            await self.tell()

    async def hear(self, person: Person, message: protocol.ClientMessage) -> None:
        match message:
            case protocol.Media():
                task = asyncio.create_task(self.answer(person, message))
                task.add_done_callback(lambda done: done.result())
            case protocol.Beat():
                await self.say(person, protocol.BeatEcho())
            case protocol.Self():
                person.audio, person.video, person.saving = message.audio, message.video, message.saving
            case protocol.Hand():
                person.hand_at = datetime.now(UTC) if message.raised else None
            case protocol.Leave():
                person.state = "waiting"
                await self.stand_up(person)
            case protocol.Admit():
                self.people[str(message.seat)].state = "admitted"
            case protocol.Mute():
                await self.rooms.mute(self.room, self.people[str(message.seat)].media.feed)
        await self.seat_people()
        if not isinstance(message, protocol.Media | protocol.Beat):
            await self.tell()

    async def seat_people(self) -> None:
        for person in self.people.values():
            async with person.sitting:
                if person.state == "admitted" and person.socket and not person.media:
                    await self.sit_down(person)

    async def sit_down(self, person: Person) -> None:
        kept, person.kept = person.kept, None

        async def on_event(event: protocol.MediaEvent) -> None:
            person.gone += event.kind == "gone"
            await self.say(person, event)

        async def on_media(receiving: bool) -> None:
            person.receiving.append(receiving)

        person.media = await self.rooms.take_seat(
            self.room, person.seat, on_event=on_event, on_media=on_media, state=kept
        )

    async def answer(self, person: Person, message: protocol.Media) -> None:
        try:
            async with person.sitting:
                seated = person.media
            reply = protocol.MediaReply(id=message.id, reply=await seated.handle(message.request))
        except (MediaError, AttributeError) as error:
            reply = protocol.MediaReply(id=message.id, error=str(getattr(error, "code", "not_seated")))
        await self.say(person, reply)
        await self.tell()

    async def stand_up(self, person: Person) -> None:
        media, person.media = person.media, None
        if media:
            await media.leave()

    async def tell(self) -> None:
        for person in self.people.values():
            await self.say(person, self.snapshot(person))

    async def say(self, person: Person, message) -> None:
        if socket := person.socket:
            try:
                async with asyncio.timeout(5):
                    await socket.send(message.model_dump_json())
            except TimeoutError:
                socket.transport.abort()  # a line that takes nothing any more; nobody waits for it
            except ConnectionClosed:
                pass

    def snapshot(self, viewer: Person) -> protocol.Room:
        now = datetime.now(UTC)
        inside = [person for person in self.people.values() if person.state == "admitted"]
        return protocol.Room(
            now=now,
            room="main",
            session=protocol.SessionNow(
                id=SESSION,
                title="Evening group",
                block="Skills group",
                starts_at=now - timedelta(minutes=12),
                ends_at=now + timedelta(minutes=42),
                phase="open",
            ),
            me=protocol.Me(seat=viewer.seat, role=viewer.role, state=viewer.state, talk="treatment"),
            host=protocol.Host(name="Bea", here=True),
            seats=[
                protocol.Seat(
                    seat=person.seat,
                    name=person.name,
                    role=person.role,
                    here=person.socket is not None,
                    hand_at=person.hand_at,
                    audio=person.audio,
                    video=person.video,
                    saving=person.saving,
                    feed=person.media.feed if person.media else None,
                    reconnecting=person.socket is None and person.kept is not None,
                )
                for person in inside
                if viewer.state == "admitted"
            ],
            waiting=[
                protocol.Waiting(
                    seat=person.seat, name=person.name, since=person.since, ready=False, missing=["group agreement"]
                )
                for person in self.people.values()
                if viewer.role == "facilitator" and person.state == "waiting" and person.socket
            ],
        )


def voice(path: Path) -> Path:
    """Write three seconds that a microphone could hear: a humming voice in syllables."""
    rate, seconds = 48_000, 3
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        for n in range(rate * seconds):
            at = n / rate
            hum = sum(math.sin(math.tau * 140 * k * at + k) / k for k in range(1, 12))
            syllable = 0.25 + 0.75 * math.sin(math.pi * (at * 4 % 1))
            file.writeframesraw(struct.pack("<h", int(5500 * hum * syllable)))
    return path


def build_front_end(folder: Path) -> None:
    common = ["--bundle", "--minify", "--external:fonts/*", f"--outdir={folder}", "--log-level=warning"]
    react = ["--format=esm", "--jsx=automatic", '--define:process.env.NODE_ENV="production"']
    esbuild = FRONTEND / "node_modules" / ".bin" / "esbuild"
    subprocess.run([esbuild, "room=room/main.tsx", *common, *react], cwd=FRONTEND, check=True)
    subprocess.run([esbuild, "app=styles/app.css", *common], cwd=FRONTEND, check=True)


def page_for(person: Person) -> str:
    config = {"socket": f"/ws/room/{person.seat}", "helpUrl": "/help", "leaveUrl": "/today", "person": str(person.seat)}
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The room</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="icon" href="/icon.svg">
        <link rel="stylesheet" href="/app.css"><link rel="stylesheet" href="/room.css">
        <script src="/room.js" type="module"></script></head><body class="room"><main id="main" tabindex="-1">
        <script type="application/json" id="room-config">{json.dumps(config)}</script>
        <div id="room"></div></main></body></html>"""


def site(group: Group, folder: Path):
    fonts = FRONTEND / "node_modules" / "@fontsource-variable" / "source-sans-3" / "files"
    files = {f"fonts/{path.name}": path for path in fonts.glob("*-wght-normal.woff2")}
    files |= {name: folder / name for name in ("room.js", "room.css", "app.css")}
    files["icon.svg"] = FRONTEND / "pages" / "icon.svg"
    policy = "default-src 'self'; media-src 'self' blob: mediastream:; img-src 'self' data:; object-src 'none'"

    def respond(_: ServerConnection, request: Request) -> Response | None:
        if request.path.startswith("/ws/"):
            return None
        name = request.path.strip("/")
        if name in group.people:
            body, kind = page_for(group.people[name]).encode(), "text/html"
        elif name in files:
            body, kind = files[name].read_bytes(), mimetypes.guess_type(name)[0]
        else:
            return Response(HTTPStatus.NOT_FOUND, "", Headers({"Content-Length": "0"}), b"")
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": policy}
        return Response(HTTPStatus.OK, "", Headers(headers), body)

    return respond


async def figures(page: Page) -> dict:
    return await page.evaluate("window.__room.figures()")


async def until(check, *, seconds: float = 20):
    """Return the first true answer of `check` and the milliseconds it took."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if answer := await check():
            return answer, round((time.monotonic() - began) * 1000)
        await asyncio.sleep(0.05)
    raise AssertionError(f"did not happen in {seconds} s: {check.__qualname__}")


async def sees(page: Page, others: int) -> bool:
    """Do the tiles of so many others show a picture that moves?"""
    shown = await page.locator(".tile[data-picture]:not([data-mine])").count()
    if shown != others:
        return False
    before = (await figures(page))["framesByFeed"]
    await asyncio.sleep(0.25)
    after = (await figures(page))["framesByFeed"]
    return sum(after[feed] > before.get(feed, 0) for feed in after) >= others


async def sent_in(page: Page, seconds: float) -> int:
    before = (await figures(page))["audioBytesSent"]
    await asyncio.sleep(seconds)
    return (await figures(page))["audioBytesSent"] - before


async def evening(shots: Path) -> dict:
    told: dict = {"problems": [], "axe": {}}
    with tempfile.TemporaryDirectory() as var:
        os.chmod(var, 0o711)  # noqa: S103 (Janus runs as nobody and must reach its own folder inside)
        janus = JanusServer(Path(var))
        janus.start()
        try:
            build_front_end(Path(var) / "site")
            rooms = JanusRooms(JanusAddress.from_env(janus.env()))
            people = [
                Person("Bea", "facilitator", "admitted"),
                Person("Priya", "patient", "admitted"),
                Person("Maya", "patient", "waiting"),
            ]
            group = Group(rooms, await rooms.create_room(), people)
            async with serve(
                group.live, "127.0.0.1", 0, process_request=site(group, Path(var) / "site"), ping_interval=None
            ) as server:
                port = server.sockets[0].getsockname()[1]
                async with async_playwright() as playwright:
                    microphone = f"--use-file-for-fake-audio-capture={voice(Path(var) / 'voice.wav')}"
                    browser = await playwright.chromium.launch(
                        executable_path="/usr/bin/chromium", args=[*CHROMIUM, microphone]
                    )
                    async with browser:
                        pages = [await enter(browser, person, port, told) for person in people]
                        await live(group, janus, pages, told, shots)
        finally:
            janus.stop()
    return told


async def enter(browser, person: Person, port: int, told: dict, *, host: str = "127.0.0.1") -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, permissions=["camera", "microphone"])
    page = await context.new_page()
    page.on("pageerror", lambda error: told["problems"].append(f"{person.name}: {error}"))
    page.on(
        "console",
        lambda line: (
            line.type == "error"
            and told["problems"].append(f"{person.name}: {line.text} {line.location.get('url', '')}")
        ),
    )
    await page.add_init_script(COUNT_CAMERA_QUESTIONS)
    await page.goto(f"http://{host}:{port}/{person.seat}")
    return page


async def live(group: Group, janus: JanusServer, pages: list[Page], told: dict, shots: Path) -> None:
    bea, priya, maya = pages
    people = list(group.people.values())

    await until(lambda: sees(bea, 1))
    await maya.get_by_text("Bea knows you are here").wait_for()
    told["camera_questions_while_waiting"] = await maya.evaluate("window.cameraQuestions")
    told["arrival_told"] = await bea.locator('[data-tells="room"]').text_content()
    await bea.screenshot(path=shots / "room-1-someone-waits.png")
    await maya.screenshot(path=shots / "room-2-at-the-door.png")
    await axe(bea, "facilitator", told)
    await axe(maya, "waiting", told)

    await bea.get_by_role("button", name="Let in Maya").click()
    for page in pages:
        await until(lambda page=page: sees(page, 2))
    told["join_ms"] = {
        person.name: (await page.evaluate("window.__room.timings"))["joinMs"]
        for person, page in zip(people, pages, strict=True)
    }
    told["timings"] = await maya.evaluate("window.__room.timings")
    await bea.locator(f'.tile[data-seat="{people[1].seat}"][data-talking]').wait_for(timeout=10_000)
    told["talk_is_shown"] = await bea.locator(".tile[data-talking]").count()
    await bea.screenshot(path=shots / "room-3-everybody-is-here.png")
    await axe(maya, "inside", told)

    told["audio_bytes_before_mute"] = await sent_in(maya, 1)
    await maya.keyboard.press("m")
    await asyncio.sleep(0.3)
    told["audio_bytes_muted"] = await sent_in(maya, 1)
    told["muted_tile_is_outlined"] = await bea.locator(f'.tile[data-seat="{people[2].seat}"][data-talking]').count()
    await maya.keyboard.press("m")
    await asyncio.sleep(0.3)
    told["audio_bytes_after_mute"] = await sent_in(maya, 1)

    await bea.get_by_role("button", name="Mute Maya").click()
    await maya.get_by_text("The facilitator muted you").wait_for()
    told["audio_bytes_muted_by_facilitator"] = await sent_in(maya, 1)
    await priya.keyboard.press("h")
    await priya.keyboard.press("v")
    await bea.locator(f'.tile[data-seat="{people[1].seat}"]:not([data-picture]) [data-word="hand"]').wait_for()
    await bea.screenshot(path=shots / "room-4-muted-hand-up-camera-off.png")
    await bea.get_by_role("button", name="Light").click()
    await bea.screenshot(path=shots / "room-5-light.png")
    await axe(bea, "light", told)
    await bea.get_by_role("button", name="End for everyone").click()
    await bea.screenshot(path=shots / "room-6-confirm.png")
    await bea.get_by_role("button", name="Cancel").click()
    await bea.get_by_role("button", name="Dark").click()
    await maya.keyboard.press("m")
    await priya.keyboard.press("v")
    await until(lambda: sees(bea, 2))
    before = (await figures(bea))["audioBytesReceived"]
    await asyncio.sleep(1)
    told["audio_bytes_heard_after_all"] = (await figures(bea))["audioBytesReceived"] - before

    await maya.set_viewport_size({"width": 390, "height": 780})
    await bea.set_viewport_size({"width": 390, "height": 780})
    await asyncio.sleep(0.4)
    await maya.screenshot(path=shots / "room-7-phone.png")
    await bea.get_by_role("button", name="People").click()
    await bea.screenshot(path=shots / "room-8-phone-people.png")
    await bea.set_viewport_size({"width": 1280, "height": 720})
    await maya.set_viewport_size({"width": 1280, "height": 720})

    # The line to our server breaks: media must not even notice.
    frames = (await figures(maya))["framesDecoded"]
    people[2].socket.transport.abort()
    await maya.get_by_text("Reconnecting").wait_for()
    await until(lambda: line_is(maya, "open"))
    await until(lambda: sees(maya, 2))
    told["frames_kept_over_a_lost_line"] = (await figures(maya))["framesDecoded"] > frames
    told["published_anew_after_a_lost_line"] = people[2].gone

    await maya.get_by_role("button", name="Leave").click()
    await maya.get_by_text("You have left the group").wait_for()
    await until(lambda: sees(bea, 1))
    await maya.screenshot(path=shots / "room-9-left.png")
    await maya.get_by_role("button", name="Come back in").click()
    await maya.get_by_text("Bea knows you are here").wait_for()
    await bea.get_by_role("button", name="Let in Maya").click()
    told["back_after_leaving"] = bool(await until(lambda: sees(maya, 2)) and await until(lambda: sees(bea, 2)))

    await maya.reload()
    told["back_after_reload"] = bool(await until(lambda: sees(maya, 2)) and await until(lambda: sees(bea, 2)))

    for page in pages:
        await page.evaluate("window.clicks = 0; addEventListener('click', () => { window.clicks += 1; }, true)")
    os.kill(janus.pid, signal.SIGKILL)
    await maya.get_by_text("Sound and picture are coming back").wait_for()
    await maya.screenshot(path=shots / "room-10-media-server-killed.png")
    await asyncio.sleep(1)
    await asyncio.to_thread(janus.start)
    for page in pages:
        await until(lambda page=page: sees(page, 2))
    told["back_after_kill"] = True
    told["clicks_after_kill"] = sum([await page.evaluate("window.clicks") for page in pages])
    told["presence_heard"] = {person.name: person.receiving for person in people}
    told["figures"] = await figures(bea)


async def line_is(page: Page, line: str) -> bool:
    return await page.evaluate("window.__room.line") == line


async def axe(page: Page, name: str, told: dict) -> None:
    # Through the debugger and not a script tag: the page's own policy allows no foreign script.
    await page.evaluate((FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = await page.evaluate("axe.run()")
    told["axe"][name] = [
        {"rule": rule["id"], "where": [str(node["target"]) for node in rule["nodes"]]} for rule in found["violations"]
    ]


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    print(json.dumps(asyncio.run(evening(out))))

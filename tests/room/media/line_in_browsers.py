"""Live through a weak line, a lost one and a reload with three real browsers and a real Janus; print one JSON object.

Maya is at the other end of the virtual cable, in a network of her own, so that only her line is narrowed (tc tbf),
loses packets (nft, at random) and goes down. Inside bin/in-namespace alone.

    bin/in-namespace .venv/bin/python -m tests.room.media.line_in_browsers FOLDER_FOR_SCREENSHOTS
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Page, async_playwright
from websockets.asyncio.server import serve

from openiop.room.media.janus import JanusAddress
from openiop.room.media.rooms import JanusRooms
from openiop.room.media.server import JanusServer
from tests.room.media.group_in_browsers import (
    CHROMIUM,
    Group,
    Person,
    axe,
    build_front_end,
    enter,
    figures,
    line_is,
    sees,
    sent_in,
    site,
    until,
    voice,
)

RATE, LOSS_PERCENT = "300kbit", 5
HERE, THERE, ELSEWHERE = "10.99.0.1", "10.99.0.2", "10.99.0.3"


class FarEnd:
    """A network at the other end of the cable, for as long as the block lasts."""

    def __enter__(self) -> "FarEnd":
        self.process = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        while os.readlink(f"/proc/{self.process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        run("ip", "link", "set", "m1", "netns", str(self.process.pid))
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "addr", "add", f"{THERE}/24", "dev", "m1")
        self.run("ip", "link", "set", "m1", "up")
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()

    def inside(self, *words: str) -> list[str]:
        return ["nsenter", "-t", str(self.process.pid), "-n", *words]

    def run(self, *words: str) -> None:
        run(*self.inside(*words))

    def browser(self, folder: Path) -> Path:
        """A program that starts Chromium over there."""
        path = folder / "chromium-over-there"
        path.write_text(f'#!/bin/sh\nexec {" ".join(self.inside("/usr/bin/chromium"))} "$@"\n')
        path.chmod(0o755)
        return path

    def move(self) -> None:
        """Another address from one moment to the next, as when a telephone leaves the Wi-Fi; nobody is told."""
        self.run("ip", "addr", "del", f"{THERE}/24", "dev", "m1")
        self.run("ip", "addr", "add", f"{ELSEWHERE}/24", "dev", "m1")

    def weaken(self) -> None:
        shape = ("root", "tbf", "rate", RATE, "burst", "4kb", "latency", "300ms")
        lose = (
            "table netdev line { chain arrive { type filter hook ingress device %s priority 0; "
            f"numgen random mod 100 < {LOSS_PERCENT} drop; }}; }}"
        )
        run("tc", "qdisc", "add", "dev", "m0", *shape)
        run("nft", lose % "m0")
        self.run("tc", "qdisc", "add", "dev", "m1", *shape)
        self.run("nft", lose % "m1")

    def mend(self) -> None:
        run("tc", "qdisc", "del", "dev", "m0", "root")
        run("nft", "delete table netdev line")
        self.run("tc", "qdisc", "del", "dev", "m1", "root")
        self.run("nft", "delete table netdev line")


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


async def evening(shots: Path) -> dict:
    told: dict = {"problems": [], "axe": {}}
    with tempfile.TemporaryDirectory() as var, FarEnd() as far:
        os.chmod(var, 0o711)  # noqa: S103 (Janus runs as nobody and must reach its own folder inside)
        janus = JanusServer(Path(var))
        janus.start()
        try:
            build_front_end(Path(var) / "site")
            rooms = JanusRooms(JanusAddress.from_env(janus.env()))
            people = [Person(name, role, "admitted") for name, role in WHO]
            group = Group(rooms, await rooms.create_room(), people)
            respond = site(group, Path(var) / "site")
            async with serve(group.live, HERE, 0, process_request=respond, ping_interval=None) as server:
                port = server.sockets[0].getsockname()[1]
                args = [
                    *CHROMIUM,
                    f"--use-file-for-fake-audio-capture={voice(Path(var) / 'voice.wav')}",
                    # Browsers lend camera and microphone only to pages of this machine or over TLS.
                    f"--unsafely-treat-insecure-origin-as-secure=http://{HERE}:{port}",
                ]
                async with async_playwright() as playwright:
                    near = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=args)
                    away = await playwright.chromium.launch(executable_path=far.browser(Path(var)), args=args)
                    async with near, away:
                        pages = [
                            await enter(away if person.name == "Maya" else near, person, port, told, host=HERE)
                            for person in people
                        ]
                        try:
                            await live(far, people, pages, told, shots)
                        except BaseException:
                            print(json.dumps(told), file=sys.stderr)
                            raise
                # What a browser says itself of a line that was taken away is no problem of ours.
                told["problems"] = [each for each in told["problems"] if "ERR_INTERNET_DISCONNECTED" not in each]
        finally:
            janus.stop()
    return told


WHO = [("Bea", "facilitator"), ("Priya", "patient"), ("Maya", "patient")]


async def live(far: FarEnd, people: list[Person], pages: list[Page], told: dict, shots: Path) -> None:
    bea, _priya, maya = pages
    tile = bea.locator(f'.tile[data-seat="{people[2].seat}"]')
    await until(lambda: sees(maya, 2))
    await until(lambda: sees(bea, 2))
    await maya.set_viewport_size({"width": 390, "height": 780})
    told["before"] = await received(maya, 2)
    told["sizes_on_a_phone"] = sorted((await figures(maya))["pictureWidths"].values())

    far.weaken()
    await maya.locator('[data-notice^="line_"]').wait_for(timeout=30_000)
    told["first_step"] = await step(maya)
    await asyncio.sleep(15)  # long enough for the steps to settle; nothing is asserted about how fast
    told["weak"] = await received(maya, 6)
    told["weak_at_bea"] = await received(bea, 4)
    told["step_when_weak"] = await step(maya)
    told["still_talks"] = await sent_in(maya, 1)
    await maya.screenshot(path=shots / "line-1-weak.png")
    await axe(maya, "weak", told)

    far.mend()
    await maya.get_by_role("button", name="Try all pictures").click()
    await until(lambda: sees(maya, 2))
    await until(lambda: sees(bea, 2))

    await maya.get_by_role("button", name="Low data").click()
    await tile.locator('[data-word="saving"]').wait_for()
    await asyncio.sleep(1)
    told["low_data"] = await received(maya, 2)
    await maya.screenshot(path=shots / "line-2-low-data.png")
    await bea.screenshot(path=shots / "line-3-low-data-at-bea.png")
    await axe(maya, "low data", told)
    await maya.keyboard.press("m")
    await maya.reload()
    await maya.get_by_role("button", name="Unmute").wait_for()
    await until(lambda: heard(maya))
    told["after_reload"] = await state(maya)
    await maya.get_by_role("button", name="Show pictures").click()
    await until(lambda: sees(maya, 2))
    await until(lambda: sees(bea, 2))

    # From here on nobody touches anything.
    await maya.evaluate("window.clicks = 0; addEventListener('click', () => { window.clicks += 1; }, true)")
    people[2].socket.transport.abort()
    await maya.get_by_text("Reconnecting").first.wait_for()
    await until(lambda: line_is(maya, "open"))
    await until(lambda: sees(maya, 2))
    told["after_a_lost_socket"] = await state(maya)
    far.run("ip", "link", "set", "m1", "down")
    await asyncio.sleep(5)
    far.run("ip", "link", "set", "m1", "up")
    told["back_after_five_seconds_ms"] = (await until(lambda: heard(maya)))[1]
    await until(lambda: sees(maya, 2))
    await until(lambda: sees(bea, 2))
    await until(lambda: line_is(maya, "open"))
    told["after_five_seconds"] = await state(maya)
    far.move()
    await asyncio.sleep(1)  # what was on its way has come by then
    told["back_at_another_address_ms"] = 1000 + (await until(lambda: heard(maya)))[1]
    await until(lambda: sees(maya, 2))
    await until(lambda: sees(bea, 2))
    await until(lambda: line_is(maya, "open"))
    told["at_another_address"] = await state(maya)
    # As in a pocket: nothing of the page runs, and its line to our server dies meanwhile.
    lifecycle = await maya.context.new_cdp_session(maya)
    await lifecycle.send("Page.setWebLifecycleState", {"state": "frozen"})
    people[2].socket.transport.abort()
    await asyncio.sleep(5)
    await lifecycle.send("Page.setWebLifecycleState", {"state": "active"})
    told["back_after_the_page_was_frozen_ms"] = (await until(lambda: line_is(maya, "open")))[1]
    await until(lambda: heard(maya))
    await until(lambda: sees(maya, 2))
    await until(lambda: sees(bea, 2))
    told["after_the_page_was_frozen"] = await state(maya)
    told["clicks"] = await maya.evaluate("window.clicks")


async def state(page: Page) -> dict:
    return {
        "muted": await page.get_by_role("button", name="Unmute").count() == 1,
        "camera": await page.get_by_role("button", name="Camera off").count() == 1,
        "low_data": await page.get_by_role("button", name="Low data", pressed=True).count() == 1,
        "sound_sent": await sent_in(page, 1),
    }


async def step(page: Page) -> str:
    return await page.locator('[data-notice^="line_"]').get_attribute("data-notice") or ""


async def heard(page: Page) -> bool:
    before = (await figures(page))["audioBytesReceived"]
    await asyncio.sleep(0.1)
    return (await figures(page))["audioBytesReceived"] > before


async def received(page: Page, seconds: float) -> dict:
    """What came in so many seconds, in kbit/s, and which share of the sound had to be made up."""
    before = await figures(page)
    await asyncio.sleep(seconds)
    after = await figures(page)
    grown = {key: after[key] - before[key] for key in before if isinstance(before[key], int | float)}
    return {
        "sound_kbit": round(grown["audioBytesReceived"] * 8 / seconds / 1000),
        "picture_kbit": round(grown["videoBytesReceived"] * 8 / seconds / 1000),
        "sound_made_up": round(grown["soundMadeUp"] / max(1, grown["soundSamples"]), 4),
    }


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    print(json.dumps(asyncio.run(evening(out))))

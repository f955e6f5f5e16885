"""A board in real browsers: drawn, read as a list, read-only, cleared, and a server that is killed meanwhile."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission
from openiop.room.boards.models import Board
from openiop.room.models import Place, Seat, SeatState
from openiop.schedule.models import CareSession
from tests.axe import violations
from tests.conftest import browser_of
from tests.serving import CHROMIUM, DESK, PHONE, Server

pytestmark = pytest.mark.browser

# Markup of Excalidraw's that we cannot change.
EXCALIDRAWS = ("color-picker", "excalidraw", "App-menu", "App-toolbar", "ToolIcon", "buttonList", "Island", "Stack")
PICTURES = os.environ.get("OPENIOP_PICTURES", "")


NO_MEDIA = {  # the room's page opens; of its media nothing is asked here
    "OPENIOP_JANUS_WS": "ws://127.0.0.1:9",
    "OPENIOP_JANUS_API_SECRET": "nobody listens",
    "OPENIOP_JANUS_ADMIN_KEY": "nobody listens",
}


@pytest.fixture
def servers(committed, databases):
    """Two web processes on one database."""
    found = [Server(databases, committed, **NO_MEDIA) for _ in range(2)]
    yield found
    for one in found:
        one.stop()


def an_evening_now(bea, sam):
    """Tonight's session, moved to now; Bea leads it, Sam was let in. Returns its board."""
    now = timezone.now()
    with acting(bea):
        session = CareSession.objects.visible_to(bea).between(world.NOW, world.NOW + timedelta(hours=1)).get()
        planned = CareSession.plan(
            track=session.track,
            name=session.name,
            begins_at=now,
            blocks=[{"kind": "group", "title": "Group", "minutes": 60}],
            modality="virtual",
            room=None,
            capacity=10,
            staff=[bea],
            zone=session.zone,
        )
        entry = session.roster.get(patient=sam)
        planned.put_on_roster(sam, entry.enrolment, modality="virtual")
        admission.ask(planned, bea, at=now)
        Seat.objects.create(
            clinic_id=planned.clinic_id, session=planned, person=sam, asked_at=now, admitted_at=now, ready=True,
            state=SeatState.ADMITTED, place=Place.GROUP, seen_at=now,
        )  # fmt: skip
        return planned, Board.lay_out(planned, at=now)


def cookies(person, servers):
    return [
        {"name": name, "value": morsel.value, "url": one.url}
        for one in servers
        for name, morsel in browser_of(person).cookies.items()
    ]


class Tab:
    """One person's board in a browser, and everything that went wrong in it."""

    def __init__(self, page):
        self.page = page
        self.wrong = []
        page.on("console", lambda words: words.type == "error" and self.wrong.append(words.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        self.asked = []

    async def ready(self):
        await self.page.wait_for_function("() => window.__board?.saved", timeout=40_000)
        return self

    async def sees(self, *texts):
        await self.page.wait_for_function(
            "texts => JSON.stringify(window.__board.texts()) === JSON.stringify(texts)", arg=list(texts), timeout=60_000
        )

    async def count(self, n):
        await self.page.wait_for_function("n => window.__board.count() === n", arg=n, timeout=60_000)

    async def kept(self):
        await self.page.wait_for_function("() => window.__board.saved", timeout=40_000)

    async def picture(self, name):
        if PICTURES:
            await self.page.screenshot(path=str(Path(PICTURES) / f"board-{name}.png"))


async def test_two_people_draw_read_and_write_one_board_and_nothing_of_it_is_lost(servers, django_db_blocker):
    from playwright.async_api import async_playwright

    cast = await database_sync_to_async(world.cast)()
    session, board = await database_sync_to_async(an_evening_now)(cast["bea"], cast["sam"])
    jars = {who: await database_sync_to_async(cookies)(cast[who], servers) for who in ("bea", "sam")}
    here, there = servers
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)

        async def open_tab(who, server, size=DESK, path=f"/boards/{board.pk}", **context):
            made = await browser.new_context(viewport=size, reduced_motion="reduce", **context)
            await made.add_cookies(jars[who])
            tab = Tab(await made.new_page())
            await tab.page.goto(server.url + path)
            return tab

        bea = await (await open_tab("bea", here)).ready()
        sam = await (await open_tab("sam", there, PHONE, color_scheme="dark")).ready()

        # One draws, the other sees, through another web process.
        await bea.page.keyboard.press("Escape")
        await draw_a_box(bea.page)
        await bea.kept()
        await sam.count(1)

        # Each reads who else is here; who asked for less motion sees no hand move until they choose to.
        await bea.page.get_by_text("At the board: Sam").wait_for()
        await sam.page.get_by_text("At the board: Bea").wait_for()
        for tab in (bea, sam):
            pointers = tab.page.get_by_role("button", name="Pointers", exact=True)
            assert await pointers.get_attribute("aria-pressed") == "false"
            await pointers.click()
        await sam.page.mouse.move(150, 400)
        await sam.page.mouse.move(180, 420, steps=3)
        await bea.page.locator(".board-pointer", has_text="Sam").wait_for()
        await bea.picture("desk-pointer-light")
        await bea.page.get_by_role("button", name="Pointers", exact=True).click()
        await bea.page.locator(".board-pointer").wait_for(state="detached")

        # The list adds a note by keyboard alone, and it stands in the document of both.
        await bea.page.get_by_role("button", name="As a list").focus()
        await bea.page.keyboard.press("Enter")
        await bea.page.get_by_label("Write a note").focus()
        await bea.page.keyboard.type("What helped this week")
        await bea.page.keyboard.press("Tab")
        await bea.page.keyboard.press("Enter")
        await sam.sees("", "What helped this week")
        await bea.picture("desk-list-light")
        assert await ours(bea.page) == []

        # Changed and removed there too.
        await bea.page.get_by_role("button", name="Change: What helped this week").press("Enter")
        await bea.page.keyboard.press("Control+A")
        await bea.page.keyboard.type("A walk by the water")
        await bea.page.get_by_role("button", name="Keep").press("Enter")
        await sam.sees("", "A walk by the water")

        # Read-only refuses: Sam's list offers no writing, and drawing leaves nothing.
        await bea.page.get_by_role("button", name="Make read-only").click()
        await sam.page.get_by_text("You can look; only the facilitator can draw now.").wait_for()
        await sam.page.get_by_role("button", name="As a list").click()
        assert await sam.page.get_by_label("Write a note").count() == 0
        await draw_a_box(sam.page)
        await sam.picture("phone-read-only-dark")
        await bea.page.get_by_role("button", name="Let everybody draw").click()
        await sam.page.get_by_label("Write a note").fill("From Sam")
        await sam.page.get_by_role("button", name="Add", exact=True).click()
        await bea.sees("", "A walk by the water", "From Sam")

        # A clear is undone.
        await bea.page.get_by_role("button", name="Clear", exact=True).click()
        await sam.sees()
        await bea.page.get_by_role("button", name="Undo clearing").click()
        await sam.sees("", "A walk by the water", "From Sam")

        # The server is killed: what was said to be kept is there again, and what was drawn meanwhile follows.
        here.kill()
        await bea.page.get_by_text("No line.", exact=False).wait_for()
        await bea.page.get_by_label("Write a note").fill("While the line was down")
        await bea.page.get_by_role("button", name="Add", exact=True).click()
        here.start()
        await bea.kept()
        await sam.sees("", "A walk by the water", "From Sam", "While the line was down")

        # A reload shows the same board, and a second tab takes nothing back.
        await sam.page.reload()
        await sam.ready()
        await sam.sees("", "A walk by the water", "From Sam", "While the line was down")
        second = await (await open_tab("bea", here)).ready()
        await second.sees("", "A walk by the water", "From Sam", "While the line was down")
        await sam.sees("", "A walk by the water", "From Sam", "While the line was down")

        # An exercise is laid below what is there.
        await bea.page.get_by_label("Exercises").select_option("pros_cons")
        await sam.page.wait_for_function("() => window.__board.texts().includes('Pros and cons')", timeout=60_000)
        await bea.picture("desk-exercise-light")
        await sam.picture("phone-dark")
        assert await ours(sam.page) == []

        # In the room the board opens in a frame, and only then is it loaded.
        room = await open_tab("bea", here, path=f"/sessions/{session.pk}/room")
        await room.page.get_by_role("button", name="Board", exact=True).wait_for()
        assert not any("/static/board/" in url for url in room.asked)
        await room.page.get_by_role("button", name="Board", exact=True).click()
        await room.page.frame_locator("#board-pane").get_by_text("Saved").wait_for(timeout=40_000)
        await room.picture("room-desk-dark")

        everything = [url for tab in (bea, sam, second, room) for url in tab.asked]
        assert [url for url in everything if not url.startswith((here.url, there.url, "data:", "blob:"))] == []
        wrong = [text for tab in (sam, second) for text in tab.wrong]
        assert [text for text in wrong if "Content Security Policy" in text] == []
        await browser.close()


async def ours(page):
    """What axe finds outside Excalidraw's own controls; in their stead we offer the list (docs/decisions)."""
    await page.evaluate("() => document.querySelector('.board-canvas').setAttribute('inert', '')")
    found = await violations(page)
    await page.evaluate("() => document.querySelector('.board-canvas').removeAttribute('inert')")
    return [line for line in found if not any(name in line for name in EXCALIDRAWS)]


async def draw_a_box(page):
    """With the rectangle tool, by pointer, in the middle of the canvas."""
    canvas = page.locator("canvas.interactive")
    box = await canvas.bounding_box()
    await canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    await page.keyboard.press("r")
    x, y = box["x"] + box["width"] / 2 - 60, box["y"] + box["height"] / 2 - 60
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y + 40, steps=4)
    await page.mouse.move(x + 120, y + 80, steps=4)
    await page.mouse.up()

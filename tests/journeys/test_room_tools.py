"""What a facilitator and two people do together in one group, with the whole server: door, floor, break, poll, chat.

And what the second person's browser was sent meanwhile: nothing of the first one's private signal, of who answered
what, or of what was written to those who lead.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.async_api import Page, WebSocket

from openiop.demo.browsers import PHONE, Screen, chromium, through_the_door
from openiop.demo.stack import Stack

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000
LISTENS_FIRST = "you came in with your microphone off"
# Counts the tones the page plays, and keeps the quiet signs it has shown: both are gone a moment later.
LISTEN = """
const tone = AudioContext.prototype.createOscillator;
window.tones = 0;
AudioContext.prototype.createOscillator = function () { window.tones += 1; return tone.call(this); };
window.signs = new Set();
new MutationObserver(() => {
  for (const sign of document.querySelectorAll('.tile-signs span')) window.signs.add(sign.textContent);
}).observe(document, { childList: true, subtree: true });
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The fictional clinic, minutes before its evening group, with its media server."""
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    with Stack(tmp_path, port=0) as running:
        yield running


class Person:
    """Somebody at their screen, and every word their browser was sent by a socket."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.page, self.sent = screen, screen.page, list[str]()
        screen.context.set_default_timeout(PATIENCE_MS)
        screen.page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.sent.append(str(frame)))

    def was_sent(self, words: str) -> bool:
        return any(words in frame for frame in self.sent)

    async def press(self, name: str, *, inside: str = "body") -> None:
        await self.page.locator(inside).get_by_role("button", name=name, exact=True).click()

    async def reads(self, words: str, *, inside: str = "body") -> None:
        await self.page.locator(inside).get_by_text(words).first.wait_for()

    async def reads_no_more(self, words: str, *, inside: str = "body") -> None:
        await self.page.locator(inside).get_by_text(words).first.wait_for(state="detached")

    async def keep(self, name: str) -> None:
        """Keep a picture where OPENIOP_PICTURES says, for those who want to look."""
        if folder := os.environ.get("OPENIOP_PICTURES"):
            await self.screen.picture(Path(folder) / f"{name}.png")


def test_a_group_is_led_with_all_its_tools_and_nobody_is_sent_what_is_not_theirs(stack: Stack) -> None:
    async def story() -> None:
        async with chromium() as browser:
            bea, maya, sam = [
                Person(await Screen.opened(browser, name, stack.url, size=size))
                for name, size in (("Bea", None), ("Maya", PHONE), ("Sam", PHONE))
            ]
            await sam.page.add_init_script(LISTEN)
            await asyncio.gather(*(one.screen.sign_in(one.screen.who) for one in (bea, maya, sam)))
            session = await bea.screen.evening()
            await asyncio.gather(bea.screen.go(f"/sessions/{session}/room"), through_the_door(maya.screen, session))
            await bea.press("Let in Maya")
            await at_a_locked_door(bea, sam, session)
            await into_what_is_taught(bea, sam, stack, session)
            await tile_of(maya.page, "Sam").wait_for()

            await who_has_the_floor(bea, maya, sam)
            rings = await a_break(bea, sam, stack, session)
            await the_plan_and_a_card(bea, sam)
            await a_poll(bea, maya, sam)
            await a_sign_and_a_signal(bea, maya, sam)
            await a_chat_to_those_who_lead(bea, maya, sam)
            await maya_notes_something_for_herself(bea, maya)
            await rings
            await how_maya_leaves(bea, maya)

            nothing_of_it_reached(sam, bea)

    asyncio.run(asyncio.wait_for(story(), 420))


async def at_a_locked_door(bea: Person, sam: Person, session: str) -> None:
    await bea.press("Lock door")
    await bea.reads("The door is locked: nobody new comes in.")
    await through_the_door(sam.screen, session)
    await sam.reads("The group's door is closed just now")
    await bea.reads("Sam waits at the locked door.")
    assert await bea.page.get_by_role("button", name="Let in Sam").count() == 0
    await bea.press("Write to those waiting")
    await bea.page.locator('[data-preset="late"]').click()
    await sam.reads("We are running a little late. Thank you for waiting.")
    await asyncio.gather(bea.keep("tools-1-locked"), sam.keep("tools-1-locked-phone"))

    await bea.press("Open door", inside="#lead")
    await sam.reads_no_more("The group's door is closed just now")


async def into_what_is_taught(bea: Person, sam: Person, stack: Stack, session: str) -> None:
    """Whoever comes in while something is taught listens first, and asks to speak with a hand."""
    with taught(stack, session):
        await bea.press("Let in Sam")
        await sam.reads(LISTENS_FIRST)
    await tile_of(bea.page, "Sam").locator('[data-word="muted"]').wait_for()
    await sam.press("Raise hand")
    await tile_of(bea.page, "Sam").locator('[data-word="hand"]').wait_for()
    await sam.keep("tools-1-listens-phone")
    await bea.page.locator("#lead li[data-seat]", has_text="Sam").get_by_text("hand up").wait_for()
    await sam.press("Unmute", inside=".room-bar")
    await tile_of(bea.page, "Sam").locator('[data-word="muted"]').wait_for(state="detached")
    await sam.reads_no_more(LISTENS_FIRST)
    await sam.press("Lower hand")
    await tile_of(bea.page, "Sam").locator('[data-word="hand"]').wait_for(state="detached")


@contextmanager
def taught(stack: Stack, session: str) -> Iterator[None]:
    """Let every block of the evening be education for a while."""
    with psycopg.connect(stack.env["DATABASE_OWNER_URL"], autocommit=True) as database:
        blocks = database.execute("SELECT kind, id FROM schedule_block WHERE session_id = %s", [session]).fetchall()
        database.execute("UPDATE schedule_block SET kind = 'education' WHERE session_id = %s", [session])
        try:
            yield
        finally:
            database.cursor().executemany("UPDATE schedule_block SET kind = %s WHERE id = %s", blocks)


async def who_has_the_floor(bea: Person, maya: Person, sam: Person) -> None:
    await maya.press("Mute")
    await bea.press("Ask to speak: Maya")
    await maya.reads("Bea asks if you would like to say something. You decide.")
    await tile_of(bea.page, "Maya").locator('[data-word="muted"]').wait_for()
    await maya.press("Unmute", inside='[data-notice="asked-to-speak"]')
    await tile_of(bea.page, "Maya").locator('[data-word="muted"]').wait_for(state="detached")
    await maya.reads_no_more("Bea asks if you would like to say something.")

    await bea.page.get_by_label("More for Maya").click()
    await bea.press("Spotlight: Maya")
    await sam.page.locator(".tile[data-lit]", has_text="Maya").wait_for()
    await maya.press("Make mine small")
    await sam.page.locator(".tile[data-lit]").wait_for(state="detached")

    await bea.press("Group tools")
    await bea.press("Bring out the talking stick")
    await sam.reads("The talking stick is free.")
    await maya.page.keyboard.press("h")
    await maya.reads("You have the talking stick.")
    await sam.page.keyboard.press("h")
    await sam.reads("Maya has the talking stick. You are next.")
    await asyncio.gather(bea.keep("tools-2-stick"), sam.keep("tools-2-stick-phone"))
    await maya.page.keyboard.press("n")
    await sam.reads("You have the talking stick.")
    await bea.press("Group tools")
    await bea.press("Put the talking stick away")
    await sam.reads_no_more("You have the talking stick.")


async def a_break(bea: Person, sam: Person, stack: Stack, session: str) -> asyncio.Task[None]:
    """Begin a break; returns the waiting for its bell, while the group goes on."""
    await bea.press("Break or timer")
    await bea.page.get_by_label("How long").select_option("1")
    await bea.press("Start a break")
    await sam.page.locator('[data-timer="break"] time').wait_for()
    await sam.keep("tools-3-break-phone")
    end_soon(stack, session)

    async def heard() -> None:
        await sam.reads("The break is over. Welcome back.")
        await sam.page.wait_for_function("() => window.tones > 0")

    return asyncio.create_task(heard())


def end_soon(stack: Stack, session: str) -> None:
    """The minute of this break is nearly over: the row, and the word that there is something to read."""
    with psycopg.connect(stack.env["DATABASE_OWNER_URL"], autocommit=True) as database:
        database.execute(
            "UPDATE room_timer SET ends_at = clock_timestamp() + interval '15 seconds' WHERE session_id = %s", [session]
        )
        database.execute("SELECT pg_notify('wake', %s)", [json.dumps({"topic": f"room.{session}"})])


async def the_plan_and_a_card(bea: Person, sam: Person) -> None:
    await bea.page.get_by_role("button", name="Go on: Process group").click()
    await bea.page.locator("section > .agenda [aria-current]", has_text="Process group").wait_for()
    await sam.page.get_by_role("heading", level=1, name="Process group").wait_for()
    await bea.page.get_by_label("Card", exact=True).select_option(label="STOP: a pause before acting")
    await bea.press("Show the card")
    await sam.reads("Take one step back", inside=".card-pane")
    await sam.press("Keep this card")
    await sam.reads("You keep this card. Only you see that.")
    await asyncio.gather(bea.keep("tools-8-card"), sam.keep("tools-8-card-phone"))
    await bea.press("Put the card away")
    await bea.page.locator(".card-pane").wait_for(state="detached")
    await sam.page.locator(".card-pane").press("Escape")  # whoever keeps it closes it themselves
    await sam.page.locator(".card-pane").wait_for(state="detached")


async def a_poll(bea: Person, maya: Person, sam: Person) -> None:
    await bea.press("Ask", inside="section:has(> #lead-poll)")
    await bea.page.get_by_label("Facilitators see who answered what").check()
    await bea.press("Ask", inside="section:has(> #lead-poll) form")
    await sam.reads("The facilitators see who answered what. Other patients do not.")
    await maya.press("7", inside=".poll")
    await sam.press("3", inside=".poll")
    await maya.reads("Your answer is in: 7.")
    await bea.reads("2 answered")
    await bea.press("Close and count")
    await bea.page.locator("section:has(> #lead-poll) li", has_text="Maya").get_by_text("7").wait_for()
    await sam.reads("The answers are in. Thank you.")
    await bea.reads("Fewer than four answered")
    await bea.press("Show to everybody")
    await sam.page.locator('.poll-counts [aria-label="7: 1 of 2"]').wait_for()
    await asyncio.gather(bea.keep("tools-4-poll"), sam.keep("tools-4-poll-phone"))
    await bea.press("Put away", inside="section:has(> #lead-poll)")
    await sam.page.locator(".poll").wait_for(state="detached")


async def a_sign_and_a_signal(bea: Person, maya: Person, sam: Person) -> None:
    await maya.press("Me too")
    await sam.page.wait_for_function("() => window.signs.has('Me too')")

    await maya.press("Private signal")
    await maya.press("I have strong urges")
    await maya.reads("Sent. Only the facilitators see it.")
    await bea.reads("has strong urges")
    await bea.keep("tools-5-signal")
    await bea.press("Please stay with us. You are not alone.")
    await maya.reads("Bea: Please stay with us. You are not alone.")


async def a_chat_to_those_who_lead(bea: Person, maya: Person, sam: Person) -> None:
    assert await sam.page.get_by_role("button", name="Chat").count() == 0
    await bea.press("Group tools")
    await bea.page.get_by_label("Patients write to those who lead").click()
    await maya.press("Chat")
    await maya.page.get_by_label("Write to the chat").fill("For the two of you alone")
    await maya.press("Send")
    await maya.reads("For the two of you alone", inside=".chat-lines")
    await bea.page.get_by_role("button", name="Chat").click()
    await bea.reads("For the two of you alone", inside=".chat-lines")
    # What the second person writes, and reads back, shows that their browser was told of the chat by then.
    await sam.page.get_by_role("button", name="Chat").click()
    await sam.page.get_by_label("Write to the chat").fill("Mine")
    await sam.press("Send")
    await sam.reads("Mine", inside=".chat-lines")
    await asyncio.gather(bea.keep("tools-6-chat"), sam.keep("tools-6-chat-phone"))
    await bea.press("Group tools")
    await bea.page.get_by_label("Off", exact=True).click()
    await sam.page.locator("#chat-pane").wait_for(state="detached")


async def maya_notes_something_for_herself(bea: Person, maya: Person) -> None:
    await maya.press("My notes")
    await maya.page.locator('[data-note="saved"]').wait_for()
    await maya.page.get_by_label("For me alone").fill("For myself alone")
    await maya.page.locator('[data-note="unsaved"]').wait_for()
    await maya.page.locator('[data-note="saved"]').wait_for()
    await maya.keep("tools-9-notes-phone")
    await maya.press("Close", inside="#note-pane")
    await bea.page.keyboard.press("Escape")  # the group's tools are still open
    await bea.press("My notes")
    await bea.page.locator('[data-note="saved"]').wait_for()
    assert await bea.page.get_by_label("For me alone").input_value() == ""
    await bea.press("Close", inside="#note-pane")


async def how_maya_leaves(bea: Person, maya: Person) -> None:
    await maya.press("Leave")
    await maya.press("Calmer")
    await maya.reads("Thank you. Your team can read it.")
    await bea.page.locator('[data-left="calmer"]', has_text="Maya").wait_for()
    await asyncio.gather(bea.keep("tools-7-left"), maya.keep("tools-7-left-phone"))


def nothing_of_it_reached(sam: Person, bea: Person) -> None:
    """Bea was sent all of it, so the words are the right ones; the other patient was sent none."""
    for words in ('"kind":"urges"', '"chosen":[{"name":"Maya"', "For the two of you alone", '"how":"calmer"'):
        assert bea.was_sent(words), words
        assert not sam.was_sent(words), words
    assert not any(one.was_sent("For myself alone") for one in (sam, bea))
    assert sam.was_sent('"kind":"break"') and sam.was_sent('"counts":['), "their traffic was listened to"
    rooms = [room for room in map(json.loads, sam.sent) if room.get("type") == "room"]
    assert rooms and all(room["lead"] is None and room["my_signal"] is None for room in rooms)
    assert all(room["asked_to_speak"] is None for room in rooms), "only who is asked learns of it"


def tile_of(page: Page, who: str):
    return page.locator(".tile[data-picture]:not([data-mine])", has_text=who)

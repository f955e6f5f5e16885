"""What else the tour shows in the live room: breakouts with boards, a code compared, a saved line, a server's death."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from typing import TYPE_CHECKING

from playwright.async_api import FrameLocator

from openiop.demo.browsers import Screen
from openiop.demo.stack import Stack
from openiop.demo.tour_record import Record, hold
from openiop.demo.tour_setup import person

if TYPE_CHECKING:
    from openiop.demo.tour_evening import EveningOfTheTour

CODE = re.compile(r"\d{5}( \d{5}){3}")
BRING_BACK = "Bring to the group\u2019s board"


def is_code(shown: str) -> bool:
    """Four groups of five digits: two empty places are equal too, and compare nothing."""
    return CODE.search(" ".join(shown.split())) is not None


class RoomOfTheTour:
    """Parts of the evening that happen among those in the group."""

    def __init__(self, evening: EveningOfTheTour, stack: Stack, record: Record) -> None:
        self.evening, self.stack, self.record = evening, stack, record

    async def sent_back_and_in_again(self) -> None:
        """The facilitator asks somebody to wait outside for a moment."""
        evening, key = self.evening, self.evening.comes_back
        bea, screen = evening.screens["bea"], evening.screens[key]
        async with self.record.step(f"{screen.who} is sent back to the door, and let in again", bea, screen):
            await bea.page.get_by_role("button", name=f"To the door: {screen.who}").click()
            await screen.page.locator('.door-card[data-screen="sent_back"]').wait_for()
            evening.log.goes(key)
            await self.record.picture(screen, "sent-back-to-the-door")
            await screen.page.reload()
            await evening.let_in(key)
            await evening.sees_others(key, others=2)

    async def private_signal(self) -> None:
        """One silent tap to those who lead, and their answer; nothing of it on another member's screen."""
        evening = self.evening
        bea, screen, other = (evening.screens[key] for key in ("bea", evening.killed, evening.comes_back))
        async with self.record.step(f"{screen.who} signals privately, and is answered", bea, screen):
            await screen.press("Private signal", inside=".room-bar")
            await self.record.picture(screen, "private-signal")
            await screen.page.locator('[data-signal="urges"]').click()
            signal = bea.page.locator('.signal-seen[data-kind="urges"]').filter(has_text=screen.who)
            await signal.wait_for()
            hold(not await other.page.locator('[data-notice^="signal"]').count(), f"{other.who} sees a signal")
            await self.record.picture(bea, "a-private-signal-seen")
            await signal.locator(".signal-answers button").first.click()
            await screen.page.locator('[data-notice="signal"]').get_by_text("Bea:").wait_for()
            await self.record.picture(screen, "private-signal-answered")

    async def breakouts(self) -> None:
        """Three rooms: somebody alone asks for help and is visited, two boards are written on, one is brought back."""
        evening = self.evening
        bea, maya = evening.screens["bea"], evening.screens["maya"]
        alone, other = (evening.screens[key] for key in ("priya", "sam"))
        async with self.record.step("three breakouts open, each as the facilitator placed people", bea, maya):
            await bea.press("Prepare breakouts", inside=".lead")
            await bea.page.get_by_label("Who goes where").select_option(label="I choose")
            await bea.page.get_by_label("Rooms", exact=True).select_option("3")
            await bea.press("Prepare", inside=".lead")
            for screen, room in ((maya, "Willow"), (other, "Willow"), (alone, "Cedar")):
                await bea.page.get_by_label(f"Room for {screen.who}").select_option(label=room)
                await bea.page.locator(f'.breakout[data-room="{room}"]').get_by_text(screen.who).wait_for()
            await self.record.picture(bea, "breakouts-prepared")
            await bea.press("Open the rooms", inside=".lead")
            for screen, room in ((maya, "Willow"), (other, "Willow"), (alone, "Cedar")):
                await screen.page.get_by_text(f"You are in {room}.").first.wait_for()
            await evening.sees_others("maya", others=1)
            hold(not await maya.page.get_by_text(alone.who).count(), f"{alone.who} is seen from the other room")
            await self.record.picture(maya, "in-a-breakout-on-a-phone")
        async with self.record.step(
            f"{alone.who} asks for help from a breakout, and the facilitator hops in", bea, alone
        ):
            await alone.press("Ask for help", inside=".my-breakout")
            call = bea.page.locator('[data-notice="call"]')
            await call.get_by_text(f"{alone.who} asks for help in Cedar.").wait_for()
            await self.record.picture(bea, "a-breakout-asks-for-help")
            await call.get_by_role("button").click()
            await evening.sees_others("priya", others=1)
            await self.record.picture(bea, "hopped-into-the-breakout")
        async with self.record.step(f"{other.who} is moved to the third room while they run", bea, maya, other):
            await bea.press("Move people", inside=".lead")
            await bea.page.get_by_label(f"Room for {other.who}").select_option(label="Birch")
            await bea.press(f"Move {other.who}", inside=".lead")
            await other.page.get_by_text("You are in Birch.").first.wait_for()
            await maya.page.locator(".tile", has_text=other.who).wait_for(state="detached")
        async with self.record.step(
            "boards are written on in two breakouts, and one is brought to the group", alone, other, bea
        ):
            await self._write_on_the_board(alone, "Call my sister before the urge peaks")
            await self._write_on_the_board(other, "Ice water, then a walk")
            await self.record.picture(alone, "a-board-in-a-breakout")
            await self.record.picture(other, "a-board-in-another-breakout")
            board = await self._board(bea)
            await board.get_by_role("button", name=BRING_BACK).click()
            await board.locator(".board-notice").wait_for()
            await bea.press("Close board", inside=".room-bar")
        async with self.record.step("all are brought back, and the board with them", bea, maya, alone, other):
            await bea.press("Bring all back in 30 s", inside=".lead")
            await maya.page.get_by_text("Back to the group in").wait_for()
            await bea.press("Bring all back now", inside=".lead")
            for screen in (maya, alone, other):
                await screen.page.locator(".my-breakout").wait_for(state="detached")
            await evening.sees_others("bea", others=3)
            board = await self._board(bea)
            await board.get_by_role("button", name="As a list").click()
            await board.get_by_text("Call my sister before the urge peaks").first.wait_for()
            hold(not await board.get_by_text("Ice water, then a walk").count(), "the other board was brought too")
            await self.record.picture(bea, "the-board-brought-to-the-group")
            await bea.press("Close board", inside=".room-bar")

    async def _board(self, screen: Screen) -> FrameLocator:
        await screen.press("Board", inside=".room-bar")
        board = screen.page.frame_locator("#board-pane")
        await board.get_by_text("Saved").first.wait_for(timeout=30_000)
        return board

    async def _write_on_the_board(self, screen: Screen, words: str) -> None:
        board = await self._board(screen)
        await board.get_by_role("button", name="As a list").click()
        await board.get_by_label("Write a note").fill(words)
        await board.get_by_role("button", name="Add", exact=True).click()
        await board.get_by_text(words).first.wait_for()

    async def low_data(self) -> None:
        """Somebody on a weak line keeps to sound, and the others read why."""
        bea, screen = self.evening.screens["bea"], self.evening.screens[self.evening.killed]
        tile = bea.page.locator(".tile", has_text=screen.who)
        async with self.record.step(f"{screen.who} saves data, and everybody reads it on the tile", bea, screen):
            await screen.press("Low data", inside=".room-bar")
            await tile.get_by_text("saving data").wait_for()
            await self.record.picture(screen, "low-data")
            await self.record.picture(bea, "somebody-saves-data")
            await screen.press("Low data", inside=".room-bar")
            await tile.get_by_text("saving data").wait_for(state="detached")

    async def code_compared(self) -> None:
        """Sound and picture are sealed end to end; all see the same code, and pictures flow on."""
        evening = self.evening
        inside = [key for key in ("bea", "maya", "priya", "sam") if key in evening.screens]
        screens = [evening.screens[key] for key in inside]
        async with self.record.step("the group is encrypted end to end, and all compare the same code", *screens):
            await screens[0].press("Encrypt end to end", inside=".lead")
            codes = [await screen.page.locator(".room-code summary .code").inner_text() for screen in screens]
            for _look in range(60):
                if len(set(codes)) == 1 and is_code(codes[0]):
                    break
                await asyncio.sleep(0.5)
                codes = [await screen.page.locator(".room-code summary .code").inner_text() for screen in screens]
            hold(len(set(codes)) == 1, f"the codes differ: {codes}")
            hold(is_code(codes[0]), f"this is no code to compare: {codes[0]!r}")
            for key in inside:
                await evening.sees_others(key, others=len(inside) - 1)
            await screens[0].page.locator(".room-code summary").click()
            await self.record.picture(screens[0], "the-code-compared")
            await screens[0].page.locator(".room-code summary").click()

    async def media_server_killed(self) -> None:
        """Janus is killed and started anew by the supervisor; people see that, and are back without a click."""
        evening = self.evening
        inside = [key for key in ("bea", "maya", "priya", "sam") if key in evening.screens]
        screens = [evening.screens[key] for key in inside]
        async with self.record.step("the media server is killed, and everyone is back without a click", *screens):
            muted_before = await self._muted(screens)
            killed = self.stack.pid("janus")
            hold(killed is not None, "no media server runs")
            os.kill(killed or 0, signal.SIGKILL)
            bea = evening.screens["bea"]
            await bea.page.wait_for_function("() => window.__room.timings.goneAt > 0", timeout=30_000)
            for key in inside:
                await evening.sees_others(key, others=len(inside) - 1)
            muted = await self._muted(screens)
            hold(muted == muted_before, f"muted before: {muted_before}, muted now: {muted}")
            timings = (await bea.in_room())["timings"]
            back = timings["frameAfterGoneAt"] - timings["goneAt"]
            print(f"    {person('bea').given} sees somebody again {back} ms after the media server is back", flush=True)
            await self.record.picture(bea, "back-after-the-media-server-was-killed")

    async def _muted(self, screens: list[Screen]) -> list[str]:
        """Those whose own microphone is off, as their own button says."""
        return [screen.who for screen in screens if await screen.page.get_by_role("button", name="Unmute").count()]

"""What else the tour shows in the live room: the door both ways, and a media server that dies in mid-group."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from openiop.demo.stack import Stack
from openiop.demo.tour_record import Record, hold
from openiop.demo.tour_setup import person

if TYPE_CHECKING:
    from openiop.demo.tour_evening import EveningOfTheTour


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

    async def media_server_killed(self) -> None:
        """Janus is killed and started anew by the supervisor; people see that, and are back without a click."""
        evening = self.evening
        inside = [key for key in ("bea", "maya", "priya", "sam") if key in evening.screens]
        screens = [evening.screens[key] for key in inside]
        async with self.record.step("the media server is killed, and everyone is back without a click", *screens):
            killed = self.stack.pid("janus")
            hold(killed is not None, "no media server runs")
            os.kill(killed or 0, signal.SIGKILL)
            bea = evening.screens["bea"]
            await bea.page.wait_for_function("() => window.__room.timings.goneAt > 0", timeout=30_000)
            for key in inside:
                await evening.sees_others(key, others=len(inside) - 1)
            timings = (await bea.in_room())["timings"]
            back = timings["frameAfterGoneAt"] - timings["goneAt"]
            print(f"    {person('bea').given} sees somebody again {back} ms after the media server is back", flush=True)
            await self.record.picture(bea, "back-after-the-media-server-was-killed")

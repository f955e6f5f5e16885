"""The tour's second part: a check-in that needs somebody, and the group, in real time and real browsers."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, Page

from openiop.demo.browsers import PHONE, Screen, tell_place
from openiop.demo.stack import Stack
from openiop.demo.tour_record import Record, hold
from openiop.demo.tour_room import RoomOfTheTour
from openiop.demo.tour_setup import BLOCKS, Evening, SetUp, person

MOST_SECONDS_APART = 30
AWAY_SECONDS = 70
NOTE_THE_CLICK = """
    label => {
      window.__clickedAt = 0;
      label.addEventListener("click", () => { window.__clickedAt ||= Date.now(); }, true);
    }
"""
WATCH_FOR_THE_ALARM = """
    () => {
      window.__alarmAt = 0;
      const seen = () => {
        const alarm = document.querySelector("#rail [data-alarm]");
        if (alarm && alarm.getClientRects().length) window.__alarmAt ||= Date.now();
      };
      new MutationObserver(seen).observe(document.body, { childList: true, subtree: true });
    }
"""


def now() -> datetime:
    return datetime.now(UTC)


class Log:
    """Who came and went when, by the tour's own clock: what the minutes are judged by."""

    def __init__(self) -> None:
        self.stays: dict[str, list[tuple[datetime, datetime | None]]] = {}

    def comes(self, key: str) -> None:
        self.stays.setdefault(key, []).append((now(), None))

    def goes(self, key: str) -> None:
        came, went = self.stays[key][-1]
        if went is None:
            self.stays[key][-1] = (came, now())

    def seconds(self, key: str, *, begins_at: datetime) -> float:
        """Seconds inside the blocks that count."""
        counted, block_begins = 0.0, begins_at
        for title, minutes in BLOCKS:
            block_ends = block_begins + timedelta(minutes=minutes)
            if title != "Break":
                counted += sum(
                    max(0.0, (min(went or block_ends, block_ends) - max(came, block_begins)).total_seconds())
                    for came, went in self.stays.get(key, [])
                )
            block_begins = block_ends
        return counted


class EveningOfTheTour:
    """One evening: `seed` decides who of those at home is late, who comes back, and whose tab is killed."""

    def __init__(
        self,
        browser: Browser,
        stack: Stack,
        record: Record,
        evening: Evening,
        set_up: SetUp,
        chance: random.Random,
    ) -> None:
        self.browser, self.url, self.record = browser, stack.url, record
        self.room = RoomOfTheTour(self, stack, record)
        self.evening, self.director, self.kiosk = evening, set_up.director, set_up.kiosk
        parts = ["maya", "priya", "sam"]
        chance.shuffle(parts)
        self.late, self.comes_back, self.killed = parts
        self.screens: dict[str, Screen] = {}
        self.log = Log()
        self.join_ms: dict[str, int | None] = {}
        self.code = ""

    @property
    def begins_at(self) -> datetime:
        assert self.evening.begins_at is not None
        return self.evening.begins_at.astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + timedelta(minutes=sum(minutes for _title, minutes in BLOCKS))

    async def live(self) -> None:
        await self.record.parts(
            self._desks,
            self._today,
            self._arrives_on_site,
            self._somebody_is_in_danger,
            self._somebody_helps,
            self._the_case_is_closed,
            self._group_gathers,
            self.room.sent_back_and_in_again,
            self._late_one_comes,
            self._hands_and_voices,
            self.room.private_signal,
            self.room.breakouts,
            self.room.low_data,
            self._leaves_and_comes_back,
            self.room.code_compared,
            self.room.media_server_killed,
            self._tab_is_killed,
            self._ends,
        )

    async def _open(self, key: str, *, phone: bool = False, dark: bool = False) -> Screen:
        screen = await Screen.opened(
            self.browser, person(key).given, self.url, size=PHONE if phone else None, dark=dark
        )
        self.screens[key] = screen
        await screen.sign_in(person(key).given)
        return screen

    async def _wait_until(self, moment: datetime) -> None:
        await asyncio.sleep(max(0.0, (moment - now()).total_seconds()))

    # --- before the group ---

    async def _desks(self) -> None:
        async with self.record.step("the facilitator and the front desk open their pages", *self._of("bea", "hal")):
            bea, hal = await asyncio.gather(self._open("bea"), self._open("hal"))
            await asyncio.gather(bea.go("/desk"), hal.go("/front-desk"))
            await bea.page.locator("#rail").get_by_text("Nobody needs someone right now.").wait_for()
            await self.record.picture(bea, "desk-before-the-group")
            await self.record.picture(hal, "front-desk")

    async def _today(self) -> None:
        async with self.record.step("patients open Today, in their own language", *self._of("maya", "ruth", "theo")):
            await self._open("maya", phone=True)
            await self._open("ruth", phone=True)
            await self._open("theo", phone=True, dark=True)
            await self.record.picture(self.screens["maya"], "today-on-a-phone", whole=True)
            await self.record.picture(self.screens["ruth"], "today-in-spanish", whole=True)
            await self.record.picture(self.screens["theo"], "today-on-site-dark", whole=True)
            hold(await self.screens["ruth"].page.locator("html").get_attribute("lang") == "es", "Ruth reads English")
            self.code = (await self.screens["theo"].page.locator("strong.code").inner_text()).strip()
            await self.screens.pop("ruth").close()

    async def _somebody_is_in_danger(self) -> None:
        maya, bea = self.screens["maya"], self.screens["bea"]
        async with self.record.step("a worrying answer is on the desk at once", maya, bea):
            await maya.go("/check-in")
            await self._choose(maya.page, "mood", "3")
            await self.record.picture(maya, "check-in")
            await self._next(maya.page)
            await maya.page.locator('input[name="sleep_hours"]').fill("4.5")
            await self._next(maya.page)
            await self._choose(maya.page, "urges", "6")
            await self._next(maya.page)
            await bea.page.evaluate(WATCH_FOR_THE_ALARM)
            answer = maya.page.locator('label[for="safe_now-1"]')
            await answer.evaluate(NOTE_THE_CLICK)
            await answer.click()
            await bea.page.locator("#rail [data-alarm]").wait_for()
            alarm_at = await bea.page.evaluate("window.__alarmAt")
            self.record.summary["alert_ms"] = alarm_at - await maya.page.evaluate("window.__clickedAt")
            await self.record.picture(bea, "the-desk-shows-who-needs-someone")
        async with self.record.step("she reads at once what happens next", maya):
            await maya.page.get_by_text("Your answer has been sent to your team").first.wait_for()
            await self.record.picture(maya, "what-happens-next", whole=True)
        async with self.record.step("item 9 of the PHQ-9 joins the case, whatever the total", maya, bea):
            await maya.go("/measures/phq9")
            for item in range(1, 9):
                await self._choose(maya.page, f"phq9_{item}", "1")
                await self._next(maya.page)
            await self._choose(maya.page, "phq9_9", "1")
            await bea.page.locator("#rail").get_by_text("Several days").wait_for()
            await self.record.picture(maya, "phq-9-item-9", whole=True)

    async def _choose(self, page: Page, item: str, value: str) -> None:
        await page.locator(f'label[for="{item}-{value}"]').click()

    async def _next(self, page: Page) -> None:
        await page.get_by_role("button", name="Next", exact=True).click()

    async def _somebody_helps(self) -> None:
        maya, bea = self.screens["maya"], self.screens["bea"]
        async with self.record.step("a clinician takes it, and the patient reads who", maya, bea):
            await bea.page.locator("#rail").get_by_role("button", name=re.compile("I.ll take it")).click()
            await bea.page.locator("#rail").get_by_text("Somebody is on it").wait_for()
            await maya.page.get_by_text("Bea has seen your answer").first.wait_for()
            await self.record.picture(maya, "somebody-has-it", whole=True)

    async def _the_case_is_closed(self) -> None:
        bea = self.screens["bea"]
        async with self.record.step("a case does not close before contact is made", bea):
            await bea.page.locator("#rail").get_by_role("link", name=re.compile("Open the case")).click()
            await bea.page.wait_for_url("**/cases/**")
            await bea.fill({"What was found and done": "No contact yet."})
            await bea.press("Close the case", inside="main")
            await bea.page.get_by_text("Nobody has logged contact yet", exact=False).first.wait_for()
        async with self.record.step("contact is logged and the case is closed with a disposition", bea):
            await bea.fill(
                {
                    "How": "by telephone",
                    "Yes, we spoke": True,
                    "What was said and agreed": "Passing thoughts, no plan, no intent; her sister is with her tonight.",
                }
            )
            await bea.press("Log it", inside="main")
            await self.record.picture(bea, "a-case", whole=True)
            await bea.fill({"How it ended": "Safe, with a plan", "What was found and done": "Safety plan gone over."})
            await bea.press("Close the case", inside="main")
            await bea.page.get_by_text("No case is open").wait_for()

    # --- on site ---

    async def _arrives_on_site(self) -> None:
        hal = self.screens["hal"]
        async with self.record.step("the kiosk lists nobody and refuses a wrong code", self.kiosk):
            await self.kiosk.page.locator("#code").fill("000000" if self.code != "000000" else "111111")
            await self.kiosk.press("I'm here")
            await self.kiosk.page.get_by_text("That code does not fit today", exact=False).wait_for()
            await self.kiosk.go("/kiosk")
        async with self.record.step("a patient arrives with the code of the day", self.kiosk, hal):
            await self._at_the_kiosk("I'm here")
            self.log.comes("theo")
            await self.kiosk.page.get_by_text("You're in, Theo", exact=False).wait_for()
            await self.record.picture(self.kiosk, "kiosk-arrived")
            await hal.page.locator("tr", has_text="Theo").get_by_text("on site").nth(1).wait_for()
            await self.record.picture(hal, "front-desk-sees-the-arrival")

    async def _at_the_kiosk(self, button: str) -> None:
        """Type the code; after a wrong one the kiosk takes a short breath first."""
        for _attempt in range(10):
            await self.kiosk.go("/kiosk")
            await self.kiosk.page.locator("#code").fill(self.code)
            await self.kiosk.press(button)
            if not await self.kiosk.page.locator("[role=alert]").count():
                return
            await asyncio.sleep(2)

    # --- the group ---

    async def _group_gathers(self) -> None:
        bea = self.screens["bea"]
        async with self.record.step("the facilitator opens the room", bea):
            await bea.go(f"/sessions/{self.evening.session}/room")
            await bea.page.get_by_text("You are the first one here.").wait_for()
        on_time = [key for key in ("maya", "priya", "sam") if key != self.late]
        for key in on_time:
            if key not in self.screens:
                await self._open(key)
            await self._through_the_door(key, pictures=key == on_time[0])
        async with self.record.step("two wait at the door, and are let in one by one", *self._of(*on_time, "bea")):
            await bea.page.get_by_role("button", name=f"Let in {person(on_time[1]).given}").wait_for()
            await self.record.picture(self.screens[on_time[0]], "waiting-room")
            await self.record.picture(bea, "people-at-the-door")
            for key in on_time:
                await self.let_in(key)
        async with self.record.step("they see and hear each other", *self._of(*on_time, "bea")):
            await asyncio.gather(*(self.sees_others(key, others=2) for key in (*on_time, "bea")))
            await self._keep_join_times(on_time)

    async def _through_the_door(self, key: str, *, pictures: bool) -> None:
        screen = self.screens[key]
        async with self.record.step(f"{screen.who} tries camera and sound, and says where she or he is", screen):
            await screen.go("/today")
            await screen.press("Get ready to join")
            await screen.page.locator('[data-result="line"]').filter(has_text=re.compile(r"\S")).wait_for()
            if pictures:
                await self.record.picture(screen, "camera-and-sound", whole=True)
            await screen.press("Go on")
            if pictures:
                await self.record.picture(screen, "where-are-you", whole=True)
            await tell_place(screen)
            await (
                screen.page.get_by_text("You are at the door")
                .or_(screen.page.get_by_text("You are in the right place"))
                .first.wait_for()
            )

    async def let_in(self, key: str) -> None:
        await self.screens["bea"].page.get_by_role("button", name=f"Let in {person(key).given}").click()
        self.log.comes(key)

    async def sees_others(self, key: str, *, others: int) -> None:
        """Frames of every other camera are decoded, and more of them a moment later."""
        screen = self.screens[key]
        figures = await screen.in_room()
        for _look in range(60):
            if sum(frames > 0 for frames in figures["framesByFeed"].values()) >= others:
                break
            await asyncio.sleep(0.5)
            figures = await screen.in_room()
        hold(len(figures["framesByFeed"]) >= others, f"{key} sees too few: {figures}")
        before = figures["framesDecoded"]
        await asyncio.sleep(1.5)
        figures = await screen.in_room()
        hold(figures["framesDecoded"] > before, f"{key} sees a picture that stands still: {figures}")
        hold(figures["audioBytesReceived"] > 0, f"{key} hears nothing: {figures}")

    async def _keep_join_times(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.join_ms[key] = (await self.screens[key].in_room())["timings"]["joinMs"]

    async def _late_one_comes(self) -> None:
        key = self.late
        await self._wait_until(self.begins_at + timedelta(seconds=12))
        if key not in self.screens:
            await self._open(key)
        await self._through_the_door(key, pictures=False)
        async with self.record.step(f"{person(key).given} comes late and is let in", *self._of(key, "bea")):
            await self.let_in(key)
            await self.sees_others(key, others=3)
            await self._keep_join_times([key])
            await self.record.picture(self.screens["bea"], "the-group-as-the-facilitator-sees-it")
            await self.record.picture(self.screens[self.comes_back], "the-group-as-a-patient-sees-it")

    async def _hands_and_voices(self) -> None:
        bea, patient = self.screens["bea"], self.screens[self.killed]
        async with self.record.step("a hand goes up, and the facilitator sees it", bea, patient):
            await patient.page.keyboard.press("h")
            await bea.page.locator(".tile", has_text=patient.who).get_by_text("hand up").wait_for()
            await self.record.picture(bea, "a-hand-is-up")
            await patient.page.keyboard.press("h")
        async with self.record.step("the facilitator mutes somebody, who is told so", bea, patient):
            await bea.page.get_by_role("button", name=f"Mute {patient.who}", exact=True).click()
            await patient.page.get_by_text("The facilitator muted you.", exact=False).wait_for()
            await self.record.picture(patient, "muted-by-the-facilitator")
            await patient.page.keyboard.press("m")
            await bea.page.get_by_role("button", name=f"Mute {patient.who}", exact=True).wait_for()

    async def _leaves_and_comes_back(self) -> None:
        key = self.comes_back
        screen = self.screens[key]
        await self._wait_until(self.begins_at + timedelta(seconds=200))
        async with self.record.step(f"{screen.who} leaves the group", screen):
            await screen.press("Leave", inside=".room-bar")
            self.log.goes(key)
            await screen.page.get_by_text("You have left the group").wait_for()
            await self.record.picture(screen, "left-the-group")
        left_at = now()
        hal = self.screens["hal"]
        async with self.record.step("the session's page shows who is here, and how", hal, self.director):
            await self.director.go(f"/sessions/{self.evening.session}")
            await self.record.picture(self.director, "session-while-it-runs", whole=True)
        await self._wait_until(left_at + timedelta(seconds=AWAY_SECONDS))
        async with self.record.step(f"{screen.who} comes back without waiting again", screen):
            await screen.press("Come back in")
            self.log.comes(key)
            await self.sees_others(key, others=2)

    async def _tab_is_killed(self) -> None:
        key = self.killed
        await self._wait_until(self.begins_at + timedelta(seconds=327))
        async with self.record.step(f"{person(key).given}'s browser is killed", self.screens["bea"]):
            await self.screens.pop(key).close()
            self.log.goes(key)
            tile = self.screens["bea"].page.locator(".tile", has_text=person(key).given)
            await tile.get_by_text("reconnecting").or_(tile.locator(".initials")).first.wait_for()

    async def _ends(self) -> None:
        bea = self.screens["bea"]
        await self._wait_until(self.ends_at + timedelta(seconds=1))
        async with self.record.step("the facilitator ends the group for everyone", *self._of("bea", self.late)):
            await bea.press("End for everyone", inside=".lead-foot")
            await bea.press("End for everyone", inside="dialog[open]")
            for key in (self.late, self.comes_back):
                self.log.goes(key)
            await self.screens[self.late].page.get_by_text("The group is over for today").wait_for()
            await self.record.picture(self.screens[self.late], "the-group-is-over")
        async with self.record.step("the patient on site leaves at the kiosk", self.kiosk):
            await self._at_the_kiosk("I'm leaving")
            self.log.goes("theo")
            await self.kiosk.page.get_by_text("Goodbye, Theo", exact=False).wait_for()
        for key in ("maya", "priya", "sam", "theo"):
            if key in self.screens:
                await self.screens.pop(key).close()

    def _of(self, *keys: str) -> list[Screen]:
        return [self.screens[key] for key in keys if key in self.screens]


def figures_of(evening: EveningOfTheTour, counted: dict[str, float | None]) -> list[dict[str, Any]]:
    """The summary's participants; `counted` in seconds, as the session's page says."""
    rows = []
    for key in ("maya", "priya", "sam", "theo"):
        seconds = counted.get(key)
        rows.append(
            {
                "name": person(key).given,
                "modality": "on_site" if key == "theo" else "virtual",
                "minutes_expected": round(evening.log.seconds(key, begins_at=evening.begins_at) / 60, 2),
                "minutes_counted": None if seconds is None else round(seconds / 60, 2),
                "join_ms": evening.join_ms.get(key),
                "source": "tour",
            }
        )
    return rows

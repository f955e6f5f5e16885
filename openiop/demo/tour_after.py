"""The tour's third part: minutes, the note by keyboard, the signature, the ledger and the charge."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from playwright.async_api import Browser

from openiop.demo.browsers import Screen
from openiop.demo.tour_evening import MOST_SECONDS_APART, EveningOfTheTour, figures_of
from openiop.demo.tour_record import Record, hold
from openiop.demo.tour_setup import Evening, person

PRESENT = ("maya", "priya", "sam", "theo")
SENTENCES = {
    "maya": "Spoke of a hard afternoon, and of calling her sister.",
    "priya": "Named two things that help her to fall asleep.",
    "sam": "Described an urge that passed after a cold walk.",
    "theo": "Told the group how he kept to his plan on the bus.",
}
CHARGE_SECONDS = 45
MOST_ACTIONS = 40


class Keys:
    """A writer's hands: sentences are typed, everything else is counted as an action."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.actions = screen, 0

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.screen.page.keyboard.press(key)
            self.actions += 1

    async def type(self, sentence: str) -> None:
        await self.screen.page.keyboard.type(sentence)


class After:
    """What follows an evening."""

    def __init__(self, browser: Browser, url: str, record: Record, evening: Evening, lived: EveningOfTheTour) -> None:
        self.browser, self.url, self.record, self.evening, self.lived = browser, url, record, evening, lived
        self.bea = lived.screens.get("bea")
        self.parts: dict[str, str] = {}

    async def live(self) -> None:
        await self.record.parts(
            self._close,
            self._write,
            self._sign,
            self._stay_signed,
            self._add,
            self._ledger,
            self._charge,
        )

    def _bea(self) -> Screen:
        hold(self.bea is not None, "the facilitator has no browser")
        assert self.bea is not None
        return self.bea

    # --- minutes ---

    async def _close(self) -> None:
        bea = self._bea()
        async with self.record.step("the facilitator closes the session, and the minutes are counted", bea):
            await bea.go(f"/sessions/{self.evening.session}")
            await bea.press("Close the session", inside="main")
            await bea.press("Close and count", inside="dialog[open]")
            await bea.page.get_by_role("button", name="Count again").wait_for()
            await self.record.picture(bea, "minutes-of-everybody", whole=True)
        counted = {key: await self._counted(bea, key) for key in PRESENT}
        rows = figures_of(self.lived, counted)
        self.record.summary["participants"] += rows
        for row in rows:
            said = f"{row['name']}: expected {row['minutes_expected']} min, counted {row['minutes_counted']} min"
            async with self.record.step(f"the minutes of {row['name']} are right to {MOST_SECONDS_APART} s", bea):
                hold(row["minutes_counted"] is not None, said)
                apart = abs(row["minutes_expected"] - row["minutes_counted"]) * 60
                hold(apart <= MOST_SECONDS_APART, said)

    async def _counted(self, screen: Screen, key: str) -> float | None:
        """Seconds in the blocks that count, as the roster says them: "1 min", "0 min 58 s"."""
        row = screen.page.locator("main table tbody tr", has=screen.page.locator("th", has_text=person(key).given))
        cells = await row.locator("td.number").all_inner_texts()
        found = [re.search(r"(\d+) min(?: (\d+) s)?", cell) for cell in cells]
        times = [int(one.group(1)) * 60 + int(one.group(2) or 0) for one in found if one]
        return float(sum(times)) if times else None

    # --- the note ---

    async def _missing(self) -> list[str]:
        return (
            await self._bea()
            .page.locator("[data-missing]")
            .evaluate_all(
                "items => items.map("
                "item => `${item.closest('section').querySelector('h2').innerText}: ${item.innerText}`)"
            )
        )

    async def _write(self) -> None:
        bea, keys = self._bea(), Keys(self._bea())
        async with self.record.step("the note says what is missing", bea):
            await bea.go(f"/sessions/{self.evening.session}/note")
            missing = await self._missing()
            self.record.summary["note_missing_before"] = missing
            hold(bool(missing), "an empty note lacks nothing")
            await self.record.picture(bea, "the-note-before", whole=True)
        async with self.record.step("the note is written by keyboard", bea):
            await keys.type("Asking for help before it is late")
            await keys.press("Tab")
            await keys.type("Role play in pairs; the group named what makes asking hard.")
            await keys.press("Tab", "1", "Tab", "1", "Tab", "2", "Tab")
            await keys.type("Brings one example next time.")
            await keys.press("Enter")
            await bea.page.wait_for_function(
                "() => [...document.querySelectorAll('select[name$=\"-participation\"]')]"
                ".filter(one => !one.name.startsWith('all-')).every(one => one.value)"
            )
            await self._start_of_the_first_part(keys)
            for key in await self._in_order():
                await keys.press("2", "Tab")
                await keys.type(SENTENCES[key])
                await keys.press("Alt+ArrowDown")
            await bea.page.wait_for_function("() => !document.querySelector('[data-missing]')", timeout=15_000)
            self.record.summary["note_actions"] = keys.actions
            self.record.summary["note_missing_after"] = await self._missing()
            hold(keys.actions <= MOST_ACTIONS, f"{keys.actions} actions")
            await self.record.picture(bea, "the-note-written", whole=True)
        self.keys = keys

    async def _start_of_the_first_part(self, keys: Keys) -> None:
        """Go down to the first patient's part, unless the page has put the writer there."""
        is_there = "() => document.activeElement?.name?.endsWith('-risk') ?? false"
        for _step in range(6):
            if await self._bea().page.evaluate(is_there):
                return
            await keys.press("Alt+ArrowDown")
        hold(False, "the keyboard does not reach the first part")

    async def _in_order(self) -> list[str]:
        """The patients in the order of their parts, as far as they are to be written."""
        heads = await self._bea().page.locator('section[id^="part-"]:has(select) h2').all_inner_texts()
        names = {person(key).given: key for key in PRESENT}
        return [names[head.split()[0]] for head in heads if head.split()[0] in names]

    async def _sign(self) -> None:
        bea = self._bea()
        self.stale = await Screen.opened(self.browser, "Bea, another tab", self.url)
        async with self.record.step("the same note is open in another window", self.stale):
            await self.stale.sign_in("Bea")
            await self.stale.go(f"/sessions/{self.evening.session}/note")
        async with self.record.step("one signature freezes every part and attests the minutes", bea):
            await bea.page.get_by_role("button", name="Sign all complete parts").focus()
            await self.keys.press("Enter")
            await bea.page.locator("[data-signed-part]").nth(len(PRESENT) - 1).wait_for()
            self.record.summary["note_actions"] = self.keys.actions
            hold(await bea.page.get_by_text("I attest that Theo").count() == 1, "no attestation of Theo's minutes")
            await self.record.picture(bea, "the-note-signed", whole=True)

    async def _stay_signed(self) -> None:
        async with self.record.step("a signed part cannot be changed from a window left open", self.stale):
            text = self.stale.page.locator('textarea[name$="-response"]').first
            await text.fill("Something else was written after the signature.")
            await self.stale.press("Save", inside="main")
            await self.stale.go(f"/sessions/{self.evening.session}/note")
            signed = await self.stale.page.locator("[data-signed-part] dl").all_inner_texts()
            hold(not any("after the signature" in part for part in signed), "a signed part was changed")
            hold(await self.stale.page.locator("[data-signed-part] textarea").count() == 0, "a signed part is a form")
        await self.stale.close()

    async def _add(self) -> None:
        bea = self._bea()
        async with self.record.step("what is added later is an addendum", bea):
            await bea.go(f"/sessions/{self.evening.session}/note")
            await bea.page.get_by_role("link", name=re.compile("Add to this part")).first.click()
            await bea.page.locator("main textarea").fill("Called after the group: got home well.")
            await bea.press("Add", inside="main")
            await bea.page.get_by_text("Addendum by Bea").first.wait_for()
            await self.record.picture(bea, "an-addendum")

    # --- hours and money ---

    async def _ledger(self) -> None:
        bea = self._bea()
        async with self.record.step("the hour ledger shows the week so far", bea):
            await bea.go("/hours")
            hold(await bea.page.locator("main tbody tr").count() >= len(PRESENT), "somebody is not in the ledger")
            await self.record.picture(bea, "hours-of-the-new-clinic", whole=True)

    async def _charge(self) -> None:
        rosa = await Screen.opened(self.browser, "Rosa", self.url)
        async with self.record.step("the charge appears by itself, with its reason", rosa):
            await rosa.sign_in("Rosa")
            deadline = time.monotonic() + CHARGE_SECONDS
            lines: list[dict[str, Any]] = []
            while len(lines) < len(PRESENT) and time.monotonic() < deadline:
                await asyncio.sleep(1)
                await rosa.go("/charges")
                lines = await charges_on(rosa)
            self.record.summary["charges"] += lines
            hold(len(lines) >= len(PRESENT), f"{len(lines)} lines after {CHARGE_SECONDS} s")
            hold(any(line["code"] == "S9480" and line["units"] == 1 for line in lines), f"no per diem in {lines}")
            await self.record.picture(rosa, "charges-with-their-reasons", whole=True)
            await rosa.page.locator("tr[data-charge] th a").first.click()
            await rosa.page.wait_for_load_state("load")
            await self.record.picture(rosa, "why-a-day-is-charged-so", whole=True)
        await rosa.close()


async def charges_on(screen: Screen) -> list[dict[str, Any]]:
    """Every line of the page of charges: code, units and the reason in words."""
    rows = await screen.page.locator("tr[data-charge]").evaluate_all(
        "rows => rows.map(row => ({code: row.dataset.code, units: Number(row.dataset.units),"
        " reason: row.querySelector('[data-reason]').firstChild.textContent.trim()}))"
    )
    return list(rows)

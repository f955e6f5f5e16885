"""The tour's last part: the weeks that the fictional world has lived show the nine hours and the per diem."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from playwright.async_api import Browser

from openiop.demo.browsers import LAPTOP, PHONE, Screen
from openiop.demo.tour_after import charges_on
from openiop.demo.tour_record import Record, hold
from openiop.demo.tour_setup import ZONE

FULL_WEEK_HOURS = 9.0


async def look_at_the_weeks_before(browser: Browser, url: str, record: Record) -> None:
    """Read ledger, charges and pages of the clinic with two weeks behind it."""

    async def ledger() -> None:
        await _ledger(browser, url, record)

    async def charges() -> None:
        await _charges(browser, url, record)

    async def pages() -> None:
        await _pages(browser, url, record)

    await record.parts(ledger, charges, pages)


async def _ledger(browser: Browser, url: str, record: Record) -> None:
    screen = await Screen.opened(browser, "Okafor", url)
    async with record.step("a full week of the fictional clinic has nine scheduled hours", screen):
        await screen.sign_in("Ada")
        week = (datetime.now(ZONE) - timedelta(days=7)).date()
        await screen.go(f"/hours?week={week.isoformat()}")
        await record.picture(screen, "hours-of-a-week-lived", whole=True)
        rows = await screen.page.locator("main table").evaluate(
            "table => [...table.querySelectorAll('tbody tr')].map(row => Object.fromEntries([...row.cells].map("
            "(cell, n) => [table.tHead.rows[0].cells[n].innerText.trim(), cell.innerText.trim()])))"
        )
        for row in rows:
            record.summary["ledger"].append(
                {
                    "patient": row["Patient"].splitlines()[0],
                    "scheduled_hours": hours(row["Scheduled"]),
                    "attended_hours": hours(row["Attended"]),
                    "goal_hours": hours(row["Least"]),
                    "source": "world",
                }
            )
        full = [row for row in record.summary["ledger"] if row["attended_hours"] >= FULL_WEEK_HOURS]
        hold(bool(full), f"nobody has nine hours in {record.summary['ledger']}")
    async with record.step("the numbers of one person can be followed to their blocks", screen):
        await screen.page.locator("main tbody th a").first.click()
        await screen.page.wait_for_load_state("load")
        await record.picture(screen, "where-an-hour-comes-from", whole=True)
    await screen.close()


def hours(said: str) -> float:
    """Read "9 h", "2 h 35 min" or "50 min" as hours."""
    found = re.search(r"(?:(\d+) h)?\s*(?:(\d+) min)?", said.strip())
    assert found is not None
    return round(int(found.group(1) or 0) + int(found.group(2) or 0) / 60, 2)


async def _charges(browser: Browser, url: str, record: Record) -> None:
    screen = await Screen.opened(browser, "Rosa", url)
    async with record.step("three hours earn the per diem; Medicare's is refused for a day from home", screen):
        await screen.sign_in("Rosa")
        await screen.go("/charges")
        await record.picture(screen, "charges-of-the-weeks-lived")
        lines = []
        for _page in range(10):
            lines += await charges_on(screen)
            following = screen.page.get_by_role("link", name="After", exact=True)
            if not await following.count():
                break
            await following.click()
            await screen.page.wait_for_load_state("load")
        kinds = {(line["code"], line["units"], line["reason"]): {**line, "source": "world"} for line in lines}
        record.summary["charges"] += list(kinds.values())
        hold(any(code == "S9480" and units == 1 for code, units, _why in kinds), "no per diem was earned")
        hold(any(code == "IOP-DAY" and units == 0 for code, units, _why in kinds), "no per diem was refused")
    await screen.close()


async def _pages(browser: Browser, url: str, record: Record) -> None:
    """Pages that need a past: the record, the week, the desk by night."""
    dark = await Screen.opened(browser, "Bea", url, size=LAPTOP, dark=True)
    async with record.step("the desk in the dark, minutes before a full group", dark):
        await dark.sign_in("Bea")
        await dark.go("/desk")
        await dark.page.locator("main table").first.wait_for()
        await record.picture(dark, "desk-dark", whole=True)
    await dark.close()
    marcus = await Screen.opened(browser, "Marcus", url)
    async with record.step("a patient's record tells how the weeks went", marcus):
        await marcus.sign_in("Marcus")
        await marcus.go("/patients")
        await marcus.press(re.compile("Maya Rivera"), inside="main")
        await record.picture(marcus, "a-patients-record", whole=True)
    await marcus.close()
    phone = await Screen.opened(browser, "Maya", url, size=PHONE)
    async with record.step("a patient sees her week on a phone", phone):
        await phone.sign_in("Maya")
        await phone.go("/week")
        await record.picture(phone, "week-on-a-phone", whole=True)
    await phone.close()

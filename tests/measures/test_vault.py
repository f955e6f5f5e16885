"""Unsent answers on the device: sealed, sent when the line is back, gone after signing out. A real browser."""

import asyncio

import pytest

from openiop.demo import world
from openiop.measures.models import Answer
from openiop.people.access import acting
from tests.serving import CHROMIUM, PHONE
from tests.shape.pages import browser_for

pytestmark = pytest.mark.browser

WHAT_LIES_THERE = """async () => {
  const asked = indexedDB.open("openiop-answers", 1);
  const db = await new Promise((found) => { asked.onsuccess = () => found(asked.result); });
  const all = (store) => new Promise((found) => {
    const rows = db.transaction(store).objectStore(store).getAll();
    rows.onsuccess = () => found(rows.result);
  });
  const [rows, keys] = [await all("answers"), await all("keys")];
  db.close();
  const text = rows.map((row) => new TextDecoder("latin1").decode(row.sealed)).join();
  return { rows: rows.length, readable: text.includes("a quiet word"), keys: keys.map((key) => key.extractable),
           open: Object.keys(localStorage).filter((name) => name.startsWith("openiop.answer")).length };
}"""


def test_an_unsent_answer_lies_sealed_is_sent_with_the_line_and_is_gone_after_signing_out(server):
    cast = world.cast()
    cookies = [
        {"name": name, "value": morsel.value, "url": server}
        for name, morsel in browser_for("patient", cast).cookies.items()
    ]

    before, after, at_the_end = asyncio.run(journey(server, cookies))

    assert before == {"rows": 1, "readable": False, "keys": [False], "open": 0}
    assert after["rows"] == 0
    assert at_the_end == {"rows": 0, "readable": False, "keys": [], "open": 0}
    with acting(cast["maya"]):
        assert Answer.objects.filter(patient=cast["maya"], value="a quiet word").count() == 1


async def journey(server, cookies):
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        context = await browser.new_context(viewport=PHONE, reduced_motion="reduce", service_workers="block")
        await context.add_cookies(cookies)
        page = await context.new_page()
        await page.goto(f"{server}/check-in")

        await context.set_offline(True)
        await write(page, "a quiet word")
        await page.wait_for_selector("[data-answers-status][data-state=kept]")
        before = await page.evaluate(WHAT_LIES_THERE)

        await page.evaluate("document.querySelector('form[data-sign-out]').requestSubmit()")
        await page.wait_for_selector("#unsent-answers[open]")
        await page.click("#unsent-answers [data-closes]")

        await context.set_offline(False)
        await page.wait_for_selector("[data-answers-status][data-state=saved]")
        after = await page.evaluate(WHAT_LIES_THERE)

        await page.evaluate("document.querySelector('form[data-sign-out]').requestSubmit()")
        await page.wait_for_url(lambda url: "/check-in" not in url)
        at_the_end = await page.evaluate(WHAT_LIES_THERE)
        await browser.close()
        return before, after, at_the_end


async def write(page, words):
    """Into the last question, whichever is shown."""
    await page.evaluate(
        """(words) => { const box = document.querySelector("textarea[name=note]");
        box.value = words; box.dispatchEvent(new Event("change", { bubbles: true })); }""",
        words,
    )

"""Three members of the evening's group who come by themselves, so that one person alone sees a living group.

    python -m openiop.demo.company        (bin/demo --company starts it)

Each is a real browser with a moving picture and sound: it steps in by the demo's own sign-in page, passes the door,
waits to be let in, and stays until the session ends. Whoever loses the line, or is sent away by a restart, comes back.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

from playwright.async_api import Browser, Error

from openiop.demo.browsers import BrowserMissing, Screen, chromium, tell_place
from openiop.demo.stack import ROOT, running_at

MEMBERS = ("Priya", "Sam", "Ruth")
TRY_AGAIN_SECONDS = 10
LOOK_EVERY_SECONDS = 5
STATE = """
    () => document.querySelector(".room-bar") ? "inside"
        : document.querySelector(".door-card")?.dataset.screen ?? "elsewhere"
"""
SAID = {
    "inside": "is in the group",
    "waiting": "waits at the door; let them in from the facilitator's room",
    "before": "waits at the door; let them in from the facilitator's room",
    "sent_back": "waits at the door again",
    "removed": "was asked to leave",
    "ended": "has gone home: the group is over",
}
OVER = {"ended", "removed"}


def main() -> int:
    """Bring the members in and stay with them until the session ends or Ctrl-C. Returns the exit status."""
    url = os.environ.get("OPENIOP_ORIGIN") or running_at(Path(os.environ.get("OPENIOP_VAR", ROOT / "var")))
    if url is None:
        print("No demo is running. Start bin/demo first, or bin/demo --company, which starts both.", file=sys.stderr)
        return 1
    try:
        asyncio.run(_company(url))
    except BrowserMissing as problem:
        print(problem, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("The other members have gone home.", flush=True)
    return 0


async def _company(url: str) -> None:
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    async with chromium() as browser:
        await asyncio.gather(*(_member(browser, url, called) for called in MEMBERS))
    print("The evening's group is over. bin/demo --fresh begins a new evening.", flush=True)


async def _member(browser: Browser, url: str, called: str) -> None:
    """One member's evening: come, wait, stay; after trouble, come again."""
    while True:
        screen = await Screen.opened(browser, called, url)
        try:
            await _come(screen)
            if await _stay(screen) in OVER:
                return
        except Error as problem:
            # The first line says what was waited for; the rest is the browser's own log.
            print(f"{called} could not come in ({str(problem).splitlines()[0]}); tries again.", flush=True)
        finally:
            await screen.close()
        await asyncio.sleep(TRY_AGAIN_SECONDS)


async def _come(screen: Screen) -> None:
    await screen.sign_in(screen.who)
    await screen.go("/today")
    to_the_door = screen.page.locator('a[href$="/door"]').first
    await to_the_door.wait_for()
    await to_the_door.click()
    if re.search(r"/door$", screen.page.url):
        await screen.page.locator('a[href$="/door/place"]').click()
        await tell_place(screen)


async def _stay(screen: Screen) -> str:
    """Say what happens to this member, once each; returns when they are no longer at the door or in the group."""
    said = ""
    while True:
        state = str(await screen.page.evaluate(STATE))
        if state != said:
            said = state
            if state in SAID:
                print(f"{screen.who} {SAID[state]}.", flush=True)
        if state in OVER or state in ("left", "elsewhere", "refused"):
            return state
        await asyncio.sleep(LOOK_EVERY_SECONDS)


if __name__ == "__main__":
    sys.exit(main())

"""A passkey in a real browser, on http://localhost: set up by staff, then enough by itself to come in."""

import asyncio

import pytest

from openiop.demo import world
from tests.serving import CHROMIUM

pytestmark = pytest.mark.browser

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_colleague_sets_up_a_passkey_and_comes_in_with_it_alone(server):
    asyncio.run(story(server))


async def story(server):
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = await (await browser.new_context()).new_page()
        refused = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("WebAuthn.enable")
        await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})

        await page.goto(f"{server}/account/login/")
        await page.locator("input[name=login]").fill(next(role.email for role in world.CAST if role.key == "bea"))
        await page.locator("input[type=password]").fill(world.PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await page.wait_for_url("**/second-factor")

        await page.get_by_role("link", name="A passkey or security key").click()
        await page.locator("input[type=password]").fill(world.PASSWORD)
        await page.locator("main form button[type=submit]").first.click()
        await page.wait_for_url("**/webauthn/add/**")
        passwordless = page.locator("input[name=passwordless]")
        if await passwordless.count():
            await passwordless.check()
        await page.locator("#mfa_webauthn_add").click()
        await page.wait_for_url("**/recovery-codes/**")

        await page.goto(f"{server}/staff")
        assert page.url == f"{server}/staff"
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(lambda url: "/staff" not in url)

        await page.goto(f"{server}/account/login/")
        await page.get_by_role("button", name="Use a passkey instead").click()
        await page.wait_for_url(f"{server}/desk")
        assert refused == []
        await browser.close()

"""A passkey in a real browser, on http://localhost: set up by staff, then enough by itself to come in."""

import asyncio
import os
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings

from openiop.demo import world
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def server(committed, databases):
    """A web server of this test's own; returns its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": databases.server.url("web", committed),
        "OPENIOP_ROLE": "web",
        "OPENIOP_PORT": str(port),
        "OPENIOP_SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    words = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(words, cwd=ROOT, env=environment)
    try:
        until_answering(port, process)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def until_answering(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web server did not come up")


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

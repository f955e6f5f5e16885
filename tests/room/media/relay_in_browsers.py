"""Two people whom only the relay lets through: real browsers, server, Janus and coturn; prints JSON.

The relay runs with the configuration that deploy/coturn ships, its blanks filled in. Then one of the two has a wrong
credential.

    bin/in-namespace .venv/bin/python -m tests.room.media.relay_in_browsers
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from openiop.demo.browsers import Screen, chromium, tell_place
from openiop.demo.stack import Stack

ROOT = Path(__file__).parents[3]
HERE, PORT = "10.99.0.1", 3478
PATIENCE_SECONDS = 60

# Asks the relay with a wrong credential, and keeps what it answers as the browser tells it.
SPOIL = """
window.refusals = [];
const Whole = RTCPeerConnection;
window.RTCPeerConnection = class extends Whole {
  constructor({iceServers, ...rest}) {
    super({...rest, iceServers: iceServers.map(server => ({...server, credential: "wrong"}))});
    this.addEventListener("icecandidateerror", ({errorCode}) => window.refusals.push(errorCode));
  }
};
"""


@contextlib.contextmanager
def relay(folder: Path, *, secret: str) -> Iterator[None]:
    """Run coturn as it is to be deployed, without TLS: this network has no certificate."""
    words = (ROOT / "deploy" / "coturn" / "turnserver.conf").read_text()
    for blank, filled in (("A-LONG-RANDOM-SECRET", secret), ("MEDIA.SERVER.IP.ADDRESS", HERE)):
        assert blank in words
        words = words.replace(blank, filled)
    words = re.sub(r"(?m)^(cert|pkey|tls-listening-port)=.*$", "", words)
    path = folder / "turnserver.conf"
    path.write_text(f"{words}\nlistening-ip={HERE}\nrelay-ip={HERE}\nuserdb={folder}/turndb\npidfile={folder}/pid\n")
    with (folder / "turn.log").open("wb") as log:
        running = subprocess.Popen(["turnserver", "-c", path], cwd=folder, stdout=log, stderr=log)
    try:
        while socket.socket().connect_ex((HERE, PORT)) != 0:
            assert running.poll() is None, (folder / "turn.log").read_text()
            time.sleep(0.05)
        yield
    finally:
        running.kill()
        running.wait()


async def until(check, what):
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_SECONDS:
        if await check():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"did not happen in {PATIENCE_SECONDS} s: {what}")


async def figures(screen: Screen) -> dict:
    return await screen.page.evaluate("window.__room.figures()")


async def sees_and_hears(screen: Screen) -> bool:
    before = await figures(screen)
    await asyncio.sleep(0.3)
    after = await figures(screen)
    return all(after[what] > before[what] for what in ("framesDecoded", "audioBytesReceived"))


async def evening(stack: Stack) -> dict:
    told: dict = {}
    async with chromium() as browser:
        bea, maya = [await Screen.opened(browser, who, stack.url) for who in ("Bea", "Maya")]
        for screen in (bea, maya):
            await screen.sign_in(screen.who)
        await maya.go("/today")
        address = await maya.page.locator('a[href$="/door"]').first.get_attribute("href") or ""
        session = re.search(r"[0-9a-f-]{36}", address).group()
        await bea.go(f"/sessions/{session}/room")
        await maya.go(f"/sessions/{session}/door/place")
        await tell_place(maya)
        await bea.page.get_by_role("button", name="Let in Maya").click()
        for screen in (bea, maya):
            await until(lambda screen=screen: sees_and_hears(screen), f"{screen.who} sees and hears the other")
        told["ways"] = {screen.who: (await figures(screen))["ways"] for screen in (bea, maya)}
        told["with_a_wrong_credential"] = await with_a_wrong_credential(maya)
    return told


async def with_a_wrong_credential(maya: Screen) -> dict:
    await maya.page.add_init_script(SPOIL)
    await maya.page.reload()

    async def refused():
        # Both connections have asked the relay and were turned away.
        return len(await maya.page.evaluate("window.refusals")) >= 2

    await until(refused, "the relay refuses")
    seen = await figures(maya)
    return {
        "refusals": sorted(set(await maya.page.evaluate("window.refusals"))),
        "ways": seen["ways"],
        "received": seen["framesDecoded"] + seen["audioBytesReceived"] + seen["videoBytesReceived"],
        "sent": seen["audioBytesSent"] + seen["videoBytesSent"],
        "pictures": await maya.page.locator(".tile[data-picture]:not([data-mine])").count(),
    }


def main() -> int:
    secret = secrets.token_hex(16)
    os.environ.update(
        OPENIOP_TURN_URLS=f"turn:{HERE}:{PORT}?transport=udp", OPENIOP_TURN_SECRET=secret, OPENIOP_TURN_ONLY="true"
    )
    with tempfile.TemporaryDirectory(prefix="openiop-relay-") as var:
        os.chmod(var, 0o755)  # noqa: S103 (the database's own user and Janus have to reach their folders in here)
        with relay(Path(var), secret=secret), Stack(var=Path(var), port=0) as stack:
            print(json.dumps(asyncio.run(evening(stack))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""From being let in to the first picture of somebody else, with three people in real browsers and a real Janus.

A clinic of its own runs in a network of its own. Two people are in the group; a third is let in again and again, and
the room's own page says when it was admitted and when the first frame of another person was shown; from the click with
which a facilitator lets them in it takes a little longer, and that is told too.

Yardstick, in the same run and on the same Janus: a bare page without our app, which speaks to the media server itself
and does the same: opens camera and microphone, publishes, subscribes, and waits for the first frame of another person.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from openiop.demo.browsers import Screen, chromium, tell_place
from openiop.demo.stack import HOST, Stack
from openiop.room.media.janus import JanusAddress
from openiop.room.media.rooms import JanusRooms, MediaRoom

NO_LONGER_THAN_SECONDS = 420
GROUP = ("Bea", "Sam")
JOINS = "Maya"

BARE = """<!doctype html><title>bare</title><video muted autoplay playsinline></video><script>
window.join = async ({ws, secret, room, pin, waits}) => {
  const began = performance.now();
  const socket = new WebSocket(ws, "janus-protocol");
  await new Promise(done => socket.onopen = done);
  const waiting = new Map();
  let somebody;
  socket.onmessage = ({data}) => {
    const word = JSON.parse(data);
    if (word.janus === "ack") return;
    const done = waiting.get(word.transaction);
    if (done) { waiting.delete(word.transaction); done(word); }
    else if (word.plugindata?.data.publishers?.length) somebody?.(word.plugindata.data.publishers);
  };
  let session = 0;
  const ask = message => new Promise(done => {
    const transaction = crypto.randomUUID();
    waiting.set(transaction, done);
    socket.send(JSON.stringify({...message, transaction, apisecret: secret, ...(session && {session_id: session})}));
  });
  session = (await ask({janus: "create"})).data.id;
  const alive = setInterval(() => ask({janus: "keepalive"}), 20000);
  window.leave = async () => {
    clearInterval(alive);
    await ask({janus: "destroy"});
    for (const one of [socket, window.sending, window.receiving]) one?.close();
    window.receiving = document.querySelector("video").srcObject = null;
  };
  const attach = async () => (await ask({janus: "attach", plugin: "janus.plugin.videoroom"})).data.id;
  const say = (handle, body, jsep) => ask({janus: "message", handle_id: handle, body, ...(jsep && {jsep})});
  const trickle = (handle, line) => line.onicecandidate = ({candidate}) =>
    ask({janus: "trickle", handle_id: handle, candidate: candidate ? candidate.toJSON() : {completed: true}});
  const publish = async handle => {
    const media = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640, height: 360}});
    const line = window.sending = new RTCPeerConnection();
    trickle(handle, line);
    media.getTracks().forEach(track => line.addTrack(track, media));
    await line.setLocalDescription();
    const wish = {request: "publish", audiocodec: "opus", videocodec: "vp8"};
    const answer = await say(handle, wish, line.localDescription);
    await line.setRemoteDescription(answer.jsep);
  };
  const publisher = await attach();
  const id = crypto.randomUUID();
  const joined = await say(publisher, {request: "join", ptype: "publisher", room, pin, id});
  const {private_id, publishers = []} = joined.plugindata.data;
  const published = publish(publisher);
  if (!publishers.length && !waits) { await published; return null; }
  const others = publishers.length ? publishers : await new Promise(done => { somebody = done; });
  const subscriber = await attach();
  const line = window.receiving = new RTCPeerConnection();
  trickle(subscriber, line);
  const video = document.querySelector("video");
  const seen = new Promise(done => line.ontrack = ({track}) => {
    if (track.kind !== "video" || video.srcObject) return;
    video.srcObject = new MediaStream([track]);
    video.requestVideoFrameCallback(() => done(performance.now() - began));
  });
  const streams = others.map(one => ({feed: one.id}));
  const offer = await say(subscriber, {request: "join", ptype: "subscriber", room, pin, private_id, streams});
  await line.setRemoteDescription(offer.jsep);
  await line.setLocalDescription();
  await say(subscriber, {request: "start"}, line.localDescription);
  const took = await seen;
  await published;
  return took;
};
</script>"""


def main(words: Sequence[str] | None = None) -> int:
    """Run once and print one JSON object a line; 1 when somebody never saw a picture."""
    parser = argparse.ArgumentParser(prog="bin/bench join", description=__doc__)
    parser.add_argument("--joins", type=int, default=8, help="how often the third person comes in (8)")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="openiop-join-") as var:
        # The database's own user and Janus have to reach their folders in here.
        os.chmod(var, 0o755)  # noqa: S103
        with Stack(var=Path(var), port=0, say=_say) as stack:
            _say(f"{options.joins} joins on a bare page, then {options.joins} through the app")
            figures = asyncio.run(asyncio.wait_for(_run(stack, joins=options.joins), NO_LONGER_THAN_SECONDS))
    _report(**figures)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _run(stack: Stack, *, joins: int) -> dict[str, list[float]]:
    """Return the milliseconds of each join: on the bare page, and through the app from admission and from the click."""
    assert stack.janus is not None
    janus = JanusAddress.from_env(stack.janus.env())
    assert janus is not None
    async with chromium() as browser:
        bare = await _bare(browser, janus, joins=joins)
        admitted, clicked = await _app(browser, stack.url, joins=joins)
        return {"bare": bare, "admitted": admitted, "clicked": clicked}


# --- a bare page ---


async def _bare(browser: Browser, janus: JanusAddress, *, joins: int) -> list[float]:
    room = await JanusRooms(janus).create_room()
    async with served(BARE) as url:
        group = [await bare_page(browser, url) for _person in GROUP]
        for page in group:
            await join_bare(page, janus, room)
        third = await bare_page(browser, url)
        took = []
        for _join in range(joins):
            await third.reload()
            took.append(await join_bare(third, janus, room))
        for page in (*group, third):
            await page.context.close()
    return [each for each in took if each is not None]


@contextlib.asynccontextmanager
async def served(page: str) -> AsyncIterator[str]:
    """Answer any request with `page`: a browser lets only a page from this machine speak to a server on it."""
    body = page.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, HOST, 0) as server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}/"


async def bare_page(browser: Browser, url: str) -> Page:
    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.goto(url)
    return page


async def join_bare(page: Page, janus: JanusAddress, room: MediaRoom, *, waits: bool = False) -> float | None:
    """Return the milliseconds to the first picture; None where nobody was there yet, unless it `waits` for somebody."""
    told = {"ws": janus.ws, "secret": janus.api_secret, "room": room.room, "pin": room.pin, "waits": waits}
    took: float | None = await asyncio.wait_for(page.evaluate("told => window.join(told)", told), 30)
    return took


# --- through the app ---


async def _app(browser: Browser, url: str, *, joins: int) -> tuple[list[float], list[float]]:
    bea, sam, maya = [await Screen.opened(browser, called, url) for called in (*GROUP, JOINS)]
    for screen in (bea, sam, maya):
        await screen.sign_in(screen.who)
    session = await _session(maya)
    await bea.go(f"/sessions/{session}/room")
    for screen in (sam, maya):
        await screen.go(f"/sessions/{session}/door/place")
        await tell_place(screen)
    await _let_in(bea, "Sam")
    await sam.page.locator(".tile[data-picture]:not([data-mine])").first.wait_for()
    await bea.page.evaluate("document.addEventListener('click', () => { window.clickedAt = Date.now(); }, true)")
    admitted, clicked = [], []
    for number in range(joins):
        await maya.page.locator(".door-card").wait_for()
        await _let_in(bea, JOINS)
        await maya.page.wait_for_function("() => window.__room.timings.joinMs !== null")
        timings = (await maya.in_room())["timings"]
        admitted.append(float(timings["joinMs"]))
        clicked.append(float(timings["firstFrameAt"] - await bea.page.evaluate("window.clickedAt")))
        if number < joins - 1:
            await bea.page.get_by_role("button", name=f"To the door: {JOINS}").click()
            await maya.page.locator('.door-card[data-screen="sent_back"]').wait_for()
            await maya.page.reload()
            await bea.page.get_by_role("button", name=f"Let in {JOINS}").wait_for()
    return admitted, clicked


async def _session(screen: Screen) -> str:
    await screen.go("/today")
    address = await screen.page.locator('a[href$="/door"]').first.get_attribute("href") or ""
    found = re.search(r"[0-9a-f-]{36}", address)
    assert found is not None, "no session is on"
    return found.group()


async def _let_in(facilitator: Screen, called: str) -> None:
    await facilitator.page.get_by_role("button", name=f"Let in {called}").click()


def _report(*, bare: list[float], admitted: list[float], clicked: list[float]) -> None:
    load: dict[str, Any] = {
        "joins": len(admitted),
        "people": len(GROUP) + 1,
        "cores": os.cpu_count(),
        "other_load": round(os.getloadavg()[2], 1),
    }
    lines: list[tuple[str, Callable[[list[float]], float], list[float]]] = [
        ("admission_to_first_picture_p50", statistics.median, admitted),
        ("admission_to_first_picture_max", max, admitted),
        ("click_to_first_picture_p50", statistics.median, clicked),
    ]
    for metric, of, took in lines:
        value, yardstick = of(took), of(bare)
        figures = {
            "bench": "join",
            "metric": metric,
            "value": round(value),
            "unit": "ms",
            "yardstick": round(yardstick),
            "yardstick_is": "a bare page on the same Janus",
            "ratio": round(value / yardstick, 2),
            **load,
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    sys.exit(main())

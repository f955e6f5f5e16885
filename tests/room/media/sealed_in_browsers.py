"""An evening encrypted end to end: three real browsers, the real server and a real Janus; prints what was seen as JSON.

Two people come and one comes later; one is put out at the end, by a server that goes on sending to them.

bin/in-namespace .venv/bin/python -m tests.room.media.sealed_in_browsers FOLDER_FOR_SCREENSHOTS
"""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from openiop.demo.browsers import PHONE, Screen, chromium, tell_place
from openiop.demo.stack import Stack
from tests.room.media.dishonest import DishonestStack

AXE = (Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js").read_text()

# Looks at frames on their way, without changing them: what a sender had before sealing, what came from the server.
# Where the page hands its streams over it looks there, and where the browser gives them to the worker, in the worker.
WATCH = """
window.watched = { clear: [], relayed: [] };
const watch = (prototype, into) => {
  const made = prototype.createEncodedStreams;
  prototype.createEncodedStreams = function () {
    const { readable, writable } = made.call(this);
    const look = new TransformStream({
      transform(frame, controller) {
        const hex = Array.from(new Uint8Array(frame.data), (b) => b.toString(16).padStart(2, "0")).join("");
        window.watched[into].push([frame.type ?? "audio", hex]);
        controller.enqueue(frame);
      },
    });
    return { readable: readable.pipeThrough(look), writable };
  };
};
watch(RTCRtpSender.prototype, "clear");
watch(RTCRtpReceiver.prototype, "relayed");
window.Worker = class extends window.Worker {
  constructor(...words) {
    super(...words);
    this.addEventListener("message", ({ data }) => {
      if (data.kind === "watched") window.watched[data.into].push(data.frame);
    });
  }
};
"""
WATCH_IN_WORKER = """
{
  const left = { clear: 600, relayed: 600 };
  const look = (into) => new TransformStream({
    transform(frame, controller) {
      if (left[into]-- > 0) {
        const hex = Array.from(new Uint8Array(frame.data), (b) => b.toString(16).padStart(2, "0")).join("");
        self.postMessage({ kind: "watched", into, frame: [frame.type ?? "audio", hex] });
      }
      controller.enqueue(frame);
    },
  });
  Object.defineProperty(self, "onrtctransform", {
    set: (heed) => self.addEventListener("rtctransform", ({ transformer: { options, readable, writable } }) => {
      const watched = readable.pipeThrough(look(options.role === "sender" ? "clear" : "relayed"));
      heed({ transformer: { options, readable: watched, writable } });
    }),
  });
}
"""
# What a page says to bring somebody in, held back while `window.holds`: the time between the door and the keys.
HOLD = """
window.held = [];
const said = WebSocket.prototype.send;
WebSocket.prototype.send = function (words) {
  const holds = window.holds && typeof words === "string" && words.includes('"kind":"commit"');
  if (holds) window.held.push(() => said.call(this, words));
  else said.call(this, words);
};
window.letGo = () => {
  window.holds = false;
  for (const one of window.held.splice(0)) one();
};
"""
# A page that hears no goodbye and keeps its keys and connections, as somebody would make it who wants to listen on.
DEAF = """
{
  const unless = (heed) => function (event) { if (!window.deaf) heed.call(this, event); };
  const { onmessage, onclose } = Object.getOwnPropertyDescriptors(WebSocket.prototype);
  Object.defineProperties(WebSocket.prototype, {
    onmessage: { get: onmessage.get, set(heed) { onmessage.set.call(this, unless(heed)); } },
    onclose: { get: onclose.get, set(heed) { onclose.set.call(this, unless(heed)); } },
  });
}
"""
# Puts frames of before in the place of those that come, on their way to the worker's keys.
REPLAY_IN_WORKER = """
{
  const before = [];
  let put = 0;
  const channel = new BroadcastChannel("before");
  channel.onmessage = ({ data }) => {
    if (data === "put") channel.postMessage({ put });
    else if (Array.isArray(data)) before.push(...data);
  };
  const swap = () => new TransformStream({
    transform(frame, controller) {
      if (frame.type && before.length) {
        frame.data = Uint8Array.from(before.shift().match(/../g), (two) => parseInt(two, 16)).buffer;
        put += 1;
      }
      controller.enqueue(frame);
    },
  });
  Object.defineProperty(self, "onrtctransform", {
    set: (heed) => self.addEventListener("rtctransform", ({ transformer: { options, readable, writable } }) => {
      const frames = options.role === "sender" ? readable : readable.pipeThrough(swap());
      heed({ transformer: { options, readable: frames, writable } });
    }),
  });
}
"""
ONLY_THE_OLDER_WAY = "delete window.RTCRtpScriptTransform;"
KEYS_WORKER = re.compile("room-keys.*js")
CANNOT = """
delete RTCRtpSender.prototype.createEncodedStreams;
delete RTCRtpReceiver.prototype.createEncodedStreams;
delete window.RTCRtpScriptTransform;
"""


async def until(check, what, *, seconds=30):
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if answer := await check():
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"did not happen in {seconds} s: {what}")


async def figures(screen: Screen) -> dict:
    return await screen.page.evaluate("window.__room.figures()")


async def seal(screen: Screen) -> dict:
    return await screen.page.evaluate("window.__room.sealFigures()")


async def sees(screen: Screen, others: int) -> bool:
    """Do so many others' tiles show a picture that moves?"""
    if await screen.page.locator(".tile[data-picture]:not([data-mine])").count() != others:
        return False
    before = (await figures(screen))["framesByFeed"]
    await asyncio.sleep(0.3)
    after = (await figures(screen))["framesByFeed"]
    return sum(after[feed] > before.get(feed, 0) for feed in after) >= others


async def all_see(screens, what, *, seconds=30) -> list:
    began = time.monotonic()
    for screen in screens:
        try:
            await until(lambda screen=screen: sees(screen, len(screens) - 1), f"{what}: {screen.who}", seconds=seconds)
        except AssertionError:
            for each in screens:
                print(each.who, json.dumps([await seal(each), await figures(each)]), file=sys.stderr)
            raise
    timings = [(await screen.in_room())["timings"]["joinMs"] for screen in screens]
    if max(timings) > 5000:
        print(what, json.dumps([(await seal(screen))["log"] for screen in screens]), file=sys.stderr)
    return [round(time.monotonic() - began, 2), timings]


async def codes(screens) -> list[str]:
    found = [await screen.page.locator(".room-code .code").text_content() for screen in screens]
    return [re.sub(r"\D", "", code or "") for code in found]


async def same_code(screens, *, other_than="") -> str:
    async def check():
        found = await codes(screens)
        return found[0] if len(set(found)) == 1 and found[0] and found[0] != other_than else None

    return await until(check, "one code for all")


async def axe(screen: Screen) -> list:
    await screen.page.evaluate(AXE)
    found = await screen.page.evaluate("axe.run()")
    return [[rule["id"], [str(node["target"]) for node in rule["nodes"]]] for rule in found["violations"]]


def content_of(frame: str) -> set[str]:
    """Pieces of eight bytes of a frame's content, past what the server may read."""
    body = frame[20:]
    return {body[at : at + 16] for at in range(0, max(0, len(body) - 16), 16)}


def is_fault(line) -> bool:
    """A page that finds no server while that is killed says so, and nothing else is said there."""
    return line.type == "error" and not line.text.startswith("WebSocket connection to")


async def evening(stack: DishonestStack, shots: Path) -> dict:
    told: dict = {"problems": []}
    async with chromium() as browser:
        bea, sam, maya = [
            await Screen.opened(browser, who, stack.url, size=PHONE if who == "Maya" else None)
            for who in ("Bea", "Sam", "Maya")
        ]
        everybody = [bea, sam, maya]
        for screen in everybody:
            screen.page.on("pageerror", lambda error, who=screen.who: told["problems"].append(f"{who}: {error}"))
            screen.page.on(
                "console",
                lambda line, who=screen.who: is_fault(line) and told["problems"].append(f"{who}: {line.text}"),
            )
            await screen.sign_in(screen.who)
        await bea.page.add_init_script(WATCH)
        await sam.page.add_init_script(WATCH)
        await bea.page.add_init_script(HOLD)
        await sam.page.add_init_script(HOLD)
        await sam.page.add_init_script(DEAF)
        await bea.context.route(KEYS_WORKER, in_the_worker(WATCH_IN_WORKER))
        await maya.context.route(KEYS_WORKER, in_the_worker(REPLAY_IN_WORKER))
        # Both ways of leading frames to the worker are in use, and those who use them see each other.
        await sam.page.add_init_script(ONLY_THE_OLDER_WAY)
        await maya.go("/today")
        address = await maya.page.locator('a[href$="/door"]').first.get_attribute("href") or ""
        session = re.search(r"[0-9a-f-]{36}", address).group()
        await bea.go(f"/sessions/{session}/room")
        await bea.page.locator(".lead-foot, .room-code").first.wait_for()
        choose = bea.page.get_by_role("button", name="Encrypt end to end", exact=True)
        if await choose.count():
            await choose.click()
        await come_in(bea, sam, session)
        await all_see([bea, sam], "the first two")
        told["code_of_two"] = await same_code([bea, sam])
        told["late"] = await late(bea, sam, maya, session)
        told["all_see_s"] = await all_see(everybody, "after admission")
        told["join_ms"] = {s.who: (await s.in_room())["timings"]["joinMs"] for s in everybody}
        told["code"] = await same_code(everybody)
        told["encryption"] = (await seal(maya))["encryption"]
        told["ways"] = {screen.who: (await seal(screen))["way"] for screen in everybody}

        told["relayed"] = await look_at_relayed(bea, sam)
        told["axe"] = {"desk": await axe(bea), "phone": await axe(maya)}
        await bea.picture(shots / "sealed-1-desk.png")
        await maya.picture(shots / "sealed-2-phone.png")
        await maya.page.locator(".room-code summary").click()
        await maya.picture(shots / "sealed-3-code.png")
        told["axe"]["code"] = await axe(maya)

        told["hops"] = await hops(stack, bea, sam, maya)

        await maya.page.reload()
        told["after_reload_s"] = await all_see(everybody, "after a reload")
        told["code_after_reload"] = await same_code(everybody)
        await bea.page.reload()
        told["after_facilitators_reload_s"] = await all_see(everybody, "after the facilitator's reload")
        told["code_after_facilitators_reload"] = await same_code(everybody)

        await maya.page.get_by_role("button", name="Leave", exact=True).click()
        await until(lambda: sees(bea, 1), "Maya's tile is gone")
        told["code_without_maya"] = await same_code([bea, sam], other_than=told["code"])
        await maya.go(f"/sessions/{session}/room")
        told["after_return_s"] = await all_see(everybody, "after leaving and coming back")

        os.kill(stack.pid("janus"), signal.SIGKILL)
        await until(lambda: gone(bea), "the media server is missed")
        told["after_kill_s"] = await all_see(everybody, "after the media server was killed", seconds=60)
        told["code_after_kill"] = await same_code(everybody)

        told["wrong_key"] = await with_a_wrong_key(maya, bea)
        told["after_wrong_key_s"] = await all_see(everybody, "with the right key again")

        told["removed"] = await removed(stack, bea, sam, maya)
        told["cannot"] = await with_a_browser_that_cannot(maya, bea, [bea, maya], shots)
    return told


async def come_in(bea: Screen, screen: Screen, session: str) -> None:
    await screen.go(f"/sessions/{session}/door/place")
    await tell_place(screen)
    await bea.page.get_by_role("button", name=f"Let in {screen.who}").click()


async def late(bea: Screen, sam: Screen, maya: Screen, session: str) -> dict:
    """Maya comes when the others talk already: what she gets before she is brought in, and opens of before."""

    async def pictures_of_before():
        found = [frame for kind, frame in await sam.page.evaluate("window.watched.relayed") if kind != "audio"]
        return len(found) >= 60 and found[:60]

    before = await until(pictures_of_before, "frames of before")
    for screen in (bea, sam):
        await screen.page.evaluate("window.holds = true")
    await come_in(bea, maya, session)

    async def is_held():
        return await bea.page.evaluate("window.held.length") or await sam.page.evaluate("window.held.length")

    held_back = await until(is_held, "she is about to be brought in")

    async def frames_came():
        counts = await seal(maya)
        return counts.get("dropped", 0) > 60 and counts

    counts = await until(frames_came, "frames came before she was brought in")
    told = {
        "before_the_add": {
            "dropped": counts["dropped"],
            "opened": counts["opened"],
            "frames_decoded": (await figures(maya))["framesDecoded"],
            "pictures_shown": await maya.page.locator(".tile[data-picture]:not([data-mine])").count(),
            "sent": counts["sealed"],
        },
        "held_back": held_back,
    }
    for screen in (bea, sam):
        await screen.page.evaluate("window.letGo()")
    await until(lambda: sees(maya, 2), "she is brought in")
    told["of_before"] = await replayed(maya, before)
    return told


async def replayed(screen: Screen, frames: list[str]) -> dict:
    """Hand frames of before to this person's keys, in the place of as many that come now."""
    await screen.page.evaluate(
        """() => {
          window.before = new BroadcastChannel("before");
          window.before.onmessage = ({ data }) => (window.putIn = data.put ?? window.putIn);
        }"""
    )
    counts = await seal(screen)
    await screen.page.evaluate("(frames) => window.before.postMessage(frames)", frames)

    async def all_put():
        await screen.page.evaluate("window.before.postMessage('put')")
        return await screen.page.evaluate("window.putIn || 0") >= len(frames)

    await until(all_put, "frames of before were handed over")

    async def dropped():
        now = await seal(screen)
        return now["dropped"] - counts["dropped"] >= len(frames) and now

    now = await until(dropped, "frames of before were dropped")
    return {"handed_over": len(frames), "dropped": now["dropped"] - counts["dropped"]}


async def removed(stack: DishonestStack, bea: Screen, sam: Screen, maya: Screen) -> dict:
    """Sam is put out, and his page goes on with what it has; the server goes on sending to it."""
    before = await same_code([bea, sam, maya])
    stack.go_on_sending(on=True)
    await sam.page.evaluate("window.deaf = true")
    person = bea.page.locator(".lead-list li[data-seat]", has_text="Sam")
    await person.locator(".lead-more summary").click()
    await person.get_by_role("button", name="Remove Sam").click()
    await bea.page.locator("dialog[open]").get_by_role("button", name="Remove", exact=True).click()
    told = {"code_before": before, "code_after": await same_code([bea, maya], other_than=before)}
    await all_see([bea, maya], "after one was put out")

    async def none_decoded_any_more():
        first = await seal(sam), await figures(sam)
        await asyncio.sleep(0.5)
        counts, now = await seal(sam), await figures(sam)
        same = now["framesDecoded"] == first[1]["framesDecoded"] and counts["opened"] == first[0]["opened"]
        return same and counts["dropped"] > first[0]["dropped"] and (counts, now)

    counts, then = await until(none_decoded_any_more, "what was on its way when he was put out has passed")

    async def more():
        now = await seal(sam)
        return now["dropped"] > counts["dropped"] + 100 and now

    now, last = await until(more, "more frames were sent to him"), await figures(sam)
    told |= {
        "dropped": now["dropped"] - counts["dropped"],
        "opened": now["opened"] - counts["opened"],
        "frames_decoded": last["framesDecoded"] - then["framesDecoded"],
    }
    stack.go_on_sending(on=False)
    await sam.page.goto("about:blank")
    await maya.page.reload()
    await all_see([bea, maya], "after a reload of one who stayed")
    told["code_after_reload"] = await same_code([bea, maya])
    return told


async def hops(stack: Stack, bea: Screen, sam: Screen, maya: Screen) -> dict:
    """Two breakouts, one person in each: Bea goes to both, one reloads there, one is moved, all come back."""
    told: dict = {}
    await bea.press("Prepare breakouts", inside=".lead")
    await bea.page.get_by_label("Who goes where").select_option(label="I choose")
    await bea.page.get_by_label("Rooms", exact=True).select_option("2")
    await bea.press("Prepare", inside=".lead")
    for screen, room in ((maya, "Willow"), (sam, "Cedar")):
        await bea.page.get_by_label(f"Room for {screen.who}").select_option(label=room)
        await bea.page.locator(f'.breakout[data-room="{room}"]').get_by_text(screen.who).wait_for()
    await bea.press("Open the rooms", inside=".lead")
    for screen in (sam, maya):
        await until(
            lambda screen=screen: holds(screen, 2), f"{screen.who} is sealed with Bea, who is in the group still"
        )
    told["beforehand"] = {"sam": await same_code([sam]), "maya": await same_code([maya])}
    exchanged = await exchanges(bea)

    await bea.press("Go to Willow", inside=".lead")
    told["all_see_willow"] = await all_see([bea, maya], "hopped to Willow")
    told["willow"] = await same_code([bea, maya])
    await bea.press("Go to Cedar", inside=".lead")
    told["all_see_cedar"] = await all_see([bea, sam], "hopped to Cedar")
    told["cedar"] = await same_code([bea, sam])
    told["exchanged_by_hopping"] = await exchanges(bea) - exchanged

    await sam.page.reload()
    await all_see([bea, sam], "Sam reloaded in Cedar")
    told["cedar_after_reload"] = await same_code([bea, sam])
    await kill_web(stack, (bea, sam, maya))
    await all_see([bea, sam], "a web process was killed")
    told["cedar_after_kill"] = await same_code([bea, sam])
    await bea.press("Move people", inside=".lead")
    await bea.page.get_by_label(f"Room for {maya.who}").select_option(label="Cedar")
    await bea.press(f"Move {maya.who}", inside=".lead")
    await all_see([bea, sam, maya], "Maya is moved to Cedar")
    told["moved"] = await same_code([bea, sam, maya])
    await bea.press("Bring all back in 30 s", inside=".lead")
    await bea.press("Bring all back now", inside=".lead")
    await all_see([bea, sam, maya], "all are back")
    told["back"] = await same_code([bea, sam, maya])
    return told


async def kill_web(stack: Stack, screens) -> None:
    killed = stack.pid("web")
    os.kill(killed, signal.SIGKILL)

    async def is_another():
        return stack.pid("web") not in (None, killed)

    await until(is_another, "another web process", seconds=60)
    for screen in screens:
        await screen.page.wait_for_function("() => __room.line === 'open'", timeout=60_000)


async def holds(screen: Screen, people: int) -> bool:
    """Are the keys of this person's room held by so many?"""
    sealing = (await seal(screen))["sealing"]
    return sealing["line"] == "secured" and sealing["holders"] == people


async def exchanges(screen: Screen) -> int:
    """How many packages this person's page has made: each is a way into a group that is exchanged with the others."""
    return sum(line.endswith(" package") for line in (await seal(screen))["log"])


def in_the_worker(script: str):
    async def before_its_own(route):
        answer = await route.fetch()
        await route.fulfill(response=answer, body=script + await answer.text())

    return before_its_own


async def gone(screen: Screen) -> bool:
    return await screen.page.evaluate("window.__room.mediaLost")


async def look_at_relayed(bea: Screen, sam: Screen) -> dict:
    """Compare what Bea had before sealing with what the server relayed to Sam."""

    async def enough():
        clear = len(await bea.page.evaluate("window.watched.clear"))
        relayed = len(await sam.page.evaluate("window.watched.relayed"))
        return clear > 200 and relayed > 200

    await until(enough, "frames to look at")
    clear = await bea.page.evaluate("window.watched.clear") + await sam.page.evaluate("window.watched.clear")
    relayed = await sam.page.evaluate("window.watched.relayed") + await bea.page.evaluate("window.watched.relayed")
    pieces = set().union(*(content_of(frame) for kind, frame in clear if kind != "audio" and len(frame) > 100))
    showing = [frame for kind, frame in relayed if content_of(frame) & pieces]
    vp8_start = [frame for kind, frame in relayed if kind == "key" and frame[6:12] == "9d012a"]
    return {
        "frames_relayed": len(relayed),
        "pieces_of_clear_pictures": len(pieces),
        "relayed_frames_with_a_clear_piece": len(showing),
        "key_frames_the_server_can_still_tell": len(vp8_start),
    }


async def with_a_wrong_key(maya: Screen, bea: Screen) -> dict:
    """Maya's page derives other keys than everybody else's, and all else is as it should be."""

    async def other_keys(route):
        answer = await route.fetch()
        script = await answer.text()
        assert "OpenIOP SFrame 1" in script
        await route.fulfill(response=answer, body=script.replace("OpenIOP SFrame 1", "OpenIOP SFrame X"))

    await maya.context.route(KEYS_WORKER, other_keys)
    await maya.page.reload()

    async def dropped():
        counts = await seal(maya)
        return counts.get("dropped", 0) > 60 and counts.get("sealed", 0) > 0 and counts

    counts = await until(dropped, "frames came and were dropped, and some were sent")
    seat = await maya.page.locator(".tile[data-mine]").get_attribute("data-seat")

    async def decoded_by_bea():
        # A line keeps its count when it is given to another feed, so only what is added counts.
        return sum(n for feed, n in (await figures(bea))["framesByFeed"].items() if feed.startswith(seat))

    before = await decoded_by_bea()
    seen = counts["dropped"]

    async def dropped_more():
        return (await seal(maya))["dropped"] > seen + 60

    await until(dropped_more, "more frames came and were dropped")
    counts = await seal(maya)
    told = {
        "opened": counts["opened"],
        "dropped": counts["dropped"],
        "frames_decoded": (await figures(maya))["framesDecoded"],
        "pictures_shown": await maya.page.locator(".tile[data-picture]:not([data-mine])").count(),
        "sent": counts["sealed"],
        "frames_others_decoded_of_them": await decoded_by_bea() - before,
    }
    await maya.context.unroute(KEYS_WORKER)
    await maya.page.reload()
    return told


async def with_a_browser_that_cannot(maya: Screen, bea: Screen, everybody, shots: Path) -> dict:
    await maya.page.add_init_script(CANNOT)
    await maya.page.reload()
    await maya.page.locator('[data-notice="cannot_seal"]').wait_for()
    await bea.page.locator('[data-notice="cannot_ask"]').wait_for()
    await bea.picture(shots / "sealed-4-asked.png")
    told = {
        "sent_before_the_decision": (await figures(maya))["videoBytesSent"],
        "shown_before_the_decision": await maya.page.locator(".tile[data-picture]:not([data-mine])").count(),
        "axe": await axe(bea),
    }
    decide = bea.page.locator('[data-notice="cannot_ask"] button').first
    await decide.click()
    await decide.click()
    told["all_see_s"] = await all_see(everybody, "after the decision")
    lines = [await screen.page.locator(".room-lock").text_content() for screen in everybody]
    told["lines"] = [(line or "").strip() for line in lines]
    return told


def main() -> int:
    shots = Path(sys.argv[1])
    shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="openiop-sealed-") as var:
        os.chmod(var, 0o755)  # noqa: S103 (the database's own user and Janus have to reach their folders in here)
        with DishonestStack(var=Path(var), port=0) as stack:
            print(json.dumps(asyncio.run(evening(stack, shots))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""People without browsers of their own: they speak the room's socket as a page does, and send picture and voice.

The picture is as small as the smallest that a page sends. All their sending connections live in one bare page, where
nothing is received or decoded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Self
from uuid import uuid4

import websockets
from playwright.async_api import Page

from openiop.demo.stack import HOST
from openiop.room.protocol import BEAT_SECONDS

BITS_OF_PICTURE, BITS_OF_VOICE, PICTURES_A_SECOND = 60_000, 32_000, 12

PAGE = """<!doctype html><title>crowd</title><script>
const lines = {};
window.begin = async ({pictures}) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 160, height: 90});
  const pen = canvas.getContext("2d");
  let turn = 0;
  setInterval(() => {
    turn += 1;
    for (let x = 0; x < 160; x += 10) {
      pen.fillStyle = `hsl(${(x * 3 + turn * 7) % 360} 60% 50%)`;
      pen.fillRect(x, (turn * 3 + x) % 90 - 20, 10, 60);
    }
  }, 1000 / pictures);
  window.picture = canvas.captureStream(pictures).getVideoTracks()[0];
  window.voice = (await navigator.mediaDevices.getUserMedia({audio: true})).getAudioTracks()[0];
};
window.offer = async ({who, picture, voice}) => {
  lines[who]?.close();
  const line = lines[who] = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  line.addTransceiver(window.voice, {direction: "sendonly", sendEncodings: [{maxBitrate: voice}]});
  line.addTransceiver(window.picture, {direction: "sendonly", sendEncodings: [{maxBitrate: picture}]});
  await line.setLocalDescription();
  if (line.iceGatheringState !== "complete") {
    await new Promise(done => line.onicegatheringstatechange = () => line.iceGatheringState === "complete" && done());
  }
  return line.localDescription.sdp;
};
window.answer = ({who, sdp}) => lines[who].setRemoteDescription({type: "answer", sdp});
window.candidate = ({who, candidate}) => lines[who].addIceCandidate(candidate);
window.connected = () => Object.values(lines).filter(line => line.connectionState === "connected").length;
</script>"""


class CrowdMember:
    """One of them; `join` returns when their media server has answered their offer."""

    def __init__(self, page: Page, who: str, socket: websockets.ClientConnection) -> None:
        self.page, self.who, self.socket = page, who, socket
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._place, self._asked = "", 0
        self._ways: list[Any] | None = []
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def joined(cls, page: Page, who: str, *, port: int, session: str, cookie: str) -> Self:
        socket = await websockets.connect(
            f"ws://{HOST}:{port}/ws/room/{session}",
            additional_headers={"Cookie": cookie, "Host": f"localhost:{port}"},
            origin=f"http://localhost:{port}",  # type: ignore[arg-type]
            max_size=2**20,
        )
        member = cls(page, who, socket)
        await member._say(type="hello", connection=str(uuid4()), protocol=1)
        member._tasks = [asyncio.create_task(member._hear()), asyncio.create_task(member._beat())]
        await asyncio.wait_for(member._answered, 30)
        return member

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(websockets.ConnectionClosed):
            await self._say(type="leave")
        await self.socket.close()

    async def _say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._say(type="beat")

    async def _hear(self) -> None:
        async for text in self.socket:
            message = json.loads(text)
            if message["type"] == "room" and message["me"]["state"] in ("admitted", "private"):
                if message["room"] != self._place:
                    self._place, self._ways = message["room"], []
                    self._asked += 1
                    self._tasks.append(asyncio.create_task(self._publish(self._asked)))
            elif message["type"] == "media" and message["id"] == self._asked and message["reply"]:
                await self.page.evaluate("told => answer(told)", {"who": self.who, "sdp": message["reply"]["sdp"]})
                ways, self._ways = self._ways or [], None
                for candidate in ways:
                    await self._take(candidate)
                if not self._answered.done():
                    self._answered.set_result(None)
            elif message.get("kind") == "trickle" and message["target"] == "publisher":
                if self._ways is None:
                    await self._take(message["candidate"])
                else:
                    self._ways.append(message["candidate"])

    async def _publish(self, number: int) -> None:
        wish = {"who": self.who, "picture": BITS_OF_PICTURE, "voice": BITS_OF_VOICE}
        sdp = await self.page.evaluate("wish => offer(wish)", wish)
        await self._say(type="media", id=0, request={"kind": "subscribe", "feeds": [], "fresh": True})
        await self._say(type="media", id=number, request={"kind": "publish", "sdp": sdp})
        await self._say(type="self", audio=True, video=True)

    async def _take(self, candidate: Any) -> None:
        if candidate:
            await self.page.evaluate("told => candidate(told)", {"who": self.who, "candidate": candidate})

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "./media.ts";

/** A line whose state the test says. */
class Peer {
  connectionState: RTCPeerConnectionState = "connected";
  onconnectionstatechange: (() => void) | null = null;
  becomes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

test("a line that breaks again after a mending nobody noticed is mended again", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const before = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = Peer as unknown as typeof RTCPeerConnection;
  t.after(() => void (globalThis.RTCPeerConnection = before));
  let restarts = 0;
  let gaveUp = 0;
  const care = {
    restart: (): Promise<void> => Promise.resolve(void (restarts += 1)),
    giveUp: (): void => void (gaveUp += 1),
    changed: (): void => undefined,
    stalled: (): void => undefined,
  };
  const line = new Connection("publisher", {}, null, () => Promise.resolve({}), care);
  const peer = line.pc as unknown as Peer;

  line.mend(true); // another network: a new path, and the state says "connected" all the while
  assert.equal(restarts, 1);
  t.mock.timers.tick(10_000);
  assert.equal(gaveUp, 0);
  return Promise.resolve().then(() => {
    peer.becomes("disconnected");
    t.mock.timers.tick(10_000);
    assert.equal(restarts, 2);
  });
});

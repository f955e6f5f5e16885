import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, GroupMedia } from "./media.ts";

/** A line whose state the test says. */
class Peer {
  connectionState: RTCPeerConnectionState = "connected";
  remoteDescription: unknown = null;
  readonly tried: unknown[] = [];
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  becomes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  addIceCandidate(candidate: unknown): Promise<void> {
    return Promise.resolve(void this.tried.push(candidate));
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

test("a way to them is tried once their description is set, one to us is told once ours is on its way, neither while the path changes", (t) => {
  const before = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = Peer as unknown as typeof RTCPeerConnection;
  t.after(() => void (globalThis.RTCPeerConnection = before));
  const told: unknown[] = [];
  const care = { restart: (): Promise<void> => Promise.resolve(), giveUp: (): void => undefined, changed: (): void => undefined, stalled: (): void => undefined };
  const line = new Connection("subscriber", {}, null, (request) => Promise.resolve((told.push(request), {})), care);
  const peer = line.pc as unknown as Peer;
  const theirs = (candidate: string): void => line.take({ candidate });
  const mine = (candidate: string): void => peer.onicecandidate?.({ candidate: { candidate, sdpMid: null, sdpMLineIndex: null } });

  theirs("one");
  mine("a");
  peer.remoteDescription = {};
  line.hear();
  assert.deepEqual(peer.tried, [{ candidate: "one" }]);
  assert.deepEqual(told, []);
  line.speak();
  assert.deepEqual(told, [{ kind: "trickle", target: "subscriber", candidate: { candidate: "a" } }]);

  line.hold();
  theirs("two");
  mine("b");
  line.hear();
  line.speak();
  assert.equal(peer.tried.length + told.length, 2);
  line.ready();
  assert.deepEqual([peer.tried.length, told.length], [2, 2]);
});

test("every microphone is opened without echo and noise, the chosen one and whichever there is", async (t) => {
  const never = new Promise<never>(() => undefined);
  class Line {
    addTransceiver(): unknown {
      return { sender: { replaceTrack: () => Promise.resolve() } };
    }
    createOffer(): Promise<never> {
      return never;
    }
    close(): void {}
  }
  const before = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = Line as unknown as typeof RTCPeerConnection;
  t.after(() => void (globalThis.RTCPeerConnection = before));
  const asked: MediaStreamConstraints[] = [];
  const devices = {
    getUserMedia: (wanted: MediaStreamConstraints): Promise<MediaStream> => {
      asked.push(wanted);
      return Promise.reject(new DOMException("", "NotFoundError"));
    },
  };
  t.mock.getter(globalThis, "navigator", () => ({ mediaDevices: devices }));
  const media = new GroupMedia({ ask: () => never, changed: () => undefined, stalled: () => undefined }, { audio: "headset", video: "lens" });

  media.start();
  while (asked.length < 5) await new Promise((resolve) => setImmediate(resolve));
  media.stop();

  const heard = asked.flatMap(({ audio }) => (audio ? [audio as MediaTrackConstraints] : []));
  assert.deepEqual(heard.map(({ deviceId }) => deviceId), [{ exact: "headset" }, { exact: "headset" }, undefined]);
  for (const { echoCancellation, noiseSuppression, autoGainControl } of heard) {
    assert.deepEqual({ echoCancellation, noiseSuppression, autoGainControl }, { echoCancellation: true, noiseSuppression: true, autoGainControl: true });
  }
});

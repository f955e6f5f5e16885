import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { GroupMedia } from "./media.ts";
import type { Devices } from "./media.ts";

/** A device that the computer may take away. */
class Track extends EventTarget {
  enabled = true;
  readyState = "live";
  constructor(readonly kind: "audio" | "video") {
    super();
  }
  stop(): void {
    this.readyState = "ended";
  }
  isTakenAway(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }
}

class Stream {
  constructor(private readonly tracks: Track[]) {}
  getTracks = (): Track[] => this.tracks;
  getAudioTracks = (): Track[] => this.tracks.filter(({ kind }) => kind === "audio");
  getVideoTracks = (): Track[] => this.tracks.filter(({ kind }) => kind === "video");
}

/** In the group, with a browser whose devices answer, and which were asked for. */
async function inTheGroup(t: TestContext, devices: Devices = {}) {
  const asked: string[] = [];
  const opened: Track[] = [];
  const getUserMedia = (wanted: MediaStreamConstraints): Promise<Stream> => {
    const kinds = (["audio", "video"] as const).filter((kind) => wanted[kind]);
    asked.push(kinds.join("+"));
    const tracks = kinds.map((kind) => new Track(kind));
    opened.push(...tracks);
    return Promise.resolve(new Stream(tracks));
  };
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { mediaDevices: { getUserMedia } } });
  Object.assign(globalThis, { MediaStream: Stream, RTCPeerConnection: Unreached });
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const media = new GroupMedia({ ask: () => new Promise(() => undefined), changed: () => undefined, stalled: () => undefined }, devices);
  media.start();
  await settled();
  t.after(() => media.stop());
  const of = (kind: string): Track => opened.filter((track) => track.kind === kind).at(-1)!;
  return { media, asked, of, sleep: (ms: number) => t.mock.timers.setTime(Date.now() + ms) };
}

/** The media server does not answer: devices are there before it. */
class Unreached {
  signalingState = "stable";
  connectionState = "new";
  close = (): void => undefined;
  addTransceiver = (): object => ({ sender: { replaceTrack: () => Promise.resolve() } });
  createOffer = (): Promise<object> => new Promise(() => undefined);
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("devices that a sleep took away are opened again without a click, as they were", async (t) => {
  const { media, asked, of, sleep } = await inTheGroup(t);
  assert.deepEqual([media.view.mic, media.view.camera], [true, true]);
  const since = Date.now();
  sleep(30 * 60_000);
  of("audio").isTakenAway();
  of("video").isTakenAway();
  assert.deepEqual([media.view.mic, media.view.camera], [false, false]);

  await media.openAgain(since);
  assert.deepEqual(asked, ["audio+video", "audio", "video"]);
  assert.deepEqual([media.view.mic, media.view.camera, media.view.micTrouble, media.view.cameraTrouble], [true, true, null, null]);
});

test("who was muted and without camera before the sleep is so after it, and no device is opened", async (t) => {
  const { media, asked, of, sleep } = await inTheGroup(t);
  await media.setMic(false);
  await media.setCamera(false);
  const since = Date.now();
  sleep(30 * 60_000);
  of("audio").isTakenAway();

  await media.openAgain(since);
  assert.deepEqual(asked, ["audio+video"]);
  assert.deepEqual([media.view.mic, media.view.camera], [false, false]);
});

test("a device that stopped before the sleep was taken away by somebody, and stays so", async (t) => {
  const { media, asked, of, sleep } = await inTheGroup(t);
  of("video").isTakenAway();
  sleep(60_000);
  const since = Date.now();
  sleep(30 * 60_000);

  await media.openAgain(since);
  assert.deepEqual(asked, ["audio+video"]);
  assert.equal(media.view.camera, false);
});

test("devices that stayed open are not opened twice, and none is opened once the group is over", async (t) => {
  const { media, asked, of, sleep } = await inTheGroup(t);
  const since = Date.now();
  sleep(30 * 60_000);
  await media.openAgain(since);
  of("audio").isTakenAway();
  media.stop();
  await media.openAgain(since);
  assert.deepEqual(asked, ["audio+video"]);
});

test("a camera turned off while it was still being opened does not come on", async (t) => {
  const { media, of, sleep } = await inTheGroup(t);
  const since = Date.now();
  sleep(30 * 60_000);
  of("video").isTakenAway();
  const opening = media.openAgain(since);
  await media.setCamera(false);
  await opening;
  assert.equal(media.view.camera, false);
  assert.equal(of("video").readyState, "ended");
});

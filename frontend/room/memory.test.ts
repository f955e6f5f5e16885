import { test } from "node:test";
import assert from "node:assert/strict";
import { chosenAtTheDoor, comesAnew, keepAs, leftAs, lineAtTheDoor } from "./memory.ts";

function device(first: Record<string, string> = {}) {
  const kept = new Map(Object.entries(first));
  return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
}

test("who went without camera at the door comes in without camera, with the microphone chosen there", () => {
  const door = device({ "openiop.devices": JSON.stringify({ camera: "", microphone: "usb", speaker: "", withoutCamera: true }) });
  assert.deepEqual(chosenAtTheDoor(door), { audio: "usb", camera_off: true });
});

test("who chose nothing comes in with both", () => {
  assert.deepEqual(chosenAtTheDoor(device()), { camera_off: false });
  assert.deepEqual(leftAs("/ws/room/1", device()), {});
});

test("who left muted comes back muted, camera as it was", () => {
  const phone = device();
  keepAs("/ws/room/1", { mic: false, camera: true }, phone);
  assert.deepEqual(leftAs("/ws/room/1", phone), { mic_off: true, camera_off: false });
});

test("only the first time in a session does somebody come anew", () => {
  const phone = device();
  assert.equal(comesAnew("/ws/room/1", phone), true);
  keepAs("/ws/room/1", { mic: true, camera: true }, phone);
  assert.equal(comesAnew("/ws/room/1", phone), false);
  assert.equal(comesAnew("/ws/room/2", phone), true);
});

test("another session begins as its own door says", () => {
  const phone = device();
  keepAs("/ws/room/1", { mic: false, camera: false }, phone);
  assert.deepEqual(leftAs("/ws/room/2", phone), {});
});

test("storage that is broken or forbidden keeps nobody out", () => {
  assert.deepEqual(leftAs("/ws/room/1", device({ "openiop.self": "{" })), {});
  assert.deepEqual(chosenAtTheDoor(null), { camera_off: false });
  keepAs("/ws/room/1", { mic: true, camera: true }, null);
});

test("the line that was tried before joining is told on the same evening and not the next day", () => {
  const at = 1_000_000;
  const kept = (line: string) => ({ getItem: () => JSON.stringify({ line, at }), setItem: () => undefined });
  assert.equal(lineAtTheDoor(at + 60_000, kept("good")), "good");
  assert.equal(lineAtTheDoor(at + 60_000, kept("slow")), "weak");
  assert.equal(lineAtTheDoor(at + 60_000, kept("poor")), "weak");
  assert.equal(lineAtTheDoor(at + 60_000, kept("none")), null);
  assert.equal(lineAtTheDoor(at + 24 * 60 * 60_000, kept("good")), null);
  assert.equal(lineAtTheDoor(at, null), null);
});

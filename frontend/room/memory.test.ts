import { test } from "node:test";
import assert from "node:assert/strict";
import { chosenAtTheDoor, keepAs, leftAs } from "./memory.ts";

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

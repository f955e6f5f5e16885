import assert from "node:assert/strict";
import { test } from "node:test";
import { CAPTIONS_SHOWN, captionChoice, isCaptioned, keepCaptionChoice, keepPin, languageName, myPins, newHelpers, pinned, withCaption, withPinned } from "./helpers.ts";
import type { Caption } from "./helpers.ts";
import type { HelpsNow } from "./protocol-helpers.ts";
import type { Room, Seat } from "./protocol.ts";

const seat = (id: string, helps: HelpsNow | null = null, more: Partial<Seat> = {}): Seat =>
  ({ seat: id, name: id, role: helps ? "helper" : "patient", here: true, hand_at: null, audio: true, video: true, saving: false, feed: id, reconnecting: false, people: [], helps, ...more });
const sign = (isPinned = false): HelpsNow => ({ kind: "sign", language: "", pinned: isPinned });
const room = (...seats: Seat[]): Room => ({ room: "r", me: { seat: "me" }, seats }) as unknown as Room;
const store = (): Pick<Storage, "getItem" | "setItem"> => {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
};

for (const [what, seats, mine, expected] of [
  ["nobody's tile stays in view by itself", [seat("iris", sign()), seat("maya")], [], []],
  ["I keep an interpreter in view for myself", [seat("iris", sign()), seat("maya")], ["iris"], ["iris"]],
  ["a facilitator keeps one in view for all", [seat("iris", sign(true))], [], ["iris"]],
  ["only who helps is kept in view", [seat("maya")], ["maya"], []],
  ["my own tile is not kept before my eyes", [seat("me", sign(true))], [], []],
  ["who has gone takes no room", [seat("iris", sign(true), { here: false })], [], []],
  ["whose line breaks keeps theirs", [seat("iris", sign(true), { here: false, reconnecting: true })], [], ["iris"]],
] as [string, Seat[], string[], string[]][]) {
  test(what, () => assert.deepEqual(pinned(room(...seats), new Set(mine)).map((one) => one.seat), expected));
}

test("those kept in view come first, and nobody twice", () => {
  const [iris, maya] = [seat("iris", sign(true)), seat("maya")];
  assert.deepEqual(withPinned([maya, iris], [iris]).map((one) => one.seat), ["iris", "maya"]);
  assert.deepEqual(withPinned([maya], [iris]).map((one) => one.seat), ["iris", "maya"]);
});

test("a pin is remembered on this device and taken off again", () => {
  const kept = store();
  keepPin(keepPin(myPins(kept), "iris", true, kept), "cleo", true, kept);
  assert.deepEqual([...myPins(kept)], ["iris", "cleo"]);
  keepPin(myPins(kept), "iris", false, kept);
  assert.deepEqual([...myPins(kept)], ["cleo"]);
});

test("there are captions while somebody is here who writes them", () => {
  const cleo: HelpsNow = { kind: "captioner", language: "", pinned: false };
  assert.equal(isCaptioned(room(seat("iris", sign()))), false);
  assert.equal(isCaptioned(room(seat("cleo", cleo))), true);
  assert.equal(isCaptioned(room(seat("cleo", cleo, { here: false }))), false);
});

test("captions are off until they are turned on, and broken memory turns nothing on", () => {
  const kept = store();
  assert.deepEqual(captionChoice(kept), { on: false, size: "normal" });
  keepCaptionChoice({ on: true, size: "largest" }, kept);
  assert.deepEqual(captionChoice(kept), { on: true, size: "largest" });
  kept.setItem("openiop.room.captions", '{"on": "yes", "size": 7}');
  assert.deepEqual(captionChoice(kept), { on: false, size: "normal" });
  kept.setItem("openiop.room.captions", "no json");
  assert.deepEqual(captionChoice(kept), { on: false, size: "normal" });
});

test("old lines go, and each line has a number of its own", () => {
  let lines: readonly Caption[] = [];
  for (let n = 0; n < 30; n += 1) lines = withCaption(lines, { type: "caption", seat: "cleo", text: `line ${n}` });
  assert.equal(lines.length, CAPTIONS_SHOWN);
  assert.equal(lines.at(-1)!.text, "line 29");
  assert.equal(new Set(lines.map(({ n }) => n)).size, CAPTIONS_SHOWN);
});

test("whoever comes to help is said aloud once, and anew in another place", () => {
  const before = room(seat("maya"));
  const now = room(seat("maya"), seat("iris", sign()));
  assert.deepEqual(newHelpers(before, now).map((one) => one.seat), ["iris"]);
  assert.deepEqual(newHelpers(now, now), []);
  assert.deepEqual(newHelpers(now, { ...now, room: "another" }).map((one) => one.seat), ["iris"]);
  assert.deepEqual(newHelpers(null, now).map((one) => one.seat), ["iris"]);
});

test("a language has its name in the reader's language", () => {
  assert.equal(languageName("es", "en"), "Spanish");
  assert.equal(languageName("es", "es"), "español");
  assert.equal(languageName("not a code", "en"), "not a code");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { gridWith, mutedWithEveryone, spotlit, stickOf } from "./floor.ts";
import type { Room, Seat } from "./protocol.ts";

function seat(name: string, more: Partial<Seat> = {}): Seat {
  return { seat: name, name, role: "patient", here: true, hand_at: null, audio: true, video: true, saving: false, feed: name, reconnecting: false, people: [], ...more };
}

function room(me: string, role: Seat["role"], holder: string | null, seats: Seat[], lit: string[] = []): Room {
  return { me: { seat: me, role, state: "admitted", talk: "treatment" }, seats, floor: { spotlit: lit, stick: { seat: holder, at: "2026-03-04T19:10:00Z" } } } as unknown as Room;
}

const UP = { hand_at: "2026-03-04T19:10:00Z" };
const LATER = { hand_at: "2026-03-04T19:11:00Z" };

test("whoever holds the stick may pass it on, and who leads; others may not", () => {
  const seats = [seat("Maya"), seat("Sam", LATER), seat("Zoe", UP)];
  const { holder, next, isMine, mayPass } = stickOf(room("Maya", "patient", "Maya", seats))!;
  assert.deepEqual([holder?.name, next.map(({ name }) => name), isMine, mayPass], ["Maya", ["Zoe", "Sam"], true, true]);
  assert.equal(stickOf(room("Sam", "patient", "Maya", seats))!.mayPass, false);
  assert.equal(stickOf(room("Bea", "facilitator", "Maya", seats))!.mayPass, true);
});

test("a stick whose holder has gone lies there, and where there is none nothing is said", () => {
  assert.equal(stickOf(room("Sam", "patient", "Maya", [seat("Sam")]))!.holder, null);
  assert.equal(stickOf({ ...room("Sam", "patient", null, []), floor: { spotlit: [], stick: null } }), null);
});

test("to mute everyone silences the patients who are heard, and nobody who leads, helps or interprets", () => {
  const roles = ["facilitator", "staff", "helper", "site", "supporter"] as const;
  const heard = [seat("Maya"), ...roles.map((role) => seat(role, { role })), seat("Sam", { audio: false }), seat("Zoe")];
  assert.deepEqual(mutedWithEveryone(heard).map(({ name }) => name), ["Maya", "Zoe"]);
});

test("the spotlight falls only on who is drawn", () => {
  const seats = [seat("Maya"), seat("Sam", { here: false })];
  assert.deepEqual(spotlit(room("Maya", "patient", null, seats, ["Sam", "Maya", "Gone"])).map(({ name }) => name), ["Maya"]);
});

test("large tiles find room on a desk and on a phone, and nothing falls off", () => {
  for (const [lit, count, width, height] of [[1, 1, 360, 560], [1, 6, 360, 560], [2, 6, 360, 560], [1, 6, 1000, 620], [2, 12, 1000, 620], [2, 2, 1000, 620]] as const) {
    const { columns, rows } = gridWith(lit, count, width, height);
    assert.ok(columns >= 2 && columns * rows >= count + 3 * lit, `${lit} of ${count} in ${width} × ${height}`);
    assert.ok(rows >= 2 * Math.ceil(lit / Math.floor(columns / 2)));
  }
});

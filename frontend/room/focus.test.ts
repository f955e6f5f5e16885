import assert from "node:assert/strict";
import { test } from "node:test";
import { focusOn } from "./focus.ts";
import type { Room, Role, Seat } from "./protocol.ts";

const seat = (name: string, role: Role = "patient"): Seat => ({
  seat: name, name, role, here: true, hand_at: null, audio: true, video: true, feed: `${name}-1`, saving: false, reconnecting: false, people: [],
});
const room = { me: { seat: "Maya" }, seats: [seat("Maya"), seat("Priya"), seat("Sam"), seat("Bea", "facilitator")] } as unknown as Room;

test("who speaks is shown, and stays while somebody else speaks as well", () => {
  assert.equal(focusOn(room, new Set(["Sam-1"]), null)?.name, "Sam");
  assert.equal(focusOn(room, new Set(["Priya-1", "Sam-1"]), "Sam")?.name, "Sam");
  assert.equal(focusOn(room, new Set(["Priya-1"]), "Sam")?.name, "Priya");
});

test("while nobody speaks, who was shown stays; at first it is who leads; never myself", () => {
  assert.equal(focusOn(room, new Set(), "Sam")?.name, "Sam");
  assert.equal(focusOn(room, new Set(), null)?.name, "Bea");
  assert.equal(focusOn(room, new Set(["Maya-1"]), null)?.name, "Bea");
  assert.equal(focusOn({ ...room, seats: [seat("Maya")] }, new Set(), null), null);
});

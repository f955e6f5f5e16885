import assert from "node:assert/strict";
import { test } from "node:test";
import { calls, ending, foesIn, minutesAndSeconds, newCalls, peopleIn, secondsUntil, unattended } from "./breakouts.ts";
import type { BreakoutPerson, Breakouts, MyBreakout, Room } from "./protocol.ts";

const person = (name: string, more: Partial<BreakoutPerson> = {}): BreakoutPerson => ({
  seat: name, name, role: "patient", here: true, room: "w", alone: false, watch: null, unattended: false, asked_at: null, ...more,
});
const rooms = (...people: BreakoutPerson[]): Breakouts => ({
  phase: "running", how: "random", late: "smallest", minutes: 10, opened_at: null, ends_at: null, last_time: false,
  rooms: [{ room: "w", name: "Willow", staffed: false }], people, apart: [["Maya", "Sam"]], message: null,
});
const mine = (more: Partial<MyBreakout>): MyBreakout => ({ name: "Willow", ends_at: null, closing: false, asked_at: null, message: null, ...more });
const AT = Date.parse("2026-03-04T19:12:00Z");

test("who has waited longest for help stands first", () => {
  const found = rooms(person("Maya", { asked_at: "2026-03-04T19:11:30Z" }), person("Sam"), person("Zoe", { asked_at: "2026-03-04T19:11:00Z" }));
  assert.deepEqual(calls(found).map(({ name }) => name), ["Zoe", "Maya"]);
});

test("a call is told once", () => {
  const asks = { breakouts: rooms(person("Maya", { asked_at: "2026-03-04T19:11:30Z" })) } as Room;
  assert.deepEqual(newCalls({ breakouts: rooms(person("Maya")) } as Room, asks).map(({ name }) => name), ["Maya"]);
  assert.deepEqual(newCalls(asks, asks), []);
});

test("of those without staff the person in imminent danger stands first", () => {
  const found = rooms(person("Ana", { watch: "high", unattended: true }), person("Zoe", { watch: "imminent", unattended: true }), person("Sam", { watch: "high" }));
  assert.deepEqual(unattended(found).map(({ name }) => name), ["Zoe", "Ana"]);
});

test("staff stand last in their room", () => {
  assert.deepEqual(peopleIn(rooms(person("Bea", { role: "facilitator" }), person("Sam"), person("Maya")), "w").map(({ name }) => name), ["Maya", "Sam", "Bea"]);
});

test("people who are kept apart are named before anybody is moved", () => {
  assert.deepEqual(foesIn(rooms(person("Sam")), person("Maya", { room: null }), "w"), ["Sam"]);
  assert.deepEqual(foesIn(rooms(person("Zoe")), person("Maya", { room: null }), "w"), []);
});

test("the end is said two minutes before, and counted down from half a minute or once it is announced", () => {
  const cases = [
    [{ ends_at: null }, null], [{ ends_at: "2026-03-04T19:20:00Z" }, null], [{ ends_at: "2026-03-04T19:14:00Z" }, "soon"],
    [{ ends_at: "2026-03-04T19:12:30Z" }, "countdown"], [{ ends_at: "2026-03-04T19:13:00Z", closing: true }, "countdown"],
  ] as const;
  for (const [more, expected] of cases) assert.equal(ending(mine(more), AT), expected);
});

test("the clock never runs below zero", () => {
  assert.equal(secondsUntil("2026-03-04T19:11:00Z", AT), 0);
  assert.equal(minutesAndSeconds(secondsUntil("2026-03-04T19:23:20Z", AT)), "11:20");
  assert.equal(minutesAndSeconds(5), "0:05");
});

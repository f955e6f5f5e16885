import assert from "node:assert/strict";
import { test } from "node:test";
import { NOBODY, Turns, cursors, heard, keepPointers, names, placed, pointersShow, stillHere } from "./pointers.ts";
import type { Pointing, Spot } from "./protocol.ts";

const pointing = (who: string, at: Spot, more: Partial<Pointing> = {}): Pointing => ({ type: "pointing", who, name: "Sam", at, here: true, ...more });

test("others are seen where they point, with their names, and are gone when they leave", () => {
  const two = heard(heard(NOBODY, pointing("a", [1, 2]), 0), pointing("b", [3, 4], { name: "Bea" }), 0);
  assert.deepEqual(cursors(two, 100), [{ who: "a", name: "Sam", x: 1, y: 2 }, { who: "b", name: "Bea", x: 3, y: 4 }]);
  const one = heard(two, pointing("a", null, { here: false }), 0);
  assert.deepEqual(names(one), ["Bea"]);
});

test("a hand that rests points at nothing any more, though its owner is still there", () => {
  const moved = heard(NOBODY, pointing("a", [1, 2]), 0);
  const again = heard(moved, pointing("a", [1, 2]), 7000);
  assert.equal(cursors(again, 7900).length, 1);
  assert.equal(cursors(again, 8000).length, 0);
  assert.deepEqual(names(again), ["Sam"]);
  assert.equal(cursors(heard(again, pointing("a", [1, 3]), 8100), 8200).length, 1);
});

test("a pointer stands where it points in my own view of the board, and at the edge when that is elsewhere", () => {
  const view = { scrollX: 100, scrollY: -50, zoom: 2, width: 800, height: 600 };
  const at = (x: number, y: number): (number | boolean)[] => {
    const { x: left, y: top, outside } = placed({ who: "a", name: "Sam", x, y }, view);
    return [left, top, outside];
  };
  assert.deepEqual(at(50, 100), [300, 100, false]);
  assert.deepEqual(at(-500, 100), [0, 100, true]);
  assert.deepEqual(at(5000, 5000), [776, 576, true]);
});

test("who is not heard of for long has gone; somebody with two tabs is named once", () => {
  const two = heard(heard(NOBODY, pointing("a", null), 0), pointing("b", null), 30_000);
  assert.deepEqual(names(two), ["Sam"]);
  assert.equal(stillHere(two, 39_999), two);
  assert.deepEqual([...stillHere(two, 40_000).keys()], ["b"]);
});

test("a moving hand is told at once, then in turns, and its last place always", () => {
  let now = 0;
  const timers: { at: number; run: () => void }[] = [];
  const said: number[] = [];
  const turns = new Turns(() => said.push(now), { now: () => now, later: (run, ms) => timers.push({ at: now + ms, run }), cancel: () => timers.splice(0) });
  for (now = 0; now <= 450; now += 10) {
    for (const timer of timers.splice(0)) if (timer.at <= now) timer.run(); else timers.push(timer);
    turns.moved();
  }
  assert.deepEqual(said, [0, 200, 400]);
  turns.stop();
  assert.equal(timers.length, 0);
});

test("less motion or fewer faces means no pointers, until somebody chooses here", () => {
  const kept = new Map<string, string>();
  const store = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text) };
  assert.equal(pointersShow({ lessMotion: false, focus: false, store }), true);
  assert.equal(pointersShow({ lessMotion: true, focus: false, store }), false);
  assert.equal(pointersShow({ lessMotion: false, focus: true, store: null }), false);
  keepPointers(true, store);
  assert.equal(pointersShow({ lessMotion: true, focus: true, store }), true);
  keepPointers(false, store);
  assert.equal(pointersShow({ lessMotion: false, focus: false, store }), false);
});

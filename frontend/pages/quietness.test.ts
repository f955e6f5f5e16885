import assert from "node:assert/strict";
import { test } from "node:test";
import { held, mine, waited } from "./quietness.ts";

const BEA = { key: "a", at: 1000, person: "bea" };

test("a press that was kept is read again, and what cannot be read is none", () => {
  assert.deepEqual(held(JSON.stringify([BEA, { key: 3 }, null])), [BEA]);
  assert.deepEqual(held("{"), []);
  assert.deepEqual(held(null), []);
});

test("nobody sends another's press", () => {
  assert.deepEqual(mine([BEA], "hal"), []);
  assert.deepEqual(mine([BEA], "bea"), [BEA]);
});

test("a clock that was set back does not make a press from the future", () => {
  assert.equal(waited(BEA, 61_000), 60_000);
  assert.equal(waited(BEA, 0), 0);
});

import { test } from "node:test";
import assert from "node:assert/strict";
import { neighbour, wishOf } from "./keys.ts";

const press = (key: string, at = 0, taken = false) => ({ key, at, taken });

test("a stroke opens the search, a question mark the list of keys", () => {
  assert.deepEqual(wishOf(press("/"), null), { kind: "search" });
  assert.deepEqual(wishOf(press("?"), null), { kind: "help" });
});

test("g and then a letter goes to a place", () => {
  assert.deepEqual(wishOf(press("g"), null), { kind: "wait" });
  assert.deepEqual(wishOf(press("n", 900), 0), { kind: "go", to: "n" });
  assert.deepEqual(wishOf(press("g", 900), 0), { kind: "go", to: "g" });
});

test("a letter long after g is only a letter", () => {
  assert.equal(wishOf(press("n", 2000), 0), null);
});

test("whoever is writing is not carried off", () => {
  assert.equal(wishOf(press("/", 0, true), null), null);
  assert.equal(wishOf(press("n", 500, true), 0), null);
});

test("arrows stop at the first and the last row", () => {
  assert.equal(neighbour(0, -1, 4), 0);
  assert.equal(neighbour(3, 1, 4), 3);
  assert.equal(neighbour(-1, 1, 4), 0);
  assert.equal(neighbour(1, 1, 4), 2);
});

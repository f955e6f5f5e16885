import { test } from "node:test";
import assert from "node:assert/strict";
import { isSilent, mayBeOld, meaningOf, titleWith } from "./liveness.ts";

test("a desk that heard nothing for fifteen seconds says that it is not live", () => {
  assert.equal(isSilent(1000, 15_999, 15_000), false);
  assert.equal(isSilent(1000, 16_000, 15_000), true);
});

test("what a page says may be old without a line, after silence, and signed out; and is not old otherwise", () => {
  const live = { silent: false, lineLost: false, signedOut: false };
  assert.equal(mayBeOld(live), false);
  for (const cause of ["silent", "lineLost", "signedOut"] as const) assert.equal(mayBeOld({ ...live, [cause]: true }), true);
});

for (const [text, meaning] of [
  ['{"topic": "desk", "changed": true}', "afresh"],
  ['{"type": "afresh"}', "afresh"],
  ['"afresh"', "afresh"],
  ["afresh", "afresh"],
  ['{"afresh": true}', "afresh"],
  ['{"alarm": true}', "ring"],
  ['{"alarm": false}', "hush"],
  ['{"pong": 1}', "heard"],
  ["not json", "heard"],
  ["null", "heard"],
] as const) {
  test(`the socket's ${text} means ${meaning}`, () => {
    assert.equal(meaningOf(text), meaning);
  });
}

test("the title tells how many wait, and nothing of who or why", () => {
  assert.equal(titleWith(2, "Tonight"), "(2) Tonight");
  assert.equal(titleWith(1, "(2) Tonight"), "(1) Tonight");
  assert.equal(titleWith(0, "(1) Tonight"), "Tonight");
});

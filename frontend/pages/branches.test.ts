import { test } from "node:test";
import assert from "node:assert/strict";
import { isAsked, next, place } from "./branches.ts";

const said = (answers: Record<string, string>) => (item: string) => answers[item];

test("a question without a condition is asked of everybody", () => {
  assert.equal(isAsked(undefined, said({})), true);
  assert.equal(isAsked("", said({})), true);
});

test("any one of the conditions is enough, and what was not answered is none of them", () => {
  assert.equal(isAsked("asq_1=1 asq_2=1", said({ asq_2: "1" })), true);
  assert.equal(isAsked("asq_1=1 asq_2=1", said({ asq_1: "0", asq_2: "2" })), false);
  assert.equal(isAsked("asq_1=1", said({})), false);
});

test("a condition without a value never holds", () => {
  assert.equal(isAsked("asq_1", said({})), false);
});

test("going on and going back pass over what is not asked", () => {
  const asked = [true, false, false, true];
  assert.equal(next(asked, 0, 1), 3);
  assert.equal(next(asked, 3, -1), 0);
  assert.equal(next(asked, 3, 1), null);
  assert.equal(next([true, false], 0, 1), null);
});

test("only questions that are asked are counted", () => {
  assert.deepEqual(place([true, false, true, true], 2), { number: 2, total: 3 });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ARRIVAL, answersOf, questionOf } from "./poll.ts";
import type { PollKind, PollNow } from "./protocol.ts";
import { EN, ES } from "./words.ts";

const asked = (kind: PollKind, options: readonly string[] = []): PollNow => ({
  id: "p", kind, question: "Shall we?", options: [...options], named: false, kept: false, open: true, mine: null, counts: null,
});

test("how people arrive is asked and answered in the reader's language, in the order of the server's codes", () => {
  const poll = asked("arrival", ["glad", "tired"]);
  assert.equal(questionOf(poll, EN), "Which word is closest to how you arrive?");
  assert.deepEqual(answersOf(poll, EN), ["Glad to be here", "Tired"]);
  assert.deepEqual(answersOf(poll, ES), ["Con gusto de estar aquí", "Con cansancio"]);
});

test("every word to arrive with has its own words in both languages", () => {
  for (const words of [EN, ES]) assert.equal(new Set(answersOf(asked("arrival", ARRIVAL), words)).size, ARRIVAL.length);
});

test("feelings and commitment are asked on a scale from 0 to 10, and own questions in the facilitator's words", () => {
  for (const kind of ["feelings", "commitment"] as const) {
    assert.deepEqual(answersOf(asked(kind), EN).map(Number), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const words of [EN, ES]) assert.notEqual(questionOf(asked(kind), words), "Shall we?");
  }
  assert.equal(questionOf(asked("yes_no"), EN), "Shall we?");
});

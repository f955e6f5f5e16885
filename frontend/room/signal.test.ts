import assert from "node:assert/strict";
import { test } from "node:test";
import type { Room, SignalSeen } from "./protocol.ts";
import { KINDS, answersTo, inOrder, newSignals } from "./signal.ts";

const seen = (part: Partial<SignalSeen>): SignalSeen => ({
  signal: "1", seat: "s", name: "Sam", kind: "word", at: "2026-03-04T19:00:00Z", answer: null, answered_by: "", ...part,
});

test("who may be in danger stands first, and what was answered last", () => {
  const order = inOrder([
    seen({ signal: "answered", answer: "seen", at: "2026-03-04T18:00:00Z" }),
    seen({ signal: "word" }),
    seen({ signal: "danger", kind: "not_safe", at: "2026-03-04T19:05:00Z" }),
  ]);

  assert.deepEqual(order.map(({ signal }) => signal), ["danger", "word", "answered"]);
});

test("whoever may be watched is never offered an answer that others are offered", () => {
  for (const kind of KINDS.filter((each) => each !== "not_safe")) {
    assert.deepEqual(answersTo(kind).filter((each) => answersTo("not_safe").includes(each)), []);
  }
});

test("a new tap is told once, and an answered one not at all", () => {
  const room = (signals: SignalSeen[]): Room => ({ lead: { signals } }) as unknown as Room;

  assert.equal(newSignals(room([]), room([seen({})])).length, 1);
  assert.equal(newSignals(room([seen({})]), room([seen({})])).length, 0);
  assert.equal(newSignals(room([]), room([seen({ answer: "seen" })])).length, 0);
});

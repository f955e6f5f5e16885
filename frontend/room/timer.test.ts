import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimerNow } from "./protocol.ts";
import { isOver, rings } from "./timer.ts";

const END = Date.parse("2026-03-04T19:15:00Z");
const timer: TimerNow = { id: "1", kind: "break", started_at: "2026-03-04T19:10:00Z", ends_at: "2026-03-04T19:15:00Z" };

test("the bell rings once, when the end comes", () => {
  assert.equal(rings(timer, END - 500, END - 1), false);
  assert.equal(rings(timer, END - 500, END), true);
  assert.equal(rings(timer, END, END + 500), false);
});

test("whoever comes back after the end reads that it is over and hears nothing", () => {
  assert.equal(rings(timer, END + 1000, END + 2000), false);
  assert.equal(rings(timer, END - 500, END + 60_000), false);
  assert.equal(isOver(timer, END + 60_000), true);
  assert.equal(isOver(timer, END - 1), false);
});

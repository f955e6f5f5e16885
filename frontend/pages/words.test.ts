import { test } from "node:test";
import assert from "node:assert/strict";
import { inWords, timeOfDay } from "./words.ts";

test("times are said as people say them, in their own zone", () => {
  const at = new Date("2025-11-24T23:02:00Z");

  assert.equal(timeOfDay(at, "en", "America/New_York"), "6:02 pm");
  assert.match(timeOfDay(at, "es", "America/New_York"), /^6:02 p\.\s?m\.$/);
});

test("a page in Spanish speaks Spanish", () => {
  assert.equal(inWords("es", "question", { number: 2, total: 6 }), "Pregunta 2 de 6");
  assert.equal(inWords("en-US", "saved", { time: "6:02 pm" }), "saved 6:02 pm");
});

import { test } from "node:test";
import assert from "node:assert/strict";
import { judgeLine } from "./line.ts";

for (const [what, trips, line] of [
  ["quick trips are a good line", [40, 60, 50, 45, 70], "good"],
  ["one slow start does not spoil a good line", [900, 60, 50, 45, 70], "good"],
  ["a third of a second there and back is slow", [310, 350, 320, 400, 330], "slow"],
  ["one lost trip of five is slow", [40, null, 50, 45, 70], "slow"],
  ["two lost trips are a poor line", [40, null, null, 45, 70], "poor"],
  ["a second there and back is a poor line", [1000, 1100, 900, 950, 1200], "poor"],
  ["nothing came back: no line", [null, null, null, null, null], "none"],
] as const) {
  test(what, () => {
    assert.equal(judgeLine(trips), line);
  });
}

for (const [what, bits, line] of [
  ["a megabit a second carries everybody's picture", 1_000_000, "good"],
  ["less than that carries some", 999_999, "slow"],
  ["300 kbit/s carry a few small pictures", 300_000, "slow"],
  ["below that only sound is safe", 299_999, "poor"],
  ["a line whose width could not be measured is judged by its trips", null, "good"],
] as const) {
  test(what, () => assert.equal(judgeLine([40, 60, 50, 45, 70], bits), line));
}

test("a wide line that answers slowly stays slow", () => assert.equal(judgeLine([900, 900, 900], 9_000_000), "poor"));

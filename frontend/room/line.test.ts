import { test } from "node:test";
import assert from "node:assert/strict";
import { FRESH, afterMeasure, afterOutage, judge } from "./line.ts";
import type { LineState, Measure } from "./line.ts";

const QUIET: Measure = { lossIn: 0, lossOut: 0, roundTripMs: 60, availableOutBits: 900_000, slow: 0 };
const GOOD: Partial<Measure> = {};
const FAIR: Partial<Measure> = { lossIn: 0.05 };
const BAD: Partial<Measure> = { lossIn: 0.15 };
const WORST: Partial<Measure> = { lossIn: 0.5 };

for (const [what, measure, judgement] of [
  ["nothing lost and a quick answer is good", {}, "good"],
  ["nothing to measure yet is no reason to give anything up", { lossIn: null, lossOut: null, roundTripMs: null, availableOutBits: null }, "good"],
  ["five packets of a hundred lost is what speech is made to bear", { lossIn: 0.05 }, "fair"],
  ["one packet of ten lost is not more than that yet", { lossIn: 0.1 }, "fair"],
  ["more than one packet of ten lost is bad", { lossIn: 0.11 }, "bad"],
  ["it is as bad when others lose mine", { lossOut: 0.11 }, "bad"],
  ["a third lost is the worst", { lossIn: 0.31 }, "worst"],
  ["half a second there and back is fair", { roundTripMs: 500 }, "fair"],
  ["beyond 0.8 s people talk over one another", { roundTripMs: 801 }, "bad"],
  ["two seconds there and back means a queue that does not drain", { roundTripMs: 2001 }, "worst"],
  ["too little room for a camera is bad", { availableOutBits: 99_000 }, "bad"],
  ["without a camera nobody asks how much could be sent", { availableOutBits: null }, "good"],
  ["one word from the media server is a hint", { slow: 1 }, "fair"],
  ["two within two seconds are bad", { slow: 2 }, "bad"],
] as const) {
  test(what, () => assert.equal(judge({ ...QUIET, ...measure }), judgement));
}

function steps(measures: readonly Partial<Measure>[], from: LineState = FRESH): { line: LineState; path: string[] } {
  let line = from;
  const path: string[] = [];
  for (const measure of measures) {
    const before = line.step;
    line = afterMeasure(line, { ...QUIET, ...measure });
    if (line.step !== before) path.push(line.step);
  }
  return { line, path };
}

const times = (count: number, measure: Partial<Measure>): Partial<Measure>[] => Array(count).fill(measure);

for (const [what, measures, path] of [
  ["a good line gives nothing up", times(50, GOOD), []],
  ["a fair line gives nothing up", times(50, FAIR), []],
  ["one bad moment is no reason", [BAD, GOOD, BAD, GOOD, BAD], []],
  ["two bad measures in a row: others' pictures become small", [BAD, BAD], ["small"]],
  ["the worst needs no second", [WORST], ["small"]],
  ["a queue that drains after a step is not held against the next", [BAD, BAD, BAD, GOOD], ["small"]],
  ["others' pictures first, then my camera, then all pictures", times(20, BAD), ["small", "speaker", "unseen", "sound"]],
  ["a line that broke down is at sound alone within eight measures", times(8, WORST), ["small", "speaker", "unseen", "sound"]],
  ["below sound alone there is nothing to give up", times(60, WORST), ["small", "speaker", "unseen", "sound"]],
  ["ten good measures bring one step back", [BAD, BAD, ...times(11, GOOD)], ["small", "all"]],
  ["nine do not", [BAD, BAD, ...times(10, GOOD)], ["small"]],
  ["fair measures bring it back three times as slowly", [BAD, BAD, ...times(31, FAIR)], ["small", "all"]],
  ["and not sooner", [BAD, BAD, ...times(30, FAIR)], ["small"]],
  ["a bad moment starts the count again", [BAD, BAD, ...times(10, GOOD), BAD, ...times(9, GOOD)], ["small"]],
  [
    "a step up that was too early makes the next wait twice as long",
    [BAD, BAD, ...times(11, GOOD), BAD, BAD, ...times(11, GOOD)],
    ["small", "all", "small"],
  ],
  [
    "and then it comes",
    [BAD, BAD, ...times(11, GOOD), BAD, BAD, ...times(21, GOOD)],
    ["small", "all", "small", "all"],
  ],
  [
    "a step up that held is not held against the next fall",
    [BAD, BAD, ...times(11, GOOD), ...times(20, GOOD), BAD, BAD, ...times(11, GOOD)],
    ["small", "all", "small", "all"],
  ],
] as const) {
  test(what, () => assert.deepEqual(steps(measures).path, path));
}

test("what was lost while the line was gone is not held against it when it is back", () => {
  let line = afterOutage(steps([BAD]).line);
  line = steps([WORST, WORST, GOOD, BAD], line).line;
  assert.equal(line.step, "all");
});

test("a line that flutters is asked less and less often, at the slowest every 160 seconds", () => {
  let line = steps([BAD, BAD]).line;
  const waits: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    let count = 0;
    while (line.step !== "all") {
      line = afterMeasure(line, QUIET);
      count += 1;
    }
    waits.push(count - 1);
    line = steps([BAD, BAD], line).line;
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 80, 80]);
});

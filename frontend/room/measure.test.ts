import { test } from "node:test";
import assert from "node:assert/strict";
import { NO_COUNTS, hasStopped, measured } from "./measure.ts";

const audio = (packetsReceived: number, packetsLost: number) => ({ type: "inbound-rtp", kind: "audio", packetsReceived, packetsLost });
const pair = (more: object) => ({ type: "candidate-pair", nominated: true, state: "succeeded", ...more });
const quiet = { before: NO_COUNTS, slow: 0, sendsPicture: true };

test("loss is what was lost since the last look, not since the beginning", () => {
  const first = measured([audio(900, 100)], [], quiet);
  assert.equal(first.measure.lossIn, 0.1);
  assert.equal(measured([audio(1000, 100)], [], { ...quiet, before: first.counts }).measure.lossIn, 0);
});

test("a few packets say nothing about loss", () => {
  assert.equal(measured([audio(5, 3)], [], quiet).measure.lossIn, null);
});

test("a new connection begins to count from nothing and is no gain", () => {
  const before = { ...NO_COUNTS, lost: 100, received: 900 };
  assert.equal(measured([audio(50, 0)], [], { ...quiet, before }).measure.lossIn, null);
});

test("the slower of both ways is the round trip, on the path in use", () => {
  const incoming = [pair({ currentRoundTripTime: 0.05 }), { ...pair({ currentRoundTripTime: 3 }), nominated: false }];
  assert.equal(measured(incoming, [pair({ currentRoundTripTime: 0.9 })], quiet).measure.roundTripMs, 900);
});

test("the room to send counts only while a picture is sent", () => {
  const outgoing = [pair({ availableOutgoingBitrate: 80_000 }), { type: "remote-inbound-rtp", fractionLost: 0.2 }];
  assert.equal(measured([], outgoing, quiet).measure.availableOutBits, 80_000);
  assert.equal(measured([], outgoing, { ...quiet, sendsPicture: false }).measure.availableOutBits, null);
  assert.equal(measured([], outgoing, quiet).measure.lossOut, 0.2);
});

test("before anything flows there is nothing to judge", () => {
  assert.deepEqual(measured([], [], { ...quiet, slow: 2 }).measure, {
    lossIn: null,
    lossOut: null,
    roundTripMs: null,
    availableOutBits: null,
    slow: 2,
  });
});

test("what flowed and comes no more has stopped, and is told once", () => {
  const looks = [1000, 1500, 1500, 1500].map((bytesReceived) => [{ type: "transport", bytesReceived }]);
  let before = NO_COUNTS;
  const told = looks.map((outgoing) => {
    const { counts } = measured([], outgoing, { ...quiet, before });
    const stopped = hasStopped(before, counts);
    before = counts;
    return stopped;
  });
  assert.deepEqual(told, [false, false, true, false]);
});

test("a new connection, which counts from nothing, has not stopped", () => {
  const before = { ...NO_COUNTS, came: 1500, cameLately: 500 };
  assert.equal(hasStopped(before, measured([], [{ type: "transport", bytesReceived: 20 }], { ...quiet, before }).counts), false);
});

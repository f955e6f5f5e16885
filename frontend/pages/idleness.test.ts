import { test } from "node:test";
import assert from "node:assert/strict";
import { idleness, shouldPing } from "./idleness.ts";

const minutes = (count: number) => count * 60_000;

test("a desk left alone warns in the fourteenth minute and locks after fifteen", () => {
  assert.equal(idleness(0, minutes(13.9), 15, false), "active");
  assert.equal(idleness(0, minutes(14), 15, false), "warn");
  assert.equal(idleness(0, minutes(15), 15, false), "lock");
});

test("a computer that slept for an hour locks as it wakes", () => {
  assert.equal(idleness(0, minutes(60), 15, false), "lock");
});

test("a live call is never locked", () => {
  assert.equal(idleness(0, minutes(60), 15, true), "active");
});

test("a very short setting still leaves half of it unwarned", () => {
  assert.equal(idleness(0, minutes(0.4), 1, false), "active");
  assert.equal(idleness(0, minutes(0.6), 1, false), "warn");
});

test("the server hears at most once a minute that somebody is here", () => {
  assert.equal(shouldPing(0, minutes(0.9)), false);
  assert.equal(shouldPing(0, minutes(1)), true);
});

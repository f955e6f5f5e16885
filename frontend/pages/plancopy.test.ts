import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheOf, isCopy, isStale, isTheirs, othersThan } from "./plancopy.ts";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const answer = (person: string | null, more: object = {}) => ({ ok: true, redirected: false, headers: new Headers(person ? { "X-Person": person } : {}), ...more });

test("a phone holds one person's plan: whoever signs in next takes the others' away", () => {
  const held = ["openiop-shell-1", cacheOf("maya"), cacheOf("theo"), "openiop-plan-"];
  assert.deepEqual(othersThan("maya", held), [cacheOf("theo"), "openiop-plan-"]);
  assert.equal(isCopy("openiop-shell-1"), false);
});

test("what does not say that it is theirs is never kept", () => {
  assert.equal(isTheirs(answer("maya"), "maya"), true);
  assert.equal(isTheirs(answer("theo"), "maya"), false);
  assert.equal(isTheirs(answer(null), "maya"), false);
  assert.equal(isTheirs(answer("maya", { redirected: true }), "maya"), false);
  assert.equal(isTheirs(answer("maya", { ok: false }), "maya"), false);
});

test("the copy is fetched again on the plan's own page, and elsewhere after an hour", () => {
  assert.equal(isStale("2026-11-24T11:30:00Z", NOON, "/today"), false);
  assert.equal(isStale("2026-11-24T11:30:00Z", NOON, "/me/safety-plan"), true);
  assert.equal(isStale("2026-11-24T10:59:00Z", NOON, "/today"), true);
  assert.equal(isStale(null, NOON, "/today"), true);
  assert.equal(isStale("nonsense", NOON, "/today"), true);
});

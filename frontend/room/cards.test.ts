import assert from "node:assert/strict";
import { test } from "node:test";
import { cardAtHand, isOpen } from "./cards.ts";
import type { CardNow } from "./protocol.ts";

const card = (id: string, kept = false): CardNow => ({ id, card: "stop", title: "STOP", why: "", steps: [], care: "", source: "", kept });

test("the card that is shown takes the place of the one before", () => {
  assert.equal(cardAtHand(card("1", true), card("2"))?.id, "2");
});

test("put away it goes from every screen, but for whoever keeps it", () => {
  assert.equal(cardAtHand(card("1"), null), null);
  assert.equal(cardAtHand(card("1", true), null)?.id, "1");
});

test("closed it stays closed, and the next one opens", () => {
  assert.equal(isOpen(card("1"), "1"), false);
  assert.equal(isOpen(card("2"), "1"), true);
  assert.equal(isOpen(null, ""), false);
});

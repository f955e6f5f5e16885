import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST, NOTHING, confirmed, refused, sent, typed, unread } from "./chat.ts";
import type { ChatLine } from "./protocol.ts";

function line(id: string, more: Partial<ChatLine> = {}): ChatLine {
  return { id, key: `key-${id}`, seat: "Sam", name: "Sam", role: "patient", to: "everyone", room: "", text: "Hello", removed: false, at: "2026-03-04T19:10:00Z", ...more };
}

test("a line is on its way until the server's own list shows it", () => {
  const writing = sent(typed(NOTHING, " Thank you. "), "key-1");
  assert.deepEqual(writing, { draft: "", sending: { id: "key-1", text: "Thank you." }, trouble: null });
  assert.equal(confirmed(writing, [line("2")]), writing);
  assert.equal(confirmed(writing, [line("1")]).sending, null);
});

test("words that were refused go back to where they were written, with what was typed since", () => {
  const writing = typed(sent(typed(NOTHING, "First"), "key-1"), "second");
  assert.deepEqual(refused(writing, "chat_too_fast"), { draft: "First second", sending: null, trouble: "chat_too_fast" });
  assert.equal(refused(writing, "not_allowed"), writing);
  assert.equal(refused(NOTHING, "chat_closed"), NOTHING);
});

test("nothing is sent twice, empty or too long", () => {
  const writing = sent(typed(NOTHING, "First"), "key-1");
  assert.equal(sent(typed(writing, "Second"), "key-2").sending?.id, "key-1");
  assert.equal(sent(typed(NOTHING, "   "), "key-3").sending, null);
  assert.equal(typed(NOTHING, "x".repeat(LONGEST + 1)).draft.length, LONGEST);
});

test("new are others' lines after the one read last", () => {
  const lines = [line("1"), line("2", { seat: "Maya" }), line("3"), line("4", { removed: true, text: "" })];
  assert.equal(unread(lines, null, "Maya"), 2);
  assert.equal(unread(lines, "1", "Maya"), 1);
  assert.equal(unread(lines, "3", "Maya"), 0);
});

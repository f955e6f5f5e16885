import assert from "node:assert/strict";
import { test } from "node:test";
import { Doubt, EMPTY, answered, callsKept, handIn, helpIn, keepCalls, pollIn, pressed, read, sortOf, toSay, told } from "./outbox.ts";
import type { Kept, Outbox } from "./outbox.ts";
import type { SignalKind } from "./protocol.ts";

const signal = (id: string, kind: SignalKind = "word"): Kept => ({ type: "signal", id, kind });
const hand = (id: string, raised: boolean): Kept => ({ type: "hand", id, raised });
const help = (id: string, asks: boolean): Kept => ({ type: "ask_help", id, asks });
const ids = (outbox: Outbox): string[] => toSay(outbox).map(({ id }) => id);
const press = (...messages: Kept[]): Outbox => messages.reduce(pressed, EMPTY);

function store(): Pick<Storage, "getItem" | "setItem" | "removeItem"> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => void kept.set(key, text), removeItem: (key) => void kept.delete(key) };
}

test("what is mine is kept, a call for help too, and a command on others never", () => {
  assert.equal(sortOf({ type: "hand", raised: true }), "mine");
  assert.equal(sortOf({ type: "poll_answer", poll: "p", value: 3 }), "mine");
  assert.equal(sortOf({ type: "signal", id: "a", kind: "not_safe" }), "call");
  assert.equal(sortOf({ type: "ask_help", asks: true }), "call");
  assert.equal(sortOf({ type: "ask_help", asks: false }), "mine");
  for (const message of [{ type: "remove", seat: "s" }, { type: "end" }, { type: "breakouts_close", seconds: 0 }, { type: "door_lock", locked: true }, { type: "breakouts_say", text: "x" }] as const) {
    assert.equal(sortOf(message), "command");
  }
});

test("I may step out of the spotlight later; another is not taken out of it later", () => {
  assert.equal(sortOf({ type: "spotlight_off", seat: "me" }, "me"), "mine");
  assert.equal(sortOf({ type: "spotlight_off", seat: "sam" }, "me"), "command");
});

test("every call for help is kept: a second tap does not take the place of the first", () => {
  assert.deepEqual(ids(press(signal("1", "not_safe"), signal("2", "stepping_away"))), ["1", "2"]);
});

test("the hand goes out as it then is, once", () => {
  const outbox = press(hand("1", true), hand("2", false), hand("3", true));
  assert.deepEqual(ids(outbox), ["3"]);
  assert.equal(handIn(outbox), true);
  assert.equal(handIn(EMPTY), null);
});

test("who takes back a call for help that was not sent asks for nobody", () => {
  const outbox = press(help("1", true), help("2", false));
  assert.deepEqual(toSay(outbox), [help("2", false)]);
  assert.equal(helpIn(outbox), false);
});

test("answers to two polls do not replace each other", () => {
  const outbox = press({ type: "poll_answer", id: "1", poll: "a", value: 2 }, { type: "poll_answer", id: "2", poll: "b", value: 3 }, { type: "poll_answer", id: "3", poll: "a", value: 5 });
  assert.deepEqual([pollIn(outbox, "a"), pollIn(outbox, "b"), pollIn(outbox, "c")], [5, 3, null]);
  assert.equal(outbox.length, 2);
});

test("what the server has is not said again, and what it has not is said after each hello", () => {
  const outbox = press(signal("1"), hand("2", true));
  assert.deepEqual(ids(outbox), ["1", "2"]);
  assert.deepEqual(ids(answered(outbox, { id: "1", done: true })), ["2"]);
  assert.equal(answered(outbox, { id: "another", done: true }), outbox);
});

test("the answer to an older press does not confirm the newer", () => {
  const outbox = press(hand("1", true), hand("2", false));
  assert.deepEqual(ids(answered(outbox, { id: "1", done: true })), ["2"]);
});

test("a call that was refused is told until it is read; a refused state of mine is as the room says", () => {
  const outbox = answered(answered(press(signal("1"), hand("2", true)), { id: "1", done: false }), { id: "2", done: false });
  assert.deepEqual(ids(outbox), []);
  assert.deepEqual(told(outbox), { calls: false, refused: true, mine: false });
  assert.deepEqual(read(outbox), []);
});

test("calls outlive a reload of this person's page of this session, and nobody else ever says them", () => {
  const kept = store();
  keepCalls(press(signal("1", "not_safe"), hand("2", true), help("3", true)), "/ws/room/1 sam", kept);
  assert.deepEqual(ids(callsKept("/ws/room/1 sam", kept)), ["1", "3"]);
  assert.deepEqual(callsKept("/ws/room/1 maya", kept), EMPTY);
  assert.deepEqual(callsKept("/ws/room/2 sam", kept), EMPTY);
  keepCalls(EMPTY, "/ws/room/1 sam", kept);
  assert.deepEqual(callsKept("/ws/room/1 sam", kept), EMPTY);
});

test("a spoiled or forbidden store loses nothing else", () => {
  assert.deepEqual(callsKept("x", { ...store(), getItem: () => '{"owner":"x","calls":[null,{"message":{"type":"remove","id":"1"}}]}' }), []);
  assert.deepEqual(callsKept("x", { ...store(), getItem: () => "{" }), EMPTY);
  assert.deepEqual(callsKept("x", null), EMPTY);
  keepCalls(press(signal("1")), "x", { ...store(), setItem: () => assert.fail("full") });
});

test("a command that nobody answered before the line broke is in doubt, and only that one", () => {
  const doubt = new Doubt();
  assert.equal(doubt.lost(), false);
  doubt.said();
  assert.equal(doubt.lost(), true);
  assert.equal(doubt.lost(), false);
  doubt.said();
  doubt.heard({ type: "beat" });
  assert.equal(doubt.lost(), false);
});

for (const type of ["event", "media", "reaction", "caption", "keys", "keys_reply", "chat", "room"] as const) {
  test(`a command stays in doubt while the server says other things beside it: ${type}`, () => {
    const doubt = new Doubt();
    doubt.said();
    doubt.heard({ type });
    assert.equal(doubt.lost(), true);
  });
}

test("only an answer to what was said after the command ends the doubt", () => {
  const doubt = new Doubt();
  doubt.pressed("before");
  doubt.said(1);
  doubt.heard({ type: "beat" });
  doubt.heard({ type: "kept", id: "before" });
  doubt.heard({ type: "error", code: "invalid" });
  assert.equal(doubt.lost(), true);
  for (const answer of [{ type: "kept", id: "after" }, { type: "error", code: "not_allowed" }] as const) {
    doubt.said();
    doubt.pressed("after");
    doubt.heard(answer);
    assert.equal(doubt.lost(), false, answer.type);
  }
  doubt.said(1);
  doubt.heard({ type: "beat" });
  doubt.heard({ type: "beat" });
  assert.equal(doubt.lost(), false);
});

test("help that was refused is not asked for: the next press asks again instead of taking it back", () => {
  const outbox = answered(press(help("1", true)), { id: "1", done: false });
  assert.equal(helpIn(outbox), null);
  assert.deepEqual(toSay(pressed(outbox, help("2", true))), [help("2", true)]);
});

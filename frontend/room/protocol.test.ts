import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BEAT_SECONDS, LARGEST_MESSAGE_BYTES, PROTOCOL, heard } from "./protocol.ts";
import type { ClientMessage, KeyRequest, MediaRequest } from "./protocol.ts";
import { START, after } from "./state.ts";

// Tests run from frontend/; the cases are shared with tests/room/test_protocol.py.
const cases = JSON.parse(readFileSync("../tests/cases/room_protocol.json", "utf8"));

// Written out so that the compiler complains when a type is added here and not to the cases, or the other way round.
const MESSAGES: Record<ClientMessage["type"], true> = {
  hello: true, beat: true, hand: true, self: true, media: true, keys: true, encryption: true, leave: true, admit: true, send_back: true, mute: true, remove: true, end: true,
  ask_help: true, hop: true, breakouts_prepare: true, breakouts_place: true, breakouts_open: true, breakouts_discard: true,
  breakouts_extend: true, breakouts_close: true, breakouts_say: true,
  timer_start: true, timer_more: true, timer_stop: true,
  poll_ask: true, poll_answer: true, poll_close: true, poll_show: true, poll_put_away: true, react: true,
  door_lock: true, door_say: true, door_unsay: true, network: true,
  ask_to_speak: true, speak_not_now: true, spotlight: true, spotlight_off: true, stick: true, stick_pass: true,
  chat_mode: true, chat_write: true, chat_remove: true,
  agenda_mark: true, card_show: true, card_put_away: true, card_keep: true,
  aside_ask: true, aside_answer: true,
  caption: true, pin: true, still: true, still_seen: true,
  signal: true, answer_signal: true, aside: true, aside_end: true,
};
const REQUESTS: Record<MediaRequest["kind"], true> = {
  publish: true, unpublish: true, subscribe: true, start: true, configure: true, trickle: true, restart: true,
};
const KEY_REQUESTS: Record<KeyRequest["kind"], true> = { package: true, cannot: true, commit: true, roster: true };

test("the limits are those of the server", () => {
  assert.deepEqual(cases.limits, { protocol: PROTOCOL, largest_message_bytes: LARGEST_MESSAGE_BYTES, beat_seconds: BEAT_SECONDS });
});

test("everything the browser may say is what the server accepts", () => {
  const accepted = cases.from_browser.accepted as { type: string; request?: { kind: string } }[];
  assert.deepEqual(new Set(accepted.map(({ type }) => type)), new Set(Object.keys(MESSAGES)));
  const kinds = (type: string): Set<string> =>
    new Set(accepted.filter((message) => message.type === type).flatMap(({ request }) => request?.kind ?? []));
  assert.deepEqual(kinds("media"), new Set(Object.keys(REQUESTS)));
  assert.deepEqual(kinds("keys"), new Set(Object.keys(KEY_REQUESTS)));
});

test("everything the server says is understood and harms no state", () => {
  for (const message of cases.from_server) {
    const understood = heard(JSON.stringify(message));
    assert.deepEqual(understood, message);
    assert.ok(after(START, understood!));
  }
});

test("what a newer server adds is passed over", () => {
  assert.equal(heard('{"type": "breakouts", "rooms": []}'), null);
  assert.equal(heard("not json"), null);
  assert.equal(heard("null"), null);
  const beat = heard('{"type": "event", "kind": "keys", "blob": "x"}');
  assert.deepEqual(after(START, beat!), START);
});

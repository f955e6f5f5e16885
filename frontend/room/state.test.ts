import assert from "node:assert/strict";
import { test } from "node:test";
import { START, after, arrivals, clockAheadAfter, columnsFor, hands, hasMedia, headCount, initials, minutesUntil, newHands, screenOf, tileWords, tiles } from "./state.ts";
import type { State } from "./state.ts";
import type { MyState, Room, Seat } from "./protocol.ts";

const seat = (name: string, more: Partial<Seat> = {}): Seat => ({
  seat: name, name, role: "patient", here: true, hand_at: null, audio: true, video: true, feed: `${name}-1`, saving: false, reconnecting: false, people: [], ...more,
});
const room = (more: Partial<Room> = {}, state: MyState = "admitted"): Room => ({
  type: "room", now: "2026-03-04T19:12:00Z", room: "main",
  session: { id: "s", title: "Evening", block: "Skills", starts_at: "2026-03-04T19:05:00Z", ends_at: "2026-03-04T20:05:00Z", phase: "open" },
  me: { seat: "Maya", role: "patient", state, talk: "treatment" },
  host: { name: "Bea", here: true }, seats: [seat("Maya")], waiting: [], breakout: null, breakouts: null, chat: "off", encryption: "transport", ...more,
});
const heard = (...messages: Parameters<typeof after>[1][]): State => messages.reduce(after, START);

test("a room message is the whole truth and replaces the one before", () => {
  const state = heard(room({ seats: [seat("Maya"), seat("Priya")] }), room({ seats: [seat("Maya")] }));
  assert.deepEqual(state.room?.seats.map(({ name }) => name), ["Maya"]);
});

test("nobody is asked for a camera before they are admitted", () => {
  assert.equal(hasMedia(START), false);
  for (const state of ["waiting", "sent_back", "removed", "ended"] as const) assert.equal(hasMedia(heard(room({}, state))), false);
  assert.equal(hasMedia(heard(room())), true);
});

test("each state of a person has its own screen", () => {
  assert.equal(screenOf(START), "connecting");
  assert.equal(screenOf(heard(room({}, "waiting"))), "waiting");
  assert.equal(screenOf(heard(room({ session: { ...room().session, phase: "before" } }, "waiting"))), "before");
  assert.equal(screenOf(heard(room({}, "sent_back"))), "sent_back");
  assert.equal(screenOf(heard(room({ me: { ...room().me, talk: "contact_only" } }))), "staff_only");
  assert.equal(screenOf(heard(room({ session: { ...room().session, phase: "ended" } }))), "ended");
});

test("a goodbye outranks the last state, and a restart of the server is no goodbye", () => {
  assert.equal(screenOf(heard(room(), { type: "bye", reason: "removed" })), "removed");
  assert.equal(screenOf(heard(room(), { type: "bye", reason: "left" }, room())), "left");
  assert.equal(screenOf(heard(room(), { type: "bye", reason: "taken" })), "elsewhere");
  assert.equal(screenOf(heard(room(), { type: "bye", reason: "restarting" })), "room");
});

test("who leads comes first, oneself last, and people stay where they are when a camera goes off", () => {
  const seats = [seat("Maya"), seat("Zoe"), seat("Priya", { video: false }), seat("Room 2", { role: "site" }), seat("Bea", { role: "facilitator" })];
  assert.deepEqual(tiles(room({ seats })).map(({ name }) => name), ["Bea", "Room 2", "Priya", "Zoe", "Maya"]);
});

test("the site's device counts for the people in front of it, and for one when nobody was seen", () => {
  const site = (people: string[]): Seat => seat("Room 2", { role: "site", people });
  assert.equal(headCount([seat("Maya"), site(["Jonah", "Theo"])]), 3);
  assert.equal(headCount([seat("Maya"), site([])]), 2);
});

test("in a crowd faces come before voices", () => {
  const seats = "ABCDEFGHIJ".split("").map((name) => seat(name, { video: name !== "A" }));
  assert.equal(tiles(room({ seats })).at(-1)?.name, "A");
});

test("someone who lost the line keeps a tile, someone who left does not", () => {
  const seats = [seat("Maya"), seat("Priya", { here: false, reconnecting: true }), seat("Sam", { here: false })];
  assert.deepEqual(tiles(room({ seats })).map(({ name }) => name), ["Priya", "Maya"]);
});

test("a tile says what is true and nothing about a person who is reconnecting but that", () => {
  assert.deepEqual(tileWords(seat("Maya")), []);
  assert.deepEqual(tileWords(seat("Maya", { video: false })), ["sound_only"]);
  assert.deepEqual(tileWords(seat("Maya", { audio: false, hand_at: "2026-03-04T19:12:00Z" })), ["hand", "muted"]);
  assert.deepEqual(tileWords(seat("Maya", { audio: false, video: false })), ["silent"]);
  assert.deepEqual(tileWords(seat("Maya", { hand_at: "2026-03-04T19:12:00Z", reconnecting: true })), ["reconnecting"]);
  assert.deepEqual(tileWords(seat("Maya", { video: false, saving: true })), ["saving"]);
  assert.deepEqual(tileWords(seat("Maya", { audio: false, video: false, saving: true })), ["muted", "saving"]);
  assert.deepEqual(tileWords(seat("Maya"), true), ["picture_rests"]);
  assert.deepEqual(tileWords(seat("Maya", { video: false }), true), ["sound_only"]);
});

test("the first hand up is the first in line, and only new hands of others are told", () => {
  const before = room({ seats: [seat("Maya"), seat("Zoe", { hand_at: "2026-03-04T19:10:00Z" })] });
  const now = room({ seats: [seat("Maya", { hand_at: "2026-03-04T19:12:00Z" }), seat("Zoe", { hand_at: "2026-03-04T19:10:00Z" }), seat("Ana", { hand_at: "2026-03-04T19:11:00Z" })] });
  assert.deepEqual(hands(now).map(({ name }) => name), ["Zoe", "Ana", "Maya"]);
  assert.deepEqual(newHands(before, now).map(({ name }) => name), ["Ana"]);
});

test("an arrival at the door is told once", () => {
  const sam = { seat: "Sam", name: "Sam", since: "2026-03-04T19:10:00Z", ready: true, missing: [], door: "", with_staff: false, here_for: "", network: null, at_risk: false, was_inside: false, told: null };
  assert.deepEqual(arrivals(room(), room({ waiting: [sam] })), [sam]);
  assert.deepEqual(arrivals(room({ waiting: [sam] }), room({ waiting: [sam] })), []);
});

test("talk follows the media server and ends with the feed or with the server", () => {
  const talks = heard(room(), { type: "event", kind: "talking", feed: "Zoe-1", talking: true });
  assert.ok(talks.talking.has("Zoe-1"));
  assert.equal(after(talks, { type: "event", kind: "talking", feed: "Zoe-1", talking: false }).talking.size, 0);
  assert.equal(after(talks, { type: "event", kind: "feeds", feeds: [] }).talking.size, 0);
  assert.equal(after(talks, { type: "event", kind: "gone" }).talking.size, 0);
});

test("a lost media server is said until it is back", () => {
  const lost = heard(room(), { type: "event", kind: "hangup", target: "both", reason: "unreachable" });
  assert.equal(lost.mediaLost, true);
  assert.equal(after(lost, { type: "event", kind: "feeds", feeds: [] }).mediaLost, false);
  assert.equal(after(lost, { type: "event", kind: "gone" }).mediaLost, false);
});

test("tiles fill the window they have", () => {
  assert.equal(columnsFor(1, 1200, 700), 1);
  assert.equal(columnsFor(6, 1200, 700), 3);
  assert.equal(columnsFor(4, 390, 700), 1);
  assert.equal(columnsFor(12, 1200, 700), 4);
  assert.equal(columnsFor(0, 1200, 700), 1);
});

test("time left counts up to the started minute and never below zero", () => {
  const end = "2026-03-04T20:05:00Z";
  assert.equal(minutesUntil(end, Date.parse("2026-03-04T19:22:30Z")), 43);
  assert.equal(minutesUntil(end, Date.parse("2026-03-04T21:00:00Z")), 0);
});

test("initials work in every script", () => {
  assert.deepEqual(["Maya Reyes", "maya", "Jón Þór", "李 雷", "🙂", ""].map(initials), ["MR", "M", "JÞ", "李雷", "🙂", ""]);
});

test("a phone on site has no media, no tile and counts for nobody, and its hand is in the queue", () => {
  const phone = { ...seat("Theo"), companion: true, hand_at: "2026-03-04T19:11:30Z" };
  const state = { ...START, room: { ...room({ seats: [seat("Bea"), phone] }), me: { seat: phone.seat, role: "patient", state: "admitted", talk: "treatment", companion: true } } as Room };

  assert.equal(screenOf(state), "room");
  assert.equal(hasMedia(state), false);
  assert.deepEqual(tiles(state.room).map(({ name }) => name), ["Bea"]);
  assert.equal(headCount(state.room.seats), 1);
  assert.deepEqual(hands(state.room).map(({ name }) => name), ["Theo"]);
});

test("a countdown does not jump with a slow line, and follows a clock that was set", () => {
  const after = (...said: number[]): number | null => said.reduce<number | null>(clockAheadAfter, null);
  assert.equal(after(-300_000), -300_000, "a telephone five minutes ahead");
  assert.equal(after(40, -1800, 10), 40, "words that were up to two seconds on their way");
  assert.equal(after(-1800, 40), 40, "the quickest is the truest");
  assert.equal(after(40, -3_600_000), -3_600_000, "the telephone was set an hour ahead");
  assert.equal(after(-3_600_000, 40), 40, "and back");
});

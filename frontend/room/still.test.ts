import assert from "node:assert/strict";
import { test } from "node:test";
import { STAYS_MS, StillWatch, Stillness } from "./still.ts";
import type { Card, Look } from "./still.ts";
import type { StillCommand, StillNow } from "./protocol-still.ts";

const MINUTE = 60_000;
const QUIET: Look = { talks: false, busy: false, seen: true };
const rule = (changes: Partial<StillNow> = {}): StillNow => ({ asks: true, after_minutes: 30, grace_minutes: 2, counts: false, open: false, ...changes });

function sitting(): Stillness {
  const still = new Stillness(0);
  still.follow(rule(), 0);
  return still;
}

test("who touches nothing for the clinic's minutes is asked, and not a moment sooner", () => {
  const still = sitting();
  still.look(30 * MINUTE - 1, QUIET);
  assert.equal(still.card, null);
  still.look(30 * MINUTE, QUIET);
  assert.equal(still.card, "asked");
  assert.deepEqual(still.news, { type: "still", asked: true, seen: true });
});

test("any touch begins the minutes anew", () => {
  const still = sitting();
  still.touched(29 * MINUTE);
  still.look(58 * MINUTE, QUIET);
  assert.equal(still.card, null);
  still.look(59 * MINUTE, QUIET);
  assert.equal(still.card, "asked");
});

test("who is heard to talk is not asked, and answers by talking", () => {
  const still = sitting();
  still.look(40 * MINUTE, { ...QUIET, talks: true });
  assert.equal(still.card, null);
  still.look(70 * MINUTE, QUIET);
  assert.equal(still.card, "asked");
  still.look(70 * MINUTE + 1, { ...QUIET, talks: true });
  assert.equal(still.card, "answered");
});

test("a microphone that is on and hears nothing is no touch", () => {
  const still = sitting();
  still.look(30 * MINUTE, { ...QUIET, talks: false });
  assert.equal(still.card, "asked");
});

test("a page that may not ask never does: on site, in a break, in the waiting room, where the clinic wants none", () => {
  for (const none of [null, rule({ asks: false, open: false })]) {
    const still = new Stillness(0);
    still.follow(none, 0);
    still.look(300 * MINUTE, QUIET);
    assert.equal(still.card, null);
    assert.equal(still.news, null);
  }
});

test("the time of a break or of waiting counts for nothing", () => {
  const still = sitting();
  still.follow(rule({ asks: false }), 20 * MINUTE);
  still.look(45 * MINUTE, QUIET);
  still.follow(rule(), 50 * MINUTE);
  still.look(79 * MINUTE, QUIET);
  assert.equal(still.card, null);
  still.look(80 * MINUTE, QUIET);
  assert.equal(still.card, "asked");
});

test("a mere touch answers at once and leaves the card for a moment, so that no button vanishes under the finger", () => {
  const still = sitting();
  still.look(30 * MINUTE, QUIET);
  still.follow(rule({ open: true }), 30 * MINUTE);
  still.touched(31 * MINUTE);
  assert.equal(still.card, "answered");
  assert.deepEqual(still.news, { type: "still", asked: false });
  still.look(31 * MINUTE + STAYS_MS - 1, QUIET);
  assert.equal(still.card, "answered");
  still.look(31 * MINUTE + STAYS_MS, { ...QUIET, busy: true });
  assert.equal(still.card, "answered");
  still.look(31 * MINUTE + STAYS_MS, QUIET);
  assert.equal(still.card, null);
});

test("I am here puts it away", () => {
  const still = sitting();
  still.look(30 * MINUTE, QUIET);
  still.done(30 * MINUTE + 1);
  assert.equal(still.card, null);
});

test("a question in a page that nobody sees is said to be so", () => {
  const still = sitting();
  still.look(30 * MINUTE, { ...QUIET, seen: false });
  assert.deepEqual(still.news, { type: "still", asked: true, seen: false });
});

test("a page that loads while its question is open shows it; one that was touched before does not ask again", () => {
  const loaded = new Stillness(0);
  loaded.follow(rule({ open: true }), 0);
  assert.equal(loaded.card, "asked");

  const touched = sitting();
  touched.look(30 * MINUTE, QUIET);
  touched.touched(31 * MINUTE);
  touched.follow(null, 31 * MINUTE);
  touched.follow(rule({ open: true }), 40 * MINUTE);
  assert.notEqual(touched.card, "asked");
  assert.deepEqual(touched.news, { type: "still", asked: false });
});

test("who is seen by whoever leads is asked no longer, and again only after the clinic's minutes", () => {
  const still = sitting();
  still.look(30 * MINUTE, QUIET);
  still.follow(rule({ open: true }), 30 * MINUTE);
  still.follow(rule(), 33 * MINUTE);
  assert.equal(still.card, null);
  assert.equal(still.news, null);
  still.look(62 * MINUTE, QUIET);
  assert.equal(still.card, null);
  still.look(63 * MINUTE, QUIET);
  assert.equal(still.card, "asked");
});

test("who was seen in a break is not asked at once when the group goes on", () => {
  const still = sitting();
  still.look(30 * MINUTE, QUIET);
  still.follow(rule({ open: true }), 30 * MINUTE);
  still.follow(rule({ asks: false, open: true }), 33 * MINUTE);
  still.follow(null, 35 * MINUTE);
  still.follow(rule(), 43 * MINUTE);
  assert.equal(still.card, null);
  assert.equal(still.news, null);
});

// --- what the server is told ---

function watched(): { watch: StillWatch; said: StillCommand[]; cards: Card[]; at: (minutes: number) => void; line: { open: boolean } } {
  const said: StillCommand[] = [];
  const cards: Card[] = [];
  const line = { open: true };
  let now = 0;
  const watch = new StillWatch({
    now: () => now,
    look: () => QUIET,
    say: (message) => (line.open ? said.push(message) > 0 : false),
    changed: (card) => cards.push(card),
  });
  watch.follow(rule());
  return { watch, said, cards, line, at: (minutes) => ((now = minutes * MINUTE), watch.look()) };
}

test("each change is said once, however often one looks", () => {
  const { watch, said, cards, at } = watched();
  for (const minutes of [10, 30, 31, 32]) at(minutes);
  watch.follow(rule({ open: true }));
  at(33);
  watch.touched();
  watch.touched();
  watch.follow(rule());
  assert.deepEqual(said.map(({ asked }) => asked), [true, false]);
  assert.deepEqual(cards, ["asked", "answered"]);
});

test("a touch that crosses the question on its way is told when the question has arrived", () => {
  const { watch, said, at } = watched();
  at(30);
  watch.touched();
  assert.deepEqual(said.map(({ asked }) => asked), [true]);
  watch.follow(rule({ open: true }));
  assert.deepEqual(said.map(({ asked }) => asked), [true, false]);
});

test("what was said into a line that broke is said again on the next, as it then is", () => {
  const { watch, said, line, at } = watched();
  at(30);
  watch.follow(rule({ open: true }));
  line.open = false;
  watch.touched();
  assert.equal(said.length, 1);
  line.open = true;
  watch.anew();
  watch.follow(rule({ open: true }));
  assert.deepEqual(said.map(({ asked }) => asked), [true, false]);
});

test("a question that the server refuses is not pressed upon it", () => {
  const { watch, said, at } = watched();
  at(30);
  for (const minutes of [31, 32, 40]) {
    watch.follow(rule());
    at(minutes);
  }
  assert.equal(said.length, 1);
});

test("whoever presses by voice, by a switch or with a screen reader has touched it: a click comes alone", () => {
  const { watch, said, at } = watched();
  const page = new EventTarget();
  watch.watch(page as Document);
  at(29);
  page.dispatchEvent(new Event("click"));
  at(58);
  assert.deepEqual(said, []);
  at(59);
  assert.deepEqual(said.map(({ asked }) => asked), [true]);
});

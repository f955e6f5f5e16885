import { test } from "node:test";
import assert from "node:assert/strict";
import { COST, PictureAsks, pictures, spokeNow } from "./pictures.ts";
import type { Picture, Shown } from "./pictures.ts";
import type { Step } from "./line.ts";

const tile = (feed: string, more: Partial<Shown> = {}): Shown => ({ feed, width: 600, visible: true, spoke: null, leads: false, ...more });
const group = (count: number, more: Partial<Shown> = {}): Shown[] => Array.from({ length: count }, (_, n) => tile(`f${String(n).padStart(2, "0")}`, more));

for (const [what, tiles, step, hidden, expected] of [
  ["a large tile shows a large picture", [tile("a")], "all", false, { a: 2 }],
  ["a small tile asks for no more than it shows", [tile("a", { width: 300 })], "all", false, { a: 1 }],
  ["a thumbnail asks for the smallest", [tile("a", { width: 120 })], "all", false, { a: 0 }],
  ["a tile that is scrolled away asks for nothing", [tile("a"), tile("b", { visible: false })], "all", false, { a: 2, b: "none" }],
  ["a page that nobody looks at asks for nothing", [tile("a"), tile("b")], "all", true, { a: "none", b: "none" }],
  ["four faces are all shown large", group(4), "all", false, { f00: 2, f01: 2, f02: 2, f03: 2 }],
  [
    "of five, only who spoke last is large",
    [...group(4), tile("z", { spoke: 0 })],
    "all",
    false,
    { f00: 1, f01: 1, f02: 1, f03: 1, z: 2 },
  ],
  ["before anybody spoke it is who leads", [...group(4), tile("z", { leads: true })], "all", false, { f00: 1, f01: 1, f02: 1, f03: 1, z: 2 }],
  ["on a slow line all are small", [tile("a"), tile("b", { spoke: 0 })], "small", false, { a: 0, b: 0 }],
  ["on a slower one only who spoke last is seen", [tile("a"), tile("b", { spoke: 0 }), tile("c", { spoke: 1 })], "speaker", false, { a: "none", b: 1, c: "none" }],
  ["who leads is seen until somebody speaks", [tile("a"), tile("b", { leads: true })], "speaker", false, { a: "none", b: 1 }],
  ["when my camera rests too, that one is small", [tile("a"), tile("b", { spoke: 0 })], "unseen", false, { a: "none", b: 0 }],
  ["an interpreter kept in view is seen when the line takes all other pictures", [tile("a"), tile("i", { kept: true })], "sound", false, { a: "none", i: 1 }],
  ["and takes nobody else's place", [tile("a"), tile("b", { spoke: 0 }), tile("i", { kept: true })], "speaker", false, { a: "none", b: 1, i: 1 }],
  ["and is as large as the tile where the line is good", [tile("i", { kept: true }), tile("a")], "all", false, { i: 2, a: 2 }],
  ["but is not asked for where nobody looks", [tile("i", { kept: true, visible: false })], "all", false, { i: "none" }],
  ["sound alone is sound alone", [tile("a"), tile("b", { spoke: 0 })], "sound", false, { a: "none", b: "none" }],
] as [string, Shown[], Step, boolean, Record<string, Picture>][]) {
  test(what, () => assert.deepEqual(Object.fromEntries(pictures(tiles, { step, hidden })), expected));
}

test("a group of twelve stays below 1.5 Mbit/s a person with everybody speaking at once, whatever the tiles' size", () => {
  const VOICE = 32_000;
  for (const width of [100, 180, 300, 600, 1200]) {
    const asked = [...pictures(group(11, { width }), { step: "all", hidden: false }).values()];
    const bits = asked.reduce<number>((sum, size) => sum + (size === "none" ? 0 : COST[size]), 0);
    assert.ok(bits + 11 * VOICE < 1_500_000, `${bits} bits of pictures at ${width} px`);
    assert.ok(asked.every((size) => size !== "none"), "everybody is seen");
  }
});

test("each step costs less than the one before it", () => {
  const cost = (step: Step): number =>
    [...pictures(group(11), { step, hidden: false }).values()].reduce<number>((sum, size) => sum + (size === "none" ? 0 : COST[size]), 0);
  const costs = (["all", "small", "speaker", "unseen", "sound"] as const).map(cost);
  assert.deepEqual(costs, [...costs].sort((a, b) => b - a));
  assert.equal(new Set(costs).size, costs.length);
  assert.equal(costs.at(-1), 0);
});

test("who spoke last stands first, and nobody twice", () => {
  assert.deepEqual(spokeNow(["a", "b"], "b"), ["b", "a"]);
  assert.deepEqual(spokeNow(["a", "b"], "a"), ["a", "b"]);
  assert.deepEqual(spokeNow([], "a"), ["a"]);
});

const want = (all: Record<string, Picture>): Map<string, Picture> => new Map(Object.entries(all));

function asks(...feeds: string[]): PictureAsks {
  const made = new PictureAsks();
  made.begun(feeds);
  return made;
}

test("a feed that came large and is wanted large is not asked about", () => {
  const made = asks("a");
  made.want(want({ a: 2 }));
  assert.deepEqual(made.due(0), { requests: [], againInMs: null });
});

test("those who want the same are asked for together, at once when they have just come", () => {
  const made = asks("b", "a", "c");
  made.want(want({ a: 1, b: 1, c: "none" }));
  assert.deepEqual(made.due(0).requests, [
    { feeds: ["a", "b"], video: true, layer: 1 },
    { feeds: ["c"], video: false },
  ]);
});

test("a second size is asked for no sooner than a second after the first", () => {
  const made = asks("a");
  made.want(want({ a: 1 }));
  made.due(0);
  made.heard("a");
  made.want(want({ a: 0 }));
  assert.deepEqual(made.due(400), { requests: [], againInMs: 600 });
  assert.deepEqual(made.due(1000).requests, [{ feeds: ["a"], video: true, layer: 0 }]);
});

test("stopping does not wait", () => {
  const made = asks("a");
  made.want(want({ a: 1 }));
  made.due(0);
  made.want(want({ a: "none" }));
  assert.deepEqual(made.due(10), { requests: [{ feeds: ["a"], video: false }], againInMs: null });
});

test("what is not confirmed is asked again after a second and a half, three times in all", () => {
  const made = asks("a");
  made.want(want({ a: 1 }));
  const first = made.due(0);
  assert.deepEqual([first.requests.length, first.againInMs], [1, 1500]);
  assert.equal(made.due(1499).requests.length, 0);
  assert.equal(made.due(1500).requests.length, 1);
  assert.deepEqual(made.due(3000), { requests: [{ feeds: ["a"], video: true, layer: 1 }], againInMs: null });
  assert.equal(made.due(60_000).requests.length, 0);
});

test("what is confirmed is not asked again", () => {
  const made = asks("a");
  made.want(want({ a: 1 }));
  made.due(0);
  made.heard("a");
  assert.deepEqual(made.due(5000), { requests: [], againInMs: null });
});

test("a feed that comes by a new line is asked about anew", () => {
  const made = asks("a");
  made.want(want({ a: 1 }));
  made.due(0);
  made.heard("a");
  made.begun(["a"]);
  assert.equal(made.due(100).requests.length, 1);
});

test("nobody is asked about who has gone", () => {
  const made = asks("a", "b");
  made.keepOnly(new Set(["b"]));
  made.want(want({ a: 1, b: 1 }));
  assert.deepEqual(made.due(0).requests, [{ feeds: ["b"], video: true, layer: 1 }]);
});

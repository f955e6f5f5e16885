import assert from "node:assert/strict";
import test from "node:test";
import * as Y from "yjs";
import { Binding, isNews } from "./binding.ts";
import type { Element } from "./binding.ts";

function shape(id: string, changes: Partial<Element> = {}): Element {
  return { id, type: "rectangle", version: 1, versionNonce: 5, isDeleted: false, index: "a0", x: 0, y: 0, width: 10, height: 10, ...changes };
}

/** Two tabs whose documents tell each other everything at once. */
function pair(): { one: Binding; other: Binding; news: Element[][] } {
  const news: Element[][] = [];
  const one = new Binding(new Y.Doc(), () => undefined);
  const other = new Binding(new Y.Doc(), (elements) => news.push(elements));
  one.doc.on("update", (update: Uint8Array) => Y.applyUpdate(other.doc, update, "line"));
  other.doc.on("update", (update: Uint8Array, origin: unknown) => origin !== "line" && Y.applyUpdate(one.doc, update, "line"));
  return { one, other, news };
}

test("what one draws reaches the other once, and one's own drawing is no news to oneself", () => {
  const { one, other, news } = pair();
  assert.equal(one.fromScene([shape("a")]), 1);
  assert.deepEqual(news.map((elements) => elements.map(({ id }) => id)), [["a"]]);
  assert.deepEqual(other.standing().map(({ id }) => id), ["a"]);
});

test("a scene that did not change writes nothing", () => {
  const { one } = pair();
  one.fromScene([shape("a")]);
  assert.equal(one.fromScene([shape("a")]), 0);
});

test("a tab that has just opened and holds nothing takes nothing away", () => {
  const { one, other } = pair();
  one.fromScene([shape("a"), shape("b")]);
  assert.equal(other.fromScene([]), 0);
  assert.equal(one.standing().length, 2);
});

test("an older version never goes over a newer one", () => {
  const { one, other } = pair();
  one.fromScene([shape("a", { version: 4, x: 40 })]);
  other.fromScene([shape("a", { version: 2, x: 20 })]);
  assert.equal(one.map.get("a")?.["x"], 40);
});

test("a page of another site is not written", () => {
  const { one } = pair();
  assert.equal(one.fromScene([shape("video", { type: "embeddable" })]), 0);
});

test("what was removed stays as a tombstone, and a tombstone of something unknown is not written", () => {
  const { one, other } = pair();
  one.fromScene([shape("a")]);
  one.fromScene([shape("a", { version: 2, isDeleted: true }), shape("never", { isDeleted: true })]);
  assert.deepEqual(other.standing(), []);
  assert.deepEqual([...other.map.keys()], ["a"]);
});

test("of two changes with one version both tabs keep the same", () => {
  const mine = shape("a", { version: 3, versionNonce: 1 });
  const theirs = shape("a", { version: 3, versionNonce: 9 });
  assert.deepEqual([isNews(mine, theirs), isNews(theirs, mine)], [true, false]);
});

test("what is kept is a copy: a scene that goes on changing its own objects changes nothing kept", () => {
  const { one, other } = pair();
  const drawn = { ...shape("a"), points: [[0, 0]] };
  one.fromScene([drawn]);
  drawn.points.push([5, 5]);
  assert.deepEqual(other.map.get("a")?.["points"], [[0, 0]]);
});

import assert from "node:assert/strict";
import test from "node:test";
import type { Element } from "./binding.ts";
import { freePlace, items, news, removed } from "./items.ts";
import { TEMPLATES, pieces } from "./templates.ts";
import { EN, ES } from "./words.ts";

function element(id: string, type: string, changes: Record<string, unknown> = {}): Element {
  return { id, type, version: 1, versionNonce: 1, isDeleted: false, x: 0, y: 0, width: 100, height: 40, ...changes };
}

const NOTE = element("box", "rectangle", { y: 300 });
const WORDS = element("words", "text", { containerId: "box", y: 310, text: "A walk\nby the water", originalText: "A walk by the water" });

test("a box with words in it is one note, read in order from the top", () => {
  const list = items([NOTE, WORDS, element("top", "text", { text: "First" })]);
  assert.deepEqual(list.map(({ kind, text }) => [kind, text]), [["text", "First"], ["note", "A walk by the water"]]);
  assert.deepEqual(list[1]?.parts, ["box", "words"]);
});

test("an arrow is read by what it joins, and lines drawn by hand are counted", () => {
  const arrow = element("arrow", "arrow", { startBinding: { elementId: "box" }, endBinding: { elementId: "box" } });
  const list = items([NOTE, WORDS, arrow, element("f1", "freedraw"), element("f2", "freedraw")]);
  assert.deepEqual(list.map(({ kind, text }) => `${kind}: ${text}`).sort(), ["arrow: A walk by the water → A walk by the water", "drawing: 2", "note: A walk by the water"]);
});

test("removing a note removes its words with it", () => {
  const gone = removed([NOTE, WORDS, element("other", "text")], ["box", "words"], 1);
  assert.deepEqual(gone.map(({ id, isDeleted, version }) => [id, isDeleted, version]), [["box", true, 2], ["words", true, 2]]);
});

test("what came, changed and went is told, and what stayed is not", () => {
  const before = items([element("a", "text", { text: "one" }), element("b", "text", { text: "two" }), element("c", "text", { text: "three" })]);
  const after = items([element("a", "text", { text: "one" }), element("b", "text", { text: "2" }), element("d", "text", { text: "four" })]);
  assert.deepEqual(news(before, after), { came: ["four"], changed: ["2"], went: ["three"] });
});

test("a new note finds a place below everything", () => {
  assert.deepEqual(freePlace([]), { x: 0, y: 0 });
  assert.deepEqual(freePlace([NOTE]), { x: 0, y: 364 });
});

test("every exercise is the same drawing in both languages, with words in each", () => {
  for (const name of TEMPLATES) {
    const [english, spanish] = [pieces(name, "en"), pieces(name, "es")];
    assert.deepEqual(english.map(({ type }) => type), spanish.map(({ type }) => type), name);
    const texts = english.flatMap((piece) => (piece.type === "text" ? [piece.text] : "words" in piece && piece.words ? [piece.words] : []));
    const spoken = new Set(texts.filter(Boolean));
    assert.ok(spoken.size >= 4, name);
    assert.deepEqual(spanish.flatMap((piece) => (piece.type === "text" && spoken.has(piece.text) ? [piece.text] : [])), [], name);
    assert.ok(EN[name] && ES[name]);
  }
});

test("no box of an exercise lies over another", () => {
  for (const name of TEMPLATES) {
    const boxes = pieces(name, "en").flatMap((piece) => (piece.type === "rectangle" ? [piece] : []));
    for (const [n, one] of boxes.entries()) {
      for (const other of boxes.slice(n + 1)) {
        const apart = one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
        assert.ok(apart, `${name}: ${one.x},${one.y} and ${other.x},${other.y}`);
      }
    }
  }
});

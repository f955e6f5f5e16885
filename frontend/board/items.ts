/** The board as a list: for whoever reads or writes it by keyboard, by ear or by touch. No DOM: tested in Node. */

import type { Element } from "./binding.ts";

export type Item = {
  readonly id: string;
  readonly kind: "note" | "text" | "picture" | "shape" | "arrow" | "drawing";
  readonly text: string;
  /** What is changed and removed together: a shape and the words in it. */
  readonly parts: readonly string[];
};

const SHAPES = new Set(["rectangle", "ellipse", "diamond", "frame"]);

/** What can be read on the board, from the top left to the bottom right; hand drawn lines come as one item, last. */
export function items(standing: readonly Element[]): Item[] {
  const byId = new Map(standing.map((element) => [element.id, element]));
  const inside = new Map<string, Element>();
  for (const element of standing) {
    if (element.type === "text" && typeof element["containerId"] === "string" && byId.has(element["containerId"])) {
      inside.set(element["containerId"], element);
    }
  }
  const found: { item: Item; at: Element }[] = [];
  for (const element of standing) {
    const item = itemOf(element, inside, byId);
    if (item) found.push({ item, at: element });
  }
  found.sort((one, other) => row(one.at) - row(other.at) || number(one.at["x"]) - number(other.at["x"]));
  const drawn = standing.filter((element) => element.type === "freedraw").map((element) => element.id);
  const list = found.map(({ item }) => item);
  return drawn.length ? [...list, { id: "drawn", kind: "drawing", text: String(drawn.length), parts: drawn }] : list;
}

function itemOf(element: Element, inside: ReadonlyMap<string, Element>, byId: ReadonlyMap<string, Element>): Item | null {
  const words = inside.get(element.id);
  if (words) return { id: element.id, kind: "note", text: textOf(words), parts: [element.id, words.id] };
  if (element.type === "text") {
    const bound = typeof element["containerId"] === "string" && byId.has(element["containerId"]);
    return bound ? null : { id: element.id, kind: "text", text: textOf(element), parts: [element.id] };
  }
  if (element.type === "image") return { id: element.id, kind: "picture", text: "", parts: [element.id] };
  if (element.type === "arrow") {
    const ends = ["startBinding", "endBinding"].map((name) => {
      const id = (element[name] as { elementId?: string } | null)?.elementId ?? "";
      const at = inside.get(id) ?? byId.get(id);
      return at?.type === "text" ? textOf(at) : "";
    });
    return ends[0] && ends[1] ? { id: element.id, kind: "arrow", text: ends.join(" → "), parts: [element.id] } : null;
  }
  if (SHAPES.has(element.type)) return { id: element.id, kind: "shape", text: "", parts: [element.id] };
  return null;
}

/** What to say aloud when the list changed: the words that came, changed or went, not those of the reader's own doing. */
export function news(before: readonly Item[], after: readonly Item[]): { came: string[]; changed: string[]; went: string[] } {
  const told = (list: readonly Item[]): Map<string, string> =>
    new Map(list.filter((item) => item.text && item.kind !== "drawing").map((item) => [item.id, item.text]));
  const old = told(before);
  const fresh = told(after);
  return {
    came: [...fresh].filter(([id]) => !old.has(id)).map(([, text]) => text),
    changed: [...fresh].filter(([id, text]) => old.has(id) && old.get(id) !== text).map(([, text]) => text),
    went: [...old].filter(([id]) => !fresh.has(id)).map(([, text]) => text),
  };
}

/** Tombstones for these parts. */
export function removed(standing: readonly Element[], parts: readonly string[], now: number): Element[] {
  return standing.filter((element) => parts.includes(element.id)).map((element) => newer(element, { isDeleted: true }, now));
}

export function newer(element: Element, changes: Record<string, unknown>, now: number): Element {
  return {
    ...element,
    ...changes,
    version: element.version + 1,
    versionNonce: Math.floor(Math.random() * 2 ** 31),
    updated: now,
  };
}

/** A free place below everything, at the left. */
export function freePlace(standing: readonly Element[]): { x: number; y: number } {
  if (standing.length === 0) return { x: 0, y: 0 };
  const left = Math.min(...standing.map((element) => number(element["x"])));
  const bottom = Math.max(...standing.map((element) => number(element["y"]) + number(element["height"])));
  return { x: left, y: bottom + 24 };
}

function textOf(element: Element): string {
  return String(element["originalText"] ?? element["text"] ?? "").replace(/\s+/g, " ").trim();
}

function row(element: Element): number {
  return Math.round(number(element["y"]) / 60);
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

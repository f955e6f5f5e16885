/** Who else is at the board and where they point. No DOM, no sockets; the clock is passed in. Nothing of it is kept. */

import type { Pointing, Spot } from "./protocol.ts";

/** Said again so often while I am here, so that whoever comes learns of me. */
export const AGAIN_MS = 15_000;
/** Somebody of whom nothing was heard for so long has gone without a word. */
const GONE_MS = 40_000;
/** A hand that rests so long points at nothing any more. */
const RESTS_MS = 8000;
const EVERY_MS = 200;
/** Room for an arrow at the right and at the foot. */
const EDGE = 24;

type Other = { readonly name: string; readonly at: Spot; readonly movedAt: number; readonly heardAt: number };
export type Others = ReadonlyMap<string, Other>;
export const NOBODY: Others = new Map();

export function heard(others: Others, { who, name, at, here }: Pointing, now: number): Others {
  const next = new Map(others);
  const before = next.get(who);
  const rests = before?.at?.[0] === at?.[0] && before?.at?.[1] === at?.[1];
  if (here) next.set(who, { name, at, heardAt: now, movedAt: before && rests ? before.movedAt : now });
  else next.delete(who);
  return next;
}

export function stillHere(others: Others, now: number): Others {
  const left = [...others].filter(([, { heardAt }]) => now - heardAt < GONE_MS);
  return left.length === others.size ? others : new Map(left);
}

export type Cursor = { readonly who: string; readonly name: string; readonly x: number; readonly y: number };

export function cursors(others: Others, now: number): readonly Cursor[] {
  return [...others].flatMap(([who, { name, at, movedAt }]) => (at && now - movedAt < RESTS_MS ? [{ who, name, x: at[0], y: at[1] }] : []));
}

export type View = { readonly scrollX: number; readonly scrollY: number; readonly zoom: number; readonly width: number; readonly height: number };
export type Placed = { readonly who: string; readonly name: string; readonly x: number; readonly y: number; readonly outside: boolean };

/** Where a cursor stands in this view of the board, in pixels; one that is out of it stands at the edge towards it. */
export function placed({ who, name, x, y }: Cursor, view: View): Placed {
  const [left, top] = [(x + view.scrollX) * view.zoom, (y + view.scrollY) * view.zoom];
  const [inX, inY] = [Math.max(0, Math.min(view.width - EDGE, left)), Math.max(0, Math.min(view.height - EDGE, top))];
  return { who, name, x: inX, y: inY, outside: inX !== left || inY !== top };
}

/** Names, each once: somebody may have the board open twice. */
export function names(others: Others): readonly string[] {
  return [...new Set([...others.values()].map(({ name }) => name))].sort((a, b) => a.localeCompare(b));
}

/** When my own position is said: at once, then at most every 200 ms, and always the newest at the end. */
export class Turns {
  #saidAt = -Infinity;
  #timer: unknown;

  constructor(
    private readonly say: () => void,
    private readonly around: { now(): number; later(run: () => void, ms: number): unknown; cancel(timer: unknown): void },
  ) {}

  moved(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#saidAt + EVERY_MS - this.around.now();
    if (wait <= 0) this.#sayNow();
    else this.#timer = this.around.later(() => this.#sayNow(), wait);
  }

  stop(): void {
    this.around.cancel(this.#timer);
    this.#timer = undefined;
  }

  #sayNow(): void {
    this.#timer = undefined;
    this.#saidAt = this.around.now();
    this.say();
  }
}

type Store = Pick<Storage, "getItem" | "setItem">;
const KEY = "openiop.board.pointers";

/** Off for whoever asked their device for less motion, or the room for fewer faces, unless they chose otherwise here. */
export function pointersShow({ lessMotion, focus, store }: { lessMotion: boolean; focus: boolean; store: Store | null }): boolean {
  try {
    const chosen = store?.getItem(KEY);
    if (chosen === "on" || chosen === "off") return chosen === "on";
  } catch {
    // Forbidden: as the device says.
  }
  return !lessMotion && !focus;
}

export function keepPointers(on: boolean, store: Store | null): void {
  try {
    store?.setItem(KEY, on ? "on" : "off");
  } catch {
    // It holds as long as the page lives.
  }
}

/** Interpreters and captioners as a tab knows them: whose tile stays in view, which lines of captions are there. Pure but for storage. */

import type { CaptionLine, HelpsNow } from "./protocol-helpers.ts";
import type { Room, Seat } from "./protocol.ts";

/** Kept in view: by a facilitator for everybody, or by me for myself. */
export function isPinned(seat: Seat, mine: ReadonlySet<string>): boolean {
  return Boolean(seat.helps && (seat.helps.pinned || mine.has(seat.seat)));
}

/** Whose tiles stay first on the stage, whatever else is shown; never my own. */
export function pinned(room: Room, mine: ReadonlySet<string>): readonly Seat[] {
  return room.seats.filter((seat) => seat.seat !== room.me.seat && (seat.here || seat.reconnecting) && isPinned(seat, mine));
}

/** The seats to draw, those in view first and each once. */
export function withPinned(seats: readonly Seat[], first: readonly Seat[]): readonly Seat[] {
  return [...first, ...seats.filter((seat) => !first.some((one) => one.seat === seat.seat))];
}

/** Is somebody here who writes captions? */
export function isCaptioned(room: Room): boolean {
  return room.seats.some((seat) => (seat.here || seat.reconnecting) && seat.helps?.kind === "captioner");
}

export function helpsAs(room: Room): HelpsNow["kind"] | null {
  return room.seats.find((seat) => seat.seat === room.me.seat)?.helps?.kind ?? null;
}

/** Helpers who came to where I am since the last state: said aloud, because everybody is to know who hears them. */
export function newHelpers(before: Room | null, now: Room): readonly Seat[] {
  const known = new Set(before?.room === now.room ? before.seats.filter((seat) => seat.here || seat.reconnecting).map((seat) => seat.seat) : []);
  return now.seats.filter((seat) => seat.helps && seat.here && seat.seat !== now.me.seat && !known.has(seat.seat));
}

/** A language's name in the reader's own language. */
export function languageName(code: string, reader: string): string {
  try {
    return new Intl.DisplayNames([reader], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

export type Caption = { readonly n: number; readonly text: string };

/** Enough to look back by half a minute; kept in this tab alone. */
export const CAPTIONS_SHOWN = 12;

export function withCaption(lines: readonly Caption[], { text }: CaptionLine): readonly Caption[] {
  return [...lines, { n: (lines.at(-1)?.n ?? 0) + 1, text }].slice(-CAPTIONS_SHOWN);
}

export const SIZES = ["normal", "large", "largest"] as const;
export type CaptionSize = (typeof SIZES)[number];
export type CaptionChoice = { readonly on: boolean; readonly size: CaptionSize };

type Kept = Pick<Storage, "getItem" | "setItem">;
const CAPTIONS = "openiop.room.captions";
const PINS = "openiop.room.pins";

/** Off until somebody turns them on; remembered on the device. */
export function captionChoice(kept: Kept | null = storage()): CaptionChoice {
  const found = read(kept, CAPTIONS) as Partial<CaptionChoice> | null;
  return { on: found?.on === true, size: SIZES.find((size) => size === found?.size) ?? "normal" };
}

export function keepCaptionChoice(choice: CaptionChoice, kept: Kept | null = storage()): void {
  write(kept, CAPTIONS, choice);
}

/** A seat is one person's in one session, so that a pin means nobody else later on. */
export function myPins(kept: Kept | null = storage()): ReadonlySet<string> {
  const found = read(kept, PINS);
  return new Set(Array.isArray(found) ? found.filter((seat): seat is string => typeof seat === "string") : []);
}

export function keepPin(pins: ReadonlySet<string>, seat: string, on: boolean, kept: Kept | null = storage()): ReadonlySet<string> {
  const next = new Set(pins);
  if (on) next.add(seat);
  else next.delete(seat);
  write(kept, PINS, [...next].slice(-20));
  return next;
}

function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

function read(kept: Kept | null, key: string): unknown {
  try {
    return JSON.parse(kept?.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(kept: Kept | null, key: string, value: unknown): void {
  try {
    kept?.setItem(key, JSON.stringify(value));
  } catch {
    // Forbidden or full: then it holds as long as the page lives.
  }
}

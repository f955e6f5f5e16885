/** Who has the floor: the talking stick and the spotlight, as pure functions of the room. No DOM, no clock. */

import type { Room, Seat } from "./protocol.ts";
import { hands } from "./state.ts";

export type Stick = {
  /** Null while it lies there; whoever went away holds it no longer. */
  readonly holder: Seat | null;
  readonly next: readonly Seat[];
  readonly isMine: boolean;
  readonly mayPass: boolean;
};

/** Return the talking stick where I am, or null where there is none. */
export function stickOf(room: Room): Stick | null {
  const stick = room.floor?.stick;
  if (!stick) return null;
  const holder = room.seats.find((seat) => seat.seat === stick.seat) ?? null;
  const isMine = holder?.seat === room.me.seat;
  return { holder, next: hands(room).filter((seat) => seat.seat !== holder?.seat), isMine, mayPass: isMine || room.me.role === "facilitator" };
}

/** Whom "Mute everyone" silences, of `others` here: patients whose microphone is on, and nobody who leads or helps. */
export function mutedWithEveryone(others: readonly Seat[]): readonly Seat[] {
  return others.filter((seat) => seat.role === "patient" && seat.audio);
}

/** Seats whose tile is large for everybody here, of those that are drawn. */
export function spotlit(room: Room): readonly Seat[] {
  return (room.floor?.spotlit ?? []).flatMap((id) => room.seats.find((seat) => seat.seat === id && (seat.here || seat.reconnecting)) ?? []);
}

/**
 * Columns and rows of small tiles that make everything largest, where `lit` of `count` tiles take two by two.
 * Lengths in pixels; a tile is `ratio` times as wide as high.
 */
export function gridWith(lit: number, count: number, width: number, height: number, gap = 10, ratio = 16 / 10): { columns: number; rows: number } {
  const cells = count + 3 * lit;
  let best = { columns: 2, rows: 2, tile: 0 };
  for (let columns = 2; columns <= Math.max(cells, 2); columns += 1) {
    const rows = Math.max(2 * Math.ceil(lit / Math.floor(columns / 2)), Math.ceil(cells / columns));
    const across = (width - gap * (columns - 1)) / columns;
    const down = (height - gap * (rows - 1)) / rows;
    const tile = Math.min(across, down * ratio);
    if (tile > best.tile * 1.01) best = { columns, rows, tile };
  }
  return { columns: best.columns, rows: best.rows };
}

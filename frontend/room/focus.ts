/** Seeing only who speaks: fewer faces, and not one's own. Remembered on the device; others do not learn of it. */

import { tiles } from "./state.ts";
import type { Room, Seat } from "./protocol.ts";

/**
 * Return the one seat to show: who talks now (whoever was shown stays while they talk), else who was shown, else who leads.
 * Never myself; null where nobody else is here.
 */
export function focusOn(room: Room, talking: ReadonlySet<string>, shown: string | null): Seat | null {
  const others = tiles(room).filter((seat) => seat.seat !== room.me.seat);
  const talks = (seat: Seat): boolean => Boolean(seat.feed && seat.audio && talking.has(seat.feed));
  const before = others.find((seat) => seat.seat === shown);
  if (before && talks(before)) return before;
  return others.find(talks) ?? before ?? others[0] ?? null;
}

const KEY = "openiop.room.focus";

export function focusIsOn(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

export function keepFocus(on: boolean): void {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // Forbidden: it holds as long as the page lives.
  }
}

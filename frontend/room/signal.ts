/** The private signal: what may be tapped, and what facilitators have to answer. No DOM, no clock. */

import type { Room, SignalKind, SignalReply, SignalSeen } from "./protocol.ts";

/** In the order of the menu. The last one stands under ordinary words: somebody may be watching. */
export const KINDS: readonly SignalKind[] = ["word", "not_alone", "urges", "stepping_away", "not_safe"];

const OPEN: readonly SignalReply[] = ["seen", "soon", "private", "stay", "time"];
const COVERT: readonly SignalReply[] = ["noted", "on_its_way"];

/** The answers a facilitator may give; the server refuses all others. */
export function answersTo(kind: SignalKind): readonly SignalReply[] {
  return kind === "not_safe" ? COVERT : OPEN;
}

/** Unanswered first, and of those whoever may be in danger. */
export function inOrder(signals: readonly SignalSeen[]): readonly SignalSeen[] {
  const rank = (signal: SignalSeen): number => (signal.answer ? 2 : signal.kind === "not_safe" ? 0 : 1);
  return [...signals].sort((a, b) => rank(a) - rank(b) || a.at.localeCompare(b.at));
}

export function unanswered(room: Room | null): readonly SignalSeen[] {
  return (room?.lead?.signals ?? []).filter((signal) => !signal.answer);
}

/** Taps that came since the last state: said to who leads, who may be looking at the faces. */
export function newSignals(before: Room | null, now: Room): readonly SignalSeen[] {
  const known = new Set(before?.lead?.signals.map((signal) => signal.signal));
  return unanswered(now).filter((signal) => !known.has(signal.signal));
}

/** Which skills card stands beside the faces on this screen, as a pure function. */

import type { CardNow } from "./protocol.ts";

/** Return the card at hand: the one that is shown, or the last one after it was put away, where I keep it. */
export function cardAtHand(before: CardNow | null, shown: CardNow | null): CardNow | null {
  return shown ?? (before?.kept ? before : null);
}

/** A card I closed stays closed until another one, or the same one anew, is shown. */
export function isOpen(card: CardNow | null, closed: string): boolean {
  return card !== null && card.id !== closed;
}

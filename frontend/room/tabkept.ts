/** What the room keeps in the tab's sessionStorage of somebody's own words, so that whoever signs out leaves none behind. */

export const NOTE = "openiop.note";
export const CALLS = "openiop.calls";

/** Private lines and calls that the server does not have: gone from this tab. */
export function forgetWords(store: () => Pick<Storage, "removeItem"> = () => sessionStorage): void {
  try {
    const kept = store();
    for (const key of [NOTE, CALLS]) kept.removeItem(key);
  } catch {
    // A browser that forbids storage has kept nothing.
  }
}

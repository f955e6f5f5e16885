/** A silent press as a browser keeps it until the server has it. Pure. */

export type Press = { key: string; at: number; person: string };

/** Reads what was kept; what cannot be read is no press. */
export function held(text: string | null): Press[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter(isPress) : [];
  } catch {
    return [];
  }
}

/** Nobody calls in another's name: a press waits until the one who made it is signed in here again. */
export function mine(presses: Press[], person: string): Press[] {
  return presses.filter((press) => press.person === person);
}

/** For how long it has waited, by this device's own clock; a clock set back since says nothing. */
export function waited(press: Press, now: number): number {
  return Math.max(0, now - press.at);
}

function isPress(thing: unknown): thing is Press {
  const one = thing as Partial<Press> | null;
  return typeof one?.key === "string" && typeof one.at === "number" && typeof one.person === "string";
}

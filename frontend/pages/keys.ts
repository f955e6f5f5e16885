/** What a key asks for, as a pure function of what came before. No DOM, no clock. */

export type Wish = { kind: "search" } | { kind: "help" } | { kind: "go"; to: string } | { kind: "wait" } | null;

const SECOND_KEY_WITHIN_MS = 1500;

export type Press = {
  readonly key: string;
  readonly at: number;
  /** In a field, or with Ctrl, Alt or Meta held: then letters are letters. */
  readonly taken: boolean;
};

/** `gAt` is when `g` was last pressed, in milliseconds, or null. */
export function wishOf(press: Press, gAt: number | null): Wish {
  if (press.taken) return null;
  if (gAt !== null && press.at - gAt <= SECOND_KEY_WITHIN_MS && /^[a-z]$/.test(press.key)) return { kind: "go", to: press.key };
  if (press.key === "/") return { kind: "search" };
  if (press.key === "?") return { kind: "help" };
  return press.key === "g" ? { kind: "wait" } : null;
}

/** Which place the arrows lead to in a list of `count`, from `index` (-1: from outside). Stops at the ends. */
export function neighbour(index: number, step: number, count: number): number {
  return Math.max(0, Math.min(count - 1, index + step));
}

/** The keys of this moment and of the ten seconds before: what opens a frame that says which key it was sealed with. */

import { Opener, Sealer, frameKey, kidOf } from "./sframe.ts";
import type { Kind } from "./sframe.ts";
import type { Bytes } from "./bytes.ts";

export const OLD_KEYS_MS = 10_000;
const LEAVES = 256;
const EPOCHS = 65_536;

/** A frame's key id: the room's epoch and the sender's place in the group's tree. */
export function kidFor(epoch: number, leaf: number): number {
  if (leaf >= LEAVES) throw new RangeError("too many people");
  return (epoch % EPOCHS) * LEAVES + leaf;
}

export type Around = { now(): number };

/** Is `kid` of an epoch after `epoch`? Numbers go round; nobody is half of them behind. */
function isAhead(kid: number, epoch: number): boolean {
  const ahead = (Math.floor(kid / LEAVES) - epoch) % EPOCHS;
  return ahead !== 0 && (ahead + EPOCHS) % EPOCHS < EPOCHS / 2;
}

export class Keyring {
  #epoch: number | null = null;
  #sealer: Sealer | null = null;
  readonly #openers = new Map<number, { opener: Opener; until: number }>();
  #waiting: (() => void)[] = [];

  constructor(private readonly around: Around) {}

  /** Can this person send? */
  get ready(): boolean {
    return this.#sealer !== null;
  }

  /** Take the keys of a new epoch. What is sent changes at once; what was sent before still opens for ten seconds. */
  async turn(epoch: number, mine: number, bases: ReadonlyMap<number, Bytes>): Promise<void> {
    const keys = new Map<number, Opener>();
    let sealer: Sealer | null = null;
    for (const [leaf, base] of bases) {
      const key = await frameKey(base, kidFor(epoch, leaf));
      if (leaf === mine) sealer = new Sealer(key);
      else keys.set(key.kid, new Opener(key));
    }
    this.#retire();
    this.#epoch = epoch;
    this.#sealer = sealer;
    for (const [kid, opener] of keys) this.#openers.set(kid, { opener, until: Infinity });
    this.#wake();
  }

  /** Nothing can be sent or, after ten seconds, opened. */
  drop(): void {
    this.#retire();
    this.#epoch = null;
    this.#sealer = null;
  }

  /** Forget everything at once: another room. */
  empty(): void {
    this.drop();
    this.#openers.clear();
    this.#wake();
  }

  /** Return the sealed frame, or null where there is no key: nothing is sent then. */
  async seal(kind: Kind, frame: Uint8Array): Promise<Bytes | null> {
    return this.#sealer ? this.#sealer.seal(kind, frame) : null;
  }

  /** Return the frame. Raises BadFrame; null where its key is not here. */
  async open(kind: Kind, frame: Uint8Array): Promise<Bytes | null> {
    const opener = this.#opener(kidOf(kind, frame));
    return opener ? opener.open(kind, frame) : null;
  }

  /**
   * Is there, or comes within `patience` milliseconds, the key to this frame? No is said at once where it can never come:
   * of an epoch before ours. Frames behind this one wait too, and there may be many.
   */
  async waitFor(kind: Kind, frame: Uint8Array, patience: number): Promise<boolean> {
    const kid = kidOf(kind, frame);
    const until = this.around.now() + patience;
    while (!this.#opener(kid)) {
      const left = until - this.around.now();
      if (left <= 0 || (this.#epoch !== null && !isAhead(kid, this.#epoch))) return false;
      await this.#change(left);
    }
    return true;
  }

  #opener(kid: number): Opener | null {
    const found = this.#openers.get(kid);
    return found && found.until > this.around.now() ? found.opener : null;
  }

  #retire(): void {
    const now = this.around.now();
    for (const [kid, entry] of this.#openers) {
      if (entry.until <= now) this.#openers.delete(kid);
      else if (entry.until === Infinity) entry.until = now + OLD_KEYS_MS;
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

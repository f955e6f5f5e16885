/** Notices that this page slept: a lid was closed, a telephone froze the tab. Knows nothing of sockets or media. */

const LOOKS_EVERY_MS = 2000;
/** A busy device is late by less than this. */
const SLEPT_MS = 10_000;

/** Whoever sleeps is told nothing of it, and no clock but the wall's goes on meanwhile: a look that comes far too late is the sign. */
export class SleepWatch {
  #lookedAt: number;

  /** `woke` is told when the page was last known to be awake. */
  constructor(
    private readonly woke: (since: number) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.#lookedAt = now();
  }

  /** Some browsers say that they go on again, and then one need not wait for the next look. */
  open(window: Window = globalThis.window): void {
    window.setInterval(() => this.look(), LOOKS_EVERY_MS);
    for (const event of ["resume", "visibilitychange"]) window.document.addEventListener(event, () => this.look());
  }

  look(): void {
    const [before, now] = [this.#lookedAt, this.now()];
    this.#lookedAt = now;
    if (now - before > SLEPT_MS) this.woke(before);
  }
}

/** Says by a sound that the line is lost: whoever looks away would else talk on to nobody. No DOM. */

/** Most lost lines are back before anybody would notice. */
export const HEARD_AFTER_MS = 4000;

export type Surroundings = {
  later(run: () => void, ms: number): unknown;
  cancel(timer: unknown): void;
};

const BROWSER: Surroundings = {
  later: (run, ms) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer as number),
};

export class LostSound {
  #timer: unknown = null;

  constructor(
    private readonly ring: () => void,
    private readonly around: Surroundings = BROWSER,
  ) {}

  /** Rings once for each loss that lasts, however often it is told. */
  look(isLost: boolean): void {
    if (isLost) this.#timer ??= this.around.later(this.ring, HEARD_AFTER_MS);
    else if (this.#timer !== null) {
      this.around.cancel(this.#timer);
      this.#timer = null;
    }
  }
}

/**
 * Holds the line and the tiles together: measures every two seconds, takes steps down and up, asks for the pictures the tiles show.
 * What is decided is decided in line.ts and pictures.ts.
 */

import { FRESH, MEASURE_MS, afterMeasure, afterOutage } from "./line.ts";
import type { LineState, Measure, Step } from "./line.ts";
import { pictures, spokeNow } from "./pictures.ts";
import type { Picture, Shown } from "./pictures.ts";
import type { Rest } from "./media.ts";

export type TileShown = Pick<Shown, "feed" | "width" | "visible" | "leads" | "kept">;

export type QualityView = {
  /** Sound only, because this person chose to save data. Kept on the device. */
  readonly saving: boolean;
  /** What the line has taken so far. */
  readonly step: Step;
  /** Feeds whose picture is not received although their tile is in view. */
  readonly resting: ReadonlySet<string>;
};

/** The part of the media this needs. */
export type Carrier = {
  readonly running: boolean;
  readonly view: { readonly connected: boolean };
  measure(): Promise<Measure | null>;
  askFor(wanted: ReadonlyMap<string, Picture>): void;
  restCamera(rest: Rest): Promise<void>;
};

const LOW_DATA = "openiop.low_data";

export class Quality {
  view: QualityView;
  #line: LineState = FRESH;
  #tiles: readonly TileShown[] = [];
  #spoke: readonly string[] = [];
  #hidden = false;
  #signs = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly carrier: Carrier,
    private readonly changed: () => void,
    private readonly kept: Pick<Storage, "getItem" | "setItem" | "removeItem"> = localStorage,
  ) {
    this.view = { saving: this.#recall(), step: FRESH.step, resting: new Set() };
    void carrier.restCamera(this.view.saving ? "off" : "no");
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#measure(), MEASURE_MS);
  }

  tiles(tiles: readonly TileShown[]): void {
    this.#tiles = tiles;
    this.#decide();
  }

  spoke(feed: string): void {
    this.#spoke = spokeNow(this.#spoke, feed);
    this.#decide();
  }

  /** Nobody looks at a page in the background; its sound goes on. */
  hide(hidden: boolean): void {
    this.#hidden = hidden;
    this.#decide();
  }

  /** Whoever interprets in sign language is unheard without their picture: a weak line does not take it. */
  signs(signs: boolean): void {
    if (signs === this.#signs) return;
    this.#signs = signs;
    this.#decide();
  }

  save(saving: boolean): void {
    try {
      if (saving) this.kept.setItem(LOW_DATA, "yes");
      else this.kept.removeItem(LOW_DATA);
    } catch {
      // Storage forbidden: then it holds for this page.
    }
    this.view = { ...this.view, saving };
    this.#decide();
  }

  /** Whoever wants the pictures back need not wait for us; if the line still cannot carry them, they go again. */
  tryAgain(): void {
    this.#line = FRESH;
    this.save(false);
  }

  async #measure(): Promise<void> {
    if (!this.carrier.running) return;
    // A page in the background receives no pictures, so that its line says nothing about them.
    if (this.#hidden || this.view.saving) return void (await this.carrier.measure());
    const measure = await this.carrier.measure();
    if (!this.carrier.view.connected || measure === null) {
      this.#line = afterOutage(this.#line);
      return;
    }
    const before = this.#line.step;
    this.#line = afterMeasure(this.#line, measure);
    if (this.#line.step !== before) this.#decide();
  }

  #decide(): void {
    const step = this.#line.step;
    const inForce = this.view.saving ? "sound" : step;
    const shown = this.#tiles.map((tile) => ({ ...tile, spoke: rank(this.#spoke, tile.feed) }));
    const wanted = pictures(shown, { step: inForce, hidden: this.#hidden });
    const resting = new Set(shown.filter(({ feed, visible }) => visible && !this.#hidden && wanted.get(feed) === "none").map(({ feed }) => feed));
    const same = step === this.view.step && resting.size === this.view.resting.size && [...resting].every((feed) => this.view.resting.has(feed));
    this.view = { ...this.view, step, resting: same ? this.view.resting : resting };
    this.carrier.askFor(wanted);
    void this.carrier.restCamera(this.view.saving ? "off" : !this.#signs && (step === "unseen" || step === "sound") ? "unsent" : "no");
    this.changed();
  }

  #recall(): boolean {
    try {
      return this.kept.getItem(LOW_DATA) === "yes";
    } catch {
      return false;
    }
  }
}

function rank(order: readonly string[], feed: string): number | null {
  const place = order.indexOf(feed);
  return place < 0 ? null : place;
}

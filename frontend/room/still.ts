/**
 * *Still with us?*: when this page asks its own person, after nothing was touched for long. No DOM but in `watchTouches`.
 * Looks at pointer, keys and touch, and at whether I am heard to talk; at no face and no voice. Rules: docs/rules/present.md.
 */

import type { StillCommand, StillNow } from "./protocol-still.ts";

/** "asked" stands until something is touched; "answered" for a moment more, so that no button vanishes under the finger. */
export type Card = "asked" | "answered" | null;

/** `talks`: I am heard; `busy`: the card's own buttons hold the keyboard; `seen`: the page is in front. */
export type Look = { readonly talks: boolean; readonly busy: boolean; readonly seen: boolean };

export const STAYS_MS = 20_000;
const LOOKS_EVERY_MS = 2000;

export class Stillness {
  card: Card = null;
  #seen = true;
  #rule: StillNow | null = null;
  #isLoaded = false;
  #touchedAt: number;
  #answeredAt = 0;

  constructor(now: number) {
    this.#touchedAt = now;
  }

  /** What the server says of my own page. Time before it may ask counts for nothing. */
  follow(rule: StillNow | null, now: number): void {
    if (rule?.asks && !this.#rule?.asks) this.#touchedAt = now;
    // Whoever leads saw me meanwhile, or the question never reached the server: after a break nothing of it is left to ask.
    if (this.card === "asked" && rule && !rule.open && (this.#rule?.open || !this.#rule?.asks)) this.#isSeen(now);
    // Asked before this page was loaded, and nobody has said since that something was touched.
    if (rule?.open && !this.#isLoaded) this.card = "asked";
    this.#isLoaded = true;
    this.#rule = rule;
  }

  /** Whoever leads saw me take part: the minutes begin anew, and nothing is left to ask. */
  #isSeen(now: number): void {
    this.card = null;
    this.#touchedAt = now;
  }

  /** Pointer, key, touch, focus, writing. */
  touched(now: number): void {
    this.#touchedAt = now;
    if (this.card !== "asked") return;
    this.card = "answered";
    this.#answeredAt = now;
  }

  /** *I am here*, or *I need a word*: nothing is left to ask. */
  done(now: number): void {
    this.touched(now);
    this.card = null;
  }

  /** Time went on. */
  look(now: number, { talks, busy, seen }: Look): void {
    if (talks) this.touched(now);
    if (this.card === "answered" && !busy && now - this.#answeredAt >= STAYS_MS) this.card = null;
    if (!this.#rule?.asks || this.card === "asked" || now - this.#touchedAt < this.#rule.after_minutes * 60_000) return;
    this.card = "asked";
    this.#seen = seen;
  }

  /** What the server does not know yet, or null. */
  get news(): StillCommand | null {
    if (!this.#rule || this.#rule.open === (this.card === "asked")) return null;
    if (this.card !== "asked") return { type: "still", asked: false };
    return this.#rule.asks ? { type: "still", asked: true, seen: this.#seen } : null;
  }
}

export type Surroundings = {
  now(): number;
  look(): Look;
  /** Returns whether the line was there to say it. */
  say(message: StillCommand): boolean;
  changed(card: Card): void;
};

/** Keeps the page's stillness and tells the server of it, once for each change and line. */
export class StillWatch {
  readonly #still: Stillness;
  #said = "";
  #shown: Card = null;

  constructor(private readonly around: Surroundings) {
    this.#still = new Stillness(around.now());
  }

  open(): void {
    this.watch(document);
    // Whoever comes back to the page has touched something.
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.touched());
    setInterval(() => this.look(), LOOKS_EVERY_MS);
  }

  /** This page, or the board's own inside of it. */
  watch(target: Document): void {
    watchTouches(target, () => this.touched());
  }

  follow(rule: StillNow | null): void {
    this.#still.follow(rule, this.around.now());
    this.#tell();
  }

  /** A line that is new has been told nothing. */
  anew(): void {
    this.#said = "";
  }

  look(): void {
    this.#still.look(this.around.now(), this.around.look());
    this.#tell();
  }

  touched(): void {
    this.#still.touched(this.around.now());
    this.#tell();
  }

  done(): void {
    this.#still.done(this.around.now());
    this.#tell();
  }

  #tell(): void {
    const { news, card } = this.#still;
    const text = news ? JSON.stringify(news) : "";
    if (news && text !== this.#said && this.around.say(news)) this.#said = text;
    if (!news) this.#said = "";
    if (card !== this.#shown) this.around.changed((this.#shown = card));
  }
}

/**
 * Scrolling is left out: new lines of the chat scroll by themselves. A wheel is none of theirs. Voice control, a switch and a
 * screen reader press a button with a click alone: no pointer and no key comes before it.
 */
const TOUCHES = ["pointerdown", "pointermove", "keydown", "touchstart", "wheel", "click", "focusin", "input"] as const;

function watchTouches(target: Document, touched: () => void): void {
  const heard = (event: Event): void => {
    // A tile that moves under a pointer that rests is no touch.
    if (event.type !== "pointermove" || moved(event as PointerEvent)) touched();
  };
  for (const kind of TOUCHES) target.addEventListener(kind, heard, { capture: true, passive: true });
}

function moved(event: PointerEvent): boolean {
  return event.movementX !== 0 || event.movementY !== 0;
}

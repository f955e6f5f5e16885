/**
 * Which pictures are asked for, and how large: what a tile can show, as far as the line carries. Pure; the clock is passed in.
 * Why these sizes and sums: docs/rules/line.md.
 */

import type { Step } from "./line.ts";

/** 0 small (160×90), 1 middle (320×180), 2 large (640×360). */
export type Size = 0 | 1 | 2;
export type Picture = Size | "none";

export type Shown = {
  readonly feed: string;
  /** Of the tile, in the page's pixels. */
  readonly width: number;
  /** Not scrolled away. */
  readonly visible: boolean;
  /** 0 spoke last, 1 before that …; null has not spoken yet. */
  readonly spoke: number | null;
  readonly leads: boolean;
  /** Kept in view: an interpreter whose picture is speech to whoever looks. */
  readonly kept?: boolean;
};

/** What each size may cost in bits a second: the senders' own limits in media.ts. */
export const COST: Record<Size, number> = { 0: 60_000, 1: 130_000, 2: 500_000 };

/** A tile up to so wide shows no more than this size. */
const WIDEST: Record<0 | 1, number> = { 0: 140, 1: 420 };

/** What all pictures together may cost. With eleven voices a group of twelve then stays below 1.5 Mbit/s a person. */
export const CROWD = 5;
const MOST: Record<Step, (tiles: number) => number> = {
  all: (tiles) => (tiles < CROWD ? 4 * COST[2] : 1_050_000),
  small: () => 700_000,
  speaker: () => COST[1],
  unseen: () => COST[0],
  sound: () => 0,
};
const LARGEST: Record<Step, Size> = { all: 2, small: 0, speaker: 1, unseen: 0, sound: 0 };
const FACES: Record<Step, number> = { all: Infinity, small: Infinity, speaker: 1, unseen: 1, sound: 0 };

const KEPT = 1;

/** Return for each tile the picture worth receiving: who spoke last first, then who leads, then the widest. */
export function pictures(tiles: readonly Shown[], { step, hidden }: { step: Step; hidden: boolean }): ReadonlyMap<string, Picture> {
  const chosen = new Map<string, Picture>(tiles.map(({ feed }) => [feed, "none"]));
  if (hidden) return chosen;
  const inView = tiles.filter(({ visible }) => visible);
  const kept = inView.filter((tile) => tile.kept);
  // Signs cannot be read smaller, and stay when the line takes every other picture.
  for (const tile of kept) chosen.set(tile.feed, Math.min(fitting(tile.width), KEPT) as Size);
  let left = MOST[step](tiles.length) - (step === "all" ? kept.length * COST[KEPT] : 0);
  const seen = [...kept, ...inView.filter((tile) => !tile.kept).sort(byWeight).slice(0, FACES[step])];
  for (const size of [0, 1, 2] as const) {
    for (const tile of seen) {
      const now = chosen.get(tile.feed)!;
      const isNext = size === 0 ? now === "none" : now === size - 1;
      const more = COST[size] - (now === "none" ? 0 : COST[now]);
      if (!isNext || size > Math.min(fitting(tile.width), LARGEST[step]) || more > left) continue;
      chosen.set(tile.feed, size);
      left -= more;
    }
  }
  return chosen;
}

function fitting(width: number): Size {
  if (width <= WIDEST[0]) return 0;
  return width <= WIDEST[1] ? 1 : 2;
}

function byWeight(a: Shown, b: Shown): number {
  return (
    (a.spoke ?? Infinity) - (b.spoke ?? Infinity) ||
    Number(b.leads) - Number(a.leads) ||
    b.width - a.width ||
    (a.feed < b.feed ? -1 : 1)
  );
}

/** The order in which people spoke, the latest first, after `feed` began to speak. */
export function spokeNow(order: readonly string[], feed: string): readonly string[] {
  return order[0] === feed ? order : [feed, ...order.filter((other) => other !== feed)].slice(0, 24);
}

/** Janus forgets a second choice that follows the first too closely (measured at 0.3 s). */
const APART_MS = 1000;
/** When it has not said by then that the size changed, it has forgotten, or it was so already. */
const AGAIN_MS = 1500;
const TRIES = 3;

type Asked = { picture: Picture; at: number; heard: boolean; tries: number };
export type PictureRequest = { feeds: string[]; video: boolean; layer?: Size };

/** Keeps what was asked for each feed, and says what has to be asked now and when to look again. */
export class PictureAsks {
  #wanted: ReadonlyMap<string, Picture> = new Map();
  readonly #asked = new Map<string, Asked>();

  want(wanted: ReadonlyMap<string, Picture>): void {
    this.#wanted = wanted;
  }

  /** These feeds come by a new line: the media server begins with the large picture whatever was asked before. */
  begun(feeds: Iterable<string>): void {
    for (const feed of feeds) this.#asked.set(feed, { picture: 2, at: -Infinity, heard: true, tries: 0 });
  }

  keepOnly(feeds: ReadonlySet<string>): void {
    for (const feed of this.#asked.keys()) if (!feeds.has(feed)) this.#asked.delete(feed);
  }

  /** The media server says that the size changed: to the one asked for, or the nearest that is sent at all. */
  heard(feed: string): void {
    const asked = this.#asked.get(feed);
    if (asked) asked.heard = true;
  }

  due(now: number): { requests: PictureRequest[]; againInMs: number | null } {
    const groups = new Map<Picture, string[]>();
    let again = Infinity;
    for (const [feed, asked] of this.#asked) {
      const picture = this.#wanted.get(feed);
      if (picture === undefined) continue;
      const at = whenDue(asked, picture);
      if (at > now) again = Math.min(again, at);
      else {
        groups.set(picture, [...(groups.get(picture) ?? []), feed]);
        const next = { picture, at: now, heard: picture === "none", tries: picture === asked.picture ? asked.tries + 1 : 1 };
        this.#asked.set(feed, next);
        again = Math.min(again, whenDue(next, picture));
      }
    }
    const requests = [...groups].map(([picture, feeds]) => request(feeds.sort(), picture));
    return { requests, againInMs: again === Infinity ? null : again - now };
  }
}

function whenDue(asked: Asked, picture: Picture): number {
  // Stopping the bytes needs no size and is not forgotten.
  if (picture !== asked.picture) return picture === "none" ? -Infinity : asked.at + APART_MS;
  return asked.heard || asked.tries >= TRIES ? Infinity : asked.at + AGAIN_MS;
}

function request(feeds: string[], picture: Picture): PictureRequest {
  return picture === "none" ? { feeds, video: false } : { feeds, video: true, layer: picture };
}

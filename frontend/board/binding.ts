/**
 * Between Excalidraw's scene and the board's Yjs document: one map, an element by its id, replaced whole.
 *
 * The higher version of an element wins, as in Excalidraw's own reconciliation; of two with the same version the one with
 * the lower nonce. Nothing is ever written because it is missing here: a tab that has just opened holds an empty scene
 * and must not take anything away. No DOM, no Excalidraw: tested in Node.
 */

import * as Y from "yjs";

export type Element = {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly versionNonce: number;
  readonly isDeleted: boolean;
  readonly index?: string | null;
  readonly [name: string]: unknown;
};

/** Pages of other sites have no place on a board; the server refuses them too. */
const ELSEWHERE = new Set(["embeddable", "iframe", "magicframe"]);

/** Changes that come from this tab's own scene; everything else is news to it. */
export const OURS = Symbol("ours");

export class Binding {
  readonly map: Y.Map<Element>;

  constructor(
    readonly doc: Y.Doc,
    private readonly onNews: (elements: Element[]) => void,
  ) {
    this.map = doc.getMap<Element>("elements");
    this.map.observe((event) => {
      if (event.transaction.origin === OURS) return;
      this.onNews([...event.keysChanged].flatMap((key) => this.map.get(key as string) ?? []));
    });
  }

  /** Everything the document has, tombstones too. */
  all(): Element[] {
    return [...this.map.values()];
  }

  /** What stands on the board, back to front. */
  standing(): Element[] {
    return this.all()
      .filter((element) => !element.isDeleted)
      .sort((one, other) => compare(String(one.index ?? ""), String(other.index ?? "")) || compare(one.id, other.id));
  }

  /** Write what grew newer in the scene. Returns how many elements were written. */
  fromScene(elements: readonly Element[]): number {
    const newer = elements.filter((element) => isNews(element, this.map.get(element.id)));
    if (newer.length === 0) return 0;
    this.doc.transact(() => {
      for (const element of newer) this.map.set(element.id, plain(element));
    }, OURS);
    return newer.length;
  }
}

/** Is `mine` to be written over `kept`? A tombstone of something the document does not know is of no use to anybody. */
export function isNews(mine: Element, kept: Element | undefined): boolean {
  if (ELSEWHERE.has(mine.type)) return false;
  if (!kept) return !mine.isDeleted;
  return mine.version > kept.version || (mine.version === kept.version && mine.versionNonce < kept.versionNonce);
}

/** A copy that holds data alone: the scene's own objects go on changing. */
function plain(element: Element): Element {
  return JSON.parse(JSON.stringify(element)) as Element;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

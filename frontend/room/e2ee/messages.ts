/** What the page and the worker that holds its keys say to each other. No key is ever among it. */

import type { View } from "./engine.ts";
import type { Kind } from "./sframe.ts";
import type { KeyRequest, KeysNow } from "../protocol.ts";

/** Which line a frame is on: the room whose keys it goes by, which way, and what it carries. */
export type Way = { room: string; role: "sender" | "receiver"; kind: Kind };

export type ToWorker =
  | { kind: "open"; session: string; role: string; seat: string; person: string }
  /** The rooms whose keys are held from now on, and no others. */
  | { kind: "rooms"; rooms: readonly string[] }
  | { kind: "keys"; message: KeysNow }
  | { kind: "line" }
  | { kind: "reply"; id: number; reply: { package?: string } | null; error: string | null }
  | { kind: "frames"; readable: ReadableStream; writable: WritableStream; way: Way }
  | { kind: "counts" };

export type Counts = { sealed: number; withheld: number; opened: number; dropped: number };

export type FromWorker =
  | { kind: "ask"; id: number; request: KeyRequest }
  | { kind: "view"; room: string; view: View }
  | { kind: "counts"; counts: Counts }
  | { kind: "log"; what: string };

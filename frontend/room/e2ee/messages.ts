/** What the page and the worker that holds its keys say to each other. No key is ever among it. */

import type { View } from "./engine.ts";
import type { Kind } from "./sframe.ts";
import type { KeyRequest, KeysNow } from "../protocol.ts";

export type ToWorker =
  | { kind: "open"; session: string; room: string; role: string; seat: string; person: string }
  | { kind: "close" }
  | { kind: "keys"; message: KeysNow }
  | { kind: "line" }
  | { kind: "reply"; id: number; reply: { package?: string } | null; error: string | null }
  | { kind: "frames"; readable: ReadableStream; writable: WritableStream; way: { role: "sender" | "receiver"; kind: Kind } }
  | { kind: "counts" };

export type Counts = { sealed: number; withheld: number; opened: number; dropped: number };

export type FromWorker =
  | { kind: "opened"; room: string }
  | { kind: "ask"; id: number; request: KeyRequest }
  | { kind: "view"; room: string; view: View }
  | { kind: "counts"; counts: Counts }
  | { kind: "log"; what: string };

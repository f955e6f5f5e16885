/** The page's side of the worker that holds the keys: hands it the server's words and every frame, and shows what it says. */

import type { View } from "./engine.ts";
import type { Counts, FromWorker, ToWorker } from "./messages.ts";
import type { KeyRequest, KeysNow, Room } from "../protocol.ts";

/** How this browser lets frames be transformed, if it does. */
export type Way = "streams" | "script";

type Legacy = { createEncodedStreams?(): { readable: ReadableStream; writable: WritableStream } };
type ScriptTransform = new (worker: Worker, options: object) => unknown;
type Line = { transform?: unknown } & Legacy;

export type SealedLine = "opening" | "securing" | "secured";
export type SealingView = { readonly line: SealedLine; readonly code: string; readonly holders: number };

const NOTHING: SealingView = { line: "opening", code: "", holders: 0 };

/** Return how frames can be sealed here, or null where this browser cannot. Chromium's older way is the steadier one there. */
export function wayOfThisBrowser(): Way | null {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle || !globalThis.Worker || !globalThis.RTCRtpSender) return null;
  if ("createEncodedStreams" in RTCRtpSender.prototype) return "streams";
  return "RTCRtpScriptTransform" in globalThis ? "script" : null;
}

type Ask = (request: KeyRequest) => Promise<{ package?: string }>;

export class Sealing {
  view: SealingView = NOTHING;
  readonly log: string[] = [];
  #worker: Worker | null = null;
  #room = "";
  #isOpen = false;
  #early: KeysNow[] = [];
  #counted: ((counts: Counts) => void)[] = [];
  readonly #done = new WeakSet<object>();

  constructor(
    private readonly script: string,
    private readonly way: Way,
    private readonly ask: Ask,
    private readonly changed: () => void,
  ) {}

  /** Hold the keys of this room. The same room again changes nothing. */
  open(room: Room, person: string): void {
    if (this.#room === room.room && this.#worker) return;
    this.close();
    this.#room = room.room;
    this.#worker = new Worker(this.script);
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    this.#worker.onerror = (event) => this.#note(`worker: ${event.message}`);
    const { seat, role } = room.me;
    this.#say({ kind: "open", session: room.session.id, room: room.room, role, seat, person });
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
    [this.#room, this.#isOpen, this.#early] = ["", false, []];
    this.#show(NOTHING);
  }

  get secured(): boolean {
    return this.view.line === "secured";
  }

  hear(message: KeysNow): void {
    if (message.room !== this.#room) return;
    // Blobs in it come once: none may be lost while the worker looks for its key.
    if (this.#isOpen) this.#say({ kind: "keys", message });
    else this.#early.push(message);
  }

  lineIsBack(): void {
    this.#say({ kind: "line" });
  }

  counts(): Promise<Counts> {
    return new Promise((resolve) => {
      this.#counted.push(resolve);
      this.#say({ kind: "counts" });
    });
  }

  // --- what media.ts asks ---

  get connection(): object {
    return this.way === "streams" ? { encodedInsertableStreams: true } : {};
  }

  /** Before anything is negotiated: not one frame may pass by. */
  sender(sender: RTCRtpSender, kind: string): void {
    this.#lead(sender as unknown as Line, "sender", kind);
  }

  /** At once in `ontrack`, and once for each receiver: the event comes again after each negotiation. */
  receiver(receiver: RTCRtpReceiver, kind: string): void {
    this.#lead(receiver as unknown as Line, "receiver", kind);
  }

  #lead(line: Line, role: "sender" | "receiver", kind: string): void {
    if (this.#done.has(line) || !this.#worker) return;
    this.#done.add(line);
    const way = { role, kind: kind === "audio" ? ("audio" as const) : ("video" as const) };
    if (this.way === "script") {
      const Transform = (globalThis as unknown as { RTCRtpScriptTransform: ScriptTransform }).RTCRtpScriptTransform;
      line.transform = new Transform(this.#worker, way);
      return;
    }
    const { readable, writable } = line.createEncodedStreams!();
    this.#say({ kind: "frames", readable, writable, way }, [readable, writable]);
  }

  // --- the worker's words ---

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "opened":
        this.#isOpen = true;
        this.#note("opened");
        for (const early of this.#early.splice(0)) this.#say({ kind: "keys", message: early });
        break;
      case "ask":
        void this.#pass(message.id, message.request);
        break;
      case "view":
        if (message.room === this.#room) this.#show(lineOf(message.view));
        break;
      case "counts":
        this.#counted.shift()?.(message.counts);
        break;
      case "log":
        this.#note(message.what);
        break;
    }
  }

  async #pass(id: number, request: KeyRequest): Promise<void> {
    try {
      this.#say({ kind: "reply", id, reply: await this.ask(request), error: null });
    } catch (error) {
      this.#say({ kind: "reply", id, reply: null, error: error instanceof Error ? error.message : "line" });
    }
  }

  #say(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  #note(what: string): void {
    this.log.push(`${Math.round(performance.now())} ${what}`);
    if (this.log.length > 50) this.log.shift();
  }

  #show(view: SealingView): void {
    this.view = view;
    this.changed();
  }
}

function lineOf(view: View): SealingView {
  return { line: view.state, code: view.code, holders: view.members.length };
}

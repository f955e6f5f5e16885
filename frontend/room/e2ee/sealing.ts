/** The page's side of the worker that holds the keys: hands it the server's words and every frame, and shows what it says. */

import type { View } from "./engine.ts";
import type { Counts, FromWorker, ToWorker } from "./messages.ts";
import type { Seal } from "../media.ts";
import type { KeyRequest, KeysNow, Room } from "../protocol.ts";

/** How this browser lets frames be transformed, if it does. */
export type Way = "streams" | "script";

type Legacy = { createEncodedStreams?(): { readable: ReadableStream; writable: WritableStream } };
type ScriptTransform = new (worker: Worker, options: object) => unknown;
type Line = { transform?: unknown } & Legacy;

export type SealedLine = "opening" | "securing" | "secured";
export type SealingView = { readonly line: SealedLine; readonly code: string; readonly holders: number };

const NOTHING: SealingView = { line: "opening", code: "", holders: 0 };

/** Return how frames can be sealed here, or null where this browser cannot. The older way is Chromium's alone, before version 141. */
export function wayOfThisBrowser(): Way | null {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle || !globalThis.Worker || !globalThis.RTCRtpSender) return null;
  if ("RTCRtpScriptTransform" in globalThis) return "script";
  return "createEncodedStreams" in RTCRtpSender.prototype ? "streams" : null;
}

type Ask = (request: KeyRequest) => Promise<{ package?: string }>;

/**
 * One worker for the whole evening: a facilitator's holds the keys of the group and of every breakout, so that going over
 * waits for nobody, and whoever is moved keeps the worker that knows them.
 */
export class Sealing {
  readonly log: string[] = [];
  #worker: Worker | null = null;
  /** The room this person sits in, and all whose keys they hold. */
  #room = "";
  #rooms: readonly string[] = [];
  readonly #views = new Map<string, SealingView>();
  readonly #seals = new Map<string, RoomSeal>();
  #counted: ((counts: Counts) => void)[] = [];

  constructor(
    private readonly script: string,
    readonly way: Way,
    private readonly ask: Ask,
    private readonly changed: () => void,
  ) {}

  /** Hold the keys of the room this person sits in, and a facilitator's of every other. The same again changes nothing. */
  open(room: Room, person: string): void {
    if (!this.#worker) this.#begin(room, person);
    const rooms = [...new Set([room.room, ...(room.lead?.key_rooms ?? [])])];
    const isSame = room.room === this.#room && rooms.join() === this.#rooms.join();
    if (isSame) return;
    [this.#room, this.#rooms] = [room.room, rooms];
    for (const held of [this.#views, this.#seals]) for (const one of held.keys()) if (!rooms.includes(one)) held.delete(one);
    this.#say({ kind: "rooms", rooms });
    this.changed();
  }

  #begin({ session, me: { seat, role } }: Room, person: string): void {
    this.#worker = new Worker(this.script);
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    this.#worker.onerror = (event) => this.#note(`worker: ${event.message}`);
    this.#say({ kind: "open", session: session.id, role, seat, person });
  }

  close(): void {
    if (!this.#worker) return;
    this.#worker.terminate();
    this.#worker = null;
    [this.#room, this.#rooms] = ["", []];
    this.#views.clear();
    this.#seals.clear();
    this.changed();
  }

  get view(): SealingView {
    return this.#views.get(this.#room) ?? NOTHING;
  }

  get secured(): boolean {
    return this.#isSecured(this.#room);
  }

  /** What seals the lines of the room this person sits in now, and goes on doing so when they have left it. */
  get seal(): Seal {
    const room = this.#room;
    const found = this.#seals.get(room) ?? new RoomSeal(room, this.way, () => this.#isSecured(room), (...said) => this.#say(...said), this.#worker);
    this.#seals.set(room, found);
    return found;
  }

  #isSecured(room: string): boolean {
    return this.#views.get(room)?.line === "secured";
  }

  hear(message: KeysNow): void {
    if (this.#rooms.includes(message.room)) this.#say({ kind: "keys", message });
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

  // --- the worker's words ---

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "ask":
        void this.#pass(message.id, message.request);
        break;
      case "view":
        if (this.#rooms.includes(message.room)) this.#views.set(message.room, lineOf(message.view));
        this.changed();
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
    if (this.log.length > 200) this.log.shift();
  }
}

/** The lines of one room: whatever becomes of the room meanwhile, they are sealed with its keys and no others. */
class RoomSeal implements Seal {
  readonly #done = new WeakSet<object>();

  constructor(
    private readonly room: string,
    private readonly way: Way,
    private readonly isSecured: () => boolean,
    private readonly say: (message: ToWorker, transfer?: Transferable[]) => void,
    private readonly worker: Worker | null,
  ) {}

  get secured(): boolean {
    return this.isSecured();
  }

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
    if (this.#done.has(line) || !this.worker) return;
    this.#done.add(line);
    const way = { room: this.room, role, kind: kind === "audio" ? ("audio" as const) : ("video" as const) };
    if (this.way === "script") {
      const Transform = (globalThis as unknown as { RTCRtpScriptTransform: ScriptTransform }).RTCRtpScriptTransform;
      line.transform = new Transform(this.worker, way);
      return;
    }
    const { readable, writable } = line.createEncodedStreams!();
    this.say({ kind: "frames", readable, writable, way }, [readable, writable]);
  }
}

function lineOf(view: View): SealingView {
  return { line: view.state, code: view.code, holders: view.members.length };
}

/**
 * One socket that keeps itself alive: says hello with the same connection each time, beats, and comes back by itself.
 * Knows nothing of rooms or media.
 */

import { BEAT_SECONDS, PROTOCOL, heard } from "./protocol.ts";
import type { ClientMessage, KeyRequest, KeysReply, MediaReply, MediaRequest, ServerMessage } from "./protocol.ts";

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3000;
const SILENCE_MS = 25_000;
const REPLY_MS = 12_000;
/** A line that neither opens nor fails by then is given up; later ones are given longer, for a crowded server. */
const OPENS_MS = 10_000;
/** After the network changed: a line that has said nothing by then belongs to the network before. */
const NUDGE_MS = 2000;
/** The same where sound and picture have stopped too. */
export const STALLED_MS = 1000;

/** How long to wait before try number `tries` (0 first). `chance` in 0..1 spreads a whole group's return. */
export function waitBefore(tries: number, chance: number): number {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
  return Math.round(tries === 0 ? full : full * (0.6 + 0.4 * chance));
}

export class RequestFailed extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** The part of WebSocket and window that we use, so that tests can stand in for them. */
export type Surroundings = {
  open(url: string): WebSocket;
  later(run: () => void, ms: number): unknown;
  cancel(timer: unknown): void;
  now(): number;
  chance(): number;
};

const BROWSER: Surroundings = {
  open: (url) => new WebSocket(url),
  later: (run, ms) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer as number),
  now: () => performance.now(),
  chance: () => Math.random(),
};

export type Listener = {
  onMessage(message: ServerMessage): void;
  onLine(line: "open" | "reconnecting"): void;
};

export class RoomSocket {
  #socket: WebSocket | null = null;
  #tries = 0;
  #ended = false;
  #beat: unknown;
  #retry: unknown;
  #opens: unknown;
  #lastHeard = 0;
  #beats = 0;
  #nextId = 1;
  readonly #waiting = new Map<number, { resolve(reply: object): void; reject(error: RequestFailed): void; timer: unknown }>();

  constructor(
    private readonly url: string,
    private readonly connection: string,
    private readonly person: string,
    private readonly listener: Listener,
    private readonly around: Surroundings = BROWSER,
  ) {}

  open(): void {
    if (this.#ended) return;
    const socket = this.around.open(this.url);
    this.#socket = socket;
    this.#opens = this.around.later(() => this.#giveUp(socket), OPENS_MS * 2 ** Math.min(this.#tries, 2));
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.around.cancel(this.#opens);
      this.#lastHeard = this.around.now();
      this.#beats = 0;
      this.say({ type: "hello", connection: this.connection, protocol: PROTOCOL, person: this.person });
      this.#beatLater();
      this.listener.onLine("open");
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      // One that was given up may still have words on the way; the newer one says them afresh.
      if (socket === this.#socket) this.#hear(event.data);
    };
    socket.onclose = () => this.#lost(socket);
  }

  /** Send if the line is open; what the server must know in any case is said again after each hello by whoever knows. */
  say(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    if (message.type === "beat") this.#beats += 1;
    return true;
  }

  /** Beats of this line that were not echoed yet. */
  get beats(): number {
    return this.#beats;
  }

  /** Ask the media server. Rejects with RequestFailed: its code is the server's, or "line" when nobody can answer. */
  ask(request: MediaRequest): Promise<NonNullable<MediaReply["reply"]>> {
    return this.#await((id) => ({ type: "media", id, request }));
  }

  /** Ask the delivery of keys; rejects as `ask` does. */
  askKeys(request: KeyRequest): Promise<NonNullable<KeysReply["reply"]>> {
    return this.#await((id) => ({ type: "keys", id, request }));
  }

  #await<Reply extends object>(message: (id: number) => ClientMessage): Promise<Reply> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = this.around.later(() => this.#settle({ id, reply: null, error: "line" }), REPLY_MS);
      this.#waiting.set(id, { resolve: resolve as (reply: object) => void, reject, timer });
      if (!this.say(message(id))) this.#settle({ id, reply: null, error: "line" });
    });
  }

  /** The network changed under us (a phone left the Wi-Fi): do not wait for the silence to be noticed. */
  nudge(patience = NUDGE_MS): void {
    if (this.#ended) return;
    if (this.#socket?.readyState === 1) this.#askForLife(this.#socket, patience);
    else if (this.#retry !== undefined) {
      this.around.cancel(this.#retry);
      this.#retry = undefined;
      this.open();
    }
  }

  #askForLife(socket: WebSocket, patience: number): void {
    const asked = this.around.now();
    this.say({ type: "beat" });
    this.around.later(() => {
      if (socket !== this.#socket || this.#ended || this.#lastHeard > asked) return;
      this.#tries = 0;
      this.#giveUp(socket);
    }, patience);
  }

  #giveUp(socket: WebSocket): void {
    this.#lost(socket);
    socket.close();
  }

  close(): void {
    this.#ended = true;
    for (const timer of [this.#beat, this.#retry, this.#opens]) this.around.cancel(timer);
    this.#socket?.close();
    this.#failAll();
  }

  #hear(text: string): void {
    this.#lastHeard = this.around.now();
    const message = heard(text);
    if (!message) return;
    this.#tries = 0;
    if (message.type === "beat") this.#beats -= 1;
    if (message.type === "media" || message.type === "keys_reply") this.#settle(message);
    if (message.type === "bye" && message.reason !== "restarting") this.#ended = true;
    this.listener.onMessage(message);
  }

  #settle(answer: { id: number; reply: object | null; error: string | null }): void {
    const asked = this.#waiting.get(answer.id);
    if (!asked) return;
    this.#waiting.delete(answer.id);
    this.around.cancel(asked.timer);
    if (answer.error === null || answer.error === undefined) asked.resolve(answer.reply ?? {});
    else asked.reject(new RequestFailed(answer.error));
  }

  #failAll(): void {
    for (const id of [...this.#waiting.keys()]) this.#settle({ id, reply: null, error: "line" });
  }

  #beatLater(): void {
    this.around.cancel(this.#beat);
    const due = this.around.now() + BEAT_SECONDS * 1000;
    this.#beat = this.around.later(() => this.#beatNow(this.around.now() - due), BEAT_SECONDS * 1000);
  }

  /** `late`: by how much this page was held back. A page that slept has itself heard nothing: that says nothing of the line. */
  #beatNow(late: number): void {
    const socket = this.#socket;
    // A line that is open but dead (a lid was closed, a router restarted) shows itself only by silence.
    const isSilent = this.around.now() - this.#lastHeard > SILENCE_MS;
    if (socket && isSilent && late < SILENCE_MS - BEAT_SECONDS * 1000) return this.#giveUp(socket);
    if (socket && isSilent) this.#askForLife(socket, NUDGE_MS);
    else this.say({ type: "beat" });
    this.#beatLater();
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.around.cancel(this.#beat);
    this.around.cancel(this.#opens);
    this.#failAll();
    if (this.#ended) return;
    this.listener.onLine("reconnecting");
    this.#retry = this.around.later(() => {
      this.#retry = undefined;
      this.open();
    }, waitBefore(this.#tries++, this.around.chance()));
  }
}

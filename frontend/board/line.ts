/**
 * The board's line to the server. A change counts as kept when the server has named its number; until then it stays in
 * this tab's document, and after a lost line the server is sent whatever it lacks. Tested in Node with a socket of its own.
 */

import * as Y from "yjs";
import { framed, fromBase64, toBase64 } from "./protocol.ts";
import type { BoardState, Pointing, Reason, ServerWords, Spot } from "./protocol.ts";

export const SERVER = Symbol("server");
const BEAT_MS = 10_000;
const SILENCE_MS = 25_000;
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 4000;

export type Listener = {
  onState(state: BoardState): void;
  onSaved(saved: boolean): void;
  onLine(line: "open" | "reconnecting" | "closed"): void;
  onPointing(pointing: Pointing): void;
  /** The document was refused something: it must be begun again from the server's. */
  onRefused(reason: Reason): void;
};

export type Around = {
  open(url: string): WebSocket;
  later(run: () => void, ms: number): unknown;
  cancel(timer: unknown): void;
  now(): number;
};

const BROWSER: Around = {
  open: (url) => new WebSocket(url),
  later: (run, ms) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer as number),
  now: () => performance.now(),
};

export class BoardLine {
  #socket: WebSocket | null = null;
  #ended = false;
  #tries = 0;
  #n = 0;
  #welcomed = false;
  #heardAt = 0;
  #timers: unknown[] = [];
  readonly #unkept = new Set<number>();

  constructor(
    private readonly url: string,
    private readonly doc: Y.Doc,
    private readonly listener: Listener,
    private readonly around: Around = BROWSER,
  ) {
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== SERVER) this.#send(update);
    });
  }

  get saved(): boolean {
    return this.#welcomed && this.#unkept.size === 0;
  }

  open(): void {
    if (this.#ended) return;
    const socket = this.around.open(this.url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      this.#heardAt = this.around.now();
      socket.send(JSON.stringify({ type: "hello", protocol: 1, vector: toBase64(Y.encodeStateVector(this.doc)) }));
      this.#beatLater(socket);
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      this.#heardAt = this.around.now();
      if (typeof event.data === "string") this.#hear(JSON.parse(event.data) as ServerWords);
      else Y.applyUpdate(this.doc, new Uint8Array(event.data), SERVER);
    };
    socket.onclose = () => this.#lost(socket);
  }

  /** Worth nothing later: without a line it is not said. */
  point(at: Spot): void {
    if (this.#welcomed && this.#socket?.readyState === 1) this.#socket.send(JSON.stringify({ type: "point", at }));
  }

  close(): void {
    this.#ended = true;
    for (const timer of this.#timers) this.around.cancel(timer);
    this.#socket?.close();
  }

  #hear(words: ServerWords): void {
    switch (words.type) {
      case "board":
        return this.listener.onState(words);
      case "pointing":
        return this.listener.onPointing(words);
      case "welcome":
        return this.#welcome(fromBase64(words.vector));
      case "kept":
        this.#unkept.delete(words.n);
        return this.listener.onSaved(this.saved);
      case "refused":
        this.close();
        return this.listener.onRefused(words.reason);
      case "bye":
        this.close();
        return this.listener.onLine("closed");
    }
  }

  /** The server has told what it has; it is sent what only we have. */
  #welcome(vector: Uint8Array): void {
    this.#welcomed = true;
    this.#tries = 0;
    this.#unkept.clear();
    this.listener.onLine("open");
    const lacking = Y.encodeStateAsUpdate(this.doc, vector);
    if (!isEmpty(lacking)) this.#send(lacking);
    this.listener.onSaved(this.saved);
  }

  #send(update: Uint8Array): void {
    const n = ++this.#n;
    this.#unkept.add(n);
    this.listener.onSaved(false);
    // Before the welcome nothing is sent: the server then says what it lacks, and gets all of it at once.
    if (this.#welcomed && this.#socket?.readyState === 1) this.#socket.send(framed(n, update));
  }

  #beatLater(socket: WebSocket): void {
    this.#later(() => {
      if (socket !== this.#socket) return;
      if (this.around.now() - this.#heardAt > SILENCE_MS) return this.#lost(socket);
      if (socket.readyState === 1) socket.send('{"type":"beat"}');
      this.#beatLater(socket);
    }, BEAT_MS);
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket || this.#ended) return;
    socket.onclose = null;
    socket.close();
    this.#socket = null;
    this.#welcomed = false;
    this.listener.onLine("reconnecting");
    this.listener.onSaved(false);
    this.#later(() => this.open(), Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries++));
  }

  #later(run: () => void, ms: number): void {
    const timer = this.around.later(() => {
      this.#timers = this.#timers.filter((one) => one !== timer);
      run();
    }, ms);
    this.#timers.push(timer);
  }
}

/** An update with no structs and nothing deleted is two zeros. */
function isEmpty(update: Uint8Array): boolean {
  return update.length === 2 && update[0] === 0 && update[1] === 0;
}

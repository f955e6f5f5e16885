/**
 * The worker that holds all keys of this page: MLS, signatures and every frame in and out. The page never sees a key.
 *
 * Two ways lead frames here: streams that the page hands over (createEncodedStreams), and RTCRtpScriptTransform. Both end in
 * the same functions. What has no key is dropped: nothing is ever passed on as it came.
 */

import { Engine } from "./engine.ts";
import { keptIdentity } from "./store.ts";
import { BadFrame, kidOf } from "./sframe.ts";
import type { Kind } from "./sframe.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** A picture may wait for its key a little longer than a word: a lost key frame costs more than a late one. */
const PATIENCE_MS: Record<Kind, number> = { video: 2000, audio: 200 };

type Frame = { data: ArrayBuffer };
type Way = { role: "sender" | "receiver"; kind: Kind };
type Transformer = { readable: ReadableStream<Frame>; writable: WritableStream<Frame>; options: Way };

const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((event: { transformer: Transformer }) => void) | null;
};

let engine: Engine | null = null;
let turn = 0;
let nextId = 1;
const counts = { sealed: 0, withheld: 0, opened: 0, dropped: 0 };
const asked = new Map<number, { resolve(reply: { package?: string }): void; reject(error: Error): void }>();

scope.onmessage = ({ data }) => {
  switch (data.kind) {
    case "open":
      void open(data);
      break;
    case "close":
      close();
      break;
    case "keys":
      engine?.hear(data.message);
      break;
    case "line":
      engine?.again();
      break;
    case "reply":
      settle(data);
      break;
    case "frames":
      void through(data.readable as ReadableStream<Frame>, data.writable as WritableStream<Frame>, data.way);
      break;
    case "counts":
      scope.postMessage({ kind: "counts", counts: { ...counts } });
      break;
  }
};
scope.onrtctransform = ({ transformer }) => void through(transformer.readable, transformer.writable, transformer.options);

async function open({ session, room, role, seat, person }: Extract<ToWorker, { kind: "open" }>): Promise<void> {
  close();
  const mine = turn;
  const me = await keptIdentity(seat, `${session} ${person}`);
  if (mine !== turn) return;
  engine = new Engine(session, room, role, me, {
    now: () => performance.now(),
    later: (run, ms) => setTimeout(run, ms),
    cancel: (timer) => clearTimeout(timer as number),
    ask: (request) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        asked.set(id, { resolve, reject });
        scope.postMessage({ kind: "ask", id, request });
      }),
    changed: (view) => scope.postMessage({ kind: "view", room, view }),
    log: (what) => scope.postMessage({ kind: "log", what }),
  });
  scope.postMessage({ kind: "opened", room });
}

function close(): void {
  turn += 1;
  engine?.end();
  engine = null;
  for (const id of [...asked.keys()]) settle({ kind: "reply", id, reply: null, error: "closed" });
}

function settle({ id, reply, error }: Extract<ToWorker, { kind: "reply" }>): void {
  const waiting = asked.get(id);
  asked.delete(id);
  if (error === null) waiting?.resolve(reply ?? {});
  else waiting?.reject(new Error(error));
}

async function through(readable: ReadableStream<Frame>, writable: WritableStream<Frame>, way: Way): Promise<void> {
  const opening = new Opening();
  const pass = way.role === "sender" ? seal : (kind: Kind, frame: Uint8Array) => opening.unseal(kind, frame);
  const transform = new TransformStream<Frame, Frame>({
    async transform(frame, controller) {
      const data = await pass(way.kind, new Uint8Array(frame.data));
      if (!data) return;
      frame.data = data.buffer as ArrayBuffer;
      controller.enqueue(frame);
    },
  });
  // Ends, in whatever way, with the connection it belongs to.
  await readable.pipeThrough(transform).pipeTo(writable).catch(() => undefined);
}

async function seal(kind: Kind, frame: Uint8Array): Promise<Uint8Array | null> {
  const sealed = frame.length ? ((await engine?.keys.seal(kind, frame)) ?? null) : null;
  counts[sealed ? "sealed" : "withheld"] += 1;
  return sealed;
}

/** One line in. A key that did not come in time is not waited for again: what follows would only pile up behind. */
class Opening {
  #givenUp = -1;

  async unseal(kind: Kind, frame: Uint8Array): Promise<Uint8Array | null> {
    const opened = await this.#open(kind, frame).catch((error: unknown) => {
      if (!(error instanceof BadFrame)) scope.postMessage({ kind: "log", what: String(error) });
      return null;
    });
    counts[opened ? "opened" : "dropped"] += 1;
    return opened;
  }

  async #open(kind: Kind, frame: Uint8Array): Promise<Uint8Array | null> {
    const keys = engine?.keys;
    if (!keys) return null;
    const kid = kidOf(kind, frame);
    if (!(await keys.waitFor(kind, frame, kid === this.#givenUp ? 0 : PATIENCE_MS[kind]))) {
      this.#givenUp = kid;
      return null;
    }
    return keys.open(kind, frame);
  }
}

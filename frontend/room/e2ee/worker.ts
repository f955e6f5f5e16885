/**
 * The worker that holds all keys of this page, of each room its own: MLS, signatures and every frame in and out. The page never
 * sees a key.
 *
 * Two ways lead frames here: RTCRtpScriptTransform, and streams that the page hands over (createEncodedStreams). Both end in
 * the same functions. What has no key is dropped: nothing is ever passed on as it came.
 */

import { Engine } from "./engine.ts";
import type { Identity } from "./identity.ts";
import { keptIdentity } from "./store.ts";
import { BadFrame, kidOf } from "./sframe.ts";
import type { Kind } from "./sframe.ts";
import type { FromWorker, ToWorker, Way } from "./messages.ts";

/** A picture may wait for its key a little longer than a word: a lost key frame costs more than a late one. */
const PATIENCE_MS: Record<Kind, number> = { video: 2000, audio: 200 };

type Frame = { data: ArrayBuffer };
type Transformer = { readable: ReadableStream<Frame>; writable: WritableStream<Frame>; options: Way };

const scope = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((event: { transformer: Transformer }) => void) | null;
};

type Me = { session: string; role: string; identity: Identity };

/** Who holds the keys; what the page says meanwhile waits for it, in order. */
let me: Promise<Me>;
const engines = new Map<string, Engine>();
let nextId = 1;
const counts = { sealed: 0, withheld: 0, opened: 0, dropped: 0 };
const asked = new Map<number, { resolve(reply: { package?: string }): void; reject(error: Error): void }>();

scope.onmessage = ({ data }) => {
  switch (data.kind) {
    case "open":
      me = open(data);
      break;
    case "rooms":
      void me.then((found) => hold(data.rooms, found));
      break;
    case "keys":
      void me.then(() => engines.get(data.message.room)?.hear(data.message));
      break;
    case "line":
      for (const engine of engines.values()) engine.again();
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

async function open({ session, role, seat, person }: Extract<ToWorker, { kind: "open" }>): Promise<Me> {
  return { session, role, identity: await keptIdentity(seat, `${session} ${person}`) };
}

/** A room that is not named any more is forgotten at once; one that stays goes on as it was. */
function hold(rooms: readonly string[], { session, role, identity }: Me): void {
  for (const [room, engine] of engines) {
    if (rooms.includes(room)) continue;
    engine.end();
    engines.delete(room);
  }
  for (const room of rooms) {
    if (!engines.has(room)) engines.set(room, new Engine(session, room, role, identity, around(room)));
  }
}

function around(room: string): ConstructorParameters<typeof Engine>[4] {
  return {
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
    log: (what) => scope.postMessage({ kind: "log", what: `${room.slice(-4)} ${what}` }),
  };
}

function settle({ id, reply, error }: Extract<ToWorker, { kind: "reply" }>): void {
  const waiting = asked.get(id);
  asked.delete(id);
  if (error === null) waiting?.resolve(reply ?? {});
  else waiting?.reject(new Error(error));
}

async function through(readable: ReadableStream<Frame>, writable: WritableStream<Frame>, way: Way): Promise<void> {
  const opening = new Opening(way);
  const pass = way.role === "sender" ? (frame: Uint8Array) => seal(way, frame) : (frame: Uint8Array) => opening.unseal(frame);
  const transform = new TransformStream<Frame, Frame>({
    async transform(frame, controller) {
      const data = await pass(new Uint8Array(frame.data));
      if (!data) return;
      frame.data = data.buffer as ArrayBuffer;
      controller.enqueue(frame);
    },
  });
  // Ends, in whatever way, with the connection it belongs to.
  await readable.pipeThrough(transform).pipeTo(writable).catch(() => undefined);
}

async function seal({ room, kind }: Way, frame: Uint8Array): Promise<Uint8Array | null> {
  const sealed = frame.length ? ((await engines.get(room)?.keys.seal(kind, frame)) ?? null) : null;
  counts[sealed ? "sealed" : "withheld"] += 1;
  return sealed;
}

/** One line in. A key that did not come in time is not waited for again: what follows would only pile up behind. */
class Opening {
  #givenUp = -1;

  constructor(private readonly way: Way) {}

  async unseal(frame: Uint8Array): Promise<Uint8Array | null> {
    const opened = await this.#open(frame).catch((error: unknown) => {
      if (!(error instanceof BadFrame)) scope.postMessage({ kind: "log", what: String(error) });
      return null;
    });
    counts[opened ? "opened" : "dropped"] += 1;
    return opened;
  }

  async #open(frame: Uint8Array): Promise<Uint8Array | null> {
    const { room, kind } = this.way;
    const keys = engines.get(room)?.keys;
    if (!keys) return null;
    const kid = kidOf(kind, frame);
    if (!(await keys.waitFor(kind, frame, kid === this.#givenUp ? 0 : PATIENCE_MS[kind]))) {
      this.#givenUp = kid;
      return null;
    }
    return keys.open(kind, frame);
  }
}

import assert from "node:assert/strict";
import test from "node:test";
import * as Y from "yjs";
import { BoardLine } from "./line.ts";
import { fromBase64, toBase64 } from "./protocol.ts";
import type { Reason } from "./protocol.ts";

/** A socket and a clock of the test's own. */
function board() {
  const sockets: FakeSocket[] = [];
  const later: (() => void)[] = [];
  const said = { saved: [] as boolean[], lines: [] as string[], refused: [] as Reason[] };
  const doc = new Y.Doc();
  const line = new BoardLine(
    "ws://here",
    doc,
    {
      onState: () => undefined,
      onSaved: (saved) => said.saved.push(saved),
      onLine: (state) => said.lines.push(state),
      onPointing: () => undefined,
      onRefused: (reason) => said.refused.push(reason),
    },
    {
      open: () => {
        const made = new FakeSocket();
        sockets.push(made);
        return made as unknown as WebSocket;
      },
      later: (run) => later.push(run),
      cancel: () => undefined,
      now: () => 0,
    },
  );
  return { doc, line, sockets, later, said };
}

class FakeSocket {
  readyState = 1;
  binaryType = "";
  sent: (string | Uint8Array)[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
  }
  say(words: object): void {
    this.onmessage?.({ data: JSON.stringify(words) });
  }
  get changes(): { n: number; update: Uint8Array }[] {
    return this.sent.flatMap((data) =>
      typeof data === "string" ? [] : [{ n: new DataView(data.buffer).getUint32(0), update: data.slice(4) }],
    );
  }
}

const EMPTY = toBase64(Y.encodeStateVector(new Y.Doc()));

test("a change counts as saved only when the server named its number", () => {
  const { doc, line, sockets, said } = board();
  line.open();
  sockets[0]!.onopen?.();
  sockets[0]!.say({ type: "welcome", vector: EMPTY });
  assert.equal(line.saved, true);

  doc.getMap("elements").set("a", { id: "a" });
  assert.equal(line.saved, false);
  sockets[0]!.say({ type: "kept", n: sockets[0]!.changes[0]!.n });
  assert.equal(line.saved, true);
  assert.equal(said.saved.at(-1), true);
});

test("what was drawn without a line is sent, whole, when the server says what it has", () => {
  const { doc, line, sockets, later, said } = board();
  line.open();
  sockets[0]!.onopen?.();
  sockets[0]!.say({ type: "welcome", vector: EMPTY });
  doc.getMap("elements").set("a", { id: "a" });
  sockets[0]!.onclose?.();
  assert.equal(said.lines.at(-1), "reconnecting");
  doc.getMap("elements").set("b", { id: "b" });

  later.at(-1)?.();
  sockets[1]!.onopen?.();
  assert.deepEqual(sockets[1]!.changes, []);
  sockets[1]!.say({ type: "welcome", vector: EMPTY });

  const server = new Y.Doc();
  for (const { update } of sockets[1]!.changes) Y.applyUpdate(server, update);
  assert.deepEqual([...server.getMap("elements").keys()].sort(), ["a", "b"]);
});

test("a tab that has nothing new sends nothing back", () => {
  const { line, sockets } = board();
  line.open();
  sockets[0]!.onopen?.();
  sockets[0]!.say({ type: "welcome", vector: EMPTY });
  assert.deepEqual(sockets[0]!.changes, []);
});

test("a refusal ends this document, so that what was refused is not drawn on", () => {
  const { doc, line, sockets, said } = board();
  line.open();
  sockets[0]!.onopen?.();
  sockets[0]!.say({ type: "welcome", vector: EMPTY });
  doc.getMap("elements").set("a", { id: "a" });
  sockets[0]!.say({ type: "refused", n: 1, reason: "read_only" });
  assert.deepEqual(said.refused, ["read_only"]);
  assert.equal(sockets[0]!.readyState, 3);
});

test("what others draw comes in and is not sent back", () => {
  const { doc, line, sockets } = board();
  line.open();
  sockets[0]!.onopen?.();
  sockets[0]!.say({ type: "welcome", vector: EMPTY });
  const other = new Y.Doc();
  other.getMap("elements").set("x", { id: "x" });
  const update = Y.encodeStateAsUpdate(other);
  sockets[0]!.onmessage?.({ data: update.slice().buffer as ArrayBuffer });
  assert.ok(doc.getMap("elements").has("x"));
  assert.deepEqual(sockets[0]!.changes, []);
});

test("bytes and base64 are the same, there and back", () => {
  const bytes = Uint8Array.from([0, 1, 127, 128, 255]);
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
});

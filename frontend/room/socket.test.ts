import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestFailed, RoomSocket, STALLED_MS, waitBefore } from "./socket.ts";
import type { ServerMessage } from "./protocol.ts";

/** A line and a clock that the test moves by hand. */
class World {
  now_ms = 0;
  timers: { at: number; run: () => void }[] = [];
  lines: Line[] = [];
  open = (): WebSocket => {
    const line = new Line();
    this.lines.push(line);
    return line as unknown as WebSocket;
  };
  later = (run: () => void, ms: number): unknown => {
    const timer = { at: this.now_ms + ms, run };
    this.timers.push(timer);
    return timer;
  };
  cancel = (timer: unknown): void => void (this.timers = this.timers.filter((one) => one !== timer));
  now = (): number => this.now_ms;
  chance = (): number => 1;
  get line(): Line {
    return this.lines[this.lines.length - 1]!;
  }
  pass(ms: number): void {
    const until = this.now_ms + ms;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now_ms = Math.max(this.now_ms, next.at);
      this.cancel(next);
      next.run();
    }
    this.now_ms = until;
  }
  /** The page stands still: no timer runs, and all that are due run when it goes on. */
  sleep(ms: number): void {
    this.now_ms += ms;
    this.pass(0);
  }
}

class Line {
  readyState = 0;
  sent: { type: string; id?: number; connection?: string; person?: string }[] = [];
  onopen = (): void => undefined;
  onclose = (): void => undefined;
  onmessage = (_: { data: string }): void => undefined;
  send = (text: string): void => void this.sent.push(JSON.parse(text));
  opens(): void {
    this.readyState = 1;
    this.onopen();
  }
  hears(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }
  close(): void {
    this.readyState = 3;
    this.onclose();
  }
}

function socket(): { world: World; room: RoomSocket; heard: ServerMessage[]; told: string[] } {
  const world = new World();
  const heard: ServerMessage[] = [];
  const told: string[] = [];
  const room = new RoomSocket("ws://x/", "tab-1", "sam", { onMessage: (m) => heard.push(m), onLine: (l) => told.push(l) }, world);
  room.open();
  return { world, room, heard, told };
}

test("waiting grows from a fifth of a second to three", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 9].map((tries) => waitBefore(tries, 1)), [200, 400, 800, 1600, 3000, 3000]);
});

test("a group that lost its line together does not come back all at once", () => {
  assert.equal(waitBefore(4, 0), 1800);
  assert.equal(waitBefore(4, 0.5), 2400);
});

test("hello comes first and names the same connection and whose page it is after a lost line", () => {
  const { world, told } = socket();
  world.line.opens();
  world.line.close();
  world.pass(200);
  world.line.opens();
  assert.equal(world.lines.length, 2);
  assert.deepEqual(world.lines.map(({ sent }) => [sent[0]?.type, sent[0]?.connection, sent[0]?.person]), [["hello", "tab-1", "sam"], ["hello", "tab-1", "sam"]]);
  assert.deepEqual(told, ["open", "reconnecting", "open"]);
});

test("only a word from the server makes the waiting short again", () => {
  const { world } = socket();
  for (const wait of [200, 400, 800]) {
    world.line.opens();
    world.line.close();
    world.pass(wait - 1);
    const before = world.lines.length;
    world.pass(1);
    assert.equal(world.lines.length, before + 1);
  }
  world.line.opens();
  world.line.hears({ type: "beat" });
  world.line.close();
  world.pass(200);
  assert.equal(world.lines.length, 5);
});

test("a line that is open but silent is given up", () => {
  const { world, told } = socket();
  world.line.opens();
  world.pass(20_000);
  assert.deepEqual(world.line.sent.map(({ type }) => type), ["hello", "beat", "beat"]);
  world.pass(10_000);
  assert.equal(told.at(-1), "reconnecting");
});

test("beats without an echo are counted, each line's own", () => {
  const { world, room } = socket();
  world.line.opens();
  world.pass(20_000);
  assert.equal(room.beats, 2);
  world.line.hears({ type: "beat" });
  assert.equal(room.beats, 1);
  world.line.close();
  world.pass(200);
  world.line.opens();
  assert.equal(room.beats, 0);
});

test("after a goodbye the tab stays away, except when the server restarts", () => {
  const gone = socket();
  gone.world.line.opens();
  gone.world.line.hears({ type: "bye", reason: "removed" });
  gone.world.line.close();
  gone.world.pass(10_000);
  assert.equal(gone.world.lines.length, 1);

  const back = socket();
  back.world.line.opens();
  back.world.line.hears({ type: "bye", reason: "restarting" });
  back.world.line.close();
  back.world.pass(10_000);
  assert.ok(back.world.lines.length > 1);
});

test("an answer finds its question, a refusal keeps its code", async () => {
  const { world, room } = socket();
  world.line.opens();
  const one = room.ask({ kind: "unpublish" });
  const two = room.ask({ kind: "subscribe", feeds: "all" });
  const [, first, second] = world.line.sent;
  world.line.hears({ type: "media", id: second!.id, reply: null, error: "unreachable" });
  world.line.hears({ type: "media", id: first!.id, reply: { feed: "f" }, error: null });
  assert.deepEqual(await one, { feed: "f" });
  await assert.rejects(two, (error) => error instanceof RequestFailed && error.code === "unreachable");
});

test("a question is never left hanging: a lost line and a long silence both answer it", async () => {
  const { world, room } = socket();
  world.line.opens();
  const lost = room.ask({ kind: "unpublish" });
  world.line.close();
  await assert.rejects(lost, { code: "line" });
  await assert.rejects(room.ask({ kind: "unpublish" }), { code: "line" });
  world.pass(200);
  world.line.opens();
  const silent = room.ask({ kind: "unpublish" });
  world.pass(12_000);
  await assert.rejects(silent, { code: "line" });
});

test("after the network changed, a line that does not answer within two seconds is opened anew at once", () => {
  const { world, room, told } = socket();
  world.line.opens();
  world.pass(5000);
  room.nudge();
  world.pass(2000);
  assert.equal(told.at(-1), "reconnecting");
  world.pass(200);
  assert.equal(world.lines.length, 2);
  const [before] = world.lines;
  world.line.opens();
  before!.hears({ type: "bye", reason: "taken" });
  assert.deepEqual(told, ["open", "reconnecting", "open"]);
});

test("where sound and picture stopped too, a line that does not answer has one second", () => {
  const { world, room, told } = socket();
  world.line.opens();
  world.pass(5000);
  room.nudge(STALLED_MS);
  world.pass(900);
  assert.equal(told.at(-1), "open");
  world.pass(100);
  assert.equal(told.at(-1), "reconnecting");
});

test("a line that answers stays", () => {
  const { world, room } = socket();
  world.line.opens();
  world.pass(5000);
  room.nudge();
  world.pass(100);
  world.line.hears({ type: "beat" });
  world.pass(5000);
  assert.equal(world.lines.length, 1);
});

test("a page that slept has itself heard nothing: it asks for life, and a line that answers stays", () => {
  const { world, told } = socket();
  world.line.opens();
  world.pass(5000);
  world.sleep(60_000);
  assert.equal(told.at(-1), "open");
  world.pass(100);
  world.line.hears({ type: "beat" });
  world.pass(5000);
  assert.equal(world.lines.length, 1);
});

test("a page that slept while its line died is back within seconds, as the same connection", () => {
  const { world, told } = socket();
  world.line.opens();
  world.pass(5000);
  world.sleep(30 * 60_000);
  world.pass(2000 + 200);
  assert.equal(world.lines.length, 2);
  world.line.opens();
  assert.equal(told.at(-1), "open");
  assert.equal(world.line.sent[0]?.connection, "tab-1");
});

test("whoever wakes while a next try is waited for does not wait on", () => {
  const { world, room } = socket();
  world.line.opens();
  world.line.close();
  room.nudge();
  assert.equal(world.lines.length, 2);
});

test("a line that neither opens nor fails is given up, and the next is given longer", () => {
  const { world, told } = socket();
  for (const limit of [10_000, 20_000, 40_000, 40_000]) {
    const before = world.lines.length;
    world.pass(limit - 1);
    assert.equal(world.lines.length, before);
    world.pass(1);
    assert.equal(told.at(-1), "reconnecting");
    world.timers.find(({ at }) => at - world.now_ms <= 3000)!.at = world.now_ms; // the wait before a try is told of elsewhere
    world.pass(0);
    assert.equal(world.lines.length, before + 1);
  }
  world.line.opens();
  world.line.hears({ type: "beat" });
  for (let beat = 0; beat < 9; beat += 1) {
    world.pass(9000);
    world.line.hears({ type: "beat" });
  }
  assert.equal(told.at(-1), "open", "one that did open is not given up");
});

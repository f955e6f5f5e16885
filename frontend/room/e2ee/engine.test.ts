/** Whole groups through the engine, with the delivery's rules in memory: the same as openiop/room/e2ee.py, tested there. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "./engine.ts";
import type { View } from "./engine.ts";
import { entryOf } from "./group.ts";
import { identityOf, newKeyPair } from "./identity.ts";
import type { Identity } from "./identity.ts";
import { signed } from "./roster.ts";
import { nextStep } from "./steps.ts";
import type { KeyRequest, KeysNow } from "../protocol.ts";

const ROOM = "0191b7a0-0000-7000-8000-00000000000a";
const SESSION = "s1";
const FRAME = new Uint8Array([0xb1, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

type Row = KeysNow["packages"][number];

/** A server for one room, and everybody's clock. */
class Server {
  now = 0;
  present = new Set<Page>();
  packages: Row[] = [];
  commits: KeysNow["commits"] = [];
  welcomes: NonNullable<KeysNow["welcome"]>[] = [];
  roster: KeysNow["roster"] = null;
  refusals: string[] = [];
  asleep = new Set<string>();
  #timers: { at: number; run: () => void }[] = [];
  #id = 0;

  later = (run: () => void, ms: number): object => {
    const timer = { at: this.now + ms, run };
    this.#timers.push(timer);
    return timer;
  };
  cancel = (timer: unknown): void => {
    this.#timers = this.#timers.filter((one) => one !== timer);
  };

  /** Let everybody act until nothing is left to do within `ms`. */
  async pass(ms = 0): Promise<void> {
    const end = this.now + ms;
    for (let quiet = 0; quiet < 3; ) {
      for (const page of this.present) await page.engine.settled();
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        quiet += 1;
        continue;
      }
      quiet = 0;
      this.now = Math.max(this.now, due.at);
      this.cancel(due);
      due.run();
    }
    this.now = end;
  }

  current(): Row[] {
    const seats = new Set([...this.present].map((page) => page.me.seat));
    return [...new Map(this.packages.filter((row) => seats.has(row.seat)).map((row) => [row.seat, row])).values()];
  }

  answer(page: Page, request: KeyRequest): { package?: string } {
    if (!this.present.has(page)) throw new Error("line");
    if (request.kind === "package") {
      const row = { id: `p${(this.#id += 1)}`, seat: page.me.seat, role: page.role, key: request.key, package: request.package };
      this.packages.push(row);
      this.tell();
      return { package: row.id };
    }
    if (request.kind === "roster") {
      if (request.version !== (this.roster?.version ?? 0) + 1) return this.#refuse("past_version");
      const { version, key, entries, signature } = request;
      this.roster = { version, key, entries, signature, by: page.me.seat, role: page.role };
    }
    if (request.kind === "commit") {
      if (request.epoch !== this.commits.length) return this.#refuse("past_epoch");
      const mine = this.current().find((row) => row.seat === page.me.seat)!.id;
      const before = new Set(this.commits.at(-1)?.members);
      const { epoch, found, members } = request;
      for (const id of members) if (id !== mine && !before.has(id)) this.welcomes.push({ package: id, epoch, welcome: request.welcome! });
      this.commits.push({ epoch, found, package: mine, commit: request.commit ?? "", members });
    }
    this.tell();
    return {};
  }

  tell(): void {
    for (const page of this.present) if (!this.asleep.has(page.me.seat)) page.hear(this.said(page));
  }

  said(page: Page): KeysNow {
    const packages = this.current();
    const mine = packages.find((row) => row.seat === page.me.seat)?.id ?? null;
    const welcome = this.welcomes.filter((one) => one.package === mine).at(-1) ?? null;
    const founded = this.commits.filter((one) => one.found && one.package === mine).map(({ epoch }) => epoch);
    const since = Math.max(-1, ...founded, welcome?.epoch ?? -1);
    return {
      type: "keys", room: ROOM, mine, epoch: this.commits.length - 1, members: this.commits.at(-1)?.members ?? [], packages,
      roster: this.roster, cannot: [],
      vouch: page.role === "patient" ? null : [...new Map(this.packages.map(({ seat, key }) => [seat, { seat, key }])).values()],
      commits: since < 0 ? [] : this.commits.filter((one) => one.epoch > since), welcome,
    };
  }

  #refuse(code: string): never {
    this.refusals.push(code);
    throw new Error(code);
  }
}

class Page {
  view: View = { state: "securing", code: "", members: [] };
  logged: string[] = [];
  readonly engine: Engine;

  constructor(readonly server: Server, readonly me: Identity, readonly role: string) {
    this.engine = new Engine(SESSION, ROOM, role, me, {
      now: () => server.now,
      later: server.later,
      cancel: server.cancel,
      ask: async (request) => server.answer(this, request),
      changed: (view) => (this.view = view),
      log: (what) => this.logged.push(what),
    });
    server.present.add(this);
    this.hear(server.said(this));
    server.tell();
  }

  hear(told: KeysNow): void {
    this.engine.hear(structuredClone(told));
  }

  close(): void {
    this.server.present.delete(this);
    this.engine.end();
    this.server.tell();
  }
}

const identity = async (seat: string): Promise<Identity> => identityOf(seat, await newKeyPair());

async function evening(...patients: string[]): Promise<{ server: Server; bea: Page; others: Page[] }> {
  const server = new Server();
  const bea = new Page(server, await identity("bea"), "facilitator");
  const others: Page[] = [];
  for (const seat of patients) others.push(new Page(server, await identity(seat), "patient"));
  await server.pass();
  return { server, bea, others };
}

async function hears(sender: Page, listener: Page): Promise<boolean> {
  const sealed = await sender.engine.keys.seal("video", FRAME);
  if (!sealed) return false;
  return (await listener.engine.keys.open("video", sealed).catch(() => null)) !== null;
}

async function allHear(pages: readonly Page[]): Promise<void> {
  for (const one of pages) for (const other of pages) if (one !== other) assert.ok(await hears(one, other), `${one.me.seat} → ${other.me.seat}`);
  assert.deepEqual(new Set(pages.map((page) => page.view.code)).size, 1);
  assert.deepEqual(new Set(pages.map((page) => page.view.state)), new Set(["secured"]));
}

test("a facilitator and everybody let in hear each other and read the same code, at once", async () => {
  const { bea, others } = await evening("maya", "sam", "priya");
  await allHear([bea, ...others]);
});

test("who is not on the facilitator's roster is not brought in, and hears nothing", async () => {
  const server = new Server();
  const maya = new Page(server, await identity("maya"), "patient");
  const sam = new Page(server, await identity("sam"), "patient");
  await server.pass(60_000);
  assert.equal(server.commits.length, 0);
  assert.equal(await hears(maya, sam), false);
});

test("a ghost that the server adds to a patient's eyes is refused: nobody who leads vouched for it", async () => {
  const { server, bea, others } = await evening("maya");
  const ghost = await identity("ghost");
  const forged = await signed(SESSION, server.roster!.version + 1, [...server.roster!.entries, { seat: "ghost", key: "AAAA" }], ghost);
  server.roster = { ...forged, entries: [...forged.entries], role: "patient" };
  server.tell();
  await server.pass();
  assert.ok(others[0]!.logged.some((line) => line.includes("roster")));
  await allHear([bea, ...others]);
});

test("somebody who reloads is back under the same code, and everybody hears them", async () => {
  const { server, bea, others } = await evening("maya", "sam");
  const code = bea.view.code;
  others[0]!.close();
  const again = new Page(server, others[0]!.me, "patient");
  await server.pass();
  await allHear([bea, again, others[1]!]);
  assert.equal(bea.view.code, code);
});

test("the facilitator may reload too: the others bring them in again, under the same code", async () => {
  const { server, bea, others } = await evening("maya", "sam");
  const code = bea.view.code;
  bea.close();
  const again = new Page(server, bea.me, "facilitator");
  await server.pass(10_000);
  await allHear([again, ...others]);
  assert.equal(again.view.code, code);
});

test("who leaves cannot open what is said afterwards", async () => {
  const { server, bea, others } = await evening("maya", "sam");
  const [maya, sam] = others as [Page, Page];
  server.present.delete(sam);
  server.tell();
  await server.pass();
  assert.equal(await hears(bea, sam), false);
  await allHear([bea, maya]);
});

test("when the facilitator's page is silent, somebody else brings people in after two seconds", async () => {
  const { server, bea, others } = await evening("maya", "sam");
  server.asleep.add("bea");
  others[1]!.close();
  const again = new Page(server, others[1]!.me, "patient");
  await server.pass(1999);
  assert.equal(await hears(others[0]!, again), false);
  await server.pass(2000);
  assert.ok(await hears(others[0]!, again));
  server.asleep.clear();
  server.tell();
  await server.pass(10_000);
  await allHear([bea, others[0]!, again]);
});

test("everybody may reload at the same moment", async () => {
  const { server, bea, others } = await evening("maya", "sam");
  const everybody = [bea, ...others];
  for (const page of everybody) page.close();
  const again = everybody.map((page) => new Page(server, page.me, page.role));
  await server.pass(20_000);
  await allHear(again);
});

test("a commit of nonsense takes the keys from nobody for long", async () => {
  const { server, bea, others } = await evening("maya", "sam");
  const members = server.commits.at(-1)!.members;
  server.commits.push({ epoch: server.commits.length, found: false, package: members[1]!, commit: "AAAA", members });
  server.tell();
  await server.pass(30_000);
  await allHear([bea, ...others]);
});

test("a page that missed a commit asks to be brought in again", async () => {
  const { server, bea, others } = await evening("maya", "sam");
  const [maya, sam] = others as [Page, Page];
  server.asleep.add("maya");
  sam.close();
  const again = new Page(server, sam.me, "patient");
  await server.pass(5000);
  const said = server.said(maya);
  server.asleep.clear();
  maya.hear({ ...said, commits: said.commits.slice(1) });
  await server.pass(10_000);
  await allHear([bea, maya, again]);
});

test("twelve people who come at once are one group", async () => {
  const { server, bea, others } = await evening(...Array.from({ length: 11 }, (_, n) => `patient-${n}`));
  await server.pass(10_000);
  await allHear([bea, ...others]);
});

test("a package that claims to be another's is passed over", async () => {
  const { server, bea, others } = await evening("maya");
  const row = server.current().find(({ seat }) => seat === "maya")!;
  server.packages.push({ ...row, id: "stolen", seat: "sam", role: "patient" });
  assert.equal(entryOf(row.package).seat, "maya");
  new Page(server, await identity("sam"), "patient").engine.end();
  server.tell();
  await server.pass(5000);
  assert.ok(!bea.view.members.some(({ seat }) => seat === "sam"));
  await allHear([bea, ...others]);
});

test("a patient never signs, whatever the server says", () => {
  const told = { room: ROOM, mine: "p1", epoch: -1, members: [], packages: [], roster: null, vouch: [{ seat: "maya", key: "A" }, { seat: "bea", key: "B" }], commits: [], welcome: null, cannot: [], type: "keys" } as KeysNow;
  const mine = { seat: "maya", role: "patient", package: "p1", epoch: null, spent: false, stuck: true };
  assert.equal(nextStep(told, null, mine).kind, "rest");
  assert.equal(nextStep(told, null, { ...mine, seat: "bea", role: "facilitator" }).kind, "sign");
  assert.equal(nextStep({ ...told, vouch: [] }, null, { ...mine, seat: "bea", role: "facilitator" }).kind, "rest");
});

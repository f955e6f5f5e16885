/**
 * One person's side of a room's keys: follows what the server delivers, checks it, and does its part. No DOM, no sockets.
 *
 * Everything runs in one line, one thing after the other. Whatever cannot be trusted leads to the same place: no keys, which
 * means no sound and no picture either way, a new package, and another try.
 */

import { Group, Refused, entryOf, newPackage } from "./group.ts";
import type { Made, Package } from "./group.ts";
import type { Identity } from "./identity.ts";
import { Keyring } from "./keyring.ts";
import { codeOf, has, isGood, signed } from "./roster.ts";
import type { Entry, Roster } from "./roster.ts";
import { nextStep } from "./steps.ts";
import type { Step } from "./steps.ts";
import { base64Of } from "./bytes.ts";
import type { KeyRequest, KeysNow } from "../protocol.ts";

const AGAIN_MS = 1000;
const STUCK_AFTER_MS = 6000;

export type View = { readonly state: "securing" | "secured"; readonly code: string; readonly members: readonly Entry[] };
export type Around = {
  now(): number;
  later(run: () => void, ms: number): unknown;
  cancel(timer: unknown): void;
  /** Rejects with an Error whose message is the server's code, or "line". */
  ask(request: KeyRequest): Promise<{ package?: string }>;
  changed(view: View): void;
  /** A word for whoever looks for a fault; never a key. */
  log(what: string): void;
};

type Held = { readonly id: string; readonly made: Package };

export class Engine {
  readonly keys: Keyring;
  #line: Promise<void> = Promise.resolve();
  #told: KeysNow | null = null;
  #roster: Roster | null = null;
  #package: Held | null = null;
  #group: Group | null = null;
  #epoch: number | null = null;
  #spent = false;
  /** Packages that are mine or were: a message that was on its way while I made a new one still names an old one. */
  readonly #known = new Set<string>();
  #pending: { epoch: number; commit: string; made: Made } | null = null;
  #plan: { text: string; timer: unknown } | null = null;
  #outsideSince: number | null = null;
  #view: View = { state: "securing", code: "", members: [] };
  #ended = false;

  constructor(
    private readonly session: string,
    private readonly room: string,
    private readonly role: string,
    private readonly me: Identity,
    private readonly around: Around,
  ) {
    this.keys = new Keyring(around);
    this.#outsideSince = around.now();
  }

  /** What the server says now. Commits and welcomes are in it once, so each message is heard, in order. */
  hear(told: KeysNow): void {
    this.#inLine(async () => {
      if (told.room !== this.room) return;
      this.#told = { ...told, packages: told.packages.filter(isItself) };
      await this.#hearRoster(told.roster);
      await this.#hearGroup(told);
    });
  }

  /** Our own line is back: what was planned may have been lost with it. */
  again(): void {
    this.#inLine(() => Promise.resolve());
  }

  end(): void {
    this.#ended = true;
    this.#cancelPlan();
    this.keys.empty();
  }

  #inLine(run: () => Promise<void>): void {
    this.#line = this.#line.then(async () => {
      if (this.#ended) return;
      try {
        await run();
      } catch (error) {
        this.around.log(String(error));
        this.#lose();
      }
      this.#think();
    });
  }

  /** For tests: everything heard so far was dealt with. */
  async settled(): Promise<void> {
    let before: Promise<void>;
    do await (before = this.#line);
    while (before !== this.#line);
  }

  // --- hearing ---

  async #hearRoster(roster: KeysNow["roster"]): Promise<void> {
    if (!roster || (this.#roster && roster.version <= this.#roster.version)) return;
    if (await isGood(this.session, roster)) this.#roster = roster;
    else this.around.log("a roster that nobody who leads has signed");
  }

  async #hearGroup(told: KeysNow): Promise<void> {
    const { welcome } = told;
    if (this.#group === null && welcome && this.#package && welcome.package === this.#package.id && !this.#spent) {
      const group = await Group.join(this.room, welcome.welcome, this.#package.made, this.me);
      await this.#enter(group, welcome.epoch);
    }
    for (const commit of told.commits) {
      if (this.#epoch === null || commit.epoch <= this.#epoch) continue;
      await this.#follow(commit);
    }
    if (this.#epoch !== null && this.#package && told.epoch >= this.#epoch && !told.members.includes(this.#package.id)) {
      throw new Refused("no longer a member");
    }
    if (this.#epoch !== null && told.epoch > this.#epoch) throw new Refused("a commit is missing");
  }

  async #follow(commit: KeysNow["commits"][number]): Promise<void> {
    if (this.#group === null || this.#epoch === null) return;
    if (commit.found) throw new Refused("a new group was begun");
    if (commit.epoch !== this.#epoch + 1) throw new Refused("a commit is missing");
    if (this.#pending && this.#pending.epoch === commit.epoch && this.#pending.commit === commit.commit) {
      // Ours: the server took it, though its answer was lost.
      return this.#adopt();
    }
    this.#pending = null;
    await this.#enter(await this.#group.after(commit.commit), commit.epoch);
  }

  /** Take a group as ours: only with everybody in it on the signed roster, and its keys only then. */
  async #enter(group: Group, epoch: number): Promise<void> {
    const members = group.members();
    const roster = this.#roster;
    const stranger = members.find((member) => !roster || !has(roster, member));
    if (stranger) throw new Refused("somebody is in the group whom nobody who leads has vouched for");
    if (new Set(members.map(({ seat }) => seat)).size !== members.length) throw new Refused("a seat twice");
    await this.keys.turn(epoch, group.leaf, await group.bases());
    [this.#group, this.#epoch, this.#spent, this.#outsideSince] = [group, epoch, true, null];
    this.around.log(`epoch ${epoch}`);
    await this.#show(members.map(({ seat, key }) => ({ seat, key })));
  }

  async #adopt(): Promise<void> {
    if (!this.#pending) return;
    const { made, epoch } = this.#pending;
    this.#pending = null;
    await this.#enter(made.next, epoch);
  }

  async #show(members: readonly Entry[]): Promise<void> {
    const same = JSON.stringify(members.map(text).sort()) === JSON.stringify(this.#view.members.map(text).sort());
    const code = same && this.#view.code ? this.#view.code : await codeOf(this.session, members);
    this.#view = { state: "secured", code, members };
    this.around.changed(this.#view);
  }

  /** No keys, from now on: nothing is sent, nothing is shown, and a new package asks to be brought in again. */
  #lose(): void {
    this.keys.drop();
    this.#group = this.#epoch = this.#pending = null;
    this.#package = null;
    this.#outsideSince ??= this.around.now();
    if (this.#view.state === "secured") {
      this.#view = { ...this.#view, state: "securing" };
      this.around.changed(this.#view);
    }
  }

  // --- acting ---

  #think(): void {
    const told = this.#told;
    if (this.#ended || !told) return;
    const waited = this.#outsideSince === null ? 0 : this.around.now() - this.#outsideSince;
    const mine = told.mine !== null && this.#known.has(told.mine) ? (this.#package?.id ?? null) : told.mine;
    const step = nextStep({ ...told, mine: mine ?? this.#package?.id ?? null }, this.#roster, {
      seat: this.me.seat,
      role: this.role,
      package: this.#package?.id ?? null,
      epoch: this.#epoch,
      spent: this.#spent && this.#group === null,
      stuck: this.#group === null && waited > STUCK_AFTER_MS,
    });
    this.#planFor(step);
    // Outside and waiting for others: think again later, in case nobody comes.
    if (step.kind === "rest" && this.#group === null) this.#planAfter("rest", STUCK_AFTER_MS / 4, () => Promise.resolve());
  }

  #planFor(step: Step): void {
    if (step.kind === "rest") return this.#cancelPlan();
    const text = JSON.stringify([step, this.#told?.epoch, this.#told?.roster?.version, this.#package?.id]);
    this.#planAfter(text, "after" in step ? step.after : 0, () => this.#do(step));
  }

  #planAfter(text: string, ms: number, run: () => Promise<void>): void {
    if (this.#plan?.text === text) return;
    this.#cancelPlan();
    const timer = this.around.later(() => {
      this.#plan = null;
      this.#inLine(run);
    }, ms);
    this.#plan = { text, timer };
  }

  #cancelPlan(): void {
    if (this.#plan) this.around.cancel(this.#plan.timer);
    this.#plan = null;
  }

  async #do(step: Step): Promise<void> {
    const told = this.#told!;
    try {
      if (step.kind === "publish") await this.#publish();
      else if (step.kind === "sign") await this.#sign(told);
      else if (step.kind === "found") await this.#found(told);
      else if (step.kind === "commit") await this.#commit(told, step);
    } catch (error) {
      if (error instanceof Refused) throw error;
      const code = error instanceof Error ? error.message : "";
      this.around.log(`${step.kind}: ${code}`);
      // Mostly somebody was first, and what they did comes by itself; thinking again costs nothing.
      this.around.later(() => this.again(), AGAIN_MS);
    }
  }

  async #publish(): Promise<void> {
    const made = await newPackage(this.me);
    this.#spent = false;
    if (this.#told?.mine) this.#known.add(this.#told.mine);
    const { package: id } = await this.around.ask({
      kind: "package", room: this.room, key: base64Of(this.me.publicKey), package: made.text,
    });
    if (!id) throw new Error("no package");
    this.#group = this.#epoch = this.#pending = null;
    this.#package = { id, made };
    this.#known.add(id);
    this.around.log("package");
  }

  async #sign(told: KeysNow): Promise<void> {
    const version = (told.roster?.version ?? 0) + 1;
    const roster = await signed(this.session, version, told.vouch ?? [], this.me);
    const { key, entries, signature } = roster;
    await this.around.ask({ kind: "roster", version, key, entries: [...entries], signature });
    // Taken at once and not when it comes back: somebody waits to be brought in.
    this.#roster = { ...roster, role: this.role };
    if (this.#told) this.#told = { ...this.#told, roster: { ...this.#roster, entries: [...entries] } };
  }

  async #found(told: KeysNow): Promise<void> {
    const { id, made } = this.#package!;
    const group = await Group.found(this.room, made, this.me);
    const epoch = told.epoch + 1;
    await this.around.ask({ kind: "commit", room: this.room, epoch, found: true, commit: null, welcome: null, members: [id] });
    this.#told = { ...this.#told!, epoch, members: [id] };
    await this.#enter(group, epoch);
  }

  async #commit(told: KeysNow, step: Extract<Step, { kind: "commit" }>): Promise<void> {
    if (!this.#group) return;
    const coming = step.in.map((id) => told.packages.find((one) => one.id === id)!);
    const staying = told.members.filter((id) => !step.out.includes(id));
    const stayingSeats = new Set(told.packages.filter((one) => staying.includes(one.id)).map((one) => text(one)));
    const out = this.#group.members().filter((member) => !stayingSeats.has(text(member)) || this.#isReplaced(member, coming));
    const made = await this.#group.change(out.map(({ leaf }) => leaf), coming.map((one) => one.package));
    const epoch = told.epoch + 1;
    const members = [...staying, ...step.in];
    this.#pending = { epoch, commit: made.commit, made };
    await this.around.ask({
      kind: "commit", room: this.room, epoch, found: false, commit: made.commit, welcome: made.welcome, members,
    });
    this.#told = { ...this.#told!, epoch, members };
    await this.#adopt();
  }

  #isReplaced(member: Entry, coming: readonly { seat: string }[]): boolean {
    return coming.some((one) => one.seat === member.seat);
  }
}

/** The server says whose package it is; the package itself must say the same. */
function isItself(one: KeysNow["packages"][number]): boolean {
  try {
    const entry = entryOf(one.package);
    return entry.seat === one.seat && entry.key === one.key;
  } catch {
    return false;
  }
}

function text({ seat, key }: { seat: string; key: string }): string {
  return `${seat} ${key}`;
}

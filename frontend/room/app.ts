/** Holds the tab's parts together: socket in, state and media on, one snapshot out for the view. */

import { NOTHING, confirmed, refused, sent, typed } from "./chat.ts";
import type { Writing } from "./chat.ts";
import { stickOf } from "./floor.ts";
import { helpsAs, keepPin, myPins, withCaption } from "./helpers.ts";
import type { Caption } from "./helpers.ts";
import { ringLost } from "./bell.ts";
import { LostSound } from "./lost.ts";
import { GroupMedia } from "./media.ts";
import type { Figures, MediaView, Ways } from "./media.ts";
import { comingIn, comesAnew, keepAs, lineAtTheDoor } from "./memory.ts";
import { watchNetwork } from "./network.ts";
import { Quality } from "./quality.ts";
import type { QualityView } from "./quality.ts";
import { SleepWatch } from "./sleep.ts";
import { Sealing, wayOfThisBrowser } from "./e2ee/sealing.ts";
import type { SealingView } from "./e2ee/sealing.ts";
import { RoomSocket, STALLED_MS } from "./socket.ts";
import { START, after, clockAheadAfter, hasMedia, mySeat } from "./state.ts";
import type { State } from "./state.ts";
import { Doubt, answered, callsKept, handIn, keepCalls, pressed, read, sortOf, toSay, told } from "./outbox.ts";
import type { Kept, Mine, NotDone, Outbox } from "./outbox.ts";
import { StillWatch } from "./still.ts";
import type { Card } from "./still.ts";
import type { ChatLine, ClientMessage, KeysNow, ReactionKind, Room, ServerMessage, SignalKind, Word } from "./protocol.ts";

export type Config = {
  readonly socket: string;
  readonly boardUrl?: string;
  readonly helpUrl: string;
  /** A patient's own safety plan, one press away here too. */
  readonly planUrl?: string;
  readonly leaveUrl: string;
  readonly person: string;
  readonly me?: unknown;
  readonly strings?: Record<string, string>;
  readonly iceServers?: RTCIceServer[];
  /** "relay": no way but through the clinic's relay is tried. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** The last resort: the clinic's telephone. */
  readonly phone?: string;
  /** Where a patient finds the cards they kept, and which cards whoever leads may show. */
  readonly skillsUrl?: string;
  readonly cards?: readonly { readonly card: string; readonly title: string }[];
  /** Where private lines are saved, where their owner reads them afterwards, and for how many days they are kept. */
  readonly noteUrl?: string;
  readonly notesUrl?: string;
  readonly noteDays?: number;
  /** Where a patient says how they leave. */
  readonly leavingUrl?: string;
  /** Nobody stands at this device to press a button. */
  readonly unattended?: boolean;
  /** The script of the worker that holds the keys, and the page that says what they protect. */
  readonly keysWorker?: string;
  readonly keysUrl?: string;
};

export type Snapshot = {
  readonly state: State;
  readonly media: MediaView;
  readonly quality: QualityView;
  readonly handRaised: boolean;
  readonly mutedByFacilitator: boolean;
  /** I came in with the microphone off, because this part of the session is taught. */
  readonly listensFirst: boolean;
  /** Why the last thing a facilitator did with breakouts was refused. */
  readonly breakoutTrouble: string | null;
  /** Null while sound and picture are sealed to the media server alone; "cannot" where this browser cannot do more. */
  readonly sealing: SealingView | "cannot" | null;
  /** For those who lead: seats whose browser cannot seal end to end. */
  readonly cannot: readonly string[];
  /** The server's clock against ours, in milliseconds: a phone set wrong must not say that the group is over. */
  readonly clockAhead: number;
  readonly chat: readonly ChatLine[];
  readonly writing: Writing;
  /** What I pressed and the server does not have yet. */
  readonly outbox: Outbox;
  /** The last command was not done for want of a line, or may not have been. */
  readonly notDone: NotDone | null;
  /** Quiet signs of the last moments. */
  readonly reactions: readonly Seen[];
  /** The newest lines of captions where I sit. */
  readonly captions: readonly Caption[];
  /** Helpers' seats that I keep in view for myself. */
  readonly pins: ReadonlySet<string>;
  /** My own screen asks whether I am still here. */
  readonly still: Card;
};

export type Seen = { readonly seat: string; readonly reaction: ReactionKind };

/** How long a quiet sign stays before it has faded. */
const REACTION_MS = 5000;
/** Devices may go a moment before the page sleeps, or say so a while after it woke. */
const BEFORE_SLEEP_MS = 5000;
const AFTER_SLEEP_MS = 5000;

export class RoomApp {
  snapshot: Snapshot;
  readonly timings = { admittedAt: 0, firstFrameAt: 0, frameAfterGoneAt: 0, goneAt: 0, movedAt: 0, frameAfterMoveAt: 0 };
  readonly quality: Quality;
  readonly #media: GroupMedia;
  readonly #sealing: Sealing | null;
  readonly #socket: RoomSocket;
  readonly #listeners = new Set<() => void>();
  #comesAnew: boolean;
  #roomKey = "";
  #said = "";
  #word: Word = "transport";
  #saidCannot = "";
  #leaving = false;
  #clock: number | null = null;
  /** Slept since then, and the server has not said yet where I am now. */
  #sleptSince: number | null = null;
  readonly #lost = new LostSound(ringLost);
  readonly #doubt = new Doubt();
  readonly still: StillWatch;

  constructor(readonly config: Config) {
    this.#comesAnew = comesAnew(config.socket);
    this.#media = new GroupMedia(
      {
        ask: (request) => this.#socket.ask(request),
        changed: () => this.#mediaChanged(),
        // Words go by the same network as sound and picture, and media notices first that it is gone.
        stalled: () => this.#socket.nudge(STALLED_MS),
      },
      comingIn(config.socket),
      waysOf(config),
      () => (this.#word === "end_to_end" ? (this.#sealing?.seal ?? null) : null),
    );
    const way = config.keysWorker ? wayOfThisBrowser() : null;
    this.#sealing = way && new Sealing(config.keysWorker!, way, (request) => this.#socket.askKeys(request), () => this.#sealChanged());
    this.quality = new Quality(this.#media, () => this.#qualityChanged());
    this.#socket = new RoomSocket(new URL(config.socket, socketBase()).href, connection(), config.person, {
      onMessage: (message) => this.#hear(message),
      onLine: (line) => this.#line(line),
    });
    this.snapshot = {
      state: START,
      media: this.#media.view,
      quality: this.quality.view,
      handRaised: false,
      mutedByFacilitator: false,
      listensFirst: false,
      breakoutTrouble: null,
      sealing: null,
      cannot: [],
      clockAhead: 0,
      chat: [],
      writing: NOTHING,
      outbox: callsKept(ownerOf(config), sessionStore()),
      notDone: null,
      reactions: [],
      captions: [],
      pins: myPins(),
      still: null,
    };
    this.still = new StillWatch({
      now: () => performance.now(),
      look: () => ({ talks: this.#isHeard, busy: Boolean(document.activeElement?.closest(".still")), seen: document.visibilityState === "visible" }),
      say: (message) => this.#socket.say(message),
      changed: (still) => this.#set({ still }),
    });
  }

  open(): void {
    this.#socket.open();
    watchNetwork((isOther) => {
      this.#socket.nudge();
      this.#media.check(isOther);
    });
    new SleepWatch((since) => this.#woke(since)).open();
    document.addEventListener("visibilitychange", () => this.quality.hide(document.visibilityState === "hidden"));
    this.quality.start();
    this.still.open();
    window.addEventListener("pagehide", () => this.#media.stop());
    // A page kept by the browser and shown again has lost its connections without knowing.
    window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  }

  /** Everything may have gone meanwhile, and nothing of it be noticed yet. */
  #woke(since: number): void {
    this.#sleptSince = since - BEFORE_SLEEP_MS;
    this.#socket.nudge();
    this.#media.check();
  }

  /** Only once the server says that I am still in: a camera must not light up for a group that is over. */
  #openAgain(): void {
    const since = this.#sleptSince;
    if (since === null) return;
    this.#sleptSince = null;
    void this.#media.openAgain(since);
    // Some devices say only a while after waking that they are gone.
    setTimeout(() => void this.#media.openAgain(since), AFTER_SLEEP_MS);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly read = (): Snapshot => this.snapshot;

  async toggleMic(): Promise<void> {
    this.#set({ mutedByFacilitator: false });
    await this.#media.setMic(!this.#media.view.mic);
  }

  async toggleCamera(): Promise<void> {
    const on = !this.#media.view.camera;
    // Who turns the camera on wants to be seen more than to save data.
    if (on && this.snapshot.quality.saving) this.quality.save(false);
    await this.#media.setCamera(on);
  }

  toggleHand(): void {
    const role = this.snapshot.state.room?.me.role;
    if (role === "helper" || role === "called") return;
    this.say({ type: "hand", raised: !this.snapshot.handRaised });
  }

  chatTyped(draft: string): void {
    this.#set({ writing: typed(this.snapshot.writing, draft) });
  }

  /** Kept here until the server's list shows it: a lost line loses no words. */
  chatSend(): void {
    const { writing } = this.snapshot;
    const next = sent(writing, crypto.randomUUID());
    this.#set({ writing: next });
    if (next !== writing) this.#sayLine();
  }

  #sayLine(): void {
    const { sending } = this.snapshot.writing;
    if (sending) this.say({ type: "chat_write", ...sending });
  }

  /** Keep a helper's tile in view on this device, or no longer. */
  pin(seat: string, on: boolean): void {
    this.#set({ pins: keepPin(this.snapshot.pins, seat, on) });
  }

  /** Says whether the line went out: one that did not stays where it was written. */
  caption(text: string): boolean {
    return this.say({ type: "caption", text });
  }

  /** I was asked to speak, and will. */
  async speak(): Promise<void> {
    if (!this.#media.view.mic) await this.toggleMic();
  }

  /** To the next hand, where the stick is mine or I lead. */
  passStick(): void {
    const { room } = this.snapshot.state;
    const stick = room && stickOf(room);
    if (stick?.mayPass) this.say({ type: "stick_pass", holder: stick.holder?.seat ?? null });
  }

  stillHere(): void {
    this.still.done();
  }

  /** By the mark on my tile, which everybody sees. */
  get #isHeard(): boolean {
    const { state, media } = this.snapshot;
    return media.mic && state.talking.has(mySeat(state)?.feed ?? "");
  }

  signal(kind: SignalKind): void {
    this.say({ type: "signal", id: "", kind });
  }

  /** Kept on this device until the server has it: a lost line or a reload must not lose a call for help. */
  #keep(message: Mine): void {
    const kept: Kept = { ...message, id: crypto.randomUUID() };
    this.#setOutbox(pressed(this.snapshot.outbox, kept));
    if (this.#socket.say(kept)) this.#doubt.pressed(kept.id);
    // A call does not wait for a dead line to be noticed.
    if (sortOf(kept) === "call") this.#socket.nudge();
  }

  #setOutbox(outbox: Outbox): void {
    keepCalls(outbox, ownerOf(this.config), sessionStore());
    this.#set({ outbox, handRaised: handIn(outbox) ?? this.snapshot.handRaised });
  }

  /** It could not be sent, and that was read. */
  callRead(): void {
    this.#setOutbox(read(this.snapshot.outbox));
  }

  notDoneRead(): void {
    this.#set({ notDone: null });
  }

  get hasLine(): boolean {
    return this.snapshot.state.line === "open";
  }

  refusalRead(): void {
    this.#set({ state: { ...this.snapshot.state, refusal: null } });
  }

  noticeRead(): void {
    this.#set({ mutedByFacilitator: false });
  }

  /** Without a line, or with a call for help under way, the socket stays until the server has heard it. */
  leave(): void {
    this.#leaving = !this.#socket.say({ type: "leave" }) || told(this.snapshot.outbox).calls;
    this.#media.stop();
    this.#sealing?.close();
    if (!this.#leaving) this.#socket.close();
    this.#set({ state: { ...this.snapshot.state, bye: "left" } });
  }

  /** Returns whether it is on its way or kept for it; a command without a line is neither, which is said at once. */
  say(message: ClientMessage): boolean {
    if (this.snapshot.breakoutTrouble && (message.type === "hop" || message.type.startsWith("breakouts_"))) this.#set({ breakoutTrouble: null });
    const sort = sortOf(message, this.snapshot.state.room?.me.seat);
    if (sort === "mine" || sort === "call") {
      this.#keep(message as Mine);
      return true;
    }
    const said = this.#socket.say(message);
    if (sort === "command") this.#commanded(said);
    return said;
  }

  #commanded(said: boolean): void {
    if (said) this.#doubt.said(this.#socket.beats);
    const notDone = said ? null : "no_line";
    if (notDone !== this.snapshot.notDone) this.#set({ notDone });
  }

  /** A control that needs the line was pressed while it is broken. */
  refuse(): void {
    this.#commanded(false);
  }

  /** The first frame of a feed is on the screen. */
  pictureSeen(): void {
    this.timings.firstFrameAt ||= Date.now();
    if (this.timings.movedAt) this.timings.frameAfterMoveAt ||= Date.now();
    if (this.timings.goneAt) this.timings.frameAfterGoneAt ||= Date.now();
  }

  figures(): Promise<Figures> {
    return this.#media.figures();
  }

  /** What the worker did with frames: for journeys to look at. */
  async sealFigures(): Promise<object> {
    const { sealing, state } = this.snapshot;
    const counts = this.#word === "end_to_end" ? await this.#sealing?.counts() : null;
    return { ...counts, sealing, way: this.#sealing?.way ?? null, encryption: state.room?.encryption ?? "", log: this.#sealing?.log ?? [] };
  }

  chooseEncryption(word: Word): void {
    this.say({ type: "encryption", word });
  }

  mediaTimings(): GroupMedia["timings"] {
    return this.#media.timings;
  }

  #hear(message: ServerMessage): void {
    this.#doubt.heard(message);
    // Lines of another place are not this one's.
    if (message.type === "room" && message.room !== this.snapshot.state.room?.room) this.#set({ captions: [] });
    const state = after(this.snapshot.state, message);
    if (message.type === "room") this.#clock = clockAheadAfter(this.#clock, Date.parse(message.now) - Date.now());
    const clockAhead = this.#clock ?? 0;
    if (message.type === "event" && message.kind === "gone") Object.assign(this.timings, { goneAt: Date.now(), frameAfterGoneAt: 0 });
    if (message.type === "event" && message.kind === "moderated" && message.feed === this.#media.feed) {
      this.#set({ mutedByFacilitator: message.muted });
    }
    if (message.type === "error" && message.code.startsWith("breakouts_")) this.#set({ breakoutTrouble: message.code });
    this.#set({ state, clockAhead, ...(message.type === "room" ? { handRaised: handIn(this.snapshot.outbox) ?? myHand(state) } : {}) });
    if (message.type === "kept") this.#setOutbox(answered(this.snapshot.outbox, message));
    if (message.type === "room") this.still.follow(message.still ?? null);
    if (message.type === "room") this.quality.signs(helpsAs(message) === "sign");
    if (message.type === "caption") this.#set({ captions: withCaption(this.snapshot.captions, message) });
    this.#follow(state);
    if (message.type === "room" || message.type === "beat") this.#openAgain();
    if (message.type === "chat") this.#set({ chat: message.lines, writing: confirmed(this.snapshot.writing, message.lines) });
    if (message.type === "error") this.#set({ writing: refused(this.snapshot.writing, message.code) });
    if (message.type === "reaction") this.#hearReaction(message);
    if (message.type === "keys") this.#hearKeys(message);
    if (message.type === "event") this.#media.hear(message);
    if (message.type === "event" && message.kind === "talking" && message.talking) this.quality.spoke(message.feed);
    // A short word is over before the watch would look by itself.
    if (message.type === "event" && message.kind === "talking") this.still.look();
    if (message.type === "bye" && message.reason !== "restarting") this.#socket.close();
  }

  #hearReaction({ seat, reaction }: { seat: string; reaction: ReactionKind }): void {
    const seen = { seat, reaction };
    this.#set({ reactions: [...this.snapshot.reactions.filter((other) => other.seat !== seat), seen] });
    setTimeout(() => this.#set({ reactions: this.snapshot.reactions.filter((other) => other !== seen) }), REACTION_MS);
  }

  /** Media follows admission: it begins when the door opens and ends, devices and all, when it closes. */
  #follow(state: State): void {
    if (!hasMedia(state) || !state.room) {
      if (this.#media.running) this.#media.stop();
      this.#sealing?.close();
      return;
    }
    const { room: place, encryption: word } = state.room;
    const isOther = word !== this.#word;
    this.#word = word;
    if (word === "transport") this.#sealing?.close();
    else if (!this.#openSealing(state)) {
      this.#media.stop();
      return;
    }
    if (this.#media.running) {
      if (isOther || place !== this.#roomKey) this.#move(place);
      return;
    }
    this.#roomKey = place;
    this.timings.admittedAt ||= Date.now();
    this.#listenFirst(state.room.me);
    this.#media.start();
  }

  /** Only the first time: whoever turned their microphone on and comes back finds it as they left it. */
  #listenFirst(me: Room["me"]): void {
    if (this.#comesAnew && me.enters_muted) {
      this.#media.beginMuted();
      this.#set({ listensFirst: true });
    }
    this.#comesAnew = false;
  }

  /** A breakout opened or ended, a facilitator went over, the encryption changed: no device is asked for again. */
  #move(key: string): void {
    this.#roomKey = key;
    Object.assign(this.timings, { movedAt: Date.now(), frameAfterMoveAt: 0 });
    this.#media.move();
    this.#said = "";
    this.#sayWhatISend();
  }

  /** Without a way to seal nothing is sent and nothing is received: whoever leads is asked, and decides for everybody. */
  #openSealing({ room }: State): boolean {
    if (this.#sealing && room) {
      this.#sealing.open(room, this.config.person);
      return true;
    }
    if (room && this.snapshot.state.line === "open" && this.#saidCannot !== room.room) {
      this.#saidCannot = room.room;
      this.#socket.askKeys({ kind: "cannot", room: room.room }).catch(() => (this.#saidCannot = ""));
    }
    if (this.snapshot.sealing !== "cannot") this.#set({ sealing: "cannot" });
    return false;
  }

  #hearKeys(message: KeysNow): void {
    this.#sealing?.hear(message);
    this.#set({ cannot: message.cannot });
  }

  #sealChanged(): void {
    const secured = this.snapshot.sealing !== null && this.snapshot.sealing !== "cannot" && this.snapshot.sealing.line === "secured";
    this.#set({ sealing: this.#word === "end_to_end" ? this.#sealing!.view : null });
    if (this.#sealing!.secured !== secured) this.#media.sealChanged();
  }

  /** Nobody hears me: either the words' line or that of sound and picture is gone. */
  #soundIfLost(): void {
    const { state, media } = this.snapshot;
    this.#lost.look(!state.bye && !this.#leaving && hasMedia(state) && (state.line === "reconnecting" || !media.connected));
  }

  #line(line: "open" | "reconnecting"): void {
    this.#set({ state: { ...this.snapshot.state, line } });
    this.#soundIfLost();
    if (line === "reconnecting" && this.#doubt.lost()) this.#set({ notDone: "unsure" });
    if (line === "open") {
      this.still.anew();
      this.#said = "";
      this.#sayWhatISend();
      for (const message of toSay(this.snapshot.outbox)) this.#socket.say(message);
      this.#sayLine();
      if (this.#leaving) {
        this.#socket.say({ type: "leave" });
        return;
      }
      const network = lineAtTheDoor(Date.now());
      if (network) this.say({ type: "network", word: network });
      this.#media.check();
      this.#saidCannot = "";
      this.#sealing?.lineIsBack();
    }
  }

  #mediaChanged(): void {
    this.#set({ media: this.#media.view });
    this.#soundIfLost();
    keepAs(this.config.socket, this.#media.wanted);
    this.#sayWhatISend();
  }

  #qualityChanged(): void {
    this.#set({ quality: this.quality.view });
    this.#sayWhatISend();
  }

  #sayWhatISend(): void {
    if (!this.#media.running) return;
    const { mic, camera, rest } = this.#media.view;
    const resting = rest !== "no" && this.#media.wanted.camera;
    const message = { type: "self", audio: mic, video: camera && !resting, saving: resting || this.quality.view.saving } as const;
    const text = JSON.stringify(message);
    if (text !== this.#said && this.#socket.say(message)) this.#said = text;
  }

  #set(part: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...part };
    for (const listener of this.#listeners) listener();
  }
}

function myHand({ room }: State): boolean {
  return Boolean(room?.seats.find((seat) => seat.seat === room.me.seat)?.hand_at);
}

function waysOf({ iceServers = [], iceTransportPolicy = "all" }: Config): Ways {
  return { iceServers, iceTransportPolicy };
}

function socketBase(): string {
  return location.origin.replace(/^http/, "ws");
}

/** This tab's connection: the same after a lost line, so that the server knows whose media it is. */
function connection(): string {
  const key = "openiop.connection";
  try {
    const kept = sessionStorage.getItem(key);
    if (kept) return kept;
    const made = crypto.randomUUID();
    sessionStorage.setItem(key, made);
    return made;
  } catch {
    return crypto.randomUUID();
  }
}

/** Whose calls are kept, and of which session. */
function ownerOf({ socket, person }: Config): string {
  return `${socket} ${person}`;
}

function sessionStore(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

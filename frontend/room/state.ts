/** What this tab knows and what it therefore shows, as pure functions. No DOM, no sockets, no clock. */

import type { ByeReason, MediaEvent, Room, Seat, ServerMessage, Waiting } from "./protocol.ts";

export type Line = "connecting" | "open" | "reconnecting";

export type State = {
  readonly line: Line;
  /** The media server, as far as our server and our own connections know. */
  readonly mediaLost: boolean;
  readonly room: Room | null;
  readonly talking: ReadonlySet<string>;
  readonly bye: ByeReason | null;
  /** The server said no, and why; shown until it is read. */
  readonly refusal?: Refusal | null;
};

const REFUSALS = ["needs_somebody", "somebody_aside", "already_aside", "joint_place", "not_inside", "door_locked", "not_waiting", "nothing_said", "with_somebody", "somebody_comes", "somebody_waits"] as const;
export type Refusal = (typeof REFUSALS)[number];

export const START: State = { line: "connecting", mediaLost: false, room: null, talking: new Set(), bye: null };

/** Return the state after one message. A room message is the whole truth and replaces the one before. */
export function after(state: State, message: ServerMessage): State {
  switch (message.type) {
    case "room":
      return { ...state, room: message };
    case "error":
      return (REFUSALS as readonly string[]).includes(message.code) ? { ...state, refusal: message.code as Refusal } : state;
    case "event":
      return afterMedia(state, message);
    case "bye":
      return message.reason === "restarting" ? state : { ...state, bye: message.reason };
    default:
      return state;
  }
}

function afterMedia(state: State, event: MediaEvent): State {
  switch (event.kind) {
    case "talking":
      return { ...state, talking: withOrWithout(state.talking, event.feed, event.talking) };
    case "feeds":
      return { ...state, mediaLost: false, talking: new Set([...state.talking].filter((f) => event.feeds.includes(f) || f === myFeed(state))) };
    case "hangup":
      return event.target === "both" ? { ...state, mediaLost: true, talking: new Set() } : state;
    case "gone":
      return { ...state, mediaLost: false, talking: new Set() };
    default:
      return state;
  }
}

function withOrWithout(set: ReadonlySet<string>, item: string, isIn: boolean): ReadonlySet<string> {
  if (set.has(item) === isIn) return set;
  const next = new Set(set);
  if (isIn) next.add(item);
  else next.delete(item);
  return next;
}

export type Screen =
  | "connecting"
  | "before"
  | "waiting"
  | "room"
  | "staff_only"
  | "paused"
  | "sent_back"
  | "removed"
  | "ended"
  | "left"
  | "elsewhere"
  | "refused";

const SCREEN_AFTER_BYE: Record<Exclude<ByeReason, "restarting">, Screen> = {
  left: "left",
  taken: "elsewhere",
  removed: "removed",
  sent_back: "sent_back",
  ended: "ended",
  refused: "refused",
};

/** Which screen is true now. The goodbye that closed the socket outranks the last state sent before it. */
export function screenOf({ bye, room }: State): Screen {
  if (bye && bye !== "restarting") return SCREEN_AFTER_BYE[bye];
  if (!room) return "connecting";
  const { state, talk } = room.me;
  if (state === "removed" || state === "sent_back" || state === "ended") return state;
  if (room.session.phase === "ended") return "ended";
  if (state === "waiting") return room.session.phase === "before" ? "before" : "waiting";
  if (room.paused) return "paused";
  return talk === "contact_only" ? "staff_only" : "room";
}

/** Camera and microphone are asked for here and nowhere else: the waiting screen needs neither. */
export function hasMedia(state: State): boolean {
  return isInside(state) && !isCompanion(state);
}

export function isInside(state: State): boolean {
  return ["room", "staff_only"].includes(screenOf(state));
}

/** On site, with a phone that neither hears nor sees: the room around them does. */
export function isCompanion({ room }: State): boolean {
  return Boolean(room?.me.companion);
}

/** People on site who hold their own phone; they stand on the tile of the site's device. */
export function companions(room: Room): readonly Seat[] {
  return room.seats.filter((seat) => seat.companion && (seat.here || seat.reconnecting));
}

export function mySeat(state: State): Seat | null {
  const { room } = state;
  return room?.seats.find((seat) => seat.seat === room.me.seat) ?? null;
}

function myFeed(state: State): string | null {
  return mySeat(state)?.feed ?? null;
}

const RANK: Record<Seat["role"], number> = { facilitator: 0, staff: 1, called: 1, site: 2, patient: 3, supporter: 4, helper: 5 };

/**
 * Return the seats to draw, others before myself: who leads first, then faces, then the rest by name.
 * Faces count only in a crowd (more than nine): in a small group a camera that goes off should not make people jump about.
 */
export function tiles(room: Room): readonly Seat[] {
  const crowded = room.seats.length > 9;
  const rank = (seat: Seat): readonly number[] => [
    Number(seat.seat === room.me.seat),
    RANK[seat.role],
    crowded ? Number(!seat.video) : 0,
  ];
  return room.seats
    .filter((seat) => !seat.companion && (seat.here || seat.reconnecting))
    .sort((a, b) => compare(rank(a), rank(b)) || a.name.localeCompare(b.name) || compare([a.seat], [b.seat]));
}

function compare<T>(a: readonly T[], b: readonly T[]): number {
  for (let i = 0; i < a.length; i += 1) {
    if (a[i]! < b[i]!) return -1;
    if (a[i]! > b[i]!) return 1;
  }
  return 0;
}

/** What is said on a tile, most urgent first. */
export type TileWord = "reconnecting" | "speaks" | "hand" | "muted" | "sound_only" | "saving" | "silent" | "picture_rests";

/** `rests`: this person's picture is not received just now, because this line or this person saves data; `speaks`: they hold the talking stick. */
export function tileWords(seat: Seat, rests = false, speaks = false): readonly TileWord[] {
  if (seat.reconnecting) return ["reconnecting"];
  const words: TileWord[] = speaks ? ["speaks"] : [];
  if (seat.hand_at) words.push("hand");
  if (!seat.audio && !seat.video && !seat.saving) words.push("silent");
  else if (!seat.audio) words.push("muted");
  if (seat.saving && !seat.video) words.push("saving");
  else if (seat.audio && !seat.video) words.push("sound_only");
  else if (seat.video && rests) words.push("picture_rests");
  return words;
}

/** Hands in the order in which they went up, so that the first to ask is the first to be called on. */
export function hands(room: Room): readonly Seat[] {
  return room.seats
    .filter((seat) => seat.here && seat.hand_at)
    .sort((a, b) => compare([a.hand_at], [b.hand_at]));
}

/** Columns that make the tiles largest. All lengths in pixels; a tile is `ratio` times as wide as high. */
export function columnsFor(count: number, width: number, height: number, gap = 10, ratio = 16 / 10): number {
  let best = { columns: 1, area: 0 };
  for (let columns = 1; columns <= Math.max(count, 1); columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - gap * (columns - 1)) / columns;
    const down = (height - gap * (rows - 1)) / rows;
    const tile = Math.min(across, down * ratio);
    if (tile > 0 && (tile * tile) / ratio > best.area * 1.02) best = { columns, area: (tile * tile) / ratio };
  }
  return best.columns;
}

/** Who came to the door since the last state: told to facilitators, who may be looking at the faces. */
export function arrivals(before: Room | null, now: Room): readonly Waiting[] {
  const known = new Set(before?.waiting.map((person) => person.seat));
  return now.waiting.filter((person) => !known.has(person.seat));
}

/** Hands that went up since the last state, other people's. */
export function newHands(before: Room | null, now: Room): readonly Seat[] {
  const known = new Set(before?.seats.filter((seat) => seat.hand_at).map((seat) => seat.seat));
  return hands(now).filter((seat) => !known.has(seat.seat) && seat.seat !== now.me.seat);
}

/** A word never travels longer than this, unless it lay in a page that stood still; and then a newer one comes. */
const LONGEST_TRAVEL_MS = 5000;

/**
 * How far the server's clock is ahead of this device's, in milliseconds, after it said its time once more. What was long on its way
 * makes the server seem behind: a countdown that believed each word would jump with the line. `before`: null where nothing was said yet.
 */
export function clockAheadAfter(before: number | null, said: number): number {
  if (before === null || before - said > LONGEST_TRAVEL_MS) return said;
  return Math.max(before, said);
}

/** Whole minutes from `now` to `then`, never below zero; both as ISO text or milliseconds. */
export function minutesUntil(then: string, now: number): number {
  return Math.max(0, Math.ceil((Date.parse(then) - now) / 60_000));
}

export function minutesSince(then: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(then)) / 60_000));
}

/** How many people a room holds: the site's device counts for those in front of it, and for one when nobody was seen; a phone for nobody. */
export function headCount(seats: readonly Seat[]): number {
  return seats.reduce((sum, { role, people, companion }) => sum + (companion ? 0 : role === "site" ? Math.max(people.length, 1) : 1), 0);
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/u);
  const letters = (words.length > 1 ? [words[0]!, words[words.length - 1]!] : [words[0] ?? ""]).map((word) => [...word][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

/**
 * What the room's socket may say, both ways: openiop/room/protocol in TypeScript.
 * tests/cases/room_protocol.json holds the two together. Fields we do not know are ignored.
 */

import type { AgendaBlock, CardNow, CardsCommand } from "./protocol-cards.ts";
import type { AsideAsked, AsidesCommand, ChatCommand, ChatLine, ChatWord, DoorCommand, DoorForMe, DoorLed, DoorSaid, CalledNow, Company, FloorCommand, FloorNow, Leader, NetworkWord, OnDuty, SpeakAsked } from "./protocol-leading.ts";

import type { CaptionLine, HelpingCommand, HelpsNow } from "./protocol-helpers.ts";
import type { StillCommand, StillNow, StillSeen } from "./protocol-still.ts";

export type * from "./protocol-leading.ts";
export type * from "./protocol-helpers.ts";
export type * from "./protocol-cards.ts";
export type * from "./protocol-still.ts";

export const PROTOCOL = 1;
export const LARGEST_MESSAGE_BYTES = 65536;
export const BEAT_SECONDS = 10;

export type Leg = "publisher" | "subscriber";

export type MediaRequest =
  | { kind: "publish"; sdp: string }
  | { kind: "unpublish" }
  | { kind: "subscribe"; feeds: "all" | string[]; fresh?: boolean }
  | { kind: "start"; leg: number; sdp: string }
  | { kind: "configure"; feeds?: string[]; layer?: 0 | 1 | 2; video?: boolean; speak?: true }
  | { kind: "trickle"; target: Leg; candidate: Candidate | null }
  | { kind: "restart"; target: "publisher"; sdp: string }
  | { kind: "restart"; target: "subscriber" };

export type Candidate = { candidate: string; sdpMid?: string; sdpMLineIndex?: number };

export type Word = "transport" | "end_to_end";

export type KeyRequest =
  | { kind: "package"; room: string; key: string; package: string }
  | { kind: "cannot"; room: string }
  | { kind: "commit"; room: string; epoch: number; found: boolean; commit: string | null; welcome: string | null; members: string[] }
  | { kind: "roster"; version: number; key: string; entries: { seat: string; key: string }[]; signature: string };

export type ClientMessage =
  | { type: "hello"; connection: string; protocol: typeof PROTOCOL; person?: string }
  | { type: "beat" }
  | { type: "hand"; raised: boolean; id?: string }
  | { type: "self"; audio: boolean; video: boolean; saving?: boolean }
  | { type: "media"; id: number; request: MediaRequest }
  | { type: "signal"; id: string; kind: SignalKind }
  | { type: "aside"; seat: string }
  | { type: "aside_end" }
  | { type: "answer_signal"; signal: string; preset: SignalReply }
  | { type: "keys"; id: number; request: KeyRequest }
  | { type: "encryption"; word: Word }
  | { type: "leave" }
  | { type: "admit"; seat: string }
  | { type: "send_back" | "mute" | "remove"; seat: string }
  | { type: "end" }
  | TogetherCommand
  | CardsCommand
  | DoorCommand
  | FloorCommand
  | ChatCommand
  | AsidesCommand
  | HelpingCommand
  | StillCommand
  | StillSeen
  | BreakoutCommand;

/** What the group does together: facilitators' only, but for a person's own answer and a reaction. */
export type TogetherCommand =
  | { type: "timer_start"; kind: TimerKind; minutes: number }
  | { type: "timer_more"; minutes: number }
  | { type: "timer_stop" }
  | { type: "poll_ask"; kind: PollKind; question: string; options: string[]; named: boolean; kept: boolean }
  | { type: "poll_answer"; poll: string; value: number; id?: string }
  | { type: "react"; reaction: ReactionKind }
  | { type: "poll_close" | "poll_show" | "poll_put_away" };

export type ReactionKind = "with_you" | "me_too" | "thanks" | "well_done";

export type PollKind = "feelings" | "commitment" | "yes_no" | "choices" | "arrival";

/** Counts come once it is closed, and four answered or a facilitator showed it. */
export type PollNow = {
  readonly id: string;
  readonly kind: PollKind;
  readonly question: string;
  readonly options: readonly string[];
  readonly named: boolean;
  readonly kept: boolean;
  readonly open: boolean;
  readonly mine: number | null;
  readonly counts: readonly number[] | null;
};

export type LeavingHow = "calmer" | "same" | "worse" | "not_safe";

export type LeadPoll = {
  readonly answered: number;
  readonly counts: readonly number[] | null;
  readonly chosen: readonly { readonly name: string; readonly value: number }[];
  readonly shown: boolean;
};

export type TimerKind = "break" | "exercise";

export type TimerNow = { readonly id: string; readonly kind: TimerKind; readonly started_at: string; readonly ends_at: string };

/** What is on in the group; null for whoever waits or is outside of it. */
export type TogetherNow = { readonly timer: TimerNow | null; readonly poll?: PollNow | null };

export type LeadTogether = {
  /** A break of the plan that nobody has begun yet. */
  readonly plan_break: { readonly title: string; readonly minutes: number; readonly ends_at: string } | null;
  readonly poll?: LeadPoll | null;
  readonly left?: readonly { readonly name: string; readonly how: LeavingHow }[];
};

/** All but the first are facilitators' only. A room of null is the group. */
export type BreakoutCommand =
  | { type: "ask_help"; asks: boolean; id?: string }
  | { type: "hop"; room: string | null }
  | { type: "breakouts_prepare"; rooms: number; how: Assigned; minutes: number | null; late: Late }
  | { type: "breakouts_place"; seat: string; room: string | null }
  | { type: "breakouts_open" | "breakouts_discard" }
  | { type: "breakouts_extend"; minutes: number }
  | { type: "breakouts_close"; seconds: number }
  | { type: "breakouts_say"; text: string };

export type Assigned = "hand" | "random" | "pairs" | "last_time";
export type Late = "smallest" | "ask";

export type SignalKind = "word" | "not_alone" | "urges" | "stepping_away" | "not_safe";
export type SignalReply = "seen" | "soon" | "private" | "stay" | "time" | "noted" | "on_its_way";

export type MySignal = {
  readonly id: string;
  readonly kind: SignalKind;
  readonly at: string;
  readonly answer: SignalReply | null;
  readonly answered_by: string;
};

export type SignalSeen = {
  readonly signal: string;
  readonly seat: string;
  readonly name: string;
  readonly kind: SignalKind;
  readonly at: string;
  readonly answer: SignalReply | null;
  readonly answered_by: string;
};

/** What only those who lead are sent. */
export type Lead = {
  readonly signals: readonly SignalSeen[];
  readonly care: readonly Cared[];
  /** The private place I am in; `there`: the person was brought to me. */
  readonly aside?: { readonly seat: string; readonly name: string; readonly there: boolean } | null;
  readonly unstaffed?: boolean;
  readonly together?: LeadTogether;
  readonly door: DoorLed;
  readonly others: readonly Leader[];
  readonly asides: readonly AsideAsked[];
  readonly on_duty?: readonly OnDuty[];
  /** In a private place in which none of the staff is any more. */
  readonly alone?: readonly { readonly seat: string; readonly name: string }[];
  /** The rooms whose keys I hold, whichever I sit in. */
  readonly key_rooms?: readonly string[];
  readonly agenda: readonly AgendaBlock[];
};

export type Cared = {
  readonly seat: string;
  readonly name: string;
  readonly at_risk: boolean;
  readonly lost_since: string | null;
  /** Their screen asked *still with us?* in vain; nothing was touched since then. */
  readonly untouched_since?: string | null;
  readonly page: string;
};

export type Role = "patient" | "facilitator" | "site" | "staff" | "supporter" | "helper" | "called";

export type Seat = {
  readonly seat: string;
  readonly name: string;
  readonly role: Role;
  readonly here: boolean;
  readonly hand_at: string | null;
  readonly audio: boolean;
  readonly video: boolean;
  /** Sound only for now, because the line is weak or data is dear. */
  readonly saving: boolean;
  readonly feed: string | null;
  readonly reconnecting: boolean;
  /** Who is in front of the site's device, as kiosk and front desk say; empty for everybody else. */
  readonly people: readonly string[];
  /** On site, by their own phone: no tile of its own. */
  readonly companion?: boolean;
  /** Of a helper: what they do here. */
  readonly helps?: HelpsNow | null;
};

export type Waiting = {
  readonly seat: string;
  readonly name: string;
  readonly since: string;
  readonly ready: boolean;
  readonly missing: readonly string[];
  /** The page where staff obtain what is missing. */
  readonly door: string;
  /** Let in already, face to face with staff and not in treatment. */
  readonly with_staff: boolean;
  /** Of a supporter: the patient they come for. */
  readonly here_for: string;
  /** What their own test before joining found; null where it is not known. */
  readonly network: NetworkWord | null;
  readonly at_risk: boolean;
  /** Comes back through a locked door. */
  readonly was_inside: boolean;
  /** What was written to them alone. */
  readonly told: DoorSaid | null;
};

export type BreakoutMessage = { readonly id: string; readonly text: string; readonly by: string; readonly at: string };

/** The breakout I sit in; of the others I am told nothing. */
export type MyBreakout = {
  readonly name: string;
  readonly ends_at: string | null;
  readonly closing: boolean;
  readonly asked_at: string | null;
  readonly message: BreakoutMessage | null;
};

export type BreakoutRoom = { readonly room: string; readonly name: string; readonly staffed: boolean };

export type BreakoutPerson = {
  readonly seat: string;
  readonly name: string;
  readonly role: Role;
  readonly here: boolean;
  readonly room: string | null;
  readonly alone: boolean;
  readonly watch: "high" | "imminent" | null;
  readonly unattended: boolean;
  readonly asked_at: string | null;
};

/** Facilitators' only. */
export type Breakouts = {
  readonly phase: "none" | "prepared" | "running" | "closing";
  readonly how: Assigned | null;
  readonly late: Late;
  readonly minutes: number | null;
  readonly opened_at: string | null;
  readonly ends_at: string | null;
  readonly last_time: boolean;
  readonly rooms: readonly BreakoutRoom[];
  readonly people: readonly BreakoutPerson[];
  readonly apart: readonly (readonly [string, string])[];
  readonly message: BreakoutMessage | null;
};

export type MyState = "waiting" | "admitted" | "private" | "removed" | "sent_back" | "ended";

export type Room = {
  readonly type: "room";
  readonly now: string;
  readonly room: string;
  readonly session: {
    readonly id: string;
    readonly title: string;
    readonly block: string;
    readonly starts_at: string;
    readonly ends_at: string;
    readonly phase: "before" | "open" | "ended";
  };
  readonly me: {
    readonly seat: string;
    readonly role: Role;
    readonly state: MyState;
    readonly talk: "treatment" | "contact_only";
    /** On site, by my own phone: no sound, no picture. */
    readonly companion?: boolean;
    /** Whoever comes in now listens first. */
    readonly enters_muted?: boolean;
  };
  readonly host: { readonly name: string; readonly here: boolean } | null;
  readonly seats: readonly Seat[];
  readonly waiting: readonly Waiting[];
  readonly breakout: MyBreakout | null;
  readonly breakouts: Breakouts | null;
  /** For those who wait. */
  readonly door?: DoorForMe | null;
  /** For patients: nobody leads the group just now. */
  readonly paused?: boolean;
  readonly together?: TogetherNow | null;
  readonly card?: CardNow | null;
  readonly floor?: FloorNow | null;
  readonly asked_to_speak?: SpeakAsked | null;
  readonly my_signal?: MySignal | null;
  readonly still?: StillNow | null;
  readonly lead?: Lead | null;
  /** For one patient alone: whom those who lead have called to them. */
  readonly company?: Company | null;
  /** For a clinician who was called to a private place. */
  readonly called?: CalledNow | null;
  readonly chat: ChatWord;
  readonly encryption: Word;
};

export type StreamOfFeed = { readonly mid: string; readonly feed: string; readonly media: "audio" | "video" };

export type MediaEvent = { type: "event" } & (
  | { kind: "feeds"; feeds: string[] }
  | { kind: "offer"; leg: number; sdp: string; streams: StreamOfFeed[] }
  | { kind: "trickle"; target: Leg; leg?: number | null; candidate: Candidate | null }
  | { kind: "moderated"; feed: string; media: "audio" | "video"; muted: boolean }
  | { kind: "talking"; feed: string; talking: boolean }
  | { kind: "slow"; up: boolean; lost: number }
  | { kind: "layer"; mid: string; layer: number }
  | { kind: "hangup"; target: Leg | "both"; reason: string; feed?: string | null }
  | { kind: "gone" }
);

export type MediaReply = {
  type: "media";
  id: number;
  reply: { sdp?: string; feed?: string } | null;
  error: string | null;
};

/** Where the keys of my room stand; see openiop/room/protocol/keys.py for each field. */
export type KeysNow = {
  type: "keys";
  room: string;
  mine: string | null;
  epoch: number;
  members: string[];
  packages: { id: string; seat: string; role: string; key: string; package: string }[];
  roster: {
    version: number;
    by: string;
    role: string;
    key: string;
    entries: { seat: string; key: string }[];
    signature: string;
  } | null;
  vouch: { seat: string; key: string }[] | null;
  cannot: string[];
  commits: { epoch: number; found: boolean; package: string; commit: string; members: string[] }[];
  welcome: { package: string; epoch: number; welcome: string } | null;
};

export type KeysReply = { type: "keys_reply"; id: number; reply: { package?: string } | null; error: string | null };

export type ByeReason = "left" | "taken" | "removed" | "sent_back" | "ended" | "refused" | "restarting";

export type ServerMessage =
  | Room
  | MediaReply
  | MediaEvent
  | KeysNow
  | KeysReply
  | { type: "chat"; lines: readonly ChatLine[] }
  | { type: "reaction"; seat: string; reaction: ReactionKind }
  | CaptionLine
  | { type: "bye"; reason: ByeReason }
  | { type: "error"; code: string }
  /** What I said with this id is done, now or before; or was refused. */
  | { type: "kept"; id: string; done: boolean }
  | { type: "beat" };

const KNOWN = new Set(["room", "media", "event", "keys", "keys_reply", "chat", "reaction", "caption", "kept", "bye", "error", "beat"]);

/** Return the message in `text`, or null for one this tab is too old to understand: it is passed over. */
export function heard(text: string): ServerMessage | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof message !== "object" || message === null || !("type" in message)) return null;
  return KNOWN.has(String(message.type)) ? (message as ServerMessage) : null;
}

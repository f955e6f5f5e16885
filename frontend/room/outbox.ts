/**
 * What was pressed and the server does not have yet, and what becomes of a press while the line is broken.
 * No DOM, no sockets, no clock. Rules: docs/rules/line.md.
 *
 * - *mine*: a state of my own. Kept, and sent as it then is; the newest replaces what was not sent.
 * - *call*: a call for help. Each is kept, over a reload too, until the server says that it has it.
 * - *command*: on others, on the group, or for this moment. Never kept: a minute later it would hit another.
 * - *own*: has its own way of being said again.
 */

import type { ClientMessage, ServerMessage } from "./protocol.ts";
import { CALLS as KEY } from "./tabkept.ts";

export type Sort = "mine" | "call" | "command" | "own";

const SORTS: Record<ClientMessage["type"], Sort> = {
  hand: "mine", poll_answer: "mine", speak_not_now: "mine", spotlight_off: "mine", card_keep: "mine",
  signal: "call", ask_help: "call",
  hello: "own", beat: "own", self: "own", media: "own", keys: "own", leave: "own", network: "own", chat_write: "own", still: "own",
  admit: "command", send_back: "command", mute: "command", remove: "command", end: "command", encryption: "command", pin: "command", still_seen: "command",
  hop: "command", breakouts_prepare: "command", breakouts_place: "command", breakouts_open: "command", breakouts_discard: "command",
  breakouts_extend: "command", breakouts_close: "command", breakouts_say: "command",
  timer_start: "command", timer_more: "command", timer_stop: "command",
  poll_ask: "command", poll_close: "command", poll_show: "command", poll_put_away: "command",
  door_lock: "command", door_say: "command", door_unsay: "command",
  ask_to_speak: "command", spotlight: "command", stick: "command", stick_pass: "command",
  chat_mode: "command", chat_remove: "command",
  react: "command", caption: "command",
  agenda_mark: "command", card_show: "command", card_put_away: "command",
  answer_signal: "command", aside: "command", aside_end: "command", aside_ask: "command", aside_answer: "command",
};

/** `mySeat`: stepping out of the spotlight myself is mine, taking it from another is a command. */
export function sortOf(message: ClientMessage, mySeat = ""): Sort {
  if (message.type === "spotlight_off") return message.seat === mySeat ? "mine" : "command";
  if (message.type === "ask_help") return message.asks ? "call" : "mine";
  return SORTS[message.type];
}

/** What a person says of or for themselves: openiop/room/protocol/base.py calls it `Mine`. */
export type Mine = Extract<ClientMessage, { type: "hand" | "ask_help" | "poll_answer" | "speak_not_now" | "spotlight_off" | "card_keep" | "signal" }>;
export type Kept = Mine & { id: string };

/** `refused`: the server has said no to a call; it is shown until it is read. */
export type Waits = { readonly message: Kept; readonly refused: boolean };
export type Outbox = readonly Waits[];

export const EMPTY: Outbox = [];

/** Two presses with the same slot are one wish, of which the newest holds. Signals have none: each stands for itself. */
function slotOf(message: Kept): string {
  switch (message.type) {
    case "signal":
      return message.id;
    case "poll_answer":
      return `poll ${message.poll}`;
    case "card_keep":
      return `card ${message.card}`;
    default:
      return message.type;
  }
}

export function pressed(outbox: Outbox, message: Kept): Outbox {
  return [...outbox.filter((waits) => slotOf(waits.message) !== slotOf(message)), { message, refused: false }];
}

/** What is said after each hello, in the order in which it was pressed. */
export function toSay(outbox: Outbox): readonly Kept[] {
  return outbox.filter(({ refused }) => !refused).map(({ message }) => message);
}

/** The server's word on one press. A refused state of mine is as the room says; a refused call must be told. */
export function answered(outbox: Outbox, { id, done }: { id: string; done: boolean }): Outbox {
  const waits = outbox.find(({ message }) => message.id === id);
  if (!waits) return outbox;
  if (done || !isCall(waits)) return outbox.filter((other) => other !== waits);
  return outbox.map((other) => (other === waits ? { ...waits, refused: true } : other));
}

export function read(outbox: Outbox): Outbox {
  return outbox.filter(({ refused }) => !refused);
}

function isCall({ message }: Waits): boolean {
  return sortOf(message) === "call";
}

export type Told = { readonly calls: boolean; readonly refused: boolean; readonly mine: boolean };

/** What of it the person must be told. Which call it is nobody reads over their shoulder. */
export function told(outbox: Outbox): Told {
  return {
    calls: outbox.some((waits) => isCall(waits) && !waits.refused),
    refused: outbox.some(({ refused }) => refused),
    mine: outbox.some((waits) => !isCall(waits)),
  };
}

/** My hand as I last put it, where the server does not have that yet. */
export function handIn(outbox: Outbox): boolean | null {
  return find(outbox, "hand")?.raised ?? null;
}

/** Did I ask for help, or take it back, and the server does not know yet? */
export function helpIn(outbox: Outbox): boolean | null {
  return find(outbox, "ask_help")?.asks ?? null;
}

export function pollIn(outbox: Outbox, poll: string): number | null {
  const answer = outbox.map(({ message }) => message).find((message) => message.type === "poll_answer" && message.poll === poll);
  return answer?.type === "poll_answer" ? answer.value : null;
}

function find<Type extends Kept["type"]>(outbox: Outbox, type: Type): Extract<Kept, { type: Type }> | undefined {
  return toSay(outbox).find((message): message is Extract<Kept, { type: Type }> => message.type === type);
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** `owner` is this person in this session's room: nobody else's tab, and no other evening, ever says it for them. */
export function keepCalls(outbox: Outbox, owner: string, store: Store | null): void {
  const calls = outbox.filter(isCall);
  try {
    if (calls.length) store?.setItem(KEY, JSON.stringify({ owner, calls }));
    else store?.removeItem(KEY);
  } catch {
    // Without storage they are kept for as long as the page lives.
  }
}

export function callsKept(owner: string, store: Store | null): Outbox {
  try {
    const kept = JSON.parse(store?.getItem(KEY) ?? "null") as { owner?: unknown; calls?: unknown } | null;
    return kept?.owner === owner && Array.isArray(kept.calls) ? (kept.calls as Waits[]).filter(isWhole) : EMPTY;
  } catch {
    return EMPTY;
  }
}

function isWhole(waits: Waits | null): boolean {
  return typeof waits?.message?.id === "string" && SORTS[waits.message.type] === "call";
}

/** A command may have been said into a line that was dead already: whoever pressed it must look whether it was done. */
export type NotDone = "no_line" | "unsure";

/** Said by the server at once, about words it could not read: other words may wait before them. */
const UNREAD = new Set(["too_large", "not_json", "unknown", "invalid"]);

export class Doubt {
  #open = false;
  #echoes = 0;
  #since = new Set<string>();
  /** A command went out, while so many beats had no echo yet. */
  said(beats = 0): void {
    this.#open = true;
    this.#echoes = beats;
    this.#since.clear();
  }
  /** A press that the server will answer by its id went out. */
  pressed(id: string): void {
    this.#since.add(id);
  }
  /** The server takes words in turn: an answer to what was said after the command comes after the command was done. */
  heard(message: Pick<ServerMessage, "type"> & { readonly id?: unknown; readonly code?: unknown }): void {
    if (message.type === "beat") this.#open &&= this.#echoes-- > 0;
    else if (message.type === "kept") this.#open &&= !this.#since.has(String(message.id));
    else if (message.type === "error") this.#open &&= UNREAD.has(String(message.code));
  }
  /** The line broke; was anything said into it that nobody answered? */
  lost(): boolean {
    const open = this.#open;
    this.#open = false;
    return open;
  }
}

/**
 * What the room's group of key holders needs next, and who does it: a pure function of what the server tells everybody.
 *
 * Who leads goes first; if nothing happens for two seconds, the lowest place in the group's tree, then the next.
 * Two who act at once do no harm: the server takes the first commit of an epoch, and the other one reads and thinks again.
 */

import { has } from "./roster.ts";
import type { Roster } from "./roster.ts";
import type { KeysNow } from "../protocol.ts";

export const PATIENCE_MS = 2000;

export type Step =
  /** Nothing is to be done, or nothing by me. */
  | { readonly kind: "rest" }
  /** My package is missing, stale, or was used up: make another. */
  | { readonly kind: "publish" }
  /** Say who may hold keys. */
  | { readonly kind: "sign"; readonly after: number }
  | { readonly kind: "found"; readonly after: number }
  | { readonly kind: "commit"; readonly after: number; readonly out: readonly string[]; readonly in: readonly string[] };

export type Mine = {
  readonly seat: string;
  readonly role: string;
  /** The package that this page made and still holds the private half of. */
  readonly package: string | null;
  /** The epoch up to which this page follows the group, or null where it is no member. */
  readonly epoch: number | null;
  /** This page was a member with its present package and cannot go on with it. */
  readonly spent: boolean;
  /** Do not wait for a group that this page cannot follow: begin a new one. */
  readonly stuck: boolean;
};

const REST: Step = { kind: "rest" };
const LEADS = new Set(["facilitator", "staff"]);

/** `roster`: the newest one whose signature is good, or null. */
export function nextStep(now: KeysNow, roster: Roster | null, mine: Mine): Step {
  if (mine.package === null || mine.spent || now.mine !== mine.package) return { kind: "publish" };
  // Not before the server has told of my own package too: a roster without its signer is nobody's.
  const isTold = now.vouch?.some(({ seat }) => seat === mine.seat) ?? false;
  if (LEADS.has(mine.role) && isTold && !vouchedFor(now, roster)) return { kind: "sign", after: turn(mine.seat, signers(now)) };
  const able = now.packages.filter((one) => roster && has(roster, { seat: one.seat, key: one.key }));
  if (!able.some((one) => one.id === mine.package)) return REST;
  const members = able.filter((one) => now.members.includes(one.id));
  if (members.length === 0 || (mine.stuck && LEADS.has(mine.role))) {
    return { kind: "found", after: turn(mine.seat, able.map(({ seat, role }) => ({ seat, role }))) };
  }
  if (mine.epoch !== now.epoch || !now.members.includes(mine.package)) return REST;
  const current = new Set(now.packages.map((one) => one.id));
  const bringIn = able.filter((one) => !now.members.includes(one.id)).map((one) => one.id);
  const putOut = now.members.filter((id) => !current.has(id) || !able.some((one) => one.id === id));
  if (bringIn.length === 0 && putOut.length === 0) return REST;
  const committers = now.members.flatMap((id) => members.filter((one) => one.id === id));
  return { kind: "commit", after: turn(mine.seat, committers, false), out: putOut, in: bringIn };
}

/** Does the newest good roster say exactly what the sign-in says now? */
function vouchedFor(now: KeysNow, roster: Roster | null): boolean {
  const vouch = now.vouch ?? [];
  return roster !== null && roster.entries.length === vouch.length && vouch.every((entry) => has(roster, entry));
}

function signers(now: KeysNow): { seat: string; role: string }[] {
  return now.packages.filter((one) => LEADS.has(one.role));
}

/** How long I wait before it is my turn: who leads first, then by place in the list, two seconds for each before me. */
function turn(seat: string, people: readonly { seat: string; role: string }[], bySeat = true): number {
  const inOrder = people
    .map((one, place) => ({ ...one, place }))
    .sort((a, b) => rank(a.role) - rank(b.role) || (bySeat ? (a.seat < b.seat ? -1 : 1) : a.place - b.place));
  return Math.max(0, inOrder.findIndex((one) => one.seat === seat)) * PATIENCE_MS;
}

function rank(role: string): number {
  return role === "facilitator" ? 0 : role === "staff" ? 1 : 2;
}

/**
 * Who may hold the room's keys: seats and their signature keys, signed by somebody who leads the session. And the code
 * that people compare aloud: it covers who holds the keys and with which signature key, nothing else, so it stays the same when a
 * line breaks and changes when somebody comes.
 */

import { base64Of, bytesOf, joined, utf8 } from "./bytes.ts";
import { sign, verify } from "./identity.ts";
import type { Identity } from "./identity.ts";

export type Entry = { readonly seat: string; readonly key: string };
export type Roster = {
  readonly version: number;
  /** The seat that signed, what it is in the session (as the server says), and its key. */
  readonly by: string;
  readonly role: string;
  readonly key: string;
  readonly entries: readonly Entry[];
  readonly signature: string;
};

const SIGNERS = new Set(["facilitator", "staff"]);
const ROUNDS = 200_000;
const GROUPS = 4;

export function maySign(role: string): boolean {
  return SIGNERS.has(role);
}

export async function signed(
  session: string,
  version: number,
  entries: readonly Entry[],
  me: Identity,
): Promise<Omit<Roster, "role">> {
  const key = base64Of(me.publicKey);
  const signature = base64Of(await sign(me, text(session, version, me.seat, entries)));
  return { version, by: me.seat, key, entries: sorted(entries), signature };
}

/** Is this the word of somebody who leads, and do they vouch for themselves under the same key? */
export async function isGood(session: string, roster: Roster): Promise<boolean> {
  if (!maySign(roster.role) || !has(roster, { seat: roster.by, key: roster.key })) return false;
  if (new Set(roster.entries.map((entry) => entry.seat)).size !== roster.entries.length) return false;
  const message = text(session, roster.version, roster.by, roster.entries);
  return verify(bytesOf(roster.key), message, bytesOf(roster.signature));
}

export function has(roster: Roster, entry: Entry): boolean {
  return roster.entries.some(({ seat, key }) => seat === entry.seat && key === entry.key);
}

function text(session: string, version: number, by: string, entries: readonly Entry[]): Uint8Array {
  return utf8(JSON.stringify(["OpenIOP roster 1", session, version, by, sorted(entries).map(({ seat, key }) => [seat, key])]));
}

export function sorted(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => (a.seat < b.seat ? -1 : a.seat > b.seat ? 1 : 0));
}

/**
 * Four groups of five digits. Stretched (PBKDF2), because a dishonest server would look for two sets of keys with the
 * same code while people wait: 66 bits in 2^33 tries of 200,000 rounds each is days of a large machine, not minutes.
 */
export async function codeOf(session: string, members: readonly Entry[]): Promise<string> {
  const set = utf8(JSON.stringify(["OpenIOP code 1", ...sorted(members).map(({ seat, key }) => [seat, key])]));
  const secret = await crypto.subtle.importKey("raw", set, "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt: joined(utf8("OpenIOP code"), utf8(session)), iterations: ROUNDS },
    secret,
    GROUPS * 64,
  );
  const numbers = new DataView(bits);
  return Array.from({ length: GROUPS }, (_, i) => String(numbers.getBigUint64(i * 8) % 100_000n).padStart(5, "0")).join(" ");
}

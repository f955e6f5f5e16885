/** The chat as one tab holds it: what is being written, what is on its way, what is new. No DOM, no sockets, no clock. */

import type { ChatLine } from "./protocol.ts";

export const LONGEST = 500;

export type Writing = {
  readonly draft: string;
  /** Said to the server and not yet confirmed; sent again when a lost line is back. */
  readonly sending: { readonly id: string; readonly text: string } | null;
  readonly trouble: ChatTrouble | null;
};

const TROUBLES = ["chat_closed", "chat_paused", "chat_too_fast"] as const;
export type ChatTrouble = (typeof TROUBLES)[number];

export const NOTHING: Writing = { draft: "", sending: null, trouble: null };

export function typed(writing: Writing, draft: string): Writing {
  return { ...writing, draft: draft.slice(0, LONGEST), trouble: null };
}

/** One line at a time: the next waits until this one is kept or refused. */
export function sent(writing: Writing, id: string): Writing {
  const text = writing.draft.trim();
  return text && !writing.sending ? { draft: "", sending: { id, text }, trouble: null } : writing;
}

/** A line counts as kept only when the server's own list shows it. */
export function confirmed(writing: Writing, lines: readonly ChatLine[]): Writing {
  return writing.sending && lines.some((line) => line.key === writing.sending!.id) ? { ...writing, sending: null } : writing;
}

/** Refused: the words go back to where they were written. */
export function refused(writing: Writing, code: string): Writing {
  if (!writing.sending || !(TROUBLES as readonly string[]).includes(code)) return writing;
  const draft = [writing.sending.text, writing.draft].filter(Boolean).join(" ").slice(0, LONGEST);
  return { draft, sending: null, trouble: code as ChatTrouble };
}

/** Lines of others that came after the one read last. */
export function unread(lines: readonly ChatLine[], readUpTo: string | null, me: string): number {
  const from = lines.findIndex((line) => line.id === readUpTo) + 1;
  return lines.slice(from).filter((line) => line.seat !== me && !line.removed).length;
}

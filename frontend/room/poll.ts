/** Polls as pure functions: what may be answered, in words. No DOM, no sockets. */

import type { PollNow } from "./protocol.ts";
import type { Words } from "./words.ts";

export const ENOUGH = 4;

export function questionOf(poll: PollNow, words: Words): string {
  return poll.kind === "yes_no" || poll.kind === "choices" ? poll.question : words[`poll_q_${poll.kind}`];
}

/** The answers in order; an answer is its place in this list. */
export function answersOf(poll: Pick<PollNow, "kind" | "options">, words: Words): readonly string[] {
  if (poll.kind === "yes_no") return [words.poll_yes, words.poll_no];
  if (poll.kind === "choices") return poll.options;
  if (poll.kind === "arrival") return poll.options.map((code) => arrivalWord(code, words));
  return Array.from({ length: 11 }, (_, n) => String(n));
}

/** The words a group may arrive with; the server offers them by these codes. */
export const ARRIVAL = ["calm", "tired", "tense", "hopeful", "sad", "angry", "numb", "glad"] as const;

function arrivalWord(code: string, words: Words): string {
  const known = ARRIVAL.find((each) => each === code);
  return known ? words[`arrival_${known}`] : code;
}

export function isScale({ kind }: Pick<PollNow, "kind">): boolean {
  return kind === "feelings" || kind === "commitment";
}

export function total(counts: readonly number[]): number {
  return counts.reduce((sum, n) => sum + n, 0);
}

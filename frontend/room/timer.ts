/** Breaks and timers as pure functions: what is left by the server's clock, and when the bell rings. No DOM, no clock. */

import type { TimerNow } from "./protocol.ts";

/** A tab that slept past the end says that it is over, and stays silent: everybody else's bell rang long ago. */
const TOO_LATE_MS = 15_000;

/** Does the bell ring, now that the clock went on from `before` to `now`? Only where the end was seen to come. */
export function rings(timer: TimerNow, before: number, now: number): boolean {
  const end = Date.parse(timer.ends_at);
  return before < end && now >= end && now - end < TOO_LATE_MS;
}

export function isOver(timer: TimerNow, now: number): boolean {
  return Date.parse(timer.ends_at) <= now;
}

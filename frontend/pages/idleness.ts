/** When an unattended page locks. All times in milliseconds since the epoch. No DOM, no clock. */

const MINUTE = 60_000;

export type Idleness = "active" | "warn" | "lock";

/** A live call is never ended by a lock. The last minute before one warns. */
export function idleness(lastActiveAt: number, now: number, idleMinutes: number, inCall: boolean): Idleness {
  if (inCall) return "active";
  const left = lastActiveAt + idleMinutes * MINUTE - now;
  if (left <= 0) return "lock";
  return left <= Math.min(MINUTE, (idleMinutes * MINUTE) / 2) ? "warn" : "active";
}

/** The server is told at most once a minute that somebody is here. */
export function shouldPing(lastPingAt: number, now: number): boolean {
  return now - lastPingAt >= MINUTE;
}

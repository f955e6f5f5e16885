/** How good the line to the clinic is, from a handful of round trips. No DOM, no network. */

export type Line = "good" | "slow" | "poor" | "none";

/**
 * `trips` are round trips in milliseconds, null where one was lost. Talk over video is comfortable below about 150 ms one
 * way (ITU-T G.114), hence 300 ms there and back; beyond 800 ms people talk over one another.
 */
export function judgeLine(trips: readonly (number | null)[]): Line {
  const arrived = trips.filter((trip): trip is number => trip !== null).sort((a, b) => a - b);
  if (arrived.length === 0) return "none";
  const middle = arrived[Math.floor(arrived.length / 2)] ?? 0;
  const lost = trips.length - arrived.length;
  if (lost > 1 || middle > 800) return "poor";
  return lost === 1 || middle > 300 ? "slow" : "good";
}

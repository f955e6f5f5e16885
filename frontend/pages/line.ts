/** How good the line to the clinic is, from a handful of round trips and one download. No DOM, no network. */

const ALL_PICTURES = 1_000_000;
const SOUND_ALONE = 300_000;

export type Line = "good" | "slow" | "poor" | "none";

/**
 * `trips` are round trips in milliseconds, null where one was lost. Talk over video is comfortable below about 150 ms one
 * way (ITU-T G.114), hence 300 ms there and back; beyond 800 ms people talk over one another.
 * `downBits` is what arrived in a second, null where that could not be measured: all pictures need 1 Mbit/s (BigBlueButton's
 * figure for one person), sound alone 300 kbit/s to be safe (docs/rules/line.md).
 */
export function judgeLine(trips: readonly (number | null)[], downBits: number | null = null): Line {
  const arrived = trips.filter((trip): trip is number => trip !== null).sort((a, b) => a - b);
  if (arrived.length === 0) return "none";
  const middle = arrived[Math.floor(arrived.length / 2)] ?? 0;
  const lost = trips.length - arrived.length;
  const bits = downBits ?? ALL_PICTURES;
  if (lost > 1 || middle > 800 || bits < SOUND_ALONE) return "poor";
  return lost === 1 || middle > 300 || bits < ALL_PICTURES ? "slow" : "good";
}

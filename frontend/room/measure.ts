/** What the browser's own counters say about the line since the last look. Pure; figures as WebRTC names them. */

import type { Measure } from "./line.ts";

export type Counts = {
  readonly lost: number;
  readonly received: number;
  readonly heldBack: number;
  readonly samples: number;
  /** Bytes of any kind that came by either connection, and how many of them since the look before. */
  readonly came: number;
  readonly cameLately: number;
};

export const NO_COUNTS: Counts = { lost: 0, received: 0, heldBack: 0, samples: 0, came: 0, cameLately: 0 };

// The DOM's types know few of the members that browsers report.
type Report = Record<string, any>;

/** How the line was since `before`. `slow` comes from the media server, `sendsPicture` from us. */
export function measured(
  incoming: readonly Report[],
  outgoing: readonly Report[],
  { before, slow, sendsPicture }: { before: Counts; slow: number; sendsPicture: boolean },
): { measure: Measure; counts: Counts } {
  const came = cameBy(incoming) + cameBy(outgoing);
  const counts = { ...count(incoming), came, cameLately: Math.max(0, came - before.came) };
  const lost = Math.max(0, counts.lost - before.lost);
  const received = Math.max(0, counts.received - before.received);
  const trips = [pair(incoming)?.currentRoundTripTime, pair(outgoing)?.currentRoundTripTime].filter((trip) => typeof trip === "number");
  const lossOut = outgoing.filter((report) => report.type === "remote-inbound-rtp" && typeof report.fractionLost === "number");
  const room = pair(outgoing)?.availableOutgoingBitrate;
  return {
    counts,
    measure: {
      // Fewer than ten packets say nothing: in silence almost none are sent.
      lossIn: lost + received < 10 ? null : lost / (lost + received),
      lossOut: lossOut.length ? Math.max(...lossOut.map((report) => report.fractionLost)) : null,
      roundTripMs: trips.length ? Math.round(Math.max(...trips) * 1000) : null,
      availableOutBits: sendsPicture && typeof room === "number" ? room : null,
      slow,
    },
  };
}

/** What flowed a moment ago has stopped altogether: the network went, or everybody fell silent at once. */
export function hasStopped(before: Counts, now: Counts): boolean {
  return before.cameLately > 0 && now.came === before.came;
}

/** Over all ways this connection ever took: the one in use stops being one when its network goes. */
function cameBy(reports: readonly Report[]): number {
  return reports.find((report) => report.type === "transport")?.bytesReceived ?? 0;
}

function pair(reports: readonly Report[]): Report | undefined {
  return reports.find((report) => report.type === "candidate-pair" && report.nominated && report.state === "succeeded");
}

function count(incoming: readonly Report[]): Omit<Counts, "came" | "cameLately"> {
  const counts = { lost: 0, received: 0, heldBack: 0, samples: 0 };
  for (const report of incoming) {
    if (report.type !== "inbound-rtp") continue;
    counts.lost += report.packetsLost ?? 0;
    counts.received += report.packetsReceived ?? 0;
    if (report.kind !== "audio") continue;
    // What had to be made up because it did not arrive in time; made up silence is the other side's pause.
    counts.heldBack += (report.concealedSamples ?? 0) - (report.silentConcealedSamples ?? 0);
    counts.samples += report.totalSamplesReceived ?? 0;
  }
  return counts;
}

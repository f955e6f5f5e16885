/**
 * How well the line carries, and what is given up for speech when it does not. Pure: no DOM, no clock, no sockets.
 * The steps, the thresholds and where they come from: docs/rules/line.md.
 */

/** What is given up, in this order: the size of others' pictures, their pictures, my camera, all pictures. */
export const STEPS = ["all", "small", "speaker", "unseen", "sound"] as const;
export type Step = (typeof STEPS)[number];

/** What two seconds showed; null where nothing was there to be measured. */
export type Measure = {
  /** Share of packets that did not arrive, 0 to 1. */
  readonly lossIn: number | null;
  readonly lossOut: number | null;
  readonly roundTripMs: number | null;
  /** What the browser believes it can send. Counts only while a camera is sent: without one nobody asks for more. */
  readonly availableOutBits: number | null;
  /** How often the media server said that packets get lost. */
  readonly slow: number;
};

export const MEASURE_MS = 2000;

const BAD = { loss: 0.1, roundTripMs: 800, outBits: 100_000, slow: 2 };
const WORST = { loss: 0.3, roundTripMs: 2000 };
const GOOD = { loss: 0.02, roundTripMs: 400 };

export type Judgement = "good" | "fair" | "bad" | "worst";

export function judge({ lossIn, lossOut, roundTripMs, availableOutBits, slow }: Measure): Judgement {
  const loss = Math.max(lossIn ?? 0, lossOut ?? 0);
  const trip = roundTripMs ?? 0;
  if (loss > WORST.loss || trip > WORST.roundTripMs) return "worst";
  if (loss > BAD.loss || trip > BAD.roundTripMs || slow >= BAD.slow) return "bad";
  if (availableOutBits !== null && availableOutBits < BAD.outBits) return "bad";
  return loss < GOOD.loss && trip < GOOD.roundTripMs && slow === 0 ? "good" : "fair";
}

/** Bad measures in a row before a step down; the worst needs no second. */
const DOWN_AFTER = 2;
/** Calm measures before a step up: 20 s to begin with. A fair measure counts for a third of a good one. */
const UP_AFTER = 10;
const LONGEST_WAIT = 80;
const FAIR = 1 / 3;
/** A step up that has to be taken back within so many measures was too early: the next waits twice as long. */
const TOO_EARLY = 15;
/** After a step down what is still under way must drain: one measure says nothing. */
const DRAIN = 1;

export type LineState = {
  readonly step: Step;
  readonly bad: number;
  readonly calm: number;
  readonly wait: number;
  readonly sinceUp: number | null;
  readonly drain: number;
};

export const FRESH: LineState = { step: "all", bad: 0, calm: 0, wait: UP_AFTER, sinceUp: null, drain: 0 };

/** Down quickly, because speech suffers meanwhile; up slowly, because pictures that come and go are worse than none. */
export function afterMeasure(line: LineState, measure: Measure): LineState {
  if (line.drain > 0) return { ...line, drain: line.drain - 1 };
  const sinceUp = line.sinceUp === null || line.sinceUp >= TOO_EARLY ? null : line.sinceUp + 1;
  const judgement = judge(measure);
  if (judgement === "good" || judgement === "fair") {
    return rested({ ...line, sinceUp, bad: 0, calm: line.calm + (judgement === "good" ? 1 : FAIR) });
  }
  const bad = line.bad + (judgement === "worst" ? DOWN_AFTER : 1);
  if (bad < DOWN_AFTER || line.step === "sound") return { ...line, sinceUp, bad: Math.min(bad, DOWN_AFTER), calm: 0 };
  const wait = sinceUp === null ? line.wait : Math.min(LONGEST_WAIT, line.wait * 2);
  return { step: STEPS[STEPS.indexOf(line.step) + 1]!, bad: 0, calm: 0, wait, sinceUp: null, drain: DRAIN };
}

/** The line was gone altogether: what was lost meanwhile says nothing about how well it carries when it is back. */
export function afterOutage(line: LineState): LineState {
  return { ...line, bad: 0, drain: 2 };
}

function rested(line: LineState): LineState {
  if (line.step === "all") return { ...line, calm: Math.min(line.calm, UP_AFTER), wait: line.sinceUp === null ? UP_AFTER : line.wait };
  // Thirds do not sum exactly.
  if (line.calm + 1e-6 < line.wait) return line;
  return { ...line, step: STEPS[STEPS.indexOf(line.step) - 1]!, calm: 0, sinceUp: 0 };
}

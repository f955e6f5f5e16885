/** *Still with us?*, both ways: openiop/room/protocol/still.py in TypeScript. */

/** My own page asks me, or I touched something. `seen`: the page was there to be seen. */
export type StillCommand = { type: "still"; asked: boolean; seen?: boolean };

/** For those who lead: I see this person take part, though nothing was touched. */
export type StillSeen = { type: "still_seen"; seat: string };

/** For the page of a patient who may be asked (`asks`), or was (`open`). */
export type StillNow = {
  readonly asks: boolean;
  readonly after_minutes: number;
  readonly grace_minutes: number;
  /** Unanswered for so long, it takes minutes until something is touched. */
  readonly counts: boolean;
  readonly open: boolean;
};

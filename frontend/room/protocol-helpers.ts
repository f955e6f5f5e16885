/** Interpreters and captioners, both ways: openiop/room/protocol/helpers.py in TypeScript. */

/** `caption` is for whoever is booked to write captions, `pin` for facilitators: before everybody's eyes. */
export type HelpingCommand = { type: "caption"; text: string } | { type: "pin"; seat: string; pinned: boolean };

export type HelpsNow = {
  readonly kind: "interpreter" | "sign" | "captioner";
  /** An ISO code, for interpreters alone. */
  readonly language: string;
  readonly pinned: boolean;
};

export type CaptionLine = { readonly type: "caption"; readonly seat: string; readonly text: string };

export const LONGEST_CAPTION = 240;

/** What a board's socket says; `openiop/room/boards/protocol.py` is the same in Python. */

export type Level = "lead" | "writer" | "viewer";
export type Reason = "too_large" | "not_a_drawing" | "read_only" | "full";

export type BoardState = { type: "board"; level: Level; read_only: boolean; can_undo_clear: boolean; may_point: boolean };

/** Where somebody points on the board; null: nowhere just now. */
export type Spot = readonly [number, number] | null;
export type Pointing = { type: "pointing"; who: string; name: string; at: Spot; here: boolean };

export type ServerWords =
  | BoardState
  | Pointing
  | { type: "welcome"; vector: string }
  | { type: "kept"; n: number }
  | { type: "refused"; n: number; reason: Reason }
  | { type: "error"; code: string }
  | { type: "beat" }
  | { type: "bye" };

/** A change as it goes out: our own number for it in four bytes, highest first, then the update. */
export function framed(n: number, update: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(4 + update.length);
  new DataView(frame.buffer).setUint32(0, n);
  frame.set(update, 4);
  return frame;
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

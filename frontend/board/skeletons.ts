/** From the pieces of a template to what Excalidraw makes its elements from. */

import type { Piece, Tint } from "./templates.ts";

const COLOURS: Record<Tint, string> = {
  none: "transparent",
  sea: "#d3ece9",
  clay: "#fbe3d3",
  sand: "#fdf3d7",
  leaf: "#e0f0d9",
  rose: "#fadfe3",
  sky: "#dbe9f8",
};
const INK = "#1c2b2d";
/** Excalidraw's number for Nunito: print, easier to read than a hand. */
export const PLAIN_FONT = 6;

export function skeletons(pieces: readonly Piece[], at: { x: number; y: number }): object[] {
  return pieces.map((piece) => {
    const place = { x: at.x + piece.x, y: at.y + 70 + piece.y, strokeColor: INK, roughness: 0 };
    switch (piece.type) {
      case "text":
        return { ...place, type: "text", text: piece.text, fontSize: piece.size, fontFamily: PLAIN_FONT, ...(piece.middle ? { textAlign: "center", x: place.x - piece.text.length * piece.size * 0.26 } : {}) };
      case "line":
      case "arrow":
        return { ...place, type: piece.type, points: [[0, 0], [...piece.to]] };
      default:
        return {
          ...place,
          type: piece.type,
          width: piece.width,
          height: piece.height,
          backgroundColor: COLOURS[piece.tint],
          fillStyle: "solid",
          roundness: piece.type === "rectangle" ? { type: 3 } : null,
          ...(piece.words ? { label: { text: piece.words, fontSize: 20, fontFamily: PLAIN_FONT, strokeColor: INK } } : {}),
        };
    }
  });
}

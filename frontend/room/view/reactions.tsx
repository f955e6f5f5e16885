/** Four quiet signs, below the faces. They fade by themselves, and nobody keeps them. */

import { useState } from "react";
import { keepFocus } from "../focus.ts";
import type { RoomApp, Seen } from "../app.ts";
import type { ReactionKind, Room } from "../protocol.ts";
import type { Words } from "../words.ts";

const REACTIONS: readonly ReactionKind[] = ["with_you", "me_too", "thanks", "well_done"];
/** As often as the server passes one on (openiop/room/together/reactions.py). */
const PAUSE_MS = 3000;

export function Reactions({ app, words }: { app: RoomApp; words: Words }) {
  const [rests, setRests] = useState(false);
  return (
    <div className="reactions" role="group" aria-label={words.reactions}>
      {REACTIONS.map((reaction) => (
        <button
          key={reaction}
          type="button"
          className="room-button small"
          aria-disabled={rests || !app.hasLine}
          onClick={() => {
            if (rests || !app.say({ type: "react", reaction })) return;
            setRests(true);
            setTimeout(() => setRests(false), PAUSE_MS);
          }}
        >
          {words[`react_${reaction}`]}
        </button>
      ))}
    </div>
  );
}

/** What stands on a tile: its own sign, or on the site's device those of the phones in front of it, by name. */
export function signsOf(seat: string, isSite: boolean, room: Room, seen: readonly Seen[], words: Words): readonly string[] {
  return seen.flatMap(({ seat: from, reaction }) => {
    const text = words[`react_${reaction}`];
    if (from === seat) return [text];
    const phone = isSite ? room.seats.find((one) => one.seat === from && one.companion) : undefined;
    return phone ? [`${phone.name}: ${text}`] : [];
  });
}

/** One press: fewer faces, and not one's own. */
export function FocusButton({ focus, setFocus, words }: { focus: boolean; setFocus: (on: boolean) => void; words: Words }) {
  return (
    <button
      type="button"
      className="room-button small"
      data-focus={focus || undefined}
      onClick={() => {
        keepFocus(!focus);
        setFocus(!focus);
      }}
    >
      {focus ? words.focus_off : words.focus_on}
    </button>
  );
}

/** The private place: opening one, where both are, and the way back; and what the server refused and offers instead. */

import type { RoomApp, Snapshot } from "../app.ts";
import type { Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Command } from "./command.tsx";

export function AsideNotices({ app, snapshot, room, words }: { app: RoomApp; snapshot: Snapshot; room: Room; words: Words }) {
  const { refusal } = snapshot.state;
  const { aside, unstaffed } = room.lead ?? {};
  return (
    <>
      {aside && (
        <p className="room-notice" data-warm data-notice="aside" role="status">
          <span>{fill(aside.there ? words.aside_both : words.aside_opening, aside)}</span>
          <Command app={app} className="room-button small" onClick={() => app.say({ type: "aside_end" })}>
            {words.aside_end}
          </Command>
        </p>
      )}
      {unstaffed && (
        <p className="room-notice" data-notice="unstaffed" role="status">
          {words.unstaffed}
        </p>
      )}
      {refusal && (
        <p className="room-notice" data-warm data-notice="refusal" role="alert">
          <span>{words[`refused_${refusal}`]}</span>
          <button type="button" className="room-button small" onClick={() => app.refusalRead()}>
            {words.close}
          </button>
        </p>
      )}
    </>
  );
}

export function AsideButton({ app, seat, name, words }: { app: RoomApp; seat: string; name: string; words: Words }) {
  return (
    <Command app={app} className="room-button small" aria-label={fill(words.aside_name, { name })} onClick={() => app.say({ type: "aside", seat })}>
      {words.aside}
    </Command>
  );
}

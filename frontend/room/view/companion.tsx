/** The room on the phone of somebody who is on site: their hand and their choices, and no face. */

import type { RoomApp, Snapshot } from "../app.ts";
import type { Room } from "../protocol.ts";
import type { Words } from "../words.ts";
import { OutboxNotices } from "./outbox.tsx";
import { MySignalNotice } from "./signal.tsx";

export function CompanionNotices({ app, snapshot, words }: { app: RoomApp; snapshot: Snapshot; words: Words }) {
  return (
    <div className="notices" role="status">
      {snapshot.state.line !== "open" && (
        <p className="room-notice" data-warm data-notice="line">
          {words.lost_line}
        </p>
      )}
      <OutboxNotices app={app} snapshot={snapshot} words={words} />
      <MySignalNotice snapshot={snapshot} words={words} />
    </div>
  );
}

export function CompanionStage({ room, words }: { room: Room; words: Words }) {
  return (
    <section className="companion" aria-labelledby="companion-title">
      <h2 id="companion-title">{room.breakout ? room.breakout.name : words.companion_title}</h2>
      <p>{words.companion_text}</p>
    </section>
  );
}

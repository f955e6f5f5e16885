/** The board of the place where one is, in a frame of its own: what it loads and what it listens to stays out of the room. */

import type { RoomApp } from "../app.ts";
import type { Room } from "../protocol.ts";
import type { Words } from "../words.ts";

/** Is there a board here? Where somebody is with staff and not in treatment there is none. */
export function hasBoard(app: RoomApp, room: Room): boolean {
  return Boolean(app.config.boardUrl) && room.me.talk === "treatment" && room.me.state === "admitted";
}

/** Whoever draws is not still; what they draw stays the board's own. */
function watchBoard(app: RoomApp, frame: HTMLIFrameElement): void {
  if (frame.contentDocument) app.still.watch(frame.contentDocument);
}

/** Loaded when it is opened, and anew in every place: a breakout has a board of its own. */
export function BoardPane({ app, room, words }: { app: RoomApp; room: Room; words: Words }) {
  return <iframe key={room.room} className="board-pane" id="board-pane" title={words.board} src={app.config.boardUrl} onLoad={(event) => watchBoard(app, event.currentTarget)} />;
}

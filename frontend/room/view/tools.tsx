/** What a facilitator needs now and then, in one menu of the bar: the rest of the bar stays as calm as everybody's. */

import type { RoomApp, Snapshot } from "../app.ts";
import type { Room } from "../protocol.ts";
import type { Words } from "../words.ts";
import { ChatChoice } from "./chat.tsx";
import { LowData } from "./bar.tsx";
import { Icon } from "./icon.tsx";
import { useMenu } from "./menu.ts";
import { Command } from "./command.tsx";

export function ToolsMenu({ app, snapshot, room, words }: { app: RoomApp; snapshot: Snapshot; room: Room; words: Words }) {
  const { open, setOpen, around } = useMenu();
  const stick = Boolean(room.floor?.stick);
  return (
    <div className="signal tools" ref={around}>
      <button type="button" className="room-button tools-toggle" aria-expanded={open} aria-controls="tools-menu" onClick={() => setOpen(!open)}>
        <Icon name="tools" />
        {words.tools}
      </button>
      {open && (
        <div className="signal-menu tools-menu" id="tools-menu" role="group" aria-label={words.tools}>
          <Command
            app={app}
            className="room-button"
            onClick={() => {
              app.say({ type: "stick", out: !stick });
              setOpen(false);
            }}
          >
            {stick ? words.stick_away : words.stick_out}
          </Command>
          <p>{words.stick_means}</p>
          <ChatChoice app={app} room={room} words={words} />
          <LowData app={app} snapshot={snapshot} words={words} />
        </div>
      )}
    </div>
  );
}

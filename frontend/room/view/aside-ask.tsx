/** Another who leads goes to a private place with somebody: asking them, being asked, and what they answered. */

import type { RoomApp } from "../app.ts";
import type { AsideAsked, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { CallNotice } from "./called.tsx";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; words: Words };

/** Who is asked sees it over the faces; whoever asked sees who is asked, or that they cannot. Other leaders see only whom else was called. */
export function AsideQuestions({ app, room, words }: Props) {
  const { person } = app.config;
  return (room.lead?.asides ?? []).map((asked) =>
    asked.called ? (
      <CallNotice key={asked.id} app={app} room={room} asked={asked} words={words} />
    ) : asked.whom === person && !asked.declined ? (
      <div key={asked.id} className="room-notice" data-warm data-notice="aside-asked" role="alert">
        <span>{fill(words.aside_asked, { by: asked.by_name, name: asked.name })}</span>
        <Answer app={app} asked={asked} comes words={words} />
        <Answer app={app} asked={asked} comes={false} words={words} />
      </div>
    ) : asked.by === person ? (
      <div key={asked.id} className="room-notice" data-warm={asked.declined || undefined} data-notice="aside-asks" role="status">
        <span>{fill(asked.declined ? words.aside_declined : words.aside_waits, { whom: asked.whom_name, name: asked.name })}</span>
        {!asked.declined && (
          <Command app={app} className="room-button small" onClick={() => app.say({ type: "aside_answer", ask: asked.id, comes: false })}>
            {words.aside_unask}
          </Command>
        )}
      </div>
    ) : null,
  );
}

function Answer({ app, asked, comes, words }: { app: RoomApp; asked: AsideAsked; comes: boolean; words: Words }) {
  return (
    <Command app={app} className={comes ? "room-button small main" : "room-button small"} onClick={() => app.say({ type: "aside_answer", ask: asked.id, comes })}>
      {comes ? words.aside_go : words.aside_cannot}
    </Command>
  );
}

/** One button for each other who leads: those in the room first, and whoever is not is called. */
export function AskAnother({ app, room, seat, name, words }: Props & { seat: string; name: string }) {
  return (room.lead?.others ?? []).map((other) => (
    <Command
      key={other.person}
      app={app}
      className="room-button small"
      aria-label={fill(words.aside_ask_name, { whom: other.name, name })}
      onClick={() => app.say({ type: "aside_ask", seat, person: other.person })}
    >
      {fill(other.free ? words.aside_ask : words.aside_ask_called, { whom: other.name })}
    </Command>
  ));
}

import type { RoomApp, Snapshot } from "../app.ts";
import { minutesUntil } from "../state.ts";
import type { Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { SealLine } from "./seal.tsx";

type Props = {
  app: RoomApp;
  snapshot: Snapshot;
  room: Room | null;
  now: number;
  look: "dark" | "light";
  setLook: (look: "dark" | "light") => void;
  words: Words;
};

export function Top({ app, snapshot, room, now, look, setLook, words }: Props) {
  return (
    <header className="room-top">
      <div className="room-what">
        <h1>{room?.session.block || room?.session.title || ""}</h1>
        {room && <Clock room={room} now={now} words={words} />}
      </div>
      <SealLine app={app} snapshot={snapshot} words={words} />
      <button type="button" className="room-button small" onClick={() => setLook(look === "dark" ? "light" : "dark")}>
        {look === "dark" ? words.light : words.dark}
      </button>
      {app.config.planUrl && (
        <a className="room-button small" href={app.config.planUrl} target="_blank" rel="noopener">
          {words.plan}
        </a>
      )}
      {app.config.helpUrl && (
        <a className="room-button small help" data-help-url={app.config.helpUrl} href={app.config.helpUrl} target="_blank" rel="noopener">
          {words.help}
        </a>
      )}
    </header>
  );
}

function Clock({ room, now, words }: { room: Room; now: number; words: Words }) {
  const { starts_at, ends_at, phase } = room.session;
  const left = minutesUntil(ends_at, now);
  return (
    <p className="room-clock">
      <span className="room-hours">
        <time dateTime={starts_at}>{clock(starts_at)}</time>–<time dateTime={ends_at}>{clock(ends_at)}</time>
        {phase === "open" && " · "}
      </span>
      {phase === "open" && <span>{left > 0 ? fill(words.minutes_left, { n: left }) : words.over_time}</span>}
    </p>
  );
}

export function clock(at: string): string {
  return new Intl.DateTimeFormat(document.documentElement.lang.startsWith("es") ? "es-US" : "en-US", { timeStyle: "short" }).format(new Date(at));
}

import type { RoomApp } from "../app.ts";
import { minutesUntil } from "../state.ts";
import type { Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";

type Props = {
  app: RoomApp;
  room: Room | null;
  now: number;
  look: "dark" | "light";
  setLook: (look: "dark" | "light") => void;
  words: Words;
};

export function Top({ app, room, now, look, setLook, words }: Props) {
  return (
    <header className="room-top">
      <div className="room-what">
        <h1>{room?.session.block || room?.session.title || ""}</h1>
        {room && <Clock room={room} now={now} words={words} />}
      </div>
      <p className="room-lock">{room && <><Lock /> {words[`encryption_${room.encryption}`] ?? ""}</>}</p>
      <button type="button" className="room-button small" onClick={() => setLook(look === "dark" ? "light" : "dark")}>
        {look === "dark" ? words.light : words.dark}
      </button>
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

function Lock() {
  return (
    <svg aria-hidden="true" viewBox="0 0 16 16" width="14" height="14">
      <path d="M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9z" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" />
    </svg>
  );
}

/** Interpreters and captions: the pin on a helper's tile, the lines of captions, and where a captioner writes them. */

import { useEffect, useRef, useState } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { SIZES, captionChoice, helpsAs, isCaptioned, isPinned, keepCaptionChoice, languageName, newHelpers } from "../helpers.ts";
import type { CaptionChoice } from "../helpers.ts";
import { LONGEST_CAPTION } from "../protocol-helpers.ts";
import type { HelpsNow } from "../protocol-helpers.ts";
import type { Room, Seat } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Command } from "./command.tsx";

/** What somebody does here, in the reader's words: "interpreter, Spanish". */
export function helpWords({ kind, language }: HelpsNow, words: Words): string {
  return fill(words[`helps_${kind}`], { language: languageName(language, document.documentElement.lang || "en") });
}

/** On a helper's tile: each keeps it in view for themselves, and who leads for everybody. */
export function PinButtons({ app, room, seat, pins, words }: { app: RoomApp; room: Room; seat: Seat; pins: ReadonlySet<string>; words: Words }) {
  if (!seat.helps || seat.seat === room.me.seat) return null;
  const { pinned } = seat.helps;
  const mine = pins.has(seat.seat);
  return (
    <p className="tile-pins">
      {!pinned && (
        <button type="button" className="room-button small" aria-pressed={mine} onClick={() => app.pin(seat.seat, !mine)}>
          {mine ? words.pin_let : words.pin_keep}
          <span className="unseen"> {seat.name}</span>
        </button>
      )}
      {room.me.role === "facilitator" && (
        <Command app={app} className="room-button small" onClick={() => app.say({ type: "pin", seat: seat.seat, pinned: !pinned })}>
          {pinned ? words.pin_let_all : words.pin_keep_all}
          <span className="unseen"> {seat.name}</span>
        </Command>
      )}
    </p>
  );
}

export function pinWords(seat: Seat, pins: ReadonlySet<string>, words: Words): readonly string[] {
  return isPinned(seat, pins) ? [words.pinned] : [];
}

/** Off until somebody turns them on, wherever a person is here who writes them. */
export function Captions({ app, snapshot, room, words }: { app: RoomApp; snapshot: Snapshot; room: Room; words: Words }) {
  const [choice, setChoice] = useState(captionChoice);
  const writes = helpsAs(room) === "captioner";
  if (!writes && !isCaptioned(room)) return null;
  const choose = (next: CaptionChoice): void => {
    keepCaptionChoice(next);
    setChoice(next);
  };
  const shows = choice.on || writes;
  return (
    <section className="captions" aria-label={words.captions}>
      <div className="captions-choice">
        {!writes && (
          <button type="button" className="room-button small" aria-expanded={shows} aria-controls="captions" onClick={() => choose({ ...choice, on: !choice.on })}>
            {choice.on ? words.captions_off : words.captions_on}
          </button>
        )}
        {shows && (
          <div className="captions-sizes" role="group" aria-label={words.captions_size}>
            {SIZES.map((size) => (
              <button key={size} type="button" className="room-button small" aria-pressed={choice.size === size} onClick={() => choose({ ...choice, size })}>
                {words[`captions_${size}`]}
              </button>
            ))}
          </div>
        )}
      </div>
      {shows && <Lines snapshot={snapshot} size={choice.size} words={words} />}
      {writes && <CaptionForm app={app} words={words} />}
    </section>
  );
}

/** A log: screen readers read each new line, and can go back over those before. */
function Lines({ snapshot, size, words }: { snapshot: Snapshot; size: string; words: Words }) {
  const log = useRef<HTMLDivElement>(null);
  const last = snapshot.captions.at(-1)?.n;
  useEffect(() => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
  }, [last]);
  return (
    <>
      <div id="captions" className="captions-lines" data-size={size} role="log" aria-label={words.captions} tabIndex={0} ref={log}>
        {snapshot.captions.length === 0 && <p className="captions-none">{words.captions_none}</p>}
        {snapshot.captions.map(({ n, text }) => (
          <p key={n}>{text}</p>
        ))}
      </div>
      <p className="captions-kept">{words.captions_kept}</p>
    </>
  );
}

function CaptionForm({ app, words }: { app: RoomApp; words: Words }) {
  const [text, setText] = useState("");
  return (
    <form
      className="captions-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() && app.caption(text.trim())) setText("");
      }}
    >
      <label htmlFor="caption-line">{words.caption_line}</label>
      <input id="caption-line" value={text} maxLength={LONGEST_CAPTION} autoComplete="off" aria-describedby="caption-means" onChange={(event) => setText(event.target.value)} />
      <button type="submit" className="room-button small main">
        {words.caption_send}
      </button>
      <p id="caption-means">{words.caption_means}</p>
    </form>
  );
}

/** Said aloud to everybody: nobody is heard by somebody they do not know of. */
export function HelperAnnouncer({ room, words }: { room: Room | null; words: Words }) {
  const before = useRef<Room | null>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (room) {
      const news = newHelpers(before.current, room).map((seat) => fill(words.helper_came, { name: seat.name, helps: helpWords(seat.helps!, words) }));
      if (news.length) setSaid(news.join(" "));
    }
    before.current = room;
  }, [room, words]);
  return (
    <p className="unseen" role="status" aria-live="polite" data-tells="helpers">
      {said}
    </p>
  );
}

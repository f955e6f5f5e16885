/** Who has the floor: the question whether one would speak, the talking stick, and the spotlight. */

import type { RoomApp } from "../app.ts";
import { spotlit, stickOf } from "../floor.ts";
import type { Stick } from "../floor.ts";
import type { Room, Seat } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; words: Words };

export function FloorNotices({ app, room, words }: Props) {
  const stick = stickOf(room);
  const mine = spotlit(room).some((seat) => seat.seat === room.me.seat);
  return (
    <>
      {room.asked_to_speak && <AskedToSpeak key={room.asked_to_speak.id} app={app} by={room.asked_to_speak.by} words={words} />}
      {stick && <StickLine app={app} room={room} stick={stick} words={words} />}
      {mine && (
        <p className="room-notice" data-notice="spotlit" role="status">
          <span>{words.spotlit_you}</span>
          <button type="button" className="room-button small" onClick={() => app.say({ type: "spotlight_off", seat: room.me.seat })}>
            {words.spotlit_step_out}
          </button>
        </p>
      )}
    </>
  );
}

/** A question, never more: the microphone stays as it is until they turn it on themselves. */
function AskedToSpeak({ app, by, words }: { app: RoomApp; by: string; words: Words }) {
  return (
    <div className="room-notice" data-notice="asked-to-speak" role="status">
      <span>{fill(words.speak_asked, { name: by })}</span>
      <button type="button" className="room-button small main" onClick={() => void app.speak()}>
        {words.unmute}
      </button>
      <button type="button" className="room-button small" onClick={() => app.say({ type: "speak_not_now" })}>
        {words.speak_not_now}
      </button>
    </div>
  );
}

function StickLine({ app, room, stick, words }: Props & { stick: Stick }) {
  return (
    <p className="room-notice" data-notice="stick" data-mine={stick.isMine || undefined} role="status">
      <span>{stickWords(room, stick, words)}</span>
      {stick.mayPass && (stick.holder || stick.next.length > 0) && (
        <Command app={app} className="room-button small" aria-keyshortcuts="n" onClick={() => app.passStick()}>
          {words.stick_pass}
        </Command>
      )}
    </p>
  );
}

function stickWords({ me }: Room, { holder, next, isMine }: Stick, words: Words): string {
  if (!holder) return words.stick_free;
  const has = isMine ? words.stick_yours : fill(words.stick_theirs, holder);
  if (!next.length) return has;
  if (next[0]!.seat === me.seat) return `${has} ${words.stick_you_next}`;
  return `${has} ${fill(words.stick_next, { names: next.map(({ name }) => name).join(", ") })}`;
}

/** In the corner of the faces: everybody may have all tiles alike again, on their own screen. */
export function SpotlightToggle({ lit, even, setEven, words }: { lit: readonly Seat[]; even: boolean; setEven: (even: boolean) => void; words: Words }) {
  if (!lit.length) return null;
  return (
    <button type="button" className="room-button small spotlight-toggle" onClick={() => setEven(!even)}>
      {even ? fill(words.spotlight_follow, { names: lit.map(({ name }) => name).join(", ") }) : words.spotlight_even}
    </button>
  );
}

export function SpotlightButton({ app, room, seat, words }: Props & { seat: Seat }) {
  const on = room.floor?.spotlit.includes(seat.seat) ?? false;
  return (
    <Command
      app={app}
      className="room-button small"
      aria-label={fill(on ? words.spotlight_off_name : words.spotlight_name, seat)}
      onClick={() => app.say({ type: on ? "spotlight_off" : "spotlight", seat: seat.seat })}
    >
      {on ? words.spotlight_off : words.spotlight}
    </Command>
  );
}

export function AskToSpeakButton({ app, seat, asked, setAsked, words }: { app: RoomApp; seat: Seat; asked: boolean; setAsked: () => void; words: Words }) {
  const ask = (): void => {
    if (app.say({ type: "ask_to_speak", seat: seat.seat })) setAsked();
  };
  return (
    <Command app={app} className="room-button small" aria-label={fill(asked ? words.speak_was_asked_name : words.speak_ask_name, seat)} onClick={ask}>
      {asked ? words.speak_was_asked : words.speak_ask}
    </Command>
  );
}

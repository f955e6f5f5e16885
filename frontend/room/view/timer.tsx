/** Everybody's clock for breaks and exercises, and the facilitator's way to set it. */

import { useEffect, useRef, useState } from "react";
import { allowSound } from "../../pages/sound.ts";
import type { RoomApp } from "../app.ts";
import { bellIsOn, ring, setBell } from "../bell.ts";
import { minutesAndSeconds, secondsUntil } from "../breakouts.ts";
import { isOver, rings } from "../timer.ts";
import type { Room, TimerNow } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Choice, useSecond } from "./breakouts.tsx";
import { clock } from "./top.tsx";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; words: Words };

/** Above the faces, the same for all. The second hand is not read aloud; that it is over is. */
export function Clock({ app, room, words }: Props) {
  const timer = room.together?.timer ?? null;
  return (
    <>
      {timer && <Running key={timer.id} app={app} timer={timer} words={words} />}
      <Offer app={app} room={room} words={words} />
    </>
  );
}

function Running({ app, timer, words }: { app: RoomApp; timer: TimerNow; words: Words }) {
  const now = useSecond(app);
  const before = useRef(now);
  const [bell, keepBell] = useState(bellIsOn);
  const over = isOver(timer, now);
  useEffect(() => {
    if (rings(timer, before.current, now)) void ring();
    before.current = now;
  }, [timer, now]);
  useEffect(() => {
    const unlock = (): void => void allowSound();
    document.addEventListener("pointerdown", unlock, { once: true });
    return () => document.removeEventListener("pointerdown", unlock);
  }, []);
  return (
    <section className="together-clock" data-timer={timer.kind} data-over={over || undefined} aria-label={words[`timer_${timer.kind}`]}>
      <p role="status">{over ? words[`timer_${timer.kind}_over`] : words[`timer_${timer.kind}`]}</p>
      {!over && (
        <p className="together-left">
          <time dateTime={timer.ends_at}>{minutesAndSeconds(secondsUntil(timer.ends_at, now))}</time>
          {timer.kind === "break" && <span> {fill(words.timer_back_at, { time: clock(timer.ends_at) })}</span>}
        </p>
      )}
      {!over && (
        <button
          type="button"
          className="room-button small"
          aria-pressed={bell}
          onClick={() => {
            setBell(!bell);
            keepBell(!bell);
          }}
        >
          {bell ? words.bell_on : words.bell_off}
        </button>
      )}
    </section>
  );
}

function Offer({ app, room, words }: Props) {
  const offer = room.lead?.together?.plan_break;
  if (!offer) return null;
  return (
    <p className="room-notice" data-notice="plan-break" role="status">
      <span>{fill(words.timer_offer, { time: clock(offer.ends_at) })}</span>
      <Command app={app} className="room-button small main" onClick={() => app.say({ type: "timer_start", kind: "break", minutes: offer.minutes })}>
        {words.timer_offer_start}
      </Command>
    </p>
  );
}

const LENGTHS = [1, 2, 3, 5, 10, 15, 20];

export function TimerPanel({ app, room, words }: Props) {
  const [open, setOpen] = useState(false);
  const timer = room.together?.timer ?? null;
  return (
    <section className="breakouts" aria-labelledby="lead-timer">
      <h2 id="lead-timer" tabIndex={-1}>
        {words.timer}
      </h2>
      {timer && <Set app={app} timer={timer} words={words} />}
      {!timer && !open && (
        <button type="button" className="room-button small" onClick={() => setOpen(true)}>
          {words.timer_set}
        </button>
      )}
      {!timer && open && <Choose app={app} words={words} done={() => setOpen(false)} />}
    </section>
  );
}

function Choose({ app, words, done }: { app: RoomApp; words: Words; done: () => void }) {
  const [minutes, setMinutes] = useState(5);
  const start = (kind: TimerNow["kind"]): void => {
    document.getElementById("lead-timer")?.focus();
    if (app.say({ type: "timer_start", kind, minutes })) done();
  };
  return (
    <>
      <Choice
        label={words.timer_minutes}
        value={String(minutes)}
        set={(n) => setMinutes(Number(n))}
        options={LENGTHS.map((n): [string, string] => [String(n), fill(words.since_minutes, { n })])}
        first
      />
      <div className="lead-actions">
        <Command app={app} className="room-button small main" onClick={() => start("break")}>
          {words.timer_start_break}
        </Command>
        <Command app={app} className="room-button small" onClick={() => start("exercise")}>
          {words.timer_start_exercise}
        </Command>
        <button type="button" className="room-button small" onClick={done}>
          {words.cancel}
        </button>
      </div>
      <p className="lead-empty">{words.timer_counts}</p>
    </>
  );
}

function Set({ app, timer, words }: { app: RoomApp; timer: TimerNow; words: Words }) {
  const over = isOver(timer, useSecond(app));
  return (
    <>
      <p>{over ? words[`timer_${timer.kind}_over`] : words[`timer_${timer.kind}`]}</p>
      <div className="lead-actions">
        <Command app={app} className="room-button small" onClick={() => app.say({ type: "timer_more", minutes: 2 })}>
          {words.timer_more}
        </Command>
        <Command
          app={app}
          className="room-button small"
          onClick={() => {
            // The button goes away with the timer; keep the keyboard where it was.
            document.getElementById("lead-timer")?.focus();
            app.say({ type: "timer_stop" });
          }}
        >
          {over ? words.timer_put_away : words.timer_stop}
        </Command>
      </div>
    </>
  );
}

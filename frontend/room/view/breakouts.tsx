/** Breakouts: the facilitator's part of the rail, and what everybody sees above the faces. */

import { useEffect, useId, useRef, useState } from "react";
import type { RoomApp } from "../app.ts";
import { calls, ending, foesIn, minutesAndSeconds, myRoom, newCalls, peopleIn, roomName, runs, secondsSince, secondsUntil, unattended } from "../breakouts.ts";
import { helpIn } from "../outbox.ts";
import type { Assigned, BreakoutPerson, Breakouts, Late, MyBreakout, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; breakouts: Breakouts; words: Words };

/** The facilitator's panel: prepare → open → running → close. */
export function BreakoutPanel({ app, room, trouble, words }: { app: RoomApp; room: Room; trouble: string | null; words: Words }) {
  const { breakouts } = room;
  if (!breakouts) return null;
  const props = { app, room, breakouts, words };
  return (
    <section className="breakouts" aria-labelledby="lead-breakouts" data-phase={breakouts.phase}>
      <h2 id="lead-breakouts" tabIndex={-1}>
        {words.breakouts}
        {breakouts.ends_at && <Left app={app} ends={breakouts.ends_at} words={words} />}
      </h2>
      {trouble && (
        <p className="breakout-trouble" role="alert">
          {words[trouble as keyof Words] ?? words.breakouts_refused}
        </p>
      )}
      {breakouts.phase === "none" && <Prepare {...props} />}
      {breakouts.phase === "prepared" && <Prepared {...props} />}
      {runs(breakouts) && <Running {...props} />}
    </section>
  );
}

function Left({ app, ends, words }: { app: RoomApp; ends: string; words: Words }) {
  const now = useSecond(app);
  return <span className="count"> {fill(words.breakouts_left, { time: minutesAndSeconds(secondsUntil(ends, now)) })}</span>;
}

const LENGTHS = [5, 10, 15, 20, 30];

function Prepare({ app, breakouts, words }: Props) {
  const [open, setOpen] = useState(false);
  const [rooms, setRooms] = useState(2);
  const [how, setHow] = useState<Assigned>("random");
  const [minutes, setMinutes] = useState<number | null>(10);
  const [late, setLate] = useState<Late>("smallest");
  if (!open) {
    return (
      <button type="button" className="room-button small" onClick={() => setOpen(true)}>
        {words.breakouts_prepare}
      </button>
    );
  }
  const ways: Assigned[] = ["random", "pairs", "hand", ...(breakouts.last_time ? (["last_time"] as const) : [])];
  return (
    <form
      className="breakout-form"
      onSubmit={(event) => {
        event.preventDefault();
        app.say({ type: "breakouts_prepare", rooms, how, minutes, late });
        document.getElementById("lead-breakouts")?.focus();
      }}
    >
      <Choice label={words.breakouts_how} value={how} set={setHow} options={ways.map((way) => [way, words[`breakouts_${way}`]])} first />
      {(how === "random" || how === "hand") && (
        <Choice label={words.breakouts_rooms} value={String(rooms)} set={(n) => setRooms(Number(n))} options={[2, 3, 4, 5, 6].map((n) => [String(n), String(n)])} />
      )}
      <Choice
        label={words.breakouts_minutes}
        value={String(minutes ?? "")}
        set={(n) => setMinutes(n ? Number(n) : null)}
        options={[["", words.breakouts_no_limit], ...LENGTHS.map((n): [string, string] => [String(n), fill(words.since_minutes, { n })])]}
      />
      <Choice label={words.breakouts_late} value={late} set={setLate} options={[["smallest", words.breakouts_late_smallest], ["ask", words.breakouts_late_ask]]} />
      <div className="lead-actions">
        <Command app={app} type="submit" className="room-button small main">
          {words.breakouts_make}
        </Command>
        <button type="button" className="room-button small" onClick={() => setOpen(false)}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}

type ChoiceProps<T extends string> = { label: string; value: T; set: (value: T) => void; options: readonly (readonly [T, string])[]; first?: boolean };

export function Choice<T extends string>({ label, value, set, options, first }: ChoiceProps<T>) {
  const id = useId();
  return (
    <div className="breakout-field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} autoFocus={first} onChange={(event) => set(event.target.value as T)}>
        {options.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

function Prepared({ app, room, breakouts, words }: Props) {
  const { how, minutes, late, rooms } = breakouts;
  return (
    <>
      <p className="lead-empty">
        {words.breakouts_only_you} {minutes ? fill(words.breakouts_for, { n: minutes }) : words.breakouts_no_limit}.
      </p>
      <Watch app={app} room={room} breakouts={breakouts} words={words} />
      {rooms.map((one) => (
        <RoomPart key={one.room} id={one.room} name={one.name} {...{ app, room, breakouts, words }} moving />
      ))}
      <RoomPart id={null} name={words.breakouts_group} {...{ app, room, breakouts, words }} moving />
      <div className="breakout-foot">
        <Command app={app} className="room-button small main" onClick={() => focusAnd(() => app.say({ type: "breakouts_open" }))}>
          {words.breakouts_open}
        </Command>
        {how === "random" && (
          <Command app={app} className="room-button small" onClick={() => app.say({ type: "breakouts_prepare", rooms: rooms.length, how, minutes, late })}>
            {words.breakouts_again}
          </Command>
        )}
        <Command app={app} className="room-button small" onClick={() => focusAnd(() => app.say({ type: "breakouts_discard" }))}>
          {words.breakouts_discard}
        </Command>
      </div>
    </>
  );
}

function Running({ app, room, breakouts, words }: Props) {
  const [moving, setMoving] = useState(false);
  const here = myRoom(room);
  return (
    <>
      {breakouts.rooms.map((one) => (
        <RoomPart key={one.room} id={one.room} name={one.name} {...{ app, room, breakouts, words, moving, here }} />
      ))}
      <RoomPart id={null} name={words.breakouts_group} {...{ app, room, breakouts, words, moving, here }} />
      <Broadcast app={app} words={words} />
      <div className="breakout-foot">
        <button type="button" className="room-button small" aria-pressed={moving} onClick={() => setMoving(!moving)}>
          {words.breakouts_move_people}
        </button>
        <Command app={app} className="room-button small" onClick={() => app.say({ type: "breakouts_extend", minutes: 2 })}>
          {words.breakouts_more}
        </Command>
        {breakouts.phase === "running" ? (
          <Command app={app} className="room-button small danger" onClick={() => app.say({ type: "breakouts_close", seconds: 30 })}>
            {words.breakouts_close}
          </Command>
        ) : (
          <Command app={app} className="room-button small danger" onClick={() => focusAnd(() => app.say({ type: "breakouts_close", seconds: 0 }))}>
            {words.breakouts_close_now}
          </Command>
        )}
      </div>
    </>
  );
}

type PartProps = Props & { id: string | null; name: string; moving: boolean; here?: string | null };

/** One room: who is in it, what is up there, and the way over. */
function RoomPart({ app, room, breakouts, words, id, name, moving, here }: PartProps) {
  const people = peopleIn(breakouts, id);
  const running = runs(breakouts);
  const alone = people.some((person) => person.alone);
  const asks = people.some((person) => person.asked_at);
  if (id === null && people.length === 0) return null;
  return (
    <div className="breakout" role="group" aria-label={name} data-room={name}>
      <div className="breakout-head">
        <p>
          <strong>{name}</strong> <span className="count">{people.length}</span>
          {asks && <em> {words.breakouts_asks}</em>}
          {alone && <em>{asks ? " · " : " "}{words.breakouts_alone}</em>}
        </p>
        {running &&
          (here === id ? (
            <span className="lead-note">{words.breakouts_here}</span>
          ) : (
            <Command
              app={app}
              className={`room-button small ${asks ? "main" : ""}`}
              aria-label={id ? fill(words.breakouts_go_name, { name }) : words.breakouts_back}
              onClick={() => app.say({ type: "hop", room: id })}
            >
              {words.breakouts_go}
            </Command>
          ))}
      </div>
      {moving ? (
        <ul>
          {people.map((person) => (
            <Mover key={person.seat} {...{ app, room, breakouts, words, person, running }} />
          ))}
        </ul>
      ) : (
        <p className="lead-note">{people.map((person) => said(person, words)).join(", ") || words.breakouts_nobody}</p>
      )}
    </div>
  );
}

function said(person: BreakoutPerson, words: Words): string {
  return person.here ? person.name : `${person.name} (${words.breakouts_away})`;
}

/** While rooms are prepared a choice is kept at once; while they run, a person is moved only by a press of the button. */
function Mover({ app, breakouts, words, person, running }: Props & { person: BreakoutPerson; running: boolean }) {
  const [to, setTo] = useState<string | null>(null);
  const value = to ?? person.room ?? "";
  const move = (room: string): boolean => app.say({ type: "breakouts_place", seat: person.seat, room: room || null });
  return (
    <li data-seat={person.seat}>
      <label>
        <span>
          {said(person, words)}
          {person.watch && <em> {words[`watch_${person.watch}`]}</em>}
        </span>
        <select
          value={value}
          aria-label={fill(words.breakouts_room_for, person)}
          onChange={(event) => (running ? setTo(event.target.value) : move(event.target.value))}
        >
          <option value="">{words.breakouts_group}</option>
          {breakouts.rooms.map((one) => {
            const foes = foesIn(breakouts, person, one.room);
            return (
              <option key={one.room} value={one.room} disabled={foes.length > 0 && one.room !== person.room}>
                {foes.length > 0 && one.room !== person.room ? `${one.name} · ${fill(words.breakouts_not_with, { name: foes.join(", ") })}` : one.name}
              </option>
            );
          })}
        </select>
      </label>
      {running && to !== null && to !== (person.room ?? "") && (
        <Command
          app={app}
          className="room-button small main"
          aria-label={fill(words.breakouts_move_name, person)}
          onClick={() => focusAnd(() => move(to))}
        >
          {words.breakouts_move}
        </Command>
      )}
    </li>
  );
}

function Broadcast({ app, words }: { app: RoomApp; words: Words }) {
  const [text, setText] = useState("");
  const [sent, setSent] = useState(false);
  return (
    <form
      className="breakout-say"
      onSubmit={(event) => {
        event.preventDefault();
        // Without a line the words stay where they were written.
        if (!text.trim() || !app.say({ type: "breakouts_say", text: text.trim() })) return;
        setText("");
        setSent(true);
      }}
    >
      <label>
        <span>{words.breakouts_say}</span>
        <input
          value={text}
          maxLength={400}
          autoComplete="off"
          onChange={(event) => {
            setText(event.target.value);
            setSent(false);
          }}
        />
      </label>
      <Command app={app} type="submit" className="room-button small">
        {words.breakouts_send}
      </Command>
      <span className="lead-note" role="status">
        {sent ? words.breakouts_sent : ""}
      </span>
    </form>
  );
}

/** Above the faces, wherever the facilitator is: who asks for help, and who must not be without staff. */
export function BreakoutCalls({ app, room, words }: { app: RoomApp; room: Room; words: Words }) {
  const { breakouts } = room;
  if (!breakouts || !runs(breakouts)) return null;
  const here = myRoom(room);
  const asking = calls(breakouts);
  return (
    <div className="breakout-calls">
      {here && (
        <p className="room-notice" data-notice="breakout">
          <span>{fill(words.breakouts_you_are_in, { name: roomName(breakouts, here) ?? "" })}</span>
          <Command app={app} className="room-button small" onClick={() => app.say({ type: "hop", room: null })}>
            {words.breakouts_back}
          </Command>
        </p>
      )}
      <Watch app={app} room={room} breakouts={breakouts} words={words} />
      {asking.map((person) => (
        <p key={person.seat} className="room-notice" data-warm data-notice="call">
          <span>
            {fill(words.breakouts_call, { name: person.name, room: roomName(breakouts, person.room) ?? words.breakouts_group })}{" "}
            <Since app={app} at={person.asked_at!} />
          </span>
          <Command
            app={app}
            className="room-button small main"
            aria-label={fill(words.breakouts_go_name, { name: roomName(breakouts, person.room) ?? "" })}
            onClick={() => app.say({ type: "hop", room: person.room })}
          >
            {words.breakouts_go}
          </Command>
        </p>
      ))}
    </div>
  );
}

function Since({ app, at }: { app: RoomApp; at: string }) {
  const now = useSecond(app);
  return <span className="breakout-clock">{minutesAndSeconds(secondsSince(at, now))}</span>;
}

/** Facilitators are told why; nobody else ever is. */
function Watch({ app, breakouts, words }: Props) {
  const running = runs(breakouts);
  return (
    <>
      {unattended(breakouts).map((person) => (
        <p key={person.seat} className="room-notice" data-alert data-notice="watch" role="alert">
          <span>
            {fill(running ? words.watch_unattended : words.watch_prepared, {
              name: person.name,
              room: roomName(breakouts, person.room) ?? words.breakouts_group,
            })}
          </span>
          {running && (
            <Command app={app} className="room-button small main" onClick={() => app.say({ type: "hop", room: person.room })}>
              {words.breakouts_go}
            </Command>
          )}
        </p>
      ))}
    </>
  );
}

/** In a breakout: its name, the time left, help, what the facilitator wrote, and the way back. */
export function MyRoom({ app, room, words }: { app: RoomApp; room: Room; words: Words }) {
  const [read, setRead] = useState("");
  const mine = room.breakout;
  if (!mine) return null;
  const leads = room.me.role === "facilitator";
  const asks = helpIn(app.snapshot.outbox) ?? Boolean(mine.asked_at);
  return (
    <div className="my-breakout">
      {!leads && (
        <div className="my-breakout-head">
          <p>
            {fill(words.my_breakout, { name: mine.name })} <TimeLeft app={app} mine={mine} words={words} />
          </p>
          {room.me.role !== "staff" && (
            <button type="button" className="room-button small" data-up={asks || undefined} onClick={() => app.say({ type: "ask_help", asks: !asks })}>
              {asks ? words.help_withdraw : words.help_ask}
            </button>
          )}
          {mine.asked_at && (
            <p className="lead-note" role="status">
              {words.help_asked}
            </p>
          )}
        </div>
      )}
      {mine.message && mine.message.id !== read && (
        <p className="room-notice" data-notice="message">
          <span>
            <strong>{mine.message.by}:</strong> {mine.message.text}
          </span>
          <button type="button" className="room-button small" onClick={() => setRead(mine.message!.id)}>
            {words.close}
          </button>
        </p>
      )}
      <WayBack app={app} mine={mine} words={words} />
    </div>
  );
}

function TimeLeft({ app, mine, words }: { app: RoomApp; mine: MyBreakout; words: Words }) {
  const now = useSecond(app);
  return mine.ends_at ? (
    <span className="breakout-clock">{fill(words.breakouts_left, { time: minutesAndSeconds(secondsUntil(mine.ends_at, now)) })}</span>
  ) : null;
}

function WayBack({ app, mine, words }: { app: RoomApp; mine: MyBreakout; words: Words }) {
  const now = useSecond(app);
  const end = ending(mine, now);
  if (!end || !mine.ends_at) return null;
  const left = secondsUntil(mine.ends_at, now);
  return (
    <p className="room-notice" data-warm={end === "countdown" || undefined} data-notice={`end_${end}`}>
      <span>{end === "soon" ? fill(words.way_back_soon, { n: Math.ceil(left / 60) }) : fill(words.way_back, { time: minutesAndSeconds(left) })}</span>
    </p>
  );
}

/** Says aloud what happens around: where I am now, calls, messages, and the end; each once. */
export function BreakoutAnnouncer({ room, words }: { room: Room | null; words: Words }) {
  const before = useRef<Room | null>(null);
  const [told, setTold] = useState("");
  useEffect(() => {
    const was = before.current;
    if (room && was) {
      const news = newsOf(was, room, words);
      if (news.length) setTold(news.join(" "));
    }
    before.current = room;
  }, [room, words]);
  return (
    <p className="unseen" role="status" aria-live="polite" data-tells="breakouts">
      {told}
    </p>
  );
}

function newsOf(was: Room, now: Room, words: Words): string[] {
  const news = newCalls(was, now).map((person) =>
    fill(words.breakouts_call, { name: person.name, room: roomName(now.breakouts!, person.room) ?? words.breakouts_group }),
  );
  if (now.breakout && now.breakout.name !== was.breakout?.name) news.push(fill(words.my_breakout, now.breakout));
  if (was.breakout && !now.breakout && now.session.phase === "open") news.push(words.back_in_group);
  if (now.breakout?.closing && !was.breakout?.closing) news.push(words.way_back_begins);
  const message = now.breakout?.message;
  if (message && message.id !== was.breakout?.message?.id) news.push(`${message.by}: ${message.text}`);
  return news;
}

/** What was pressed goes away with the press; keep the keyboard in the panel. */
function focusAnd(then: () => unknown): void {
  document.getElementById("lead-breakouts")?.focus();
  then();
}

export function useSecond(app: RoomApp): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now + app.snapshot.clockAhead;
}

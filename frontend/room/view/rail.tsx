/** The facilitator's side: who is at the door, who is inside, and the end. Nobody else is drawn this. */

import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { RoomApp } from "../app.ts";
import { AgendaPanel, CardsPanel } from "./cards.tsx";
import { BreakoutPanel } from "./breakouts.tsx";
import { mutedWithEveryone } from "../floor.ts";
import { hands, headCount, minutesSince } from "../state.ts";
import type { Room, Seat, Waiting } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { AsideButton } from "./aside.tsx";
import { AskAnother } from "./aside-ask.tsx";
import { CallSomebody } from "./called.tsx";
import { AskToSpeakButton, SpotlightButton } from "./floor.tsx";
import { LockButton, LockWords, WriteToDoor } from "./door.tsx";
import { CareLink, LostAtRisk } from "./care.tsx";
import { SeenButton, StillAtRisk, untouchedWords } from "./still.tsx";
import { LeftPanel } from "./leaving.tsx";
import { PollPanel } from "./poll.tsx";
import { TimerPanel } from "./timer.tsx";
import { Signals } from "./signal.tsx";
import { SealAgain } from "./seal.tsx";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; trouble: string | null; now: number; words: Words; shut: () => void };

type Asked = { do: "remove"; seat: Seat } | { do: "end" } | null;

export function Rail({ app, room, trouble, now, words, shut }: Props) {
  const [asked, setAsked] = useState<Asked>(null);
  const [spokenTo, setSpokenTo] = useState<ReadonlySet<string>>(new Set());
  const others = room.seats.filter((seat) => seat.seat !== room.me.seat && (seat.here || seat.reconnecting));
  const speaking = mutedWithEveryone(others);
  const order = hands(room).map((seat) => seat.seat);

  return (
    <section className="lead" id="lead" aria-label={words.rail}>
      <LostAtRisk room={room} now={now} words={words} />
      <StillAtRisk app={app} room={room} now={now} words={words} />
      <Signals app={app} room={room} now={now} words={words} />
      <section aria-labelledby="lead-waiting">
        <div className="lead-head">
          <h2 id="lead-waiting" tabIndex={-1}>
            {words.waiting_list} <span className="count">{room.waiting.length}</span>
          </h2>
          <LockButton app={app} room={room} words={words} />
          {room.waiting.filter((person) => !room.lead?.door.locked_at || person.was_inside).length > 1 && (
            <Command app={app} className="room-button small" onClick={() => app.say({ type: "admit", seat: "all" })}>
              {words.let_all_in}
            </Command>
          )}
        </div>
        <LockWords room={room} words={words} />
        {room.waiting.length === 0 && <p className="lead-empty">{words.waiting_empty}</p>}
        <ul className="lead-list">
          {room.waiting.map((person) => (
            <AtTheDoor key={person.seat} app={app} person={person} locked={Boolean(room.lead?.door.locked_at)} now={now} words={words} />
          ))}
        </ul>
        <WriteToDoor app={app} to={null} said={room.lead?.door.said ?? null} words={words} />
      </section>
      <LeftPanel room={room} words={words} />
      <AgendaPanel app={app} room={room} words={words} />
      <CardsPanel app={app} room={room} words={words} />
      <TimerPanel app={app} room={room} words={words} />
      <PollPanel app={app} room={room} words={words} />
      <BreakoutPanel app={app} room={room} trouble={trouble} words={words} />
      <section aria-labelledby="lead-people">
        <div className="lead-head">
          <h2 id="lead-people">
            {room.me.state === "private" ? words.with_you : words.in_group} <span className="count">{headCount(others) + 1}</span>
          </h2>
          {speaking.length > 1 && (
            <Command
              app={app}
              className="room-button small"
              onClick={() => {
                for (const seat of speaking) app.say({ type: "mute", seat: seat.seat });
              }}
            >
              {words.mute_all}
            </Command>
          )}
        </div>
        <ul className="lead-list">
          {others.map((seat) => (
            <li key={seat.seat} data-seat={seat.seat}>
              <p>
                <strong>{seat.name}</strong>
                <span className="lead-note">
                  {seat.role !== "patient" && <> {words[seat.role]}</>}
                  {seat.people.length > 0 && <> · {seat.people.join(", ")}</>}
                  {seat.companion && <> {words.companion_note}</>}
                  {seat.reconnecting && <> {words.reconnecting}</>}
                  {untouchedWords(room, seat.seat, now, words) && <> {untouchedWords(room, seat.seat, now, words)}</>}
                  {seat.hand_at && <em> {words.hand}{order.length > 1 ? ` ${order.indexOf(seat.seat) + 1}` : ""}</em>}
                </span>
              </p>
              <div className="lead-actions">
                <SeenButton app={app} room={room} seat={seat.seat} words={words} />
                {seat.role === "patient" && <CareLink room={room} seat={seat.seat} words={words} />}
                {seat.role === "patient" && !seat.companion && !room.lead?.aside && <AsideButton app={app} seat={seat.seat} name={seat.name} words={words} />}
                {seat.role === "patient" && !seat.companion && !seat.audio && <AskToSpeakButton app={app} seat={seat} asked={spokenTo.has(seat.seat)} setAsked={() => setSpokenTo(new Set([...spokenTo, seat.seat]))} words={words} />}
                {seat.audio && (
                  <Command app={app} className="room-button small" aria-label={fill(words.mute_name, seat)} onClick={() => app.say({ type: "mute", seat: seat.seat })}>
                    {words.mute_person}
                  </Command>
                )}
                {seat.role === "patient" && (
                  <Command app={app} className="room-button small" aria-label={fill(words.back_to_waiting_name, seat)} onClick={() => app.say({ type: "send_back", seat: seat.seat })}>
                    {words.back_to_waiting}
                  </Command>
                )}
                <details className="lead-more">
                  <summary className="room-button small" aria-label={fill(words.more_name, seat)}>
                    {words.more}
                  </summary>
                  {seat.role === "patient" && !seat.companion && !room.lead?.aside && <AskAnother app={app} room={room} seat={seat.seat} name={seat.name} words={words} />}
                  {seat.role === "patient" && !seat.companion && <CallSomebody app={app} room={room} seat={seat.seat} name={seat.name} words={words} />}
                  <SpotlightButton app={app} room={room} seat={seat} words={words} />
                  {seat.role !== "facilitator" && (
                    <Command app={app} className="room-button small danger" aria-label={fill(words.remove_name, seat)} onClick={() => setAsked({ do: "remove", seat })}>
                      {words.remove}
                    </Command>
                  )}
                </details>
              </div>
            </li>
          ))}
        </ul>
      </section>
      <div className="lead-foot">
        <SealAgain app={app} room={room} words={words} />
        <Command app={app} className="room-button danger" onClick={() => setAsked({ do: "end" })}>
          {words.end_all}
        </Command>
        <button type="button" className="room-button small lead-close" onClick={shut}>
          {words.close}
        </button>
      </div>
      {asked?.do === "remove" && (
        <Confirm
          title={fill(words.remove_title, asked.seat)}
          text={fill(words.remove_text, asked.seat)}
          yes={words.remove}
          words={words}
          onYes={() => app.say({ type: "remove", seat: asked.seat.seat })}
          onClose={() => setAsked(null)}
        />
      )}
      {asked?.do === "end" && (
        <Confirm
          title={words.end_title}
          text={words.end_text}
          yes={words.end_all}
          words={words}
          onYes={() => app.say({ type: "end" })}
          onClose={() => setAsked(null)}
        />
      )}
    </section>
  );
}

type AtTheDoorProps = { app: RoomApp; person: Waiting; locked: boolean; now: number; words: Words };

function AtTheDoor({ app, person, locked, now, words }: AtTheDoorProps) {
  const minutes = minutesSince(person.since, now);
  return (
    <li data-seat={person.seat}>
      <p>
        <strong>{person.name}</strong>
        <span className="lead-note">
          {" "}
          {minutes ? fill(words.since_minutes, { n: minutes }) : words.since_now} ·{" "}
          {person.here_for && <>{fill(words.here_for, { name: person.here_for })} · </>}
          {person.with_staff && <>{words.with_staff} · </>}
          {person.ready ? words.ready : <em>{fill(words.missing, { what: person.missing.join(", ") })}</em>} ·{" "}
          {person.network === "weak" ? <em>{words.line_weak}</em> : words[`line_${person.network ?? "unknown"}`]}
          {person.at_risk && <> · <em>{words.open_case}</em></>}
        </span>
      </p>
      {!person.ready && person.door && (
        <a className="room-button small" href={person.door} target="_blank" rel="noopener" aria-label={fill(words.obtain_name, person)}>
          {words.obtain}
        </a>
      )}
      {/* Who is with staff already is let in to the group only once nothing is missing any more. */}
      {(!person.with_staff || person.ready) && (!locked || person.was_inside) && <Command
        app={app}
        className="room-button small main"
        aria-label={fill(words.let_in_name, person)}
        onClick={() => {
          // The row goes away with its button; keep the keyboard in the list.
          document.getElementById("lead-waiting")?.focus();
          app.say({ type: "admit", seat: person.seat });
        }}
      >
        {words.let_in}
      </Command>}
      {!person.with_staff && <WriteToDoor app={app} to={person} said={person.told} words={words} />}
    </li>
  );
}

type ConfirmProps = { title: string; text: ReactNode; yes: string; words: Words; onYes: () => void; onClose: () => void };

function Confirm({ title, text, yes, words, onYes, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="confirm" aria-labelledby="confirm-title" onClose={onClose}>
      <h2 id="confirm-title">{title}</h2>
      <p>{text}</p>
      <form method="dialog" className="door-actions">
        <button className="room-button" autoFocus>
          {words.cancel}
        </button>
        <button className="room-button danger filled" onClick={onYes}>
          {yes}
        </button>
      </form>
    </dialog>
  );
}

/** A clinician who does not lead is called to one person: what those who lead see of it, the person, and the clinician. */

import type { RoomApp } from "../app.ts";
import type { AsideAsked, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { AsideButton } from "./aside.tsx";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; words: Words };

/** For all who lead: how far a call is. It stands until the clinician is there, and comes back when they are not. */
export function CallNotice({ app, room, asked, words }: Props & { asked: AsideAsked }) {
  const word = asked.word ?? "asked";
  const needs = ["late", "lost", "declined", "unable"].includes(word);
  const waits = ["asked", "coming", "late", "lost"].includes(word);
  return (
    <div className="room-notice" data-warm={needs || undefined} data-notice="called" data-word={word} role={needs ? "alert" : "status"}>
      <span>{fill(words[`aside_called_${word}`], { whom: asked.whom_name, name: asked.name })}</span>
      {needs && <AsideButton app={app} seat={asked.seat} name={asked.name} words={words} />}
      {needs && <CallSomebody app={app} room={room} seat={asked.seat} name={asked.name} but={asked.whom} words={words} />}
      {waits && (
        <Command app={app} className="room-button small" onClick={() => app.say({ type: "aside_answer", ask: asked.id, comes: false })}>
          {words.aside_unask}
        </Command>
      )}
    </div>
  );
}

/** Whoever was with them is gone: somebody goes, now. A call that is lost says so itself. */
export function AloneAside({ app, room, words }: Props) {
  const told = new Set((room.lead?.asides ?? []).filter(({ word }) => word === "lost").map(({ seat }) => seat));
  return (room.lead?.alone ?? [])
    .filter(({ seat }) => !told.has(seat))
    .map(({ seat, name }) => (
      <div key={seat} className="room-notice" data-warm data-notice="alone-aside" role="alert">
        <span>{fill(words.aside_alone, { name })}</span>
        <AsideButton app={app} seat={seat} name={name} words={words} />
      </div>
    ));
}

/** By name: who is on call, whose therapist they are, directors. */
export function CallSomebody({ app, room, seat, name, but = "", words }: Props & { seat: string; name: string; but?: string }) {
  const people = (room.lead?.on_duty ?? []).filter((other) => other.person !== but && (other.seat === null || other.seat === seat));
  return people.map((other) => {
    const text = fill(words[`aside_ask_${other.because}`], { whom: other.name });
    const label = `${text}: ${fill(words.aside_ask_name, { whom: other.name, name })}`;
    return (
      <Command key={other.person} app={app} className="room-button small" aria-label={label} onClick={() => app.say({ type: "aside_ask", seat, person: other.person })}>
        {text}
      </Command>
    );
  });
}

/** For the person it is about, and for whoever was called. */
export function CalledNotices({ app, room, words }: Props) {
  const { company, called } = room;
  return (
    <>
      {company && (
        <p className="room-notice" data-warm={company.word === "lost" || undefined} data-notice="company" data-word={company.word} role="status">
          <span>{fill(words[`company_${company.word}`], company)}</span>
        </p>
      )}
      {called && (
        <p className="room-notice" data-warm data-notice="called-here" role="status">
          <span>{fill(called.there ? words.called_with : words.called_opening, called)}</span>
          {called.there && (
            <Command app={app} className="room-button small" onClick={() => app.say({ type: "aside_end" })}>
              {fill(words.called_end, called)}
            </Command>
          )}
        </p>
      )}
    </>
  );
}

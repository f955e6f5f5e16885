/** *Still with us?* on one's own screen, and what those who lead see of it when nothing answers. */

import { useId } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { minutesSince } from "../state.ts";
import type { Cared, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { CareLink } from "./care.tsx";
import { Command } from "./command.tsx";

/** Small, without a sound, and taking neither focus nor keys: whoever listens goes on listening. */
export function StillCard({ app, snapshot, words }: { app: RoomApp; snapshot: Snapshot; words: Words }) {
  const id = useId();
  const { still, state } = snapshot;
  const rule = state.room?.still;
  return (
    <>
      <p className="unseen" role="status" data-tells="still">
        {still === "asked" ? `${words.still} ${words.still_text}` : ""}
      </p>
      {still && (
        <section className="still" aria-labelledby={id} data-still={still}>
          <h2 id={id}>{still === "asked" ? words.still : words.still_thanks}</h2>
          {still === "asked" && (
            <p>
              {words.still_text} {words.still_own}
              {rule?.counts && <> {fill(words.still_counts, { n: rule.grace_minutes })}</>}
            </p>
          )}
          <div className="still-answers">
            <button type="button" className="room-button small main" onClick={() => app.stillHere()}>
              {still === "asked" ? words.still_here : words.close}
            </button>
            <button
              type="button"
              className="room-button small"
              onClick={() => {
                app.signal("word");
                app.stillHere();
              }}
            >
              {words.still_word}
            </button>
          </div>
        </section>
      )}
    </>
  );
}

/** Those whose question nothing answered while a case is open. */
export function untouchedAtRisk(room: Room | null): readonly Cared[] {
  return (room?.lead?.care ?? []).filter((person) => person.at_risk && person.untouched_since);
}

export function untouchedWords(room: Room, seat: string, now: number, words: Words): string {
  const since = room.lead?.care.find((person) => person.seat === seat)?.untouched_since;
  return since ? fill(words.untouched, { n: minutesSince(since, now) }) : "";
}

export function untouchedOne(person: Cared, now: number, words: Words): string {
  return fill(words.still_risk_one, { name: person.name, n: minutesSince(person.untouched_since!, now) });
}

/** Over the faces, where a facilitator looks. Of the case it says nothing: others may see this screen. */
export function StillNotice({ room, now, words }: { room: Room; now: number; words: Words }) {
  const people = untouchedAtRisk(room);
  if (!people.length) return null;
  return (
    <p className="room-notice" data-warm data-notice="untouched">
      <span>{people.length === 1 ? untouchedOne(people[0]!, now, words) : fill(words.still_risk_many, { n: people.length })}</span>
    </p>
  );
}

/** A human eye instead of a guess: the mark goes, and minutes go on. */
export function SeenButton({ app, room, seat, words }: { app: RoomApp; room: Room; seat: string; words: Words }) {
  const person = room.lead?.care.find((each) => each.seat === seat);
  if (!person?.untouched_since) return null;
  return (
    <Command app={app} className="room-button small" aria-label={fill(words.still_seen_name, person)} onClick={() => app.say({ type: "still_seen", seat })}>
      {words.still_seen}
    </Command>
  );
}

/** Above everything but a lost line. */
export function StillAtRisk({ app, room, now, words }: { app: RoomApp; room: Room; now: number; words: Words }) {
  const people = untouchedAtRisk(room);
  if (!people.length) return null;
  return (
    <section aria-labelledby="lead-still" className="lead-lost">
      <h2 id="lead-still" tabIndex={-1}>{words.still_risk}</h2>
      <p className="lead-note">{words.still_risk_text}</p>
      <ul className="lead-list">
        {people.map((person) => (
          <li key={person.seat} data-seat={person.seat}>
            <p>
              <strong>{person.name}</strong> <span className="lead-note">{untouchedWords(room, person.seat, now, words)}</span>
            </p>
            <div className="lead-actions">
              <SeenButton app={app} room={room} seat={person.seat} words={words} />
              <CareLink room={room} seat={person.seat} words={words} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

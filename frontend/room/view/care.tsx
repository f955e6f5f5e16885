/** Who is at risk, for those who lead: a word beside the name, and one click to what they need. */

import { minutesSince } from "../state.ts";
import type { Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";

/** Whose line is lost while a case is open: they are to be called, so they stand above everything else. */
export function LostAtRisk({ room, now, words }: { room: Room; now: number; words: Words }) {
  const lost = (room.lead?.care ?? []).filter((person) => person.lost_since);
  if (!lost.length) return null;
  return (
    <section aria-labelledby="lead-lost" className="lead-lost">
      <h2 id="lead-lost">{words.care_lost}</h2>
      <ul className="lead-list">
        {lost.map((person) => (
          <li key={person.seat} data-seat={person.seat}>
            <p>
              <strong>{person.name}</strong> <span className="lead-note">{fill(words.since_minutes, { n: minutesSince(person.lost_since!, now) })}</span>
            </p>
            <a className="room-button small danger filled" href={person.page} target="_blank" rel="noopener" aria-label={fill(words.care_call_name, person)}>
              {words.care_call}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function CareLink({ room, seat, words }: { room: Room; seat: string; words: Words }) {
  const person = room.lead?.care.find((each) => each.seat === seat);
  if (!person?.page) return null;
  return (
    <a
      className="room-button small"
      data-risk={person.at_risk || undefined}
      href={person.page}
      target="_blank"
      rel="noopener"
      aria-label={fill(person.at_risk ? words.care_risk_name : words.care_where_name, person)}
    >
      {person.at_risk ? words.care_risk : words.care_where}
    </a>
  );
}

/** Coming and going: a minute to arrive while waiting, and one tap about how somebody leaves. */

import { useEffect, useState } from "react";
import type { RoomApp } from "../app.ts";
import { AGAIN_MS, HOWS, keepSaid, send, unsent } from "../leaving.ts";
import type { Said } from "../leaving.ts";
import type { LeavingHow, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";

export function MinuteToArrive({ words }: { words: Words }) {
  return (
    <details className="minute">
      <summary>{words.minute_title}</summary>
      <ol>
        {([1, 2, 3, 4, 5, 6] as const).map((n) => (
          <li key={n}>{words[`minute_${n}`]}</li>
        ))}
      </ol>
    </details>
  );
}

export function HowILeave({ app, words }: { app: RoomApp; words: Words }) {
  const { leavingUrl: url, helpUrl, phone } = app.config;
  const [said, setSaid] = useState<Said | null>(() => unsent(url ?? "", localStorage));
  const [kept, setKept] = useState<LeavingHow | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!said) return;
    let live = true;
    let again: ReturnType<typeof setTimeout> | undefined;
    void send(said).then((arrived) => {
      if (!live) return;
      if (arrived) {
        keepSaid(null, localStorage);
        setKept(said.how);
        setSaid(null);
      } else again = setTimeout(() => setTries(tries + 1), AGAIN_MS);
    });
    return () => {
      live = false;
      clearTimeout(again);
    };
  }, [said, tries]);
  if (!url) return null;
  const say = (how: LeavingHow): void => {
    const next = { how, key: crypto.randomUUID(), url };
    keepSaid(next, localStorage);
    setTries(0);
    setSaid(next);
  };
  const status = said ? (tries > 0 ? fill(words.leaving_lost, { phone: phone ?? "" }) : words.leaving_sending) : kept ? keptWords(kept, words) : "";
  return (
    <section className="leaving" aria-labelledby="leaving-title">
      {!said && !kept && (
        <>
          <h3 id="leaving-title">{words.leaving_title}</h3>
          <div className="leaving-ways" role="group" aria-labelledby="leaving-title">
            {HOWS.map((how) => (
              <button key={how} type="button" className="room-button" data-leaving={how} onClick={() => say(how)}>
                {words[`leaving_${how}`]}
              </button>
            ))}
          </div>
          <p className="door-note">{words.leaving_why}</p>
        </>
      )}
      <p role="status" data-leaving-status>
        {status}
      </p>
      {(kept ?? said?.how) === "not_safe" && helpUrl && (
        <a className="room-button help" data-help-url={helpUrl} href={helpUrl}>
          {words.leaving_help}
        </a>
      )}
    </section>
  );
}

function keptWords(how: LeavingHow, words: Words): string {
  if (how === "not_safe") return words.leaving_kept_not_safe;
  return how === "worse" ? words.leaving_kept_worse : words.leaving_kept;
}

/** For those who lead, while the room is open: who left worse or not safe comes first. */
export function LeftPanel({ room, words }: { room: Room; words: Words }) {
  const left = room.lead?.together?.left ?? [];
  if (!left.length) return null;
  return (
    <section aria-labelledby="lead-left">
      <h2 id="lead-left">{words.left_as}</h2>
      <ul className="lead-list">
        {left.map(({ name, how }, n) => (
          <li key={n} data-left={how}>
            <strong>{name}</strong> <span>{how === "worse" || how === "not_safe" ? <em>{words[`leaving_${how}`]}</em> : words[`leaving_${how}`]}</span>
          </li>
        ))}
      </ul>
      <a className="room-button small" href={`/sessions/${room.session.id}/room/leavings`} target="_blank" rel="noopener">
        {words.left_page}
      </a>
    </section>
  );
}

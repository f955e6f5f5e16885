/** The private signal: a person's menu with five quiet choices, and the facilitators' answers. */

import { useState } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { told } from "../outbox.ts";
import { minutesSince } from "../state.ts";
import { KINDS, answersTo, inOrder, unanswered } from "../signal.ts";
import type { Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Icon } from "./icon.tsx";
import { useMenu } from "./menu.ts";
import { Command } from "./command.tsx";

/** One button in everybody's bar; what it opens says that only facilitators see it. */
export function SignalButton({ app, words }: { app: RoomApp; words: Words }) {
  const { open, setOpen, around } = useMenu();
  return (
    <div className="signal" ref={around}>
      <button type="button" className="room-button signal-toggle" aria-expanded={open} aria-controls="signal-menu" onClick={() => setOpen(!open)}>
        <Icon name="signal" />
        {words.signal}
      </button>
      {open && (
        <div className="signal-menu" id="signal-menu" role="group" aria-labelledby="signal-title">
          <p id="signal-title">{words.signal_title}</p>
          {KINDS.map((kind) => (
            <button
              key={kind}
              type="button"
              className="room-button"
              data-signal={kind}
              onClick={() => {
                app.signal(kind);
                setOpen(false);
              }}
            >
              {words[`signal_${kind}`]}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** What became of my own tap. The same words whatever was tapped. */
export function MySignalNotice({ snapshot, words }: { snapshot: Snapshot; words: Words }) {
  const [closed, setClosed] = useState("");
  const mine = snapshot.state.room?.my_signal ?? null;
  const key = mine ? `${mine.id} ${mine.answer ?? ""}` : "";
  // While a newer one is under way the line above speaks, and only of that.
  if (!mine || key === closed || told(snapshot.outbox).calls) return null;
  const text = mine.answer ? fill(words.signal_answered, { name: mine.answered_by, answer: words[`answer_${mine.answer}`] }) : words.signal_sent;
  return (
    <p className="room-notice" data-notice="signal">
      <span>{text}</span>
      <button type="button" className="room-button small" onClick={() => setClosed(key)}>
        {words.close}
      </button>
    </p>
  );
}

/** Over the faces, where a facilitator looks: that there is something to read, never what. */
export function SignalsNotice({ room, words, open }: { room: Room; words: Words; open: (() => void) | null }) {
  const open_ = unanswered(room);
  if (!open_.length) return null;
  return (
    <p className="room-notice" data-warm data-notice="signals">
      <span>{open_.length === 1 ? fill(words.signals_one, open_[0]!) : fill(words.signals_many, { n: open_.length })}</span>
      {open && (
        <button type="button" className="room-button small lead-only-narrow" onClick={open}>
          {words.signals_read}
        </button>
      )}
    </p>
  );
}

export function Signals({ app, room, now, words }: { app: RoomApp; room: Room; now: number; words: Words }) {
  const signals = inOrder(room.lead?.signals ?? []);
  if (!signals.length) return null;
  return (
    <section aria-labelledby="lead-signals">
      <h2 id="lead-signals" tabIndex={-1}>
        {words.signals} <span className="count">{unanswered(room).length}</span>
      </h2>
      <ul className="lead-list">
        {signals.map((signal) => {
          const minutes = minutesSince(signal.at, now);
          return (
            <li key={signal.signal} className="signal-seen" data-kind={signal.kind} data-answered={signal.answer ? true : undefined}>
              <p>
                <strong>{signal.name}</strong>{" "}
                <span className="signal-says">{words[`signals_${signal.kind}`]}</span>{" "}
                <span className="lead-note">{minutes ? fill(words.since_minutes, { n: minutes }) : words.since_now}</span>
              </p>
              {signal.answer ? (
                <p className="lead-note">{fill(words.signal_answered, { name: signal.answered_by, answer: words[`answer_${signal.answer}`] })}</p>
              ) : (
                <>
                  {signal.kind === "not_safe" && <p className="signal-care">{words.signals_care}</p>}
                  <div className="lead-actions signal-answers" role="group" aria-label={fill(words.answer_to, signal)}>
                    {answersTo(signal.kind).map((preset) => (
                      <Command
                        key={preset}
                        app={app}
                        className="room-button small"
                        onClick={() => {
                          document.getElementById("lead-signals")?.focus();
                          app.say({ type: "answer_signal", signal: signal.signal, preset });
                        }}
                      >
                        {words[`answer_${preset}`]}
                      </Command>
                    ))}
                  </div>
                </>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

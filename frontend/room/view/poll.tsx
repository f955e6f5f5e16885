/** A question to everybody in the group: how it is answered, what of the answers is seen, and the facilitator's side of it. */

import { useId, useState } from "react";
import type { RoomApp } from "../app.ts";
import { pollIn } from "../outbox.ts";
import { ENOUGH, answersOf, isScale, questionOf, total } from "../poll.ts";
import type { LeadPoll, PollKind, PollNow, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Choice } from "./breakouts.tsx";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; words: Words };

/** Above the faces. What becomes of an answer is said before it is given. */
export function PollCard({ app, room, words }: Props) {
  const poll = room.together?.poll;
  const id = useId();
  if (!poll) return null;
  const answers = answersOf(poll, words);
  const answering = poll.open && room.me.role === "patient";
  return (
    <section className="poll" aria-labelledby={id} data-poll={poll.kind} data-open={poll.open || undefined}>
      <h2 id={id}>{questionOf(poll, words)}</h2>
      {answering && <Answers app={app} poll={poll} words={words} />}
      <p className="poll-says" role="status">
        {poll.mine !== null && poll.open && fill(words.poll_yours, { answer: answers[poll.mine] ?? "" })}
        {!poll.open && !poll.counts && words.poll_counting}
      </p>
      {poll.counts && <Counts answers={answers} counts={poll.counts} words={words} />}
      <p className="poll-says">
        {poll.kind === "arrival" && room.me.role === "patient" && `${fill(words.poll_says_arrival, { signal: words.signal })} `}
        {poll.named ? words.poll_says_named : words.poll_says_anonymous} {poll.kept ? words.poll_says_kept : words.poll_says_not_kept}
      </p>
    </section>
  );
}

function Answers({ app, poll, words }: { app: RoomApp; poll: PollNow; words: Words }) {
  const mine = pollIn(app.snapshot.outbox, poll.id) ?? poll.mine;
  return (
    <div>
      <div className="poll-answers" role="group" aria-label={questionOf(poll, words)} data-scale={isScale(poll) || undefined}>
        {answersOf(poll, words).map((answer, value) => (
          <button
            key={value}
            type="button"
            className="room-button"
            aria-pressed={mine === value}
            data-up={mine === value || undefined}
            onClick={() => app.say({ type: "poll_answer", poll: poll.id, value })}
          >
            {answer}
          </button>
        ))}
      </div>
      {(poll.kind === "feelings" || poll.kind === "commitment") && (
        <p className="poll-ends">
          <span>{words[`poll_low_${poll.kind}`]}</span>
          <span>{words[`poll_high_${poll.kind}`]}</span>
        </p>
      )}
    </div>
  );
}

function Counts({ answers, counts, words }: { answers: readonly string[]; counts: readonly number[]; words: Words }) {
  const all = total(counts);
  return (
    <ol className="poll-counts">
      {answers.map((answer, value) => (
        <li key={value} aria-label={`${answer}: ${fill(words.poll_of, { n: counts[value] ?? 0, all })}`}>
          <span>{answer}</span>
          <meter min={0} max={Math.max(all, 1)} value={counts[value] ?? 0} aria-hidden="true" />
          <span>{counts[value] ?? 0}</span>
        </li>
      ))}
    </ol>
  );
}

export function PollPanel({ app, room, words }: Props) {
  const [open, setOpen] = useState(false);
  const poll = room.together?.poll;
  const lead = room.lead?.together?.poll;
  return (
    <section className="breakouts" aria-labelledby="lead-poll">
      <h2 id="lead-poll" tabIndex={-1}>
        {words.poll}
      </h2>
      {poll && lead && <Running app={app} poll={poll} lead={lead} words={words} />}
      {!lead && !open && (
        <button type="button" className="room-button small" onClick={() => setOpen(true)}>
          {words.poll_ask}
        </button>
      )}
      {!lead && open && <Ask app={app} words={words} done={() => setOpen(false)} />}
    </section>
  );
}

function Running({ app, poll, lead, words }: { app: RoomApp; poll: PollNow; lead: LeadPoll; words: Words }) {
  const answers = answersOf(poll, words);
  const hidden = lead.counts !== null && !lead.shown && lead.answered < ENOUGH;
  const press = (type: "poll_close" | "poll_show" | "poll_put_away"): void => {
    document.getElementById("lead-poll")?.focus();
    app.say({ type });
  };
  return (
    <>
      <p>
        {questionOf(poll, words)} <span className="count">{fill(words.poll_answered, { n: lead.answered })}</span>
      </p>
      {lead.chosen.length > 0 && (
        <ul className="lead-list">
          {lead.chosen.map(({ name, value }, n) => (
            <li key={n}>
              <strong>{name}</strong> <span>{answers[value]}</span>
            </li>
          ))}
        </ul>
      )}
      {hidden && lead.counts && <Counts answers={answers} counts={lead.counts} words={words} />}
      {lead.counts && <p className="lead-empty">{hidden ? words.poll_few : words.poll_everybody_sees}</p>}
      <div className="lead-actions">
        {poll.open && (
          <Command app={app} className="room-button small main" onClick={() => press("poll_close")}>
            {words.poll_close}
          </Command>
        )}
        {hidden && (
          <Command app={app} className="room-button small" onClick={() => press("poll_show")}>
            {words.poll_show}
          </Command>
        )}
        <Command app={app} className="room-button small" onClick={() => press("poll_put_away")}>
          {words.poll_put_away}
        </Command>
      </div>
    </>
  );
}

const KINDS: readonly PollKind[] = ["arrival", "feelings", "commitment", "yes_no", "choices"];

function Ask({ app, words, done }: { app: RoomApp; words: Words; done: () => void }) {
  const [kind, setKind] = useState<PollKind>("feelings");
  const [question, setQuestion] = useState("");
  const [options, setOptions] = useState(["", "", ""]);
  const [named, setNamed] = useState(false);
  const [kept, setKept] = useState(false);
  const own = kind === "yes_no" || kind === "choices";
  const arrival = kind === "arrival";
  const filled = options.map((option) => option.trim()).filter(Boolean);
  const whole = (!own || question.trim()) && (kind !== "choices" || filled.length >= 2);
  return (
    <form
      className="breakout-form"
      onSubmit={(event) => {
        event.preventDefault();
        // Without a line what was written stays.
        if (!app.say({ type: "poll_ask", kind, question: own ? question.trim() : "", options: kind === "choices" ? filled : [], named: named && !arrival, kept: kept && !arrival })) return;
        document.getElementById("lead-poll")?.focus();
        done();
      }}
    >
      <Choice label={words.poll_what} value={kind} set={setKind} options={KINDS.map((each) => [each, words[`poll_${each}`]])} first />
      {own && <Line label={words.poll_question} value={question} set={setQuestion} max={200} />}
      {kind === "choices" &&
        options.map((option, n) => (
          <Line key={n} label={fill(words.poll_option, { n: n + 1 })} value={option} set={(text) => setOptions(options.map((each, at) => (at === n ? text : each)))} max={60} />
        ))}
      {arrival ? (
        <p className="poll-says">
          {words.poll_says_anonymous} {words.poll_says_not_kept}
        </p>
      ) : (
        <>
          <Tick label={words.poll_named} on={named} set={setNamed} />
          <Tick label={words.poll_kept} on={kept} set={setKept} />
        </>
      )}
      <div className="lead-actions">
        <Command app={app} type="submit" className="room-button small main" disabled={!whole}>
          {words.poll_ask}
        </Command>
        <button type="button" className="room-button small" onClick={done}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}

function Line({ label, value, set, max }: { label: string; value: string; set: (text: string) => void; max: number }) {
  const id = useId();
  return (
    <div className="breakout-field">
      <label htmlFor={id}>{label}</label>
      <input id={id} value={value} maxLength={max} onChange={(event) => set(event.target.value)} />
    </div>
  );
}

function Tick({ label, on, set }: { label: string; on: boolean; set: (on: boolean) => void }) {
  return (
    <label className="poll-tick">
      <input type="checkbox" checked={on} onChange={(event) => set(event.target.checked)} />
      {label}
    </label>
  );
}

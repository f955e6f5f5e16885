/** The chat: one pane for everybody; who reads it, and that nothing of it is kept, stands above the field. */

import { useEffect, useRef } from "react";
import type { FormEvent, KeyboardEvent } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { LONGEST } from "../chat.ts";
import type { ChatLine, ChatWord, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { clock } from "./top.tsx";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; snapshot: Snapshot; room: Room; words: Words; shut: () => void };

export function ChatPane({ app, snapshot, room, words, shut }: Props) {
  const lines = snapshot.chat;
  const log = useRef<HTMLUListElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
  }, []);
  // In braces: browsers have begun to return a promise here, and React would call it at the next line, and fall.
  useEffect(() => {
    log.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
  }, [lines.length]);
  return (
    <section className="chat-pane" id="chat-pane" aria-labelledby="chat-title" onKeyDown={(event) => event.key === "Escape" && shut()}>
      <div className="lead-head">
        <h2 id="chat-title">{words.chat}</h2>
        <button type="button" className="room-button small" onClick={shut}>
          {words.close}
        </button>
      </div>
      <p className="lead-note">
        {readers(room, words)} {words.chat_kept}
      </p>
      <ul ref={log} className="chat-lines" role="log" aria-label={words.chat_lines} tabIndex={0}>
        {lines.length === 0 && <li className="lead-note">{words.chat_empty}</li>}
        {lines.map((line) => (
          <Line key={line.id} app={app} line={line} room={room} words={words} />
        ))}
      </ul>
      <Field app={app} snapshot={snapshot} field={field} words={words} />
    </section>
  );
}

function readers({ chat, me }: Room, words: Words): string {
  if (me.role !== "patient") return chat === "facilitators" ? words.chat_led_one_way : words.chat_to_everyone;
  return chat === "facilitators" ? words.chat_to_facilitators : words.chat_to_everyone;
}

function Line({ app, line, room, words }: { app: RoomApp; line: ChatLine; room: Room; words: Words }) {
  const mine = line.seat === room.me.seat;
  return (
    <li data-mine={mine || undefined} data-to={line.to}>
      <p className="chat-who">
        <strong>{mine ? words.you : line.name}</strong>
        <span className="lead-note">
          {" "}
          <time dateTime={line.at}>{clock(line.at)}</time>
          {line.role !== "patient" && !mine && <> · {words[line.role]}</>}
          {line.room && <> · {line.room}</>}
          {line.to === "facilitators" && <> · {words.chat_only_facilitators}</>}
        </span>
        {room.me.role === "facilitator" && !line.removed && (
          <Command app={app} className="room-button small" aria-label={fill(words.chat_remove_name, line)} onClick={() => app.say({ type: "chat_remove", line: line.id })}>
            {words.remove}
          </Command>
        )}
      </p>
      <p className="chat-text">{line.removed ? <em>{words.chat_removed}</em> : line.text}</p>
    </li>
  );
}

function Field({ app, snapshot, field, words }: Pick<Props, "app" | "snapshot" | "words"> & { field: React.RefObject<HTMLTextAreaElement | null> }) {
  const { draft, sending, trouble } = snapshot.writing;
  const send = (event: FormEvent | KeyboardEvent): void => {
    event.preventDefault();
    app.chatSend();
  };
  return (
    <form className="chat-write" onSubmit={send}>
      {sending && <p className="lead-note">{fill(words.chat_sending, sending)}</p>}
      {trouble && (
        <p className="chat-trouble" role="alert">
          {words[trouble]}
        </p>
      )}
      <label>
        {words.chat_write}
        <textarea
          ref={field}
          rows={2}
          maxLength={LONGEST}
          value={draft}
          onChange={(event) => app.chatTyped(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing && send(event)}
        />
      </label>
      {snapshot.state.room?.me.role === "patient" && <p className="lead-note">{words.chat_no_help}</p>}
      <button className="room-button small main" disabled={Boolean(sending)}>
        {words.door_send}
      </button>
    </form>
  );
}

/** For those who lead, in their menu: who reads what patients write. */
export function ChatChoice({ app, room, words }: { app: RoomApp; room: Room; words: Words }) {
  const modes: readonly ChatWord[] = ["off", "everyone", "facilitators"];
  return (
    <fieldset className="tools-choice">
      <legend>{words.chat}</legend>
      {modes.map((mode) => (
        <label key={mode}>
          <input type="radio" name="chat-mode" aria-disabled={!app.hasLine || undefined} checked={room.chat === mode} onChange={() => app.say({ type: "chat_mode", mode })} />
          {words[`chat_mode_${mode}`]}
        </label>
      ))}
      <p>{words.chat_kept}</p>
    </fieldset>
  );
}

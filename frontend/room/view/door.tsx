/** The door for those who lead: its lock and a few words to those who wait; and what whoever waits reads of both. */

import { useId, useRef, useState } from "react";
import type { FormEvent } from "react";
import type { RoomApp } from "../app.ts";
import type { DoorPreset, DoorSaid, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Command } from "./command.tsx";

const PRESETS: readonly DoorPreset[] = ["soon", "late", "finishing", "talk"];

export function spoken(said: DoorSaid, words: Words): string {
  return said.preset ? words[`door_${said.preset}`] : said.text;
}

export function LockButton({ app, room, words }: { app: RoomApp; room: Room; words: Words }) {
  const locked = Boolean(room.lead?.door.locked_at);
  return (
    <Command app={app} className="room-button small" data-off={locked || undefined} onClick={() => app.say({ type: "door_lock", locked: !locked })}>
      {locked ? words.door_open : words.door_lock}
    </Command>
  );
}

export function LockWords({ room, words }: { room: Room; words: Words }) {
  const door = room.lead?.door;
  if (!door?.locked_at) return null;
  return (
    <p className="lead-note" data-door="locked">
      {words.door_is_locked} {fill(words.door_locked_by, { name: door.locked_by })}
    </p>
  );
}

/** Over the faces, where a facilitator looks: somebody stands at a door that was locked, and may need somebody. */
export function LockedOutNotice({ app, room, words }: { app: RoomApp; room: Room; words: Words }) {
  if (!room.lead?.door.locked_at) return null;
  const outside = room.waiting.filter((person) => !person.was_inside);
  const atRisk = outside.filter((person) => person.at_risk);
  if (!outside.length) return null;
  const text = atRisk.length
    ? atRisk.map((person) => fill(words.door_risk_locked, person)).join(" ")
    : outside.length === 1
      ? fill(words.door_waits_locked, outside[0]!)
      : fill(words.door_wait_locked, { n: outside.length });
  return (
    <p className="room-notice" data-warm data-notice="locked-out" role="status">
      <span>{text}</span>
      <Command app={app} className="room-button small" onClick={() => app.say({ type: "door_lock", locked: false })}>
        {words.door_open}
      </Command>
    </p>
  );
}

/** To everybody who waits, or (`to`) to one person. */
export function WriteToDoor({ app, to, said, words }: { app: RoomApp; to: { seat: string; name: string } | null; said: DoorSaid | null; words: Words }) {
  const [open, setOpen] = useState(false);
  const form = useId();
  const seat = to?.seat ?? null;
  const send = (what: { preset: DoorPreset } | { text: string }): void => {
    if (app.say({ type: "door_say", seat, ...what })) setOpen(false);
  };
  return (
    <>
      {said && (
        <p className="lead-note door-told" data-door="told">
          <span>{fill(words.door_told, { text: spoken(said, words) })}</span>
          <Command app={app} className="room-button small" onClick={() => app.say({ type: "door_unsay", seat })}>
            {words.door_unsay}
          </Command>
        </p>
      )}
      <button
        type="button"
        className="room-button small"
        aria-expanded={open}
        aria-controls={form}
        aria-label={to ? fill(words.door_write_name, to) : undefined}
        onClick={() => setOpen(!open)}
      >
        {to ? words.door_write : words.door_write_all}
      </button>
      {open && <WordsForm app={app} id={form} to={to} send={send} words={words} />}
    </>
  );
}

type WordsProps = { app: RoomApp; id: string; to: { name: string } | null; send: (what: { preset: DoorPreset } | { text: string }) => void; words: Words };

function WordsForm({ app, id, to, send, words }: WordsProps) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const text = field.current?.value.trim();
    if (text) send({ text });
  };
  return (
    <form id={id} className="door-write" onSubmit={submit}>
      {PRESETS.map((preset) => (
        <Command key={preset} app={app} className="room-button small" data-preset={preset} onClick={() => send({ preset })}>
          {words[`door_${preset}`]}
        </Command>
      ))}
      <label>
        {words.door_words}
        <input ref={field} type="text" maxLength={280} autoComplete="off" />
      </label>
      <p className="lead-note">{to ? fill(words.door_kept_one, to) : words.door_kept}</p>
      <Command app={app} type="submit" className="room-button small main">
        {words.door_send}
      </Command>
    </form>
  );
}

/** On the waiting screen: what the team wrote, theirs first. */
export function SaidAtTheDoor({ room, words }: { room: Room | null; words: Words }) {
  return (room?.door?.said ?? []).map((said) => (
    <blockquote key={said.id} className="door-said">
      <p>{spoken(said, words)}</p>
      <footer>{fill(words.door_from, { name: said.by })}</footer>
    </blockquote>
  ));
}

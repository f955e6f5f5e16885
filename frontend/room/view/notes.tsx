/** Private lines in a pane of the room; who reads them and how long they are kept stands above the field. */

import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { RoomApp } from "../app.ts";
import { LONGEST, Notebook } from "../notes.ts";
import type { NoteView } from "../notes.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";

/** Lives as long as the room's page, so that closing the pane or leaving the group loses no word. */
export function useNotebook(app: RoomApp): Notebook | null {
  const [book] = useState(() => (app.config.noteUrl ? new Notebook(app.config.noteUrl, app.config.person, tabStorage()) : null));
  useEffect(() => {
    if (!book) return;
    // Words from before a reload go out without anybody opening the pane.
    if (book.view.state === "unsaved") void book.settle();
    const hidden = (): void => {
      if (document.visibilityState === "hidden" && book.view.state === "unsaved") void book.settle();
    };
    document.addEventListener("visibilitychange", hidden);
    return () => document.removeEventListener("visibilitychange", hidden);
  }, [book]);
  return book;
}

export function NotesButton({ open, setOpen, words }: { open: boolean; setOpen: (open: boolean) => void; words: Words }) {
  return (
    <button type="button" className="room-button small" aria-expanded={open} aria-controls="note-pane" onClick={() => setOpen(!open)}>
      {words.notes}
    </button>
  );
}

type Props = { app: RoomApp; book: Notebook; leads: boolean; words: Words; shut: () => void };

export function NotesPane({ app, book, leads, words, shut }: Props) {
  const view = useSyncExternalStore(book.subscribe, book.get);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    if (book.view.state === "reading") void book.settle();
  }, [book]);
  const { noteDays, notesUrl } = app.config;
  return (
    <section className="chat-pane note-pane" id="note-pane" aria-labelledby="note-title" onKeyDown={(event) => event.key === "Escape" && shut()}>
      <div className="lead-head">
        <h2 id="note-title">{words.notes}</h2>
        <button type="button" className="room-button small" onClick={shut}>
          {words.close}
        </button>
      </div>
      <p className="lead-note">{fill(leads ? words.notes_lead : words.notes_patient, { days: noteDays ?? 0 })}</p>
      {!leads && <p className="lead-note">{words.notes_no_help}</p>}
      <div className="chat-write note-write">
        <div className="note-head">
          <label htmlFor="note-text">{words.notes_field}</label>
          <SavedOrNot view={view} words={words} />
        </div>
        <textarea id="note-text" ref={field} rows={6} maxLength={LONGEST} value={view.draft} onChange={(event) => book.typed(event.target.value)} />
      </div>
      {notesUrl && (
        <a href={notesUrl} target="_blank" rel="noopener">
          {words.notes_page}
        </a>
      )}
    </section>
  );
}

/** Seen always; read aloud only when something is the matter, or every pause in typing would talk. */
function SavedOrNot({ view, words }: { view: NoteView; words: Words }) {
  const trouble = view.state === "refused" || view.state === "too_long";
  const text = fill(words[`notes_${view.state}`], { n: view.draft.length - LONGEST });
  return (
    <p className={trouble ? "chat-trouble" : "lead-note"} data-note={view.state} role={trouble ? "alert" : undefined}>
      {text}
    </p>
  );
}

function tabStorage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

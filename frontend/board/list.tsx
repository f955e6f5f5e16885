/** The board as a list, beside the canvas: read, write, change and remove by keyboard and by ear. */

import { useEffect, useRef, useState } from "react";
import type { Item } from "./items.ts";
import { news } from "./items.ts";
import { fill } from "./words.ts";
import type { Words } from "./words.ts";

type Props = {
  items: readonly Item[];
  mayWrite: boolean;
  words: Words;
  add: (text: string) => void;
  change: (item: Item, text: string) => void;
  remove: (item: Item) => void;
  close: () => void;
};

export function List({ items, mayWrite, words, add, change, remove, close }: Props) {
  const [changing, setChanging] = useState("");
  const [text, setText] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <aside className="board-list" id="board-list" aria-labelledby="board-list-title">
      <div className="board-list-head">
        <h2 id="board-list-title" ref={heading} tabIndex={-1}>
          {words.list}
        </h2>
        <button type="button" className="button quiet small" onClick={close}>
          {words.list_close}
        </button>
      </div>
      {mayWrite && (
        <form
          className="board-write"
          onSubmit={(event) => {
            event.preventDefault();
            if (!text.trim()) return;
            add(text.trim());
            setText("");
          }}
        >
          <label htmlFor="board-note">{words.write_note}</label>
          <textarea id="board-note" rows={2} maxLength={2000} value={text} onChange={(event) => setText(event.target.value)} />
          <button className="button small">{words.add}</button>
        </form>
      )}
      {items.length === 0 && <p>{words.empty}</p>}
      <ol className="board-items">
        {items.map((item) => (
          <li key={item.id} data-item={item.id}>
            {changing === item.id ? (
              <Change
                item={item}
                words={words}
                keep={(next) => {
                  change(item, next);
                  setChanging("");
                }}
                cancel={() => setChanging("")}
              />
            ) : (
              <>
                <p>
                  <span className="board-kind">{item.kind === "drawing" ? "" : words[item.kind]}</span> {saying(item, words)}
                </p>
                {mayWrite && (
                  <div className="board-item-actions">
                    {(item.kind === "note" || item.kind === "text") && (
                      <button type="button" className="button quiet small" aria-label={fill(words.change_name, { text: saying(item, words) })} onClick={() => setChanging(item.id)}>
                        {words.change}
                      </button>
                    )}
                    <button
                      type="button"
                      className="button quiet small"
                      aria-label={fill(words.remove_name, { text: saying(item, words) || words[item.kind] })}
                      onClick={() => {
                        // The row goes away with its button; keep the keyboard in the list.
                        heading.current?.focus();
                        remove(item);
                      }}
                    >
                      {words.remove}
                    </button>
                  </div>
                )}
              </>
            )}
          </li>
        ))}
      </ol>
    </aside>
  );
}

function saying(item: Item, words: Words): string {
  return item.kind === "drawing" ? fill(words.drawing, { text: item.text }) : item.text;
}

function Change({ item, words, keep, cancel }: { item: Item; words: Words; keep: (text: string) => void; cancel: () => void }) {
  const [text, setText] = useState(item.text);
  const id = `change-${item.id}`;
  return (
    <form
      className="board-write"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) keep(text.trim());
      }}
      onKeyDown={(event) => event.key === "Escape" && cancel()}
    >
      <label htmlFor={id}>{fill(words.change_name, { text: item.text })}</label>
      <textarea id={id} rows={2} maxLength={2000} autoFocus value={text} onChange={(event) => setText(event.target.value)} />
      <div className="board-item-actions">
        <button className="button small">{words.keep}</button>
        <button type="button" className="button quiet small" onClick={cancel}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}

/** Says what others did. Changes close together are said together, so that a busy group does not talk without end. */
export function Announcer({ items, words }: { items: readonly Item[]; words: Words }) {
  const [said, setSaid] = useState("");
  const before = useRef<readonly Item[] | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (before.current) {
        const { came, changed, went } = news(before.current, items);
        const lines = [
          came.length ? fill(words.came, { text: came.join(", ") }) : "",
          changed.length ? fill(words.changed, { text: changed.join(", ") }) : "",
          went.length ? fill(words.went, { text: went.join(", ") }) : "",
        ].filter(Boolean);
        if (lines.length) setSaid(lines.join(" "));
      }
      before.current = items;
    }, 700);
    return () => clearTimeout(timer);
  }, [items, words]);
  return (
    <p className="unseen" role="status" aria-live="polite">
      {said}
    </p>
  );
}

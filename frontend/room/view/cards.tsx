/** The plan of the session and skills cards: what everybody reads beside the faces, and the facilitator's side of it. */

import { useEffect, useRef, useState } from "react";
import type { RoomApp } from "../app.ts";
import { cardAtHand, isOpen } from "../cards.ts";
import type { AgendaBlock, CardNow, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Choice } from "./breakouts.tsx";
import { clock } from "./top.tsx";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; room: Room; words: Words };

/** Each may close it, and open it again; a patient may keep it. That it came is read aloud; it takes no focus. */
export function CardBeside({ app, room, words }: Props) {
  const last = useRef<CardNow | null>(null);
  const [closed, setClosed] = useState("");
  const shown = room.card ?? null;
  const card = cardAtHand(last.current, shown);
  useEffect(() => {
    last.current = card;
  });
  const open = isOpen(card, closed);
  return (
    <>
      <p className="unseen" role="status" aria-live="polite" data-tells="card">
        {shown ? fill(words.card_is_shown, shown) : ""}
      </p>
      {card && open && <Card app={app} card={card} patient={room.me.role === "patient"} shut={() => setClosed(card.id)} words={words} />}
      {card && !open && shown && (
        <button type="button" className="room-button small card-again" onClick={() => setClosed("")}>
          {fill(words.card_open, card)}
        </button>
      )}
    </>
  );
}

function Card({ app, card, patient, shut, words }: { app: RoomApp; card: CardNow; patient: boolean; shut: () => void; words: Words }) {
  return (
    <section className="card-pane" aria-labelledby="card-title" tabIndex={0} data-card={card.card} onKeyDown={(event) => event.key === "Escape" && shut()}>
      <div className="lead-head">
        <h2 id="card-title">{card.title}</h2>
        <button type="button" className="room-button small" onClick={shut}>
          {words.close}
        </button>
      </div>
      <p>{card.why}</p>
      <ol>
        {card.steps.map((step, n) => (
          <li key={n}>{step}</li>
        ))}
      </ol>
      {card.care && <p className="card-care">{card.care}</p>}
      {patient && !card.kept && (
        <button type="button" className="room-button small main" onClick={() => app.say({ type: "card_keep", card: card.card })}>
          {words.card_keep}
        </button>
      )}
      {patient && (
        <p role="status">
          {card.kept && (
            <>
              {words.card_kept} {app.config.skillsUrl && <a href={app.config.skillsUrl} target="_blank" rel="noopener">{words.card_page}</a>}
            </>
          )}
        </p>
      )}
      <p className="lead-note">{card.source}</p>
    </section>
  );
}

/** Where the group is and what comes next; the rest of the plan is one press away. */
export function AgendaPanel({ app, room, words }: Props) {
  const blocks = room.lead?.agenda ?? [];
  if (!blocks.length) return null;
  const here = blocks.findIndex((block) => block.now);
  const near = blocks.filter((_, n) => n === here || n === here + 1);
  return (
    <section aria-labelledby="lead-agenda">
      <h2 id="lead-agenda" tabIndex={-1}>
        {words.agenda}
      </h2>
      <Blocks app={app} blocks={near} next={blocks[here + 1]?.block} words={words} />
      <details className="agenda-all">
        <summary>{words.agenda_all}</summary>
        <Blocks app={app} blocks={blocks} words={words} />
        <p className="lead-empty">{words.agenda_counts}</p>
      </details>
    </section>
  );
}

function Blocks({ app, blocks, next, words }: { app: RoomApp; blocks: readonly AgendaBlock[]; next?: string | undefined; words: Words }) {
  return (
    <ol className="agenda">
      {blocks.map((block) => {
        const isNext = block.block === next;
        return (
          <li key={block.block} aria-current={block.now ? "step" : undefined}>
            <p>
              <strong>{block.title}</strong>{" "}
              <span className="lead-note">
                {clock(block.begins_at)}–{clock(block.ends_at)}
                {block.now && <> · {words.agenda_now}</>}
              </span>
            </p>
            {!block.now && (
              <Command
                app={app}
                className={isNext ? "room-button small main" : "room-button small"}
                aria-label={fill(isNext ? words.agenda_next_name : words.agenda_here_name, { title: block.title, time: clock(block.begins_at) })}
                onClick={() => {
                  document.getElementById("lead-agenda")?.focus();
                  app.say({ type: "agenda_mark", block: block.block });
                }}
              >
                {isNext ? words.agenda_next : words.agenda_here}
              </Command>
            )}
          </li>
        );
      })}
    </ol>
  );
}

export function CardsPanel({ app, room, words }: Props) {
  const cards = app.config.cards ?? [];
  const [chosen, setChosen] = useState(cards[0]?.card ?? "");
  const shown = room.card ?? null;
  if (!cards.length) return null;
  const press = (message: { type: "card_show"; card: string } | { type: "card_put_away" }): void => {
    document.getElementById("lead-cards")?.focus();
    app.say(message);
  };
  return (
    <section className="breakouts" aria-labelledby="lead-cards">
      <h2 id="lead-cards" tabIndex={-1}>
        {words.cards}
      </h2>
      {shown && <p>{fill(words.card_everybody, shown)}</p>}
      <Choice label={words.card_which} value={chosen} set={setChosen} options={cards.map(({ card, title }): [string, string] => [card, title])} />
      <div className="lead-actions">
        <Command app={app} className="room-button small main" onClick={() => press({ type: "card_show", card: chosen })}>
          {words.card_show}
        </Command>
        {shown && (
          <Command app={app} className="room-button small" onClick={() => press({ type: "card_put_away" })}>
            {words.card_put_away}
          </Command>
        )}
      </div>
    </section>
  );
}

/** Faces first: everybody's tile, as large as the window allows. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { gridWith, spotlit, stickOf } from "../floor.ts";
import { pinned, withPinned } from "../helpers.ts";
import { columnsFor, companions, tiles } from "../state.ts";
import type { Room } from "../protocol.ts";
import type { Words } from "../words.ts";
import { SpotlightToggle } from "./floor.tsx";
import { focusOn } from "../focus.ts";
import { PinButtons } from "./helpers.tsx";
import { signsOf } from "./reactions.tsx";
import { Tile } from "./tile.tsx";
import { untouchedWords } from "./still.tsx";
import { useTilesShown } from "./shown.ts";

export function Stage({ app, snapshot, room, focus, now, words }: { app: RoomApp; snapshot: Snapshot; room: Room; focus: boolean; now: number; words: Words }) {
  const shown = useRef<string | null>(null);
  const only = focus ? focusOn(room, snapshot.state.talking, shown.current) : null;
  useEffect(() => {
    shown.current = only?.seat ?? null;
  }, [only?.seat]);
  const kept = pinned(room, snapshot.pins);
  const seats = withPinned(only ? [only] : tiles(room), kept);
  const stage = useRef<HTMLUListElement>(null);
  const [even, setEven] = useState(false);
  const inLight = spotlit(room);
  const lit = even || only ? [] : inLight;
  const holder = stickOf(room)?.holder?.seat;
  const columns = useColumns(stage, seats.length, lit.length);
  const { state, media, quality } = snapshot;
  useTilesShown(stage, app.quality, `${seats.map(({ feed }) => feed).join()} ${columns} ${kept.length}`);

  return (
    <>
      <SpotlightToggle lit={only ? [] : inLight} even={even} setEven={setEven} words={words} />
      <section className="stage" aria-label={words.people_here}>
        <ul ref={stage} className="tiles" data-count={seats.length} data-columns={columns} data-spotlight={lit.length || undefined}>
          {seats.map((seat) => {
            const mine = seat.seat === room.me.seat;
            return (
              <Tile
                key={seat.seat}
                app={app}
                seat={mine ? { ...seat, ...mySending(snapshot) } : seat}
                mine={mine}
                feed={seat.feed ? (media.feeds.get(seat.feed) ?? null) : null}
                self={mine ? media.self : null}
                // Muted sends nothing, so the media server never says that the talking ended.
                talking={Boolean(seat.feed && state.talking.has(seat.feed)) && (mine ? media.mic : seat.audio)}
                speaks={seat.seat === holder}
                lit={lit.some((each) => each.seat === seat.seat)}
                hands={seat.role === "site" ? companions(room).filter((one) => one.hand_at).map((one) => one.name) : NOBODY}
                signs={signsOf(seat.seat, seat.role === "site", room, snapshot.reactions, words)}
                rests={Boolean(seat.feed && quality.resting.has(seat.feed))}
                pinned={kept.some((each) => each.seat === seat.seat)}
                pins={<PinButtons app={app} room={room} seat={seat} pins={snapshot.pins} words={words} />}
                untouched={untouchedWords(room, seat.seat, now, words)}
                words={words}
              />
            );
          })}
        </ul>
        {seats.length === 1 && seats[0]!.seat === room.me.seat && <p className="alone">{inRooms(room) ? words.alone_of_rooms : words.alone}</p>}
        <Sound snapshot={snapshot} words={words} />
      </section>
    </>
  );
}

const NOBODY: readonly string[] = [];

/** Are the others in breakouts while I am here by myself? */
function inRooms({ breakouts }: Room): boolean {
  return breakouts?.phase === "running" || breakouts?.phase === "closing";
}

/** My own tile says what is true here and now, before the server has heard of it. */
function mySending({ media, quality }: Snapshot): { audio: boolean; video: boolean; saving: boolean } {
  const rests = media.rest !== "no";
  return { audio: media.mic, video: media.camera && !rests, saving: quality.saving || (media.camera && rests) };
}

/** How many columns there are now; the width of a tile, and the columns of a grid with large ones, go to the style sheet. */
function useColumns(element: React.RefObject<HTMLElement | null>, count: number, lit: number): number {
  const [columns, setColumns] = useState(1);
  useLayoutEffect(() => {
    const stage = element.current;
    if (!stage) return;
    const measure = (): void => {
      const grid = lit ? gridWith(lit, count, stage.clientWidth, stage.clientHeight) : null;
      const next = grid?.columns ?? columnsFor(count, stage.clientWidth, stage.clientHeight);
      setColumns(next);
      const rows = grid?.rows ?? Math.ceil(count / next);
      const width = Math.min((stage.clientWidth - 10 * (next - 1)) / next, ((stage.clientHeight - 10 * (rows - 1)) / rows) * 1.6);
      stage.style.setProperty("--tile", `${Math.floor(width)}px`);
      stage.style.setProperty("--columns", String(next));
    };
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(stage);
    return () => watcher.disconnect();
  }, [element, count, lit]);
  return columns;
}

/** Sound plays apart from the pictures: a tile may have none, be hidden or be moved, and nobody must fall silent for it. */
function Sound({ snapshot, words }: { snapshot: Snapshot; words: Words }) {
  const [held, setHeld] = useState(false);
  const all = useRef<HTMLDivElement>(null);
  const playAll = (): void => {
    for (const player of all.current?.querySelectorAll("audio") ?? []) void player.play().catch(() => undefined);
    setHeld(false);
  };
  return (
    <div ref={all}>
      {[...snapshot.media.feeds.values()].map(
        ({ feed, sound }) => sound && <Player key={feed} sound={sound} onHeld={() => setHeld(true)} />,
      )}
      {held && (
        <div className="sound-held" role="alert">
          {words.turn_sound_on}
          <button type="button" className="room-button main" onClick={playAll}>
            {words.turn_sound_on_button}
          </button>
        </div>
      )}
    </div>
  );
}

function Player({ sound, onHeld }: { sound: MediaStream; onHeld: () => void }) {
  const player = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = player.current;
    if (!element) return;
    element.srcObject = sound;
    element.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") onHeld();
    });
    return () => {
      element.srcObject = null;
    };
    // onHeld is new at each drawing and says the same each time.
  }, [sound]);
  return <audio ref={player} autoPlay />;
}

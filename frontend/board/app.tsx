/** One board: Excalidraw, the list beside it, and what a facilitator does, around one Yjs document. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import * as Y from "yjs";
import { CaptureUpdateAction, Excalidraw, MainMenu, convertToExcalidrawElements, reconcileElements, restoreElements } from "@excalidraw/excalidraw";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { Binding } from "./binding.ts";
import type { Element } from "./binding.ts";
import { Files, PictureRefused } from "./files.ts";
import { freePlace, items, newer, removed } from "./items.ts";
import type { Item } from "./items.ts";
import { BoardLine } from "./line.ts";
import { Announcer, List } from "./list.tsx";
import { PointerLayer } from "./pointer-layer.tsx";
import type { BoardState, Reason, Spot } from "./protocol.ts";
import { usePointers } from "./use-pointers.ts";
import type { Pointers } from "./use-pointers.ts";
import { PLAIN_FONT, skeletons } from "./skeletons.ts";
import { TEMPLATES, pieces } from "./templates.ts";
import type { TemplateName } from "./templates.ts";
import { fill } from "./words.ts";
import type { Words } from "./words.ts";

export type Config = {
  readonly board: string;
  readonly level: BoardState["level"];
  readonly ofGroup: boolean;
  readonly socket: string;
  readonly images: string;
  readonly act: string;
  readonly all: string;
  readonly assets: string;
  readonly csrf: string;
  /** Until when it is kept, in the reader's words; empty where nobody set an end. */
  readonly keptUntil: string;
};

type Line = "open" | "reconnecting" | "closed";
const WRITE_EVERY_MS = 80;

export function BoardApp({ config, words, language }: { config: Config; words: Words; language: string }) {
  const [tries, setTries] = useState(0);
  const [notice, setNotice] = useState("");
  const refused = useCallback(
    (reason: Reason) => {
      setNotice(words[`refused_${reason}`]);
      // What was refused stands only in this tab's document: begin again from the server's.
      setTries((before) => before + 1);
    },
    [words],
  );
  return <Board key={tries} config={config} words={words} language={language} notice={notice} setNotice={setNotice} onRefused={refused} />;
}

type Props = {
  config: Config;
  words: Words;
  language: string;
  notice: string;
  setNotice: (text: string) => void;
  onRefused: (reason: Reason) => void;
};

function Board({ config, words, language, notice, setNotice, onRefused }: Props) {
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null);
  const [state, setState] = useState<BoardState>({ type: "board", level: config.level, read_only: false, can_undo_clear: false, may_point: false });
  const [line, setLine] = useState<Line>("reconnecting");
  const [saved, setSaved] = useState(false);
  const [listed, setListed] = useState<readonly Item[]>([]);
  const [listOpen, setListOpen] = useState(false);
  const theme = useTheme();
  const mayWrite = state.level !== "viewer" && line !== "closed";
  const parts = useRef<{ binding: Binding; line: BoardLine; files: Files; flush: () => void } | null>(null);
  const say = useMemo(() => (line === "open" && state.may_point ? (at: Spot): void => parts.current?.line.point(at) : null), [line, state.may_point]);
  const pointers = usePointers(say);
  const hearPointing = pointers.hear;
  const writing = useRef(mayWrite);
  writing.current = mayWrite;

  useEffect(() => {
    if (!api) return;
    let looked = false;
    const doc = new Y.Doc();
    const files = new Files(config.images, config.csrf, (found) => api.addFiles([found]));
    const binding = new Binding(doc, (news) => {
      const remote = restoreElements(news as never, null);
      const elements = reconcileElements(api.getSceneElementsIncludingDeleted(), remote as never, api.getAppState());
      api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER });
      // Whoever opens a board sees what is on it; later nobody's view is moved by what others draw.
      if (!looked && news.some((element) => !element.isDeleted)) api.scrollToContent(undefined, { fitToContent: true });
      looked = true;
      files.fetchFor(news);
    });
    const board = new BoardLine(new URL(config.socket, location.origin.replace(/^http/, "ws")).href, doc, {
      onState: setState,
      onSaved: setSaved,
      onLine: setLine,
      onRefused,
      onPointing: hearPointing,
    });
    const flush = (): void => {
      if (writing.current && binding.fromScene(api.getSceneElementsIncludingDeleted() as never)) looked = true;
    };
    const list = throttled(() => setListed(items(binding.standing())), 150);
    binding.map.observe(list);
    parts.current = { binding, line: board, files, flush };
    Object.defineProperty(window, "__board", { value: watching(binding, board), configurable: true });
    board.open();
    const leaving = (event: BeforeUnloadEvent): void => {
      flush();
      if (!board.saved && binding.all().length) event.preventDefault();
    };
    window.addEventListener("beforeunload", leaving);
    return () => {
      window.removeEventListener("beforeunload", leaving);
      board.close();
      parts.current = null;
      doc.destroy();
    };
  }, [api, config, onRefused, hearPointing]);

  const write = useMemo(() => throttled(() => parts.current?.flush(), WRITE_EVERY_MS), []);

  /** Into the scene first, so that undoing works for it as for anything drawn. */
  const put = useCallback(
    (elements: readonly Element[], look: boolean) => {
      if (!api) return;
      const changed = new Map(elements.map((element) => [element.id, element]));
      const scene = api.getSceneElementsIncludingDeleted().map((element) => changed.get(element.id) ?? element);
      const known = new Set(scene.map((element) => element.id));
      const coming = elements.filter((element) => !known.has(element.id));
      api.updateScene({ elements: [...scene, ...coming] as never, captureUpdate: CaptureUpdateAction.IMMEDIATELY });
      parts.current?.flush();
      if (look) api.scrollToContent(coming as never, { fitToContent: true });
    },
    [api],
  );

  const standing = (): Element[] => parts.current?.binding.standing() ?? [];
  const convert = (made: unknown[], keepIds = false): Element[] =>
    convertToExcalidrawElements(made as never, { regenerateIds: !keepIds }) as never;

  const addNote = async (text: string): Promise<void> => {
    await lettersLoaded(text);
    const place = freePlace(standing());
    put(convert([note(text, place)]), true);
  };
  const changeItem = async (item: Item, text: string): Promise<void> => {
    await lettersLoaded(text);
    const old = standing();
    const holder = old.find((element) => element.id === item.id);
    if (!holder) return;
    if (item.kind === "text") {
      const [made] = convert([{ ...holder, text, originalText: text, width: undefined, height: undefined }], true);
      if (made) put([newer({ ...holder, ...made, version: holder.version }, {}, Date.now())], false);
      return;
    }
    // The words in a shape are laid out anew with the shape: its old words become a tombstone.
    const made = convert([{ ...holder, boundElements: null, label: { text, fontSize: 20, fontFamily: PLAIN_FONT } }], true);
    const shape = made.find((element) => element.id === holder.id);
    const wordsIn = made.filter((element) => element.id !== holder.id);
    if (!shape) return;
    const gone = removed(old, item.parts.slice(1), Date.now());
    put([newer({ ...holder, ...shape, version: holder.version }, {}, Date.now()), ...gone, ...wordsIn], false);
  };
  const removeItem = (item: Item): void => put(removed(standing(), item.parts, Date.now()), false);
  const lay = async (name: TemplateName): Promise<void> => {
    await lettersLoaded("");
    const { x, y } = freePlace(standing());
    const down = standing().length ? y + 120 : 0;
    put(convert(skeletons(pieces(name, language), { x, y: down })), true);
  };
  const act = async (what: string): Promise<void> => {
    const answer = await fetch(config.act + what, { method: "POST", headers: { "X-CSRFToken": config.csrf, Accept: "application/json" } }).catch(() => null);
    setNotice(answer?.ok ? words.done : words.failed);
  };

  return (
    <div className="board-shell" data-list={listOpen ? "open" : "shut"}>
      <Bar
        {...{ config, state, words, listOpen, pointers }}
        status={line === "open" ? (saved ? words.saved : words.saving) : words[line]}
        toggleList={() => setListOpen(!listOpen)}
        act={(what) => void act(what)}
        lay={(name) => void lay(name)}
      />
      {(notice || (state.level === "viewer" && words.read_only_you)) && (
        <p className="board-notice" role="status">
          {notice || words.read_only_you}
        </p>
      )}
      <div className="board-canvas" onPointerLeave={() => pointers.moved(null)}>
        <Excalidraw
          excalidrawAPI={setApi}
          onChange={() => parts.current && write()}
          onPointerUp={() => write()}
          onPointerUpdate={({ pointer }) => pointers.moved([round(pointer.x), round(pointer.y)])}
          viewModeEnabled={!mayWrite}
          theme={theme}
          langCode={language.startsWith("es") ? "es-ES" : "en"}
          isCollaborating
          aiEnabled={false}
          validateEmbeddable={false}
          handleKeyboardGlobally={false}
          detectScroll={false}
          generateIdForFile={async (file) => {
            try {
              return (await parts.current?.files.keep(file)) ?? crypto.randomUUID();
            } catch (error) {
              if (error instanceof PictureRefused) setNotice(words[`picture_${error.reason}`]);
              throw error;
            }
          }}
          UIOptions={{ canvasActions: { export: false, loadScene: false, saveToActiveFile: false, saveAsImage: false, clearCanvas: false, toggleTheme: false } }}
        >
          <MainMenu>
            <MainMenu.DefaultItems.SearchMenu />
            <MainMenu.DefaultItems.ChangeCanvasBackground />
            <MainMenu.DefaultItems.Help />
          </MainMenu>
        </Excalidraw>
        <PointerLayer api={api} cursors={pointers.cursors} />
      </div>
      {listOpen && <List items={listed} mayWrite={mayWrite} words={words} add={(text) => void addNote(text)} change={(item, text) => void changeItem(item, text)} remove={removeItem} close={() => setListOpen(false)} />}
      <Announcer items={listed} words={words} />
      <p className="board-kept">
        {pointers.here.length > 0 && <strong>{fill(words.also_here, { names: pointers.here.join(", ") })} </strong>}
        {words.kept_note} {config.keptUntil}
      </p>
    </div>
  );
}

type BarProps = {
  config: Config;
  state: BoardState;
  words: Words;
  status: string;
  listOpen: boolean;
  pointers: Pointers;
  toggleList: () => void;
  act: (what: string) => void;
  lay: (name: TemplateName) => void;
};

function Bar({ config, state, words, status, listOpen, pointers, toggleList, act, lay }: BarProps) {
  const leads = state.level === "lead";
  return (
    <div className="board-bar">
      <button type="button" className="button quiet small" aria-expanded={listOpen} aria-controls="board-list" onClick={toggleList}>
        {words.list_open}
      </button>
      <button type="button" className="button quiet small" aria-pressed={pointers.show} onClick={pointers.toggle}>
        {words.pointers}
      </button>
      {leads && (
        <>
          <label className="board-pick">
            <span>{words.templates}</span>
            <select
              value=""
              onChange={(event) => {
                lay(event.target.value as TemplateName);
              }}
            >
              <option value="">…</option>
              {TEMPLATES.map((name) => (
                <option key={name} value={name}>
                  {words[name]}
                </option>
              ))}
            </select>
          </label>
          <button type="button" className="button quiet small" onClick={() => act(state.read_only ? "open-to-all" : "read-only")}>
            {state.read_only ? words.let_draw : words.make_read_only}
          </button>
          <button type="button" className="button quiet small" onClick={() => act("clear")}>
            {words.clear}
          </button>
          {state.can_undo_clear && (
            <button type="button" className="button quiet small" onClick={() => act("undo-clear")}>
              {words.undo_clear}
            </button>
          )}
          {!config.ofGroup && (
            <button type="button" className="button quiet small" onClick={() => act("bring-back")}>
              {words.bring_back}
            </button>
          )}
          <a className="button quiet small" href={config.all} target="_blank" rel="noopener">
            {words.all_boards}
          </a>
        </>
      )}
      <p className="board-status" data-saved={status === words.saved || undefined}>
        {leads && state.read_only ? `${words.read_only_lead} · ` : ""}
        {status}
      </p>
    </div>
  );
}

function note(text: string, { x, y }: { x: number; y: number }): object {
  const height = 70 + 25 * Math.ceil(text.length / 24);
  return { type: "rectangle", x, y, width: 300, height, backgroundColor: "#fff3bf", strokeColor: "#5c4a12", fillStyle: "solid", roundness: { type: 3 }, label: { text, fontSize: 20, fontFamily: PLAIN_FONT, strokeColor: "#1e1e1e" } };
}

/** Words are measured when they are laid out: with the letters missing they would be cut off for good. */
async function lettersLoaded(text: string): Promise<void> {
  const fonts = ["20px Nunito", "20px Excalifont"].map((font) => document.fonts.load(font, `Aáñ${text}`));
  await Promise.all(fonts).catch(() => undefined);
}

/** Follows the room's own light; in a tab of its own, the reader's. */
function useTheme(): "light" | "dark" {
  const read = (): "light" | "dark" => {
    if (window.parent !== window) return localStorage.getItem("openiop.room.look") === "light" ? "light" : "dark";
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  };
  const [theme, setTheme] = useState(read);
  useEffect(() => {
    const look = (): void => setTheme(read());
    window.addEventListener("storage", look);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", look);
    return () => {
      window.removeEventListener("storage", look);
      scheme.removeEventListener("change", look);
    };
  }, []);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return theme;
}

/** Finer than this nobody points. */
function round(place: number): number {
  return Math.max(-1e6, Math.min(1e6, Math.round(place)));
}

/** At most once in `ms`, and always once more after the last call. */
function throttled(run: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      run();
    }, ms);
  };
}

/** For journeys to look through, never to act through. */
function watching(binding: Binding, line: BoardLine): object {
  return Object.freeze({
    get saved() {
      return line.saved;
    },
    texts: () => items(binding.standing()).map((item) => item.text),
    count: () => binding.standing().length,
  });
}


/** The whole page: one of the screens, chosen by the state. */

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { unread } from "../chat.ts";
import { arrivals, isCompanion, isInside, newHands, screenOf } from "../state.ts";
import type { Cared, Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Apart } from "./apart.tsx";
import { BoardPane, hasBoard } from "./board.tsx";
import { Bar } from "./bar.tsx";
import { CardBeside } from "./cards.tsx";
import { ChatPane } from "./chat.tsx";
import { BreakoutAnnouncer, BreakoutCalls, MyRoom } from "./breakouts.tsx";
import { CompanionNotices, CompanionStage } from "./companion.tsx";
import { Captions, HelperAnnouncer } from "./helpers.tsx";
import { NotesButton, NotesPane, useNotebook } from "./notes.tsx";
import { Notices } from "./notices.tsx";
import { NotDoneNotice } from "./outbox.tsx";
import { Rail } from "./rail.tsx";
import { newSignals } from "../signal.ts";
import { DoorScreen } from "./screens.tsx";
import { AsideNotices } from "./aside.tsx";
import { AsideQuestions } from "./aside-ask.tsx";
import { AloneAside, CalledNotices } from "./called.tsx";
import { LockedOutNotice } from "./door.tsx";
import { FloorNotices } from "./floor.tsx";
import { SignalsNotice } from "./signal.tsx";
import { StillCard, StillNotice, untouchedAtRisk, untouchedOne } from "./still.tsx";
import { PollCard } from "./poll.tsx";
import { Clock } from "./timer.tsx";
import { focusIsOn } from "../focus.ts";
import { FocusButton, Reactions } from "./reactions.tsx";
import { Stage } from "./stage.tsx";
import { Top } from "./top.tsx";

export function RoomView({ app, words }: { app: RoomApp; words: Words }) {
  const snapshot = useSyncExternalStore(app.subscribe, app.read);
  const { state } = snapshot;
  const [look, setLook] = useLook();
  const [railOpen, setRailOpen] = useState(false);
  const [boardOpen, setBoardOpen] = useState(false);
  const [chatOpen, setChatOpen] = useState(false);
  const chat = useChat(snapshot, chatOpen);
  const notebook = useNotebook(app);
  const [notesOpen, setNotesOpen] = useState(false);
  // In one another's place.
  const openChat = (open: boolean): void => (setChatOpen(open), setNotesOpen(false));
  const openNotes = (open: boolean): void => (setNotesOpen(open), setChatOpen(false));
  const now = useNow(15_000) + snapshot.clockAhead;
  const inside = isInside(state);
  const companion = isCompanion(state);
  const leads = inside && state.room?.me.role === "facilitator";
  const [focus, setFocus] = useState(focusIsOn);
  // Who leads has to see everybody.
  const focuses = inside && !companion && state.room?.me.role === "patient";
  useKeys(app, inside, companion);

  return (
    <div className="group-room" data-theme={look} data-screen={screenOf(state)} data-rail={leads ? (railOpen ? "open" : "shut") : "none"}>
      <Top app={app} snapshot={snapshot} room={state.room} now={now} look={look} setLook={setLook} words={words} />
      {inside && state.room ? (
        <>
          <div className="room-main">
            {leads && <AsideNotices app={app} snapshot={snapshot} room={state.room} words={words} />}
            {leads && <AsideQuestions app={app} room={state.room} words={words} />}
            {leads && <AloneAside app={app} room={state.room} words={words} />}
            {leads && <LockedOutNotice app={app} room={state.room} words={words} />}
            {leads && <SignalsNotice room={state.room} words={words} open={railOpen ? null : () => setRailOpen(true)} />}
            {leads && <StillNotice room={state.room} now={now} words={words} />}
            {companion ? <CompanionNotices app={app} snapshot={snapshot} words={words} /> : <Notices app={app} snapshot={snapshot} words={words} />}
            <CalledNotices app={app} room={state.room} words={words} />
            <FloorNotices app={app} room={state.room} words={words} />
            <BreakoutCalls app={app} room={state.room} words={words} />
            {!companion && <MyRoom app={app} room={state.room} words={words} />}
            <Apart words={words}>
              <Clock app={app} room={state.room} words={words} />
              <PollCard app={app} room={state.room} words={words} />
            </Apart>
            {companion ? <CompanionStage room={state.room} words={words} /> : <Stage app={app} snapshot={snapshot} room={state.room} focus={focuses && focus} now={now} words={words} />}
            {focuses && <StillCard app={app} snapshot={snapshot} words={words} />}
            {(state.room.together || focuses || notebook) && (
              <div className="room-quiet">
                {state.room.together && state.room.me.role !== "helper" && state.room.me.role !== "called" && <Reactions app={app} words={words} />}
                {focuses && <FocusButton focus={focus} setFocus={setFocus} words={words} />}
                {notebook && <NotesButton open={notesOpen} setOpen={openNotes} words={words} />}
              </div>
            )}
            <Captions app={app} snapshot={snapshot} room={state.room} words={words} />
            <Apart words={words}>
              <CardBeside app={app} room={state.room} words={words} />
            </Apart>
            {chatOpen && chat.on && (
              <Apart words={words}>
                <ChatPane app={app} snapshot={snapshot} room={state.room} words={words} shut={() => setChatOpen(false)} />
              </Apart>
            )}
            {notesOpen && notebook && (
              <Apart words={words}>
                <NotesPane app={app} book={notebook} leads={leads} words={words} shut={() => setNotesOpen(false)} />
              </Apart>
            )}
            {boardOpen && hasBoard(app, state.room) && <BoardPane app={app} room={state.room} words={words} />}
          </div>
          {leads && (
            <Apart words={words}>
              <Rail app={app} room={state.room} trouble={snapshot.breakoutTrouble} now={now} words={words} shut={() => setRailOpen(false)} />
            </Apart>
          )}
          <Bar
            app={app}
            snapshot={snapshot}
            words={words}
            railOpen={railOpen}
            setRailOpen={leads ? setRailOpen : null}
            boardOpen={boardOpen}
            setBoardOpen={hasBoard(app, state.room) ? setBoardOpen : null}
            chatOpen={chatOpen}
            setChatOpen={chat.on ? openChat : null}
            chatNew={chat.fresh}
          />
        </>
      ) : (
        <DoorScreen app={app} snapshot={snapshot} words={words} />
      )}
      <NotDoneNotice app={app} snapshot={snapshot} words={words} />
      <HelperAnnouncer room={inside ? state.room : null} words={words} />
      <BreakoutAnnouncer room={inside ? state.room : null} words={words} />
      <Announcer room={state.room} leads={leads} now={now} words={words} />
      <p className="unseen" role="status" aria-live="polite" data-tells="chat">
        {inside && chat.fresh > 0 ? words.chat_news : ""}
      </p>
    </div>
  );
}

/** Says aloud what a facilitator who looks at the faces, or at nothing, would miss. */
function Announcer({ room, leads, now, words }: { room: Room | null; leads: boolean; now: number; words: Words }) {
  const before = useRef<Room | null>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (leads && room && before.current) {
      const news = [
        ...arrivals(before.current, room).map(({ name }) => fill(words.arrived, { name })),
        ...newSignals(before.current, room).map((signal) => fill(words.signals_one, signal)),
        ...newlyUntouched(before.current, room).map((person) => untouchedOne(person, now, words)),
        ...newHands(before.current, room).map(({ name }) => fill(words.raised, { name })),
      ];
      if (news.length) setSaid(news.join(" "));
    }
    before.current = room;
  }, [room, leads, words]);
  return (
    <p className="unseen" role="status" aria-live="polite" data-tells="room">
      {said}
    </p>
  );
}

/** At risk, and their screen asked in vain, since the last state. */
function newlyUntouched(before: Room, now: Room): readonly Cared[] {
  const known = new Set(untouchedAtRisk(before).map((person) => person.seat));
  return untouchedAtRisk(now).filter((person) => !known.has(person.seat));
}

/** Is there a chat for me, and how many lines came since I last had it open? The site's device has nobody who writes. */
function useChat({ state, chat }: Snapshot, open: boolean): { on: boolean; fresh: number } {
  const [readUpTo, setReadUpTo] = useState<string | null>(null);
  const last = chat.at(-1)?.id ?? null;
  useEffect(() => {
    if (open) setReadUpTo(last);
  }, [open, last]);
  const { room } = state;
  const on = Boolean(room && room.chat !== "off" && room.me.role !== "site");
  return { on, fresh: on && !open ? unread(chat, readUpTo, room!.me.seat) : 0 };
}

type Look = "dark" | "light";

/** Dark to begin with: faces stand out, and the light of the screen does not fill a bedroom. */
function useLook(): [Look, (look: Look) => void] {
  const key = "openiop.room.look";
  const [look, setLook] = useState<Look>(() => (localStorage.getItem(key) === "light" ? "light" : "dark"));
  useEffect(() => {
    document.body.dataset.theme = look;
    localStorage.setItem(key, look);
  }, [look]);
  return [look, setLook];
}

function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** M, V, H and N, never while typing, never with a modifier, never behind a dialog. */
function useKeys(app: RoomApp, inside: boolean, companion: boolean): void {
  const actions = useMemo<Record<string, () => void>>(
    () => ({
      h: () => app.toggleHand(),
      n: () => app.passStick(),
      ...(companion ? {} : { m: () => void app.toggleMic(), v: () => void app.toggleCamera() }),
    }),
    [app, companion],
  );
  useEffect(() => {
    if (!inside) return;
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement | null;
      const typing = target?.closest("input, textarea, select, [contenteditable]");
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing || document.querySelector("dialog[open]")) return;
      actions[event.key.toLowerCase()]?.();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [actions, inside]);
}

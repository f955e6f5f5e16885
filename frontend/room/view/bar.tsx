import type { ReactNode } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { isCompanion } from "../state.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icon.tsx";
import { SignalButton } from "./signal.tsx";
import { ToolsMenu } from "./tools.tsx";

type Props = {
  app: RoomApp;
  snapshot: Snapshot;
  words: Words;
  railOpen: boolean;
  setRailOpen: ((open: boolean) => void) | null;
  boardOpen: boolean;
  setBoardOpen: ((open: boolean) => void) | null;
  chatOpen: boolean;
  setChatOpen: ((open: boolean) => void) | null;
  chatNew: number;
};

export function Bar({ app, snapshot, words, railOpen, setRailOpen, boardOpen, setBoardOpen, chatOpen, setChatOpen, chatNew }: Props) {
  const { media, handRaised, state } = snapshot;
  const companion = isCompanion(state);
  const waiting = state.room?.waiting.length ?? 0;
  return (
    <nav className="room-bar" aria-label={words.controls}>
      {!companion && (
        <>
          <Control icon="mic" off={!media.mic} keys="m" onClick={() => void app.toggleMic()}>
            {media.mic ? words.mute : words.unmute}
          </Control>
          <Control icon="camera" off={!media.camera} keys="v" onClick={() => void app.toggleCamera()}>
            {media.camera ? words.camera_off : words.camera_on}
          </Control>
        </>
      )}
      {state.room?.me.role !== "helper" && state.room?.me.role !== "called" && (
        <Control icon="hand" up={handRaised} keys="h" onClick={() => app.toggleHand()}>
          {handRaised ? words.hand_down : words.hand_up}
        </Control>
      )}
      {state.room?.me.role === "patient" && <SignalButton app={app} words={words} />}
      {!companion && !setRailOpen && <LowData app={app} snapshot={snapshot} words={words} />}
      {setBoardOpen && (
        <button type="button" className="room-button" aria-expanded={boardOpen} aria-controls="board-pane" onClick={() => setBoardOpen(!boardOpen)}>
          <Icon name="board" />
          {boardOpen ? words.board_close : words.board_open}
        </button>
      )}
      {setChatOpen && (
        <button type="button" className="room-button" data-up={chatNew > 0 || undefined} aria-expanded={chatOpen} aria-controls="chat-pane" onClick={() => setChatOpen(!chatOpen)}>
          <Icon name="chat" />
          {chatNew ? fill(words.chat_new, { n: chatNew }) : words.chat}
        </button>
      )}
      {setRailOpen && state.room && <ToolsMenu app={app} snapshot={snapshot} room={state.room} words={words} />}
      {setRailOpen && (
        <button
          type="button"
          className="room-button lead-toggle"
          aria-expanded={railOpen}
          aria-controls="lead"
          data-waiting={waiting || undefined}
          onClick={() => setRailOpen(!railOpen)}
        >
          <Icon name="people" />
          {waiting ? fill(words.rail_open_waiting, { n: waiting }) : words.rail_open}
        </button>
      )}
      <button type="button" className="room-button away" onClick={() => app.leave()}>
        <Icon name="leave" />
        {words.leave}
      </button>
      <p className="unseen">{words.keys}</p>
    </nav>
  );
}

/** Those who lead find it in their menu: their bar is full. */
export function LowData({ app, snapshot, words }: { app: RoomApp; snapshot: Snapshot; words: Words }) {
  return (
    <button
      type="button"
      className="room-button"
      data-up={snapshot.quality.saving || undefined}
      aria-pressed={snapshot.quality.saving}
      title={words.low_data_means}
      onClick={() => app.quality.save(!snapshot.quality.saving)}
    >
      <Icon name="line" />
      {words.low_data}
    </button>
  );
}

type ControlProps = { icon: IconName; off?: boolean; up?: boolean; keys: string; onClick: () => void; children: ReactNode };

/** The word says what pressing does; it changes with the state, so no pressed state is told as well. */
function Control({ icon, off, up, keys, onClick, children }: ControlProps) {
  return (
    <button type="button" className="room-button" data-off={off || undefined} data-up={up || undefined} aria-keyshortcuts={keys} onClick={onClick}>
      <Icon name={icon} struck={off} />
      {children}
    </button>
  );
}

import type { ReactNode } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";

type Props = {
  app: RoomApp;
  snapshot: Snapshot;
  words: Words;
  railOpen: boolean;
  setRailOpen: ((open: boolean) => void) | null;
};

export function Bar({ app, snapshot, words, railOpen, setRailOpen }: Props) {
  const { media, handRaised, state } = snapshot;
  const waiting = state.room?.waiting.length ?? 0;
  return (
    <nav className="room-bar" aria-label={words.controls}>
      <Control icon="mic" off={!media.mic} keys="m" onClick={() => void app.toggleMic()}>
        {media.mic ? words.mute : words.unmute}
      </Control>
      <Control icon="camera" off={!media.camera} keys="v" onClick={() => void app.toggleCamera()}>
        {media.camera ? words.camera_off : words.camera_on}
      </Control>
      <Control icon="hand" up={handRaised} keys="h" onClick={() => app.toggleHand()}>
        {handRaised ? words.hand_down : words.hand_up}
      </Control>
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

type IconName = "mic" | "camera" | "hand" | "people" | "leave";

const SHAPES: Record<IconName, string> = {
  mic: "M10 2.5a2.5 2.5 0 0 1 2.5 2.5v4.5a2.5 2.5 0 0 1-5 0V5A2.5 2.5 0 0 1 10 2.5zM4.5 9.5a5.5 5.5 0 0 0 11 0M10 15v2.5",
  camera: "M2.5 5.5h10v9h-10zM12.5 8.5l5-2.5v8l-5-2.5",
  hand: "M6 10V5.2a1.2 1.2 0 0 1 2.4 0V9M8.4 9V3.7a1.2 1.2 0 0 1 2.4 0V9M10.800 9V4.700a1.2 1.2 0 0 1 2.4 0V10M13.2 10V7a1.150 1.150 0 0 1 2.300 0v5c0 3.200-2.200 5.500-5 5.500-2.400 0-3.500-1.200-4.600-3.200L4.100 11.500c-.600-1.200 1-2.200 1.900-1z",
  people: "M7 9a2.750 2.750 0 1 0 0-5.500A2.750 2.750 0 0 0 7 9zM2 16.500c0-3 2-5 5-5s5 2 5 5M13 9a2.400 2.400 0 1 0 0-4.800M14 11.700c2.400.3 4 2.100 4 4.800",
  leave: "M8.500 3.500h-5v13h5M8 10h9M13.500 6.500 17 10l-3.500 3.500",
};

export function Icon({ name, struck }: { name: IconName; struck?: boolean | undefined }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
      <path d={SHAPES[name]} />
      {struck && <path d="M3 3l14 14" strokeWidth="1.8" />}
    </svg>
  );
}

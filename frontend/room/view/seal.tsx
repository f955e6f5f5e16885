/** What is true about the encryption now, the code to compare, and the facilitator's decision when a browser cannot. */

import { useEffect, useState } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import type { Room } from "../protocol.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { Command } from "./command.tsx";

type Props = { app: RoomApp; snapshot: Snapshot; words: Words };

/** After so long without keys whoever leads is asked what to do: a group must not sit in silence for want of them. */
const STUCK_MS = 20_000;

/** The line in the room's head: never more than is so. */
export function SealLine({ app, snapshot, words }: Props) {
  const { room } = snapshot.state;
  const { sealing } = snapshot;
  if (!room) return <p className="room-lock" />;
  if (room.encryption === "transport" || sealing === null || sealing === "cannot") {
    return <p className="room-lock">{room.encryption === "transport" && <><Lock /> {words.encryption_transport}</>}</p>;
  }
  if (sealing.line !== "secured") return <p className="room-lock">{words.securing}</p>;
  return (
    <details className="room-lock room-code">
      <summary>
        <Lock /> {words.encryption_end_to_end} · <span className="code">{fill(words.code, { code: sealing.code })}</span>
      </summary>
      <div className="room-code-told">
        <p><strong>{words.code_title}</strong></p>
        <p className="code-large">{sealing.code}</p>
        <p>{words.code_text}</p>
        {app.config.keysUrl && (
          <p><a href={app.config.keysUrl} target="_blank" rel="noopener">{words.code_more}</a></p>
        )}
      </div>
    </details>
  );
}

/** What stands in the way of sealing, in the notices: mine, or what I am asked as the one who leads. */
export function SealNotices({ app, snapshot, words }: Props) {
  const { room, line } = snapshot.state;
  const { sealing } = snapshot;
  const isStuck = useLasting(line === "open" && sealing !== null && sealing !== "cannot" && sealing.line !== "secured", STUCK_MS);
  if (!room) return null;
  const leads = room.me.role === "facilitator";
  const names = room.seats.filter(({ seat }) => snapshot.cannot.includes(seat)).map(({ name }) => name);
  return (
    <>
      {snapshot.sealing === "cannot" && room.encryption === "end_to_end" && (
        <p className="room-notice" data-warm data-notice="cannot_seal"><span>{words.cannot_seal}</span></p>
      )}
      {leads && room.encryption === "end_to_end" && names.length > 0 && (
        <Decide app={app} why={fill(words.cannot_ask, { names: names.join(", ") })} words={words} />
      )}
      {leads && room.encryption === "end_to_end" && names.length === 0 && isStuck && (
        <Decide app={app} why={words.cannot_stuck} words={words} />
      )}
    </>
  );
}

/** Has this been so for that long, without a break? */
function useLasting(is: boolean, ms: number): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    setLasts(false);
    if (!is) return;
    const timer = setTimeout(() => setLasts(true), ms);
    return () => clearTimeout(timer);
  }, [is, ms]);
  return is && lasts;
}

function Decide({ app, why, words }: { app: RoomApp; why: string; words: Words }) {
  const [asked, setAsked] = useState(false);
  return (
    <p className="room-notice" data-warm data-notice="cannot_ask">
      <span>{asked ? words.cannot_sure : why}</span>
      <Command app={app} className="room-button small" onClick={() => (asked ? app.chooseEncryption("transport") : setAsked(true))}>
        {words.cannot_go_on}
      </Command>
      {asked && (
        <button type="button" className="room-button small" onClick={() => setAsked(false)}>{words.close}</button>
      )}
    </p>
  );
}

/** For whoever leads, while it is off: the way back. */
export function SealAgain({ app, room, words }: { app: RoomApp; room: Room; words: Words }) {
  if (room.me.role !== "facilitator" || room.encryption !== "transport" || !app.config.keysWorker) return null;
  return (
    <Command app={app} className="room-button small" onClick={() => app.chooseEncryption("end_to_end")}>
      {words.seal_again}
    </Command>
  );
}

function Lock() {
  return (
    <svg aria-hidden="true" viewBox="0 0 16 16" width="14" height="14">
      <path d="M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9z" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" />
    </svg>
  );
}

/** What was pressed and is not sent, in words that are true; and what was not done for want of a line. */

import type { RoomApp, Snapshot } from "../app.ts";
import { told } from "../outbox.ts";
import type { Words } from "../words.ts";
import { CallInstead, useLongerThan } from "./notices.tsx";

/** A line that has not answered a call for so long is taken for broken, whatever it looks like. */
const SILENT_MS = 4000;

type Props = { app: RoomApp; snapshot: Snapshot; words: Words };

/** The same words whichever call it is: somebody may be looking on. */
export function OutboxNotices({ app, snapshot, words }: Props) {
  const { outbox, state } = snapshot;
  const { calls, refused, mine } = told(outbox);
  const isSilent = useLongerThan(calls, SILENT_MS);
  const isOver = state.bye !== null && state.bye !== "left";
  const isBroken = state.line !== "open" || isSilent;
  return (
    <>
      {calls && (
        <p className="room-notice" data-warm={isOver || isBroken || undefined} data-notice="call">
          <span>
            {isOver ? words.call_not_sent : isBroken ? words.call_waits : words.signal_sending}
            {(isOver || isBroken) && <CallInstead phone={app.config.phone} words={words} />}
          </span>
        </p>
      )}
      {refused && (
        <p className="room-notice" data-warm data-notice="call-refused">
          <span>
            {words.call_not_sent}
            <CallInstead phone={app.config.phone} words={words} />
          </span>
          <button type="button" className="room-button small" onClick={() => app.callRead()}>
            {words.close}
          </button>
        </p>
      )}
      {mine && state.line !== "open" && !state.bye && (
        <p className="room-notice" data-notice="mine">
          <span>{words.mine_waits}</span>
        </p>
      )}
    </>
  );
}

/** Over everything: the panel in which it was pressed may cover the rest of the page. */
export function NotDoneNotice({ app, snapshot, words }: Props) {
  const { notDone } = snapshot;
  return (
    <div className="not-done" role="alert">
      {notDone && (
        <p className="room-notice" data-warm data-notice="not-done">
          <span>{notDone === "unsure" ? words.not_done_unsure : words.no_line_yet}</span>
          <button type="button" className="room-button small" onClick={() => app.notDoneRead()}>
            {words.close}
          </button>
        </p>
      )}
    </div>
  );
}

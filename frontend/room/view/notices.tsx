import { useState } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import type { Words } from "../words.ts";
import { MySignalNotice } from "./signal.tsx";

/** What stands in the way now, in one line each, most important first. */
export function Notices({ app, snapshot, words }: { app: RoomApp; snapshot: Snapshot; words: Words }) {
  const { state, media, mutedByFacilitator } = snapshot;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const notices: { key: string; text: string; warm?: boolean; closes?: boolean }[] = [];

  if (state.room?.me.talk === "contact_only") notices.push({ key: "staff", text: words.staff_only, warm: true });
  else if (state.room?.me.state === "private") notices.push({ key: "staff", text: words.staff_side, warm: true });
  if (state.line !== "open") notices.push({ key: "line", text: words.lost_line, warm: true });
  else if (state.mediaLost || !media.connected) notices.push({ key: "media", text: words.lost_media, warm: true });
  if (mutedByFacilitator && !media.mic) notices.push({ key: "muted", text: words.muted_by_facilitator, closes: true });
  if (media.micTrouble) notices.push({ key: `mic_${media.micTrouble}`, text: words[`mic_${media.micTrouble}`], closes: true });
  if (media.cameraTrouble) {
    notices.push({ key: `camera_${media.cameraTrouble}`, text: words[`camera_${media.cameraTrouble}`], closes: true });
  }

  return (
    <div className="notices" role="status">
      {notices
        .filter(({ key }) => !closed.has(key))
        .map(({ key, text, warm, closes }) => (
          <p key={key} className="room-notice" data-warm={warm || undefined} data-notice={key}>
            <span>{text}</span>
            {closes && (
              <button
                type="button"
                className="room-button small"
                onClick={() => {
                  // A mute may happen again and must be told again; a missing camera, once.
                  if (key === "muted") app.noticeRead();
                  else setClosed(new Set([...closed, key]));
                }}
              >
                {words.close}
              </button>
            )}
          </p>
        ))}
      <MySignalNotice snapshot={snapshot} words={words} />
    </div>
  );
}

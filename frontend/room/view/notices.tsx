import { useEffect, useState } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import type { Words } from "../words.ts";
import { OutboxNotices } from "./outbox.tsx";
import { MySignalNotice } from "./signal.tsx";
import { SealNotices } from "./seal.tsx";

/** Most lost lines are back sooner; a number shown at once would only frighten. */
export const CALL_AFTER_MS = 10_000;

/** What stands in the way now, in one line each, most important first. */
export function Notices({ app, snapshot, words }: { app: RoomApp; snapshot: Snapshot; words: Words }) {
  const { state, media, quality, mutedByFacilitator, listensFirst } = snapshot;
  const isGone = useLongerThan(state.line !== "open" || state.mediaLost || !media.connected, CALL_AFTER_MS);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const notices: { key: string; text: string; warm?: boolean; closes?: boolean; act?: { text: string; press: () => void } }[] = [];

  // Whoever was called, and the person they are with, read who is here instead.
  const told = Boolean(state.room?.called) || state.room?.company?.word === "here";
  if (!told && state.room?.me.talk === "contact_only") notices.push({ key: "staff", text: words.staff_only, warm: true });
  else if (!told && state.room?.me.state === "private") notices.push({ key: "staff", text: words.staff_side, warm: true });
  if (state.line !== "open") notices.push({ key: "line", text: words.lost_line, warm: true });
  else if (state.mediaLost || !media.connected) notices.push({ key: "media", text: words.lost_media, warm: true });
  else if (quality.saving) notices.push({ key: "saving", text: words.saving_chosen, act: { text: words.show_pictures, press: () => app.quality.save(false) } });
  else if (quality.step !== "all") {
    const act = { text: words.try_pictures, press: () => app.quality.tryAgain() };
    // That a camera rests is told only to whom it is news.
    const step = quality.step === "unseen" && !media.camera ? "speaker" : quality.step;
    notices.push({ key: `line_${step}`, text: words[`line_${step}`], act });
  }
  if (listensFirst && !media.mic && !mutedByFacilitator) notices.push({ key: "listens", text: words.listens_first, closes: true });
  if (mutedByFacilitator && !media.mic) notices.push({ key: "muted", text: words.muted_by_facilitator, closes: true });
  if (media.micTrouble) notices.push({ key: `mic_${media.micTrouble}`, text: words[`mic_${media.micTrouble}`], closes: true });
  if (media.cameraTrouble) {
    notices.push({ key: `camera_${media.cameraTrouble}`, text: words[`camera_${media.cameraTrouble}`], closes: true });
  }

  return (
    <div className="notices" role="status">
      <SealNotices app={app} snapshot={snapshot} words={words} />
      {notices
        .filter(({ key }) => !closed.has(key))
        .map(({ key, text, warm, closes, act }) => (
          <p key={key} className="room-notice" data-warm={warm || undefined} data-notice={key}>
            <span>
              {text}
              {isGone && (key === "line" || key === "media") && <WhatHelps phone={app.config.phone} words={words} />}
            </span>
            {act && (
              <button type="button" className="room-button small" onClick={act.press}>
                {act.text}
              </button>
            )}
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
      <OutboxNotices app={app} snapshot={snapshot} words={words} />
      <MySignalNotice snapshot={snapshot} words={words} />
    </div>
  );
}

/** What can still be done when the line stays away: another network, and the telephone, which needs none. */
export function WhatHelps({ phone, words }: { phone: string | undefined; words: Words }) {
  return (
    <>
      {" "}
      {words.other_network}
      <CallInstead phone={phone} words={words} />
    </>
  );
}

/** The last resort. */
export function CallInstead({ phone, words }: { phone: string | undefined; words: Words }) {
  if (!phone) return null;
  const [before, after] = words.call_instead.split("{phone}");
  return (
    <>
      {" "}
      {before}
      <a href={`tel:${phone.replace(/[^+\d]/gu, "")}`} data-call>
        {phone}
      </a>
      {after}
    </>
  );
}

export function useLongerThan(isSo: boolean, ms: number): boolean {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (!isSo) return;
    const timer = setTimeout(() => setLong(true), ms);
    return () => clearTimeout(timer);
  }, [isSo, ms]);
  return isLong;
}

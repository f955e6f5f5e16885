/** What a person sees who is not in the group: one calm sentence about what is true, and what they can do. */

import { useEffect } from "react";
import type { RoomApp, Snapshot } from "../app.ts";
import { screenOf } from "../state.ts";
import type { Screen, State } from "../state.ts";
import { fill } from "../words.ts";
import type { Words } from "../words.ts";
import { SaidAtTheDoor } from "./door.tsx";
import { CALL_AFTER_MS, CallInstead, WhatHelps, useLongerThan } from "./notices.tsx";
import { OutboxNotices } from "./outbox.tsx";
import { HowILeave, MinuteToArrive } from "./leaving.tsx";
import { clock } from "./top.tsx";

export function DoorScreen({ app, snapshot, words }: { app: RoomApp; snapshot: Snapshot; words: Words }) {
  const { state } = snapshot;
  const screen = screenOf(state);
  const { title, text, note } = said(screen, state, words);
  const isGone = useLongerThan(state.line !== "open", CALL_AFTER_MS);
  useGoingBack(app, screen);
  return (
    <div className="door">
      <section className="door-card" aria-live="polite" data-screen={screen}>
        {["waiting", "before", "connecting", "paused"].includes(screen) && <span className="waiting-light" aria-hidden="true" />}
        <h2>{title}</h2>
        <p>{text}</p>
        <SaidAtTheDoor room={state.bye ? null : state.room} words={words} />
        {state.room?.door?.locked && screen === "waiting" && app.config.phone && (
          <p className="door-note">{fill(words.door_call, { phone: app.config.phone })}</p>
        )}
        {note && <p className="door-note">{note}</p>}
        {screen === "refused" && app.config.phone && (
          <p className="door-note">
            <CallInstead phone={app.config.phone} words={words} />
          </p>
        )}
        {(state.line === "reconnecting" || isGone) && !state.bye && (
          <p className="room-notice" data-warm role="status">
            {state.room ? words.lost_line : words.no_line}
            {isGone && <WhatHelps phone={app.config.phone} words={words} />}
          </p>
        )}
        <div role="status">
          <OutboxNotices app={app} snapshot={snapshot} words={words} />
        </div>
        {(screen === "waiting" || screen === "before") && <MinuteToArrive words={words} />}
        {(screen === "left" || screen === "ended") && state.room?.me.role === "patient" && <HowILeave app={app} words={words} />}
        <Actions app={app} screen={screen} words={words} />
      </section>
    </div>
  );
}

const GO_BACK_AFTER_MS = 20_000;

/** A device that nobody attends goes back by itself to where it waits for the next session. */
function useGoingBack(app: RoomApp, screen: Screen): void {
  const over = Boolean(app.config.unattended) && ["ended", "removed", "left", "refused"].includes(screen);
  useEffect(() => {
    if (!over) return;
    const timer = setTimeout(() => location.assign(app.config.leaveUrl), GO_BACK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [app, over]);
}

function Actions({ app, screen, words }: { app: RoomApp; screen: Screen; words: Words }) {
  const { helpUrl, leaveUrl } = app.config;
  const returns = screen === "left" ? words.return : screen === "elsewhere" ? words.elsewhere_return : null;
  const back = app.snapshot.state.room?.me.role === "called" ? words.called_go_back : words.go_back;
  const waits = ["waiting", "before", "connecting", "sent_back", "paused"].includes(screen);
  return (
    <div className="door-actions">
      {returns && (
        <button type="button" className="room-button main" onClick={() => location.reload()}>
          {returns}
        </button>
      )}
      {helpUrl && screen !== "elsewhere" && (
        <a className="room-button help" data-help-url={helpUrl} href={helpUrl} target="_blank" rel="noopener">
          {words.help}
        </a>
      )}
      {leaveUrl && (
        <a className="room-button" href={leaveUrl} onClick={() => waits && app.leave()}>
          {waits ? words.leave : back}
        </a>
      )}
    </div>
  );
}

function said(screen: Screen, { room }: State, words: Words): { title: string; text: string; note?: string } {
  switch (screen) {
    case "before":
      return {
        title: words.before_title,
        text: fill(words.before_text, { time: clock(room!.session.starts_at) }),
        note: words.waiting_private,
      };
    case "waiting": {
      const host = room?.host;
      if (room?.door?.locked) {
        const sentence = host?.here ? words.door_locked_known : words.door_locked_unknown;
        return { title: words.door_locked_title, text: fill(sentence, { name: host?.name ?? "" }), note: words.waiting_private };
      }
      const sentence = !host ? words.waiting_nobody : host.here ? words.waiting_known : words.waiting_unknown;
      return { title: words.waiting_title, text: fill(sentence, { name: host?.name ?? "" }), note: words.waiting_private };
    }
    case "paused":
      return { title: words.paused_title, text: words.paused_text, note: words.waiting_private };
    case "sent_back":
      return { title: words.sent_back_title, text: words.sent_back_text, note: words.waiting_private };
    case "removed":
      return { title: words.removed_title, text: words.removed_text };
    case "ended":
      return { title: words.ended_title, text: words.ended_text };
    case "left":
      return { title: words.left_title, text: words.left_text };
    case "elsewhere":
      return { title: words.elsewhere_title, text: words.elsewhere_text };
    case "refused":
      if (room?.me.role === "called") return { title: words.called_over_title, text: words.called_over_text };
      return { title: words.refused_title, text: words.refused_text };
    default:
      return { title: words.connecting_title, text: words.connecting_text };
  }
}

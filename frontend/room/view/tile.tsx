import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { RoomApp } from "../app.ts";
import type { FeedView } from "../media.ts";
import { initials, tileWords } from "../state.ts";
import type { Seat } from "../protocol.ts";
import type { Words } from "../words.ts";
import { helpWords } from "./helpers.tsx";

type Props = {
  app: RoomApp;
  seat: Seat;
  mine: boolean;
  feed: FeedView | null;
  self: MediaStream | null;
  talking: boolean;
  /** The picture is not asked for just now. */
  rests: boolean;
  /** Of those in front of the site's device: whose phone has a hand up. */
  hands: readonly string[];
  /** They hold the talking stick; their tile is large for everybody. */
  speaks: boolean;
  lit: boolean;
  /** Quiet signs that have not faded yet, in words. */
  signs: readonly string[];
  /** Kept in view, and what one can do about it. */
  pinned: boolean;
  pins: ReactNode;
  /** For those who lead: for how long nothing was touched there. */
  untouched: string;
  words: Words;
};

export function Tile({ app, seat, mine, feed, self, talking, rests, hands, signs, speaks, lit, pinned, pins, untouched, words }: Props) {
  const stream = mine ? self : rests ? null : (feed?.picture ?? null);
  const [seen, setSeen] = useState<MediaStream | null>(null);
  // A picture that rested begins anew, behind its initials, until its first frame is there.
  useEffect(() => {
    if (!stream) setSeen(null);
  }, [stream]);
  const shows = Boolean(stream && seat.video && !seat.reconnecting && (mine || seen === stream));
  const told = tileWords(seat, rests, speaks);
  const role = seat.helps ? helpWords(seat.helps, words) : seat.role === "patient" ? "" : words[seat.role];
  const people = new Intl.ListFormat(document.documentElement.lang || "en").format(seat.people);

  return (
    <li className="tile" data-seat={seat.seat} data-feed={mine ? undefined : (seat.feed ?? undefined)} data-leads={seat.role === "facilitator" || undefined} data-talking={talking || undefined} data-picture={shows || undefined} data-mine={mine || undefined} data-lit={lit || undefined} data-pinned={pinned || undefined}>
      <span className="initials" aria-hidden="true">
        {initials(seat.name)}
      </span>
      {stream && (
        <Picture
          key={`${seat.seat}-${feed?.since ?? 0}`}
          stream={stream}
          since={mine ? 0 : (feed?.since ?? 0)}
          mirrored={mine && seat.role !== "site"}
          onFirstFrame={() => {
            setSeen(stream);
            if (!mine) app.pictureSeen();
          }}
        />
      )}
      {signs.length > 0 && (
        <p className="tile-signs">
          {signs.map((sign, n) => (
            <span key={n}>{sign}</span>
          ))}
        </p>
      )}
      <p className="tile-words">
        {hands.map((name, n) => (
          <span key={n} className="tile-word" data-word="hand">
            {name}: {words.hand}
          </span>
        ))}
        {pinned && <span className="tile-word" data-word="pinned">{words.pinned}</span>}
        {untouched && <span className="tile-word" data-word="untouched">{untouched}</span>}
        {told.map((word) => (
          <span key={word} className="tile-word" data-word={word}>
            {words[word]}
          </span>
        ))}
      </p>
      <p className="tile-name">
        {mine ? `${seat.name} (${words.you.toLocaleLowerCase()})` : seat.name}
        {role && <span className="tile-role"> · {role}</span>}
        {people && <span className="tile-people"> · {people}</span>}
      </p>
      {pins}
    </li>
  );
}

type PictureProps = { stream: MediaStream; since: number; mirrored: boolean; onFirstFrame: () => void };

/** Stays hidden until a frame that came after the line was given to this person: before, it may show another's face. */
function Picture({ stream, since, mirrored, onFirstFrame }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    let live = true;
    element.srcObject = stream;
    void element.play().catch(() => undefined);
    const first = (): void => void (live && onFirstFrame());
    if ("requestVideoFrameCallback" in element) {
      const look: VideoFrameRequestCallback = (_, frame) => {
        if (frame.receiveTime === undefined || frame.receiveTime >= since) first();
        else if (live) element.requestVideoFrameCallback(look);
      };
      element.requestVideoFrameCallback(look);
    } else {
      (element as HTMLVideoElement).addEventListener("timeupdate", first, { once: true });
    }
    return () => {
      live = false;
      element.srcObject = null;
    };
    // onFirstFrame is new at each drawing and says the same each time.
  }, [stream, since]);
  return <video ref={video} muted playsInline autoPlay aria-hidden="true" data-mirrored={mirrored || undefined} />;
}

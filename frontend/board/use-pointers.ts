/** The board's pointers, in the page: mine out, others' in, and whether they show at all. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { AGAIN_MS, NOBODY, Turns, cursors, heard, keepPointers, names, pointersShow, stillHere } from "./pointers.ts";
import type { Cursor, Others } from "./pointers.ts";
import type { Pointing, Spot } from "./protocol.ts";

const LESS_MOTION = "(prefers-reduced-motion: reduce)";
const TICK_MS = 1000;

export type Pointers = {
  readonly show: boolean;
  readonly here: readonly string[];
  readonly cursors: readonly Cursor[];
  readonly toggle: () => void;
  readonly hear: (pointing: Pointing) => void;
  readonly moved: (at: Spot) => void;
};

/** `say` sends my own; null while the board is closed to me or nothing may pass. */
export function usePointers(say: ((at: Spot) => void) | null): Pointers {
  const [others, setOthers] = useState<Others>(NOBODY);
  const [show, setShow] = useShows();
  const mine = useRef<Spot>(null);
  const saying = useRef(say);
  saying.current = say;
  const showing = useRef(show);
  showing.current = show;
  // Pointers that are off are off both ways: that I am here is said, where I point is not.
  const turns = useMemo(() => new Turns(() => saying.current?.(showing.current ? mine.current : null), BROWSER), []);

  const met = useRef(new Set<string>());
  const hear = useCallback(
    (pointing: Pointing) => {
      // Somebody new knows nobody yet.
      if (!met.current.has(pointing.who)) turns.moved();
      met.current.add(pointing.who);
      setOthers((before) => heard(before, pointing, Date.now()));
    },
    [turns],
  );
  const moved = useCallback(
    (at: Spot) => {
      if (same(at, mine.current)) return;
      mine.current = at;
      if (showing.current) turns.moved();
    },
    [turns],
  );

  useEffect(() => {
    if (!say) return setOthers(NOBODY);
    turns.moved();
    const again = setInterval(() => turns.moved(), AGAIN_MS);
    return () => {
      clearInterval(again);
      turns.stop();
    };
  }, [say, show, turns]);
  useEffect(() => {
    const tick = setInterval(() => setOthers((before) => (before.size ? stillHere(new Map(before), Date.now()) : before)), TICK_MS);
    return () => clearInterval(tick);
  }, []);
  const toggle = useCallback(() => {
    keepPointers(!showing.current, store());
    setShow(!showing.current);
  }, [setShow]);
  return { show, here: names(others), cursors: show ? cursors(others, Date.now()) : [], toggle, hear, moved };
}

/** Follows the device's wish for less motion and the room's focus view, as long as nobody chose otherwise. */
function useShows(): [boolean, (show: boolean) => void] {
  const read = (): boolean => pointersShow({ lessMotion: matchMedia(LESS_MOTION).matches, focus: focusIsOn(), store: store() });
  const [show, setShow] = useState(read);
  useEffect(() => {
    const look = (): void => setShow(read());
    const motion = matchMedia(LESS_MOTION);
    motion.addEventListener("change", look);
    window.addEventListener("storage", look);
    return () => {
      motion.removeEventListener("change", look);
      window.removeEventListener("storage", look);
    };
  }, []);
  return [show, setShow];
}

/** The room around this frame keeps it under this name (frontend/room/focus.ts). */
function focusIsOn(): boolean {
  return window.parent !== window && store()?.getItem("openiop.room.focus") === "on";
}

function same(a: Spot, b: Spot): boolean {
  return a?.[0] === b?.[0] && a?.[1] === b?.[1];
}

function store(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

const BROWSER = {
  now: () => performance.now(),
  later: (run: () => void, ms: number): unknown => setTimeout(run, ms),
  cancel: (timer: unknown) => clearTimeout(timer as number),
};

/** What the device remembers between a page and the next one. Storage may be forbidden: then it remembers nothing. */

import type { Devices } from "./media.ts";

type Kept = Pick<Storage, "getItem" | "setItem">;

const SELF = "openiop.self";

/** What was chosen at the door (frontend/pages/preview.ts), for this tab. */
export function chosenAtTheDoor(kept: Kept | null = storage("sessionStorage")): Devices {
  const { microphone, camera, withoutCamera } = read(kept, "openiop.devices");
  return {
    ...(typeof microphone === "string" && microphone ? { audio: microphone } : {}),
    ...(typeof camera === "string" && camera ? { video: camera } : {}),
    camera_off: withoutCamera === true,
  };
}

/** The quieter of both counts. */
export function comingIn(session: string): Devices {
  const [door, left] = [chosenAtTheDoor(), leftAs(session)];
  return { ...door, camera_off: Boolean(door.camera_off || left.camera_off), mic_off: Boolean(left.mic_off) };
}

const LINE = "openiop.line";
const LINE_HOLDS_MS = 2 * 60 * 60_000;

/** What the test before joining found of the line (frontend/pages/preview.ts), on this evening and in this tab. */
export function lineAtTheDoor(now: number, kept: Kept | null = storage("sessionStorage")): "good" | "weak" | null {
  const { line, at } = read(kept, LINE);
  if (typeof at !== "number" || now - at > LINE_HOLDS_MS) return null;
  return line === "good" ? "good" : line === "slow" || line === "poor" ? "weak" : null;
}

export type Left = { readonly mic: boolean; readonly camera: boolean };

/**
 * How this person left this session's room: a page that was reloaded, killed or opened again comes back like that and never
 * louder. Another session begins as the door says. On the device and not in the tab, because a phone kills tabs.
 */
export function leftAs(session: string, kept: Kept | null = storage("localStorage")): Partial<Devices> {
  const left = read(kept, SELF);
  return left.session === session ? { mic_off: left.mic === false, camera_off: left.camera === false } : {};
}

/** Is this the first time that this device comes into this session's room? */
export function comesAnew(session: string, kept: Kept | null = storage("localStorage")): boolean {
  return read(kept, SELF).session !== session;
}

export function keepAs(session: string, { mic, camera }: Left, kept: Kept | null = storage("localStorage")): void {
  try {
    kept?.setItem(SELF, JSON.stringify({ session, mic, camera }));
  } catch {
    // Full or forbidden: the next page begins as the door says.
  }
}

function read(kept: Kept | null, key: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(kept?.getItem(key) ?? "{}");
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function storage(which: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return globalThis[which] ?? null;
  } catch {
    return null;
  }
}

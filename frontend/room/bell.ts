/** The soft bell at the end of a break. Made in the browser; whoever switched it off on this device hears nothing. */

import { allowSound, play } from "../pages/sound.ts";

const KEY = "openiop.room.bell";
const NOTES = [659, 523];
const SECONDS = 0.9;
const LOUDNESS = 0.12;

export function bellIsOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function setBell(on: boolean): void {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // Forbidden: the switch holds as long as the page lives.
  }
}

/** Rings where the browser lets it: before the first press on the page some do not, and the words say it all the same. */
export async function ring(): Promise<void> {
  if (bellIsOn() && (await allowSound())) await play(NOTES, SECONDS, LOUDNESS);
}

/** The soft bell at the end of a break, and the lower one when the line is lost. Made in the browser; whoever switched it off on this device hears nothing. */

import { allowSound, play } from "../pages/sound.ts";

const KEY = "openiop.room.bell";
const NOTES = [659, 523];
const LOST_NOTES = [392, 262];
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
export async function ring(notes = NOTES): Promise<void> {
  if (bellIsOn() && (await allowSound())) await play(notes, SECONDS, LOUDNESS);
}

/** My line is lost: nobody hears me any more. */
export function ringLost(): void {
  void ring(LOST_NOTES);
}

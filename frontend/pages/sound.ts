/** Tones made in the browser: nothing to load, nothing to license. Browsers want one press before the first. */

let audio: AudioContext | null = null;

export function canSound(): boolean {
  return audio?.state === "running";
}

/** Call from a press or a key. Resolves to whether sound is now allowed. */
export async function allowSound(): Promise<boolean> {
  try {
    audio ??= new AudioContext();
    await audio.resume();
  } catch {
    return false;
  }
  return canSound();
}

/** Plays notes (in hertz) one after the other, each `seconds` long, on the output with this id where that can be chosen. */
export async function play(notes: number[], seconds: number, loudness: number, speaker = ""): Promise<void> {
  if (!audio) return;
  const sink = audio as AudioContext & { setSinkId?: (id: string) => Promise<void> };
  if (speaker && sink.setSinkId) await sink.setSinkId(speaker).catch(() => undefined);
  notes.forEach((hertz, index) => note(audio as AudioContext, hertz, index * seconds, seconds, loudness));
}

/** Soft at both ends: a hard edge is heard as a click. */
function note(context: AudioContext, hertz: number, after: number, seconds: number, loudness: number): void {
  const begins = context.currentTime + after;
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0, begins);
  volume.gain.linearRampToValueAtTime(loudness, begins + 0.03);
  volume.gain.linearRampToValueAtTime(0, begins + seconds);
  tone.connect(volume).connect(context.destination);
  tone.start(begins);
  tone.stop(begins + seconds);
}

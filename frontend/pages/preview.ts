/**
 * <section data-preview data-ping="/door/ping">: camera, microphone, speaker and line before the door. Results stand in
 * [data-result="camera|microphone|speaker|line"]; choices in <select data-device="camera|microphone|speaker">; the
 * level in <progress data-level max="100">; the picture in <video data-picture>; buttons [data-again], [data-tone] and
 * [data-no-camera], [data-low-data]. What was chosen is kept for the room in sessionStorage "openiop.devices" as
 * {"camera", "microphone", "speaker", "withoutCamera"}. Nothing here keeps anybody from going on.
 */
import { patience } from "./backoff.ts";
import { judgeLine, type Line } from "./line.ts";
import { allowSound, play } from "./sound.ts";
import { say, type Word } from "./words.ts";

export const DEVICES = "openiop.devices";
export const LINE = "openiop.line";
export type Devices = { camera: string; microphone: string; speaker: string; withoutCamera: boolean };

type Kind = "camera" | "microphone" | "speaker";
const KINDS: Record<MediaDeviceKind, Kind> = { videoinput: "camera", audioinput: "microphone", audiooutput: "speaker" };
const NUMBERED: Record<Kind, Word> = { camera: "cameraNumber", microphone: "microphoneNumber", speaker: "speakerNumber" };
const LINES: Record<Line, Word> = { good: "lineGood", slow: "lineSlow", poor: "linePoor", none: "lineNone" };
const PINGS = 5;
/** Of 100: breathing into a microphone stays below it, speech does not. */
const HEARD = 12;

export function preview(section: HTMLElement): () => void {
  const door = new Preview(section);
  void door.start();
  return () => door.stop();
}

class Preview {
  private chosen = recall();
  private camera: MediaStream | null = null;
  private microphone: MediaStream | null = null;
  private meter: AudioContext | null = null;
  private frame = 0;
  private heard = false;
  private stopped = false;

  constructor(private readonly section: HTMLElement) {
    section.addEventListener("change", (event) => this.choose(event.target));
    section.addEventListener("click", (event) => this.press(event.target));
  }

  async start(): Promise<void> {
    this.tell("speaker", "speakerAsk");
    void this.checkLine();
    if (!navigator.mediaDevices?.getUserMedia) {
      this.tell("camera", "insecure", "bad");
      this.tell("microphone", "insecure", "bad");
      return;
    }
    // The microphone first: without it there is no taking part, and two questions at once confuse.
    await this.openMicrophone();
    await this.openCamera();
    await this.listDevices();
  }

  stop(): void {
    this.stopped = true;
    end(this.camera);
    this.closeMicrophone();
  }

  private async openMicrophone(): Promise<void> {
    this.closeMicrophone();
    try {
      this.microphone = await navigator.mediaDevices.getUserMedia({ audio: wanted(this.chosen.microphone) });
    } catch (fault) {
      return this.tell("microphone", trouble("microphone", fault), "bad");
    }
    if (this.stopped) return this.closeMicrophone();
    this.tell("microphone", "microphoneWaiting");
    this.measure(this.microphone);
  }

  private async openCamera(): Promise<void> {
    end(this.camera);
    this.camera = null;
    this.show();
    if (this.chosen.withoutCamera) return this.tell("camera", "cameraOff");
    try {
      this.camera = await navigator.mediaDevices.getUserMedia({ video: wanted(this.chosen.camera) });
    } catch (fault) {
      return this.tell("camera", trouble("camera", fault), "bad");
    }
    if (this.stopped) return end(this.camera);
    this.show();
    this.tell("camera", "cameraGood", "good");
  }

  private show(): void {
    const video = this.find<HTMLVideoElement>("video[data-picture]");
    if (!video) return;
    video.srcObject = this.camera;
    video.hidden = this.camera === null;
    const without = this.find("[data-no-camera]");
    without?.setAttribute("aria-pressed", String(this.chosen.withoutCamera));
  }

  private measure(stream: MediaStream): void {
    const bar = this.find<HTMLProgressElement>("progress[data-level]");
    this.meter = new AudioContext();
    void this.meter.resume();
    const analyser = this.meter.createAnalyser();
    analyser.fftSize = 1024;
    this.meter.createMediaStreamSource(stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    const began = performance.now();
    let hinted = false;
    const step = (): void => {
      analyser.getFloatTimeDomainData(wave);
      const level = loudness(wave);
      if (bar) bar.value = level;
      if (level >= HEARD && !this.heard) {
        this.heard = true;
        this.tell("microphone", "microphoneGood", "good");
      } else if (!this.heard && !hinted && performance.now() - began > 8000) {
        hinted = true;
        this.tell("microphone", "microphoneQuiet");
      }
      this.frame = requestAnimationFrame(step);
    };
    step();
  }

  private closeMicrophone(): void {
    cancelAnimationFrame(this.frame);
    void this.meter?.close();
    this.meter = null;
    this.heard = false;
    end(this.microphone);
    this.microphone = null;
  }

  private async listDevices(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    for (const kind of ["camera", "microphone", "speaker"] as const) {
      const select = this.find<HTMLSelectElement>(`select[data-device="${kind}"]`);
      if (!select) continue;
      const here = devices.filter((device) => KINDS[device.kind] === kind && device.deviceId);
      select.replaceChildren(
        ...here.map((device, index) => new Option(device.label || say(NUMBERED[kind], { number: index + 1 }), device.deviceId)),
      );
      if (here.some((device) => device.deviceId === this.chosen[kind])) select.value = this.chosen[kind];
      const field = select.closest<HTMLElement>(".field") ?? select;
      // One device is no choice.
      field.hidden = here.length < 2;
    }
  }

  private choose(target: EventTarget | null): void {
    if (!(target instanceof HTMLSelectElement)) return;
    const kind = target.dataset.device as Kind | undefined;
    if (!kind) return;
    this.keep({ ...this.chosen, [kind]: target.value });
    if (kind === "camera") void this.openCamera();
    if (kind === "microphone") void this.openMicrophone();
  }

  private press(target: EventTarget | null): void {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-again]")) void this.start();
    if (target.closest("[data-tone]")) void this.sound();
    const offer = target.closest("[data-low-data]");
    if (offer) offer.setAttribute("aria-pressed", String(saveData(!savesData())));
    if (target.closest("[data-no-camera]")) {
      this.keep({ ...this.chosen, withoutCamera: !this.chosen.withoutCamera });
      void this.openCamera();
    }
  }

  private async sound(): Promise<void> {
    await allowSound();
    await play([523, 659], 0.4, 0.25, this.chosen.speaker);
    this.tell("speaker", "speakerPlayed", "good");
  }

  private async checkLine(): Promise<void> {
    this.tell("line", "lineChecking");
    const trips: (number | null)[] = [];
    for (let trip = 0; trip < PINGS; trip++) trips.push(await roundTrip(this.section.dataset.ping ?? "/door/ping"));
    const line = judgeLine(trips, await width(this.section.dataset.ping ?? "/door/ping"));
    if (this.stopped) return;
    const offer = this.find("[data-low-data]");
    if (offer) offer.hidden = line === "good" && !savesData();
    offer?.setAttribute("aria-pressed", String(savesData()));
    remember(line);
    this.tell("line", LINES[line], line === "good" ? "good" : line === "slow" ? "" : "bad");
  }

  private keep(devices: Devices): void {
    this.chosen = devices;
    try {
      sessionStorage.setItem(DEVICES, JSON.stringify(devices));
    } catch {
      // Storage forbidden: the room asks the browser for its own first choice.
    }
  }

  private tell(what: Kind | "line", word: Word, state = ""): void {
    const place = this.find(`[data-result="${what}"]`);
    if (!place) return;
    place.dataset.state = state;
    place.textContent = say(word);
  }

  private find<Found extends HTMLElement>(selector: string): Found | null {
    return this.section.querySelector<Found>(selector);
  }
}

/** For the room, which tells whoever leads: they help a weak line before it breaks. */
function remember(line: Line): void {
  try {
    sessionStorage.setItem(LINE, JSON.stringify({ line, at: Date.now() }));
  } catch {
    // Storage forbidden: nobody is told.
  }
}

/** Root mean square of a wave (−1 to 1) on a scale of 0 to 100 that moves as the ear hears: −60 dB is 0. */
function loudness(wave: Float32Array): number {
  const power = wave.reduce((sum, sample) => sum + sample * sample, 0) / wave.length;
  const decibels = 10 * Math.log10(power || 1e-9);
  return Math.max(0, Math.min(100, ((decibels + 60) / 60) * 100));
}

function trouble(kind: "camera" | "microphone", fault: unknown): Word {
  const name = fault instanceof DOMException ? fault.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return `${kind}Refused`;
  if (name === "NotReadableError" || name === "AbortError") return `${kind}Busy`;
  return `${kind}Missing`;
}

/** A device that was unplugged since is not insisted on. */
function wanted(id: string): MediaTrackConstraints | true {
  return id ? { deviceId: { ideal: id } } : true;
}

function end(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop());
}

function recall(): Devices {
  const nothing: Devices = { camera: "", microphone: "", speaker: "", withoutCamera: false };
  try {
    return { ...nothing, ...(JSON.parse(sessionStorage.getItem(DEVICES) ?? "{}") as Partial<Devices>) };
  } catch {
    return nothing;
  }
}

/** The room's own switch (frontend/room/quality.ts): sound only, kept on this device. */
const LOW_DATA = "openiop.low_data";

function savesData(): boolean {
  try {
    return localStorage.getItem(LOW_DATA) === "yes";
  } catch {
    return false;
  }
}

function saveData(saves: boolean): boolean {
  try {
    if (saves) localStorage.setItem(LOW_DATA, "yes");
    else localStorage.removeItem(LOW_DATA);
  } catch {
    // Storage forbidden: the switch stands in the room as well.
  }
  return savesData();
}

const SAMPLE_BYTES = 250_000;
const SAMPLE_MS = 3000;

/** Bits a second of one download, which is cut short on a slow line; null where nothing came. */
async function width(url: string): Promise<number | null> {
  try {
    const reply = await fetch(`${url}?bytes=${SAMPLE_BYTES}`, { cache: "no-store", signal: patience(2 * SAMPLE_MS) });
    const reader = reply.ok ? reply.body?.getReader() : undefined;
    if (!reader) return null;
    const began = performance.now();
    let bytes = 0;
    let elapsed = 0;
    for (;;) {
      const { done, value } = await reader.read();
      elapsed = performance.now() - began;
      bytes += value?.length ?? 0;
      if (done || elapsed > SAMPLE_MS) break;
    }
    void reader.cancel();
    return bytes ? (bytes * 8000) / Math.max(elapsed, 1) : null;
  } catch {
    return null;
  }
}

async function roundTrip(url: string): Promise<number | null> {
  const began = performance.now();
  try {
    const reply = await fetch(url, { cache: "no-store", signal: patience(3000) });
    return reply.ok ? performance.now() - began : null;
  } catch {
    return null;
  }
}

/**
 * <section data-live="desk" data-socket="/ws/desk" data-refresh="…" data-every="10" data-silence="15">
 *
 * Read again when the socket says that something changed, and every `every` seconds whatever it says. After `silence`
 * seconds without a word from the server the page says that it is not live. A [data-live-stale] is filled with its
 * template for as long as what the page says may be no longer true. While the part holds a [data-alarm], it
 * rings. What is swapped is [data-live-part], or the section itself. data-live="alarm" has no content: it rings on
 * {"alarm": true} until {"alarm": false}, which is what a locked desk may do.
 */
import { patience, waitAfter } from "./backoff.ts";
import { isSilent, mayBeOld, meaningOf, titleWith } from "./liveness.ts";
import { allowSound, canSound, play } from "./sound.ts";
import { isBeingWritten, replaceInside } from "./swap.ts";
import { say } from "./words.ts";

const RING_EVERY_MS = 4000;
const HELD_MS = 300;
/** Two falling notes, plain to hear across a room and unlike a telephone. */
const RING = [880, 660];

export function live(section: HTMLElement): () => void {
  const page = new LivePage(section);
  page.start();
  return () => page.stop();
}

class LivePage {
  private readonly part: HTMLElement;
  private readonly line: HTMLElement;
  private readonly silenceMs: number;
  private socket: WebSocket | null = null;
  private failures = 0;
  private lastWordAt = Date.now();
  private lastHtml = "";
  private signedOut = false;
  private lineLost = false;
  private reading = false;
  private readAgain = false;
  private alarms = 0;
  private stopped = false;
  private readonly timers: number[] = [];
  private reconnecting = 0;
  private soundButton: HTMLElement | null = null;
  private readonly loseLine = (): void => {
    this.lineLost = true;
    this.judge();
  };
  private readonly findLine = (): void => void this.read();
  private readonly unlock = (): void => void allowSound().then(() => this.offerSound());

  constructor(private readonly section: HTMLElement) {
    this.part = section.querySelector<HTMLElement>("[data-live-part]") ?? section;
    this.line = section.querySelector<HTMLElement>("[data-live-status]") ?? this.addLine();
    this.silenceMs = 1000 * Number(section.dataset.silence ?? 15);
  }

  start(): void {
    this.connect();
    this.count(this.part.querySelectorAll("[data-alarm]").length);
    const everyMs = 1000 * Number(this.section.dataset.every ?? 10);
    this.timers.push(setInterval(() => void this.read(), everyMs) as never);
    this.timers.push(setInterval(() => this.judge(), 1000) as never);
    this.timers.push(setInterval(() => this.ring(), RING_EVERY_MS) as never);
    // Any press on the page unlocks the sound, once it is done: on the way down, what it aims at must not move.
    document.addEventListener("click", this.unlock);
    document.addEventListener("keydown", this.unlock);
    window.addEventListener("offline", this.loseLine);
    window.addEventListener("online", this.findLine);
    this.offerSound();
  }

  stop(): void {
    this.stopped = true;
    this.timers.forEach(clearInterval);
    clearTimeout(this.reconnecting);
    this.socket?.close();
    document.removeEventListener("click", this.unlock);
    document.removeEventListener("keydown", this.unlock);
    window.removeEventListener("offline", this.loseLine);
    window.removeEventListener("online", this.findLine);
    this.soundButton?.remove();
  }

  private connect(): void {
    const path = this.section.dataset.socket;
    if (!path || this.stopped) return;
    const address = new URL(path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.hear();
      // What changed while nobody was listening.
      void this.read();
    };
    socket.onmessage = ({ data }) => this.take(String(data));
    socket.onclose = () => {
      if (this.stopped) return;
      this.failures += 1;
      this.reconnecting = setTimeout(() => this.connect(), waitAfter(this.failures, Math.random())) as never;
    };
  }

  private take(text: string): void {
    this.hear();
    const meaning = meaningOf(text);
    if (meaning === "afresh") void this.read();
    if (meaning === "ring") this.count(1);
    if (meaning === "hush") this.count(0);
  }

  private hear(): void {
    this.lastWordAt = Date.now();
    this.lineLost = false;
    this.judge();
  }

  private async read(): Promise<void> {
    const url = this.section.dataset.refresh;
    if (!url || this.stopped) return;
    if (this.reading) {
      this.readAgain = true;
      return;
    }
    this.reading = true;
    try {
      const reply = await fetch(url, {
        headers: { "HX-Request": "true", Accept: "text/html" },
        cache: "no-store",
        redirect: "manual",
        signal: patience(8000),
      });
      this.signedOut = reply.type === "opaqueredirect" || reply.status === 401 || reply.status === 403;
      if (reply.ok) this.show(await reply.text());
    } catch {
      // The silence is said by judge(), once it has lasted.
    }
    this.reading = false;
    this.judge();
    if (this.readAgain) {
      this.readAgain = false;
      void this.read();
    }
  }

  private show(html: string): void {
    if (this.stopped) return;
    this.hear();
    const arrived = document.createElement("template");
    arrived.innerHTML = html;
    this.count(arrived.content.querySelectorAll("[data-alarm]").length);
    if (html === this.lastHtml) return;
    // A button that goes away under the finger takes the press with it.
    if (this.part.matches(":active")) {
      this.timers.push(setTimeout(() => this.show(html), HELD_MS) as never);
      return;
    }
    if (isBeingWritten(this.part)) {
      this.line.dataset.state = "held";
      this.line.textContent = say("held");
      return;
    }
    this.lastHtml = html;
    replaceInside(this.part, html);
    if (this.line.dataset.state === "held") this.quieten();
  }

  private judge(): void {
    const silent = isSilent(this.lastWordAt, Date.now(), this.silenceMs);
    this.sayStale(mayBeOld({ silent, lineLost: this.lineLost, signedOut: this.signedOut }));
    if (this.signedOut) return this.tell(say("signedOut"));
    // The first silence, then whole minutes: a line that changed every second would be read aloud every second.
    const minutes = Math.floor((Date.now() - this.lastWordAt) / 60_000);
    const seconds = minutes > 0 ? minutes * 60 : this.silenceMs / 1000;
    if (silent) this.tell(say("notLive", { seconds }));
    else if (this.line.dataset.state === "silent") this.quieten();
  }

  /** Put in anew, not merely shown: only so is it read aloud. */
  private sayStale(stale: boolean): void {
    const place = this.section.querySelector<HTMLElement>("[data-live-stale]");
    const words = this.section.querySelector<HTMLTemplateElement>("template[data-live-stale-words]");
    if (!place || !words || stale === place.hasChildNodes()) return;
    place.replaceChildren(...(stale ? [words.content.cloneNode(true)] : []));
  }

  private tell(text: string): void {
    this.line.dataset.state = "silent";
    if (this.line.textContent !== text) this.line.textContent = text;
  }

  private quieten(): void {
    delete this.line.dataset.state;
    this.line.textContent = "";
  }

  private count(alarms: number): void {
    const began = alarms > this.alarms;
    this.alarms = alarms;
    document.title = titleWith(alarms, document.title);
    if (began) this.ring();
  }

  private ring(): void {
    if (this.alarms > 0 && canSound()) void play(RING, 0.35, 0.35);
    this.offerSound();
  }

  private offerSound(): void {
    if (canSound()) {
      this.soundButton?.remove();
      this.soundButton = null;
    } else if (!this.soundButton && !this.stopped) {
      this.soundButton = this.addSoundButton();
    }
  }

  private addSoundButton(): HTMLElement {
    const box = document.createElement("div");
    box.className = "live-sound";
    const why = document.createElement("p");
    why.className = "quiet small";
    why.textContent = say("soundWhy");
    const press = document.createElement("button");
    press.type = "button";
    press.className = "button quiet small";
    press.textContent = say("soundOn");
    press.onclick = () => void allowSound().then(() => play(RING, 0.2, 0.15));
    box.append(press, why);
    this.line.after(box);
    return box;
  }

  private addLine(): HTMLElement {
    const line = document.createElement("p");
    line.className = "live";
    line.setAttribute("role", "status");
    this.section.before(line);
    return line;
  }
}

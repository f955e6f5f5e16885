/**
 * Private lines beside the tiles: kept on this device until the server has them, and never said to be saved before.
 * Knows nothing of the page; openiop/room/notes is the other half.
 */

import { NOTE as KEY } from "./tabkept.ts";

export const LONGEST = 4000;
export const AGAIN_MS = 3000;
export const REST_MS = 600;

/** What the server keeps: its words, and the name of their writing ("" for none). */
export type Standing = { readonly edition: string; readonly text: string };
/** "saved": the server has every word. "unsaved": it has not, and we try. "refused": it will not take them. */
export type NoteState = "reading" | "saved" | "unsaved" | "refused" | "too_long";
export type NoteView = { readonly draft: string; readonly state: NoteState };

type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem">;
type Held = { readonly url: string; readonly person: string; readonly draft: string; readonly base: Standing; readonly sent: readonly string[] };
type Reply = Standing & { readonly kept: boolean; readonly status: number };

/** Join what was written elsewhere with what was written here since `base`: no line of either is lost. */
export function joined(base: string, draft: string, theirs: string): string {
  if (draft === theirs || draft === base) return theirs;
  const since = draft.startsWith(base) ? draft.slice(base.length).trimStart() : draft;
  if (theirs === "") return since; // deleted elsewhere: it does not come back
  return theirs === base ? draft : `${theirs}\n${since}`;
}

export class Notebook {
  view: NoteView = { draft: "", state: "reading" };
  #base: Standing = { edition: "", text: "" };
  #sent: readonly string[] = [];
  #read = false;
  #busy = false;
  #timer: unknown;
  #token = "";
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly url: string,
    readonly person: string,
    private readonly kept: Kept | null,
    private readonly ask: typeof fetch = (...asked) => fetch(...asked),
    private readonly later: (run: () => void, ms: number) => unknown = (run, ms) => setTimeout(run, ms),
    private readonly cancel: (timer: unknown) => void = (timer) => clearTimeout(timer as number),
  ) {
    const held = this.#held();
    if (!held) return;
    this.#base = held.base;
    this.#sent = held.sent;
    this.view = { draft: held.draft, state: "unsaved" };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly get = (): NoteView => this.view;

  typed(draft: string): void {
    this.#set({ draft, state: draft.length > LONGEST ? "too_long" : "unsaved" });
    this.#hold();
    this.#soon(REST_MS);
  }

  /** Read what stands, or send what is not saved; again until the server has it. One at a time. */
  async settle(): Promise<void> {
    this.cancel(this.#timer);
    if (this.#busy) return;
    this.#busy = true;
    try {
      const next = this.#read ? await this.#write() : await this.#look();
      if (next !== null) this.#soon(next);
    } finally {
      this.#busy = false;
    }
  }

  async #look(): Promise<number | null> {
    const reply = await this.#talk();
    if (reply?.status !== 200) return AGAIN_MS;
    this.#read = true;
    this.#take(reply);
    return this.#isSaved() ? null : 0;
  }

  async #write(): Promise<number | null> {
    const { draft } = this.view;
    if (this.#isSaved() || draft.length > LONGEST) return null;
    const key = crypto.randomUUID();
    this.#sent = [...this.#sent.slice(-9), key];
    this.#hold();
    const reply = await this.#talk({ text: draft, key, begun_from: this.#base.edition });
    if (reply?.status === 200 && reply.kept) this.#base = { edition: reply.edition, text: reply.text };
    else if (reply?.status === 409) this.#take(reply);
    else if (reply?.status === 422) {
      this.#set({ draft: this.view.draft, state: "refused" });
      return null;
    } else return AGAIN_MS;
    this.#tell();
    return this.#isSaved() ? null : 0;
  }

  /** What stands is one of our own writings whose answer was lost, or somebody else's: then both are joined. */
  #take(reply: Standing): void {
    const ours = reply.edition === this.#base.edition || this.#sent.includes(reply.edition);
    const draft = ours ? (this.view.state === "reading" ? reply.text : this.view.draft) : joined(this.#base.text, this.view.draft, reply.text);
    this.#base = { edition: reply.edition, text: reply.text };
    this.view = { draft, state: "unsaved" };
    this.#tell();
  }

  #isSaved(): boolean {
    const { draft } = this.view;
    return draft === this.#base.text || (!draft.trim() && !this.#base.edition);
  }

  #tell(): void {
    const { draft } = this.view;
    const state = this.#isSaved() ? "saved" : draft.length > LONGEST ? "too_long" : "unsaved";
    this.#set({ draft, state });
    this.#hold();
  }

  #soon(ms: number): void {
    this.cancel(this.#timer);
    this.#timer = this.later(() => void this.settle(), ms);
  }

  #set(view: NoteView): void {
    this.view = view;
    for (const listener of this.#listeners) listener();
  }

  async #talk(body?: Record<string, string>): Promise<Reply | null> {
    try {
      if (!body) return await read(await this.ask(this.url, { headers: this.#headers(), cache: "no-store", redirect: "manual" }));
      this.#token ||= await this.#askToken();
      if (!this.#token) return null;
      const reply = await this.ask(this.url, {
        method: "POST",
        headers: { ...this.#headers(), "X-CSRFToken": this.#token },
        body: new URLSearchParams(body),
        redirect: "manual",
        keepalive: true, // a tab that is closed in this moment sends it all the same
      });
      if (reply.status === 403) this.#token = "";
      return await read(reply);
    } catch {
      return null;
    }
  }

  /** Whose page this is: who signed in to this browser since is neither shown here nor written for. */
  #headers(): Record<string, string> {
    return { Accept: "application/json", "X-Person": this.person };
  }

  async #askToken(): Promise<string> {
    const who = await this.ask("/csrf", { headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual" });
    if (!who.ok) return "";
    const { token, person } = (await who.json()) as { token: string; person: string | null };
    return person === this.person ? token : "";
  }

  /** In the tab alone, and only until the server has it. */
  #hold(): void {
    try {
      if (this.view.state === "saved") this.kept?.removeItem(KEY);
      else {
        const held: Held = { url: this.url, person: this.person, draft: this.view.draft, base: this.#base, sent: this.#sent };
        this.kept?.setItem(KEY, JSON.stringify(held));
      }
    } catch {
      // Without storage it is kept for as long as the page lives.
    }
  }

  #held(): Held | null {
    try {
      const held = JSON.parse(this.kept?.getItem(KEY) ?? "null") as Held | null;
      if (held?.url === this.url && held.person === this.person && typeof held.draft === "string") return held;
      this.kept?.removeItem(KEY); // another session's, or another person's at this device
    } catch {
      // Not ours, or no storage.
    }
    return null;
  }
}

async function read(reply: Response): Promise<Reply> {
  if (![200, 409, 422].includes(reply.status)) return { kept: false, edition: "", text: "", status: reply.status };
  return { ...((await reply.json()) as Reply), status: reply.status };
}

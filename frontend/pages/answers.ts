/**
 * Answers a patient gave that the server has not yet confirmed. They stay on the device, bound to the person who gave
 * them, and are sent until the server says that it has each: what has to be told at once first, the rest in the order
 * given. No DOM, no network, no clock.
 */

export type Answer = {
  /** The server keeps one row a key, so that a second sending changes nothing. */
  readonly key: string;
  readonly person: string;
  readonly url: string;
  readonly item: string;
  readonly value: string;
  /** ISO 8601 with zone: when the person answered, not when the line came back. */
  readonly answered_at: string;
  /** It reaches somebody at once: on a slow line it waits behind nothing else. */
  readonly urgent?: boolean;
};

/**
 * What one sending came to. `refused` will not be better next time; everything else may. `not its day`: the server
 * takes no answer for that day, so the device keeps it and says so, until the person takes it elsewhere.
 */
export type Outcome =
  | { kind: "saved"; flagHtml: string }
  | { kind: "refused" }
  | { kind: "not its day" }
  | { kind: "signed out" }
  | { kind: "someone else" }
  | { kind: "no line" };

/** An answer with its place in line: milliseconds, made unlike any before it. */
export type Kept = { readonly order: number; readonly answer: Answer };

/** Where answers lie until they are sent: sealed, each under the person who gave it (vault.ts). */
export type Vault = {
  all(person: string): Promise<Kept[]>;
  put(person: string, kept: Kept): Promise<void>;
  drop(person: string, key: string): Promise<void>;
  /** Everything of this person's, and the key that opens it. */
  forget(person: string): Promise<void>;
};

/**
 * One person's unsent answers: in this tab at once, in the vault as soon as it has sealed them. What another tab keeps
 * or has sent is learned by `load`.
 */
export class Answers {
  private held: Kept[] = [];
  private readonly written = new Set<string>();
  private readonly gone = new Set<string>();
  /** Refused for their day since this page was opened: kept, and not tried again before the next page. */
  private readonly aside = new Set<string>();
  private lastStamp = 0;

  constructor(
    private readonly vault: Vault,
    private readonly person: string,
  ) {}

  /** Keeps an answer. Resolves to whether it also lies in the vault; a vault that is full or forbidden keeps nothing. */
  async keep(answer: Answer, at: number): Promise<boolean> {
    if (answer.person !== this.person) throw new Error("an answer is kept under the person who gave it");
    // Two answers in one millisecond keep their order.
    this.lastStamp = Math.max(at, this.lastStamp + 1);
    const kept = { order: this.lastStamp, answer };
    this.held.push(kept);
    try {
      await this.vault.put(this.person, kept);
      this.written.add(answer.key);
      // Sent while it was being sealed: it must not come back.
      if (this.gone.has(answer.key)) await this.vault.drop(this.person, answer.key);
      return true;
    } catch {
      return false;
    }
  }

  /** Reads the vault again: other tabs add to it and send from it. */
  async load(): Promise<void> {
    // What is written while the vault is being read may be missing from the reading: only what lay there before counts.
    const before = new Set(this.written);
    const found = await this.vault.all(this.person).catch(() => null);
    if (!found) return;
    const there = new Set(found.map((kept) => kept.answer.key));
    const mine = this.held.filter(({ answer }) => !there.has(answer.key) && !before.has(answer.key));
    const others = found.filter(({ answer }) => answer.person === this.person && !this.gone.has(answer.key));
    for (const { answer } of others) this.written.add(answer.key);
    this.held = [...others, ...mine].sort((one, other) => one.order - other.order);
    this.lastStamp = Math.max(this.lastStamp, ...this.held.map((kept) => kept.order));
  }

  /**
   * This person's unsent answers that may yet go out from this page: first those to a question whose answer has to be told
   * at once, then the others, each oldest first. Never another person's.
   */
  waiting(): Answer[] {
    const waiting = this.all().filter((answer) => !this.aside.has(answer.key));
    // A question's own answers stay in their order, or a correction would count before what it corrects.
    const question = (answer: Answer) => `${answer.url} ${answer.item}`;
    const urgent = new Set(waiting.filter((answer) => answer.urgent).map(question));
    const isFirst = (answer: Answer) => urgent.has(question(answer));
    return [...waiting.filter(isFirst), ...waiting.filter((answer) => !isFirst(answer))];
  }

  /** Every answer of this person's that nobody else has. */
  all(): Answer[] {
    return this.held.map((kept) => kept.answer);
  }

  /** The server takes it for no day: it stays on the device and holds up no other. */
  setAside(key: string): void {
    this.aside.add(key);
  }

  hasAside(): boolean {
    return this.all().some((answer) => this.aside.has(answer.key));
  }

  /** The server has it, or will never take it. */
  async forget(key: string): Promise<void> {
    this.gone.add(key);
    this.held = this.held.filter((kept) => kept.answer.key !== key);
    await this.vault.drop(this.person, key).catch(() => undefined);
  }

  /** Nothing of this person's stays on the device. */
  async forgetAll(): Promise<void> {
    for (const { answer } of this.held) this.gone.add(answer.key);
    this.held = [];
    await this.vault.forget(this.person);
  }
}

/** What GET /csrf said, or null when it could not be asked. `person` is empty when nobody is signed in. */
export type SignedIn = { token: string; person: string } | null;

/** May this answer go out under this sign-in? Null: yes. */
export function objection(answer: Answer, signedIn: SignedIn): Outcome | null {
  if (signedIn === null) return { kind: "no line" };
  if (!signedIn.person) return { kind: "signed out" };
  return signedIn.person === answer.person ? null : { kind: "someone else" };
}

/**
 * What the server's reply means. Only its own word for this very key counts as saved: a page of a hotel's Wi-Fi says
 * 200 to everything.
 */
export function outcomeOf(answer: Answer, status: number, body: unknown): Outcome {
  if (status >= 200 && status < 300) {
    const reply = body as { saved?: unknown; flag_html?: unknown } | null;
    if (reply?.saved === answer.key) {
      return { kind: "saved", flagHtml: typeof reply.flag_html === "string" ? reply.flag_html : "" };
    }
    return { kind: "no line" };
  }
  // A redirect is one to the sign-in or the lock; 403 a token that has aged: the next try fetches a new one.
  if (status === 0 || (status >= 300 && status < 400) || status === 401 || status === 403) return { kind: "signed out" };
  if (status === 408 || status === 425 || status === 429 || status >= 500) return { kind: "no line" };
  return (body as { because?: unknown } | null)?.because === "day" ? { kind: "not its day" } : { kind: "refused" };
}

/** Does this end only the one answer, so that the next may be sent? */
export function isSettled(outcome: Outcome): boolean {
  return outcome.kind === "saved" || outcome.kind === "refused" || outcome.kind === "not its day";
}

/** Sends what waits, the urgent first, and stops at the first that may go better later. Returns how it ended. */
export async function sendWaiting(
  answers: Answers,
  signedIn: SignedIn,
  send: (answer: Answer, token: string) => Promise<Outcome>,
  told: (answer: Answer, outcome: Outcome) => void,
): Promise<Outcome | null> {
  let last: Outcome | null = null;
  for (const answer of answers.waiting()) {
    last = objection(answer, signedIn) ?? (await send(answer, signedIn?.token ?? ""));
    if (last.kind === "saved" || last.kind === "refused") await answers.forget(answer.key);
    if (last.kind === "not its day") answers.setAside(answer.key);
    told(answer, last);
    if (!isSettled(last)) return last;
  }
  return last;
}

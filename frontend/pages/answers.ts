/**
 * Answers a patient gave that the server has not yet confirmed. They stay on the device, bound to the person who gave
 * them, and are sent in the order given until the server says that it has each. No DOM, no network, no clock.
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
};

/** What one sending came to. `refused` will not be better next time; everything else may. */
export type Outcome =
  | { kind: "saved"; flagHtml: string }
  | { kind: "refused" }
  | { kind: "signed out" }
  | { kind: "someone else" }
  | { kind: "no line" };

/** As much of localStorage as is used. One entry an answer: two tabs never overwrite each other's list. */
export type Shelf = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

const PREFIX = "openiop.answer.";

export class Answers {
  private lastStamp = 0;

  constructor(
    private readonly shelf: Shelf,
    private readonly person: string,
  ) {}

  /** Keeps an answer. Throws what the shelf throws when it is full or forbidden: the caller then sends without keeping. */
  keep(answer: Answer, at: number): void {
    if (answer.person !== this.person) throw new Error("an answer is kept under the person who gave it");
    // Two answers in one millisecond keep their order.
    this.lastStamp = Math.max(at, this.lastStamp + 1);
    const order = String(this.lastStamp).padStart(15, "0");
    this.shelf.setItem(`${this.mine()}${order}.${answer.key}`, JSON.stringify(answer));
  }

  /** This person's unsent answers, oldest first. Never another person's. */
  waiting(): Answer[] {
    return this.names()
      .map((name) => read(this.shelf.getItem(name)))
      .filter((answer): answer is Answer => answer !== null && answer.person === this.person);
  }

  /** The server has it, or will never take it. */
  forget(key: string): void {
    for (const name of this.names()) if (name.endsWith(`.${key}`)) this.shelf.removeItem(name);
  }

  private mine(): string {
    return `${PREFIX}${this.person}.`;
  }

  private names(): string[] {
    const names: string[] = [];
    for (let index = 0; index < this.shelf.length; index++) {
      const name = this.shelf.key(index);
      if (name?.startsWith(this.mine())) names.push(name);
    }
    return names.sort();
  }
}

function read(text: string | null): Answer | null {
  try {
    return text === null ? null : (JSON.parse(text) as Answer);
  } catch {
    return null;
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
  return { kind: "refused" };
}

/** Sends what waits, in order, and stops at the first that may go better later. Returns how it ended. */
export async function sendWaiting(
  answers: Answers,
  signedIn: SignedIn,
  send: (answer: Answer, token: string) => Promise<Outcome>,
  told: (answer: Answer, outcome: Outcome) => void,
): Promise<Outcome | null> {
  let last: Outcome | null = null;
  for (const answer of answers.waiting()) {
    last = objection(answer, signedIn) ?? (await send(answer, signedIn?.token ?? ""));
    if (last.kind === "saved" || last.kind === "refused") answers.forget(answer.key);
    told(answer, last);
    if (last.kind !== "saved" && last.kind !== "refused") return last;
  }
  return last;
}

/**
 * <form data-autosend data-person="…" data-url="…">: every answer is kept on the device and sent by itself.
 *
 * Questions stand in <section data-question>, shown one a screen. The answer's item is the `data-item` around the
 * control, or its name. Confirmed by the server's {"saved": key}; {"flag_html": …} beside it is shown in [data-flag].
 * Answers named in `data-urgent="1 2 3"` on the item show the form's <template data-unsent> when they cannot be sent:
 * a person in danger is never left with a spinner. Without JavaScript it is a form with a button.
 */
import { forgetWords } from "../room/tabkept.ts";
import { Answers, isSettled, objection, outcomeOf, sendWaiting, type Answer, type Outcome, type SignedIn, type Vault } from "./answers.ts";
import { patience, waitAfter } from "./backoff.ts";
import { DatabaseRows } from "./database.ts";
import { settle } from "./swap.ts";
import { NoVault, SealedVault, sealOld } from "./vault.ts";
import { say, timeOfDay } from "./words.ts";

const PATIENCE_MS = 8000;
/** How long an urgent answer may be on its way before the page names the numbers to call. */
const URGENT_MS = 4000;

let sender: Sender | null = null;

/** Sends what still waits for the person of this page, on every page they open. */
export function startSending(): void {
  const person = document.body.dataset.person;
  if (!person) return;
  sender = new Sender(person);
  sender.soon(0);
  addEventListener("online", () => sender?.soon(0));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sender?.soon(0));
}

export function autosend(form: HTMLElement): (() => void) | void {
  if (!(form instanceof HTMLFormElement)) return;
  const person = form.dataset.person ?? "";
  // A page kept from an earlier sign-in: leave it an ordinary form, which the server judges.
  if (!sender || sender.person !== person) return;
  const own = sender;
  const given = new Map<string, string>();

  const answer = (control: Element | null): void => {
    if (!isControl(control)) return;
    const item = control.closest<HTMLElement>("[data-item]")?.dataset.item ?? control.name;
    const value = valueOf(control, form);
    if (!item || value === null || given.get(item) === value) return;
    given.set(item, value);
    own.give({ item, value, url: form.dataset.url ?? form.action, urgent: isUrgent(control, value) ? form : null });
  };
  const onChange = (event: Event): void => answer(event.target as Element);
  // Words that were typed but not left yet would be lost with the tab.
  const onHide = (): void => {
    const typed = form.querySelectorAll<HTMLTextAreaElement | HTMLInputElement>("textarea, input[type=text]");
    typed.forEach((control) => control.value !== control.defaultValue && answer(control));
    own.hurry();
  };
  const onSubmit = (event: Event): void => {
    const focused = document.activeElement;
    if (focused && form.contains(focused) && focused.matches("textarea, input[type=text]")) answer(focused);
    // Until the line is back, going on would lose the page; the answers are safe where they are.
    if (own.waiting() === 0) return;
    event.preventDefault();
    own.afterwards = () => form.requestSubmit((event as SubmitEvent).submitter);
    own.soon(0);
  };
  form.addEventListener("change", onChange);
  form.addEventListener("submit", onSubmit);
  addEventListener("pagehide", onHide);
  own.show();
  return () => {
    form.removeEventListener("change", onChange);
    form.removeEventListener("submit", onSubmit);
    removeEventListener("pagehide", onHide);
  };
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function isControl(element: Element | null): element is Control {
  return (
    (element instanceof HTMLInputElement && !["hidden", "submit", "button", "file", "password"].includes(element.type)) ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

/** Null where there is nothing to say: a radio that lost its mark. */
function valueOf(control: Control, form: HTMLFormElement): string | null {
  if (!(control instanceof HTMLInputElement)) return control.value;
  if (control.type === "radio") return control.checked ? control.value : null;
  if (control.type !== "checkbox") return control.value;
  const group = [...form.elements].filter(
    (one): one is HTMLInputElement => one instanceof HTMLInputElement && one.type === "checkbox" && one.name === control.name,
  );
  if (group.length === 1) return control.checked ? "true" : "false";
  return group.filter((one) => one.checked).map((one) => one.value).join(",");
}

function isUrgent(control: Control, value: string): boolean {
  const urgent = control.closest<HTMLElement>("[data-urgent]")?.dataset.urgent ?? "";
  return urgent.split(/\s+/).includes(value);
}

type Given = { item: string; value: string; url: string; urgent: HTMLFormElement | null };

class Sender {
  afterwards: (() => void) | null = null;
  private readonly answers: Answers;
  private readonly urgent = new Map<string, { form: HTMLFormElement; timer: number }>();
  private failures = 0;
  private timer = 0;
  private busy = false;
  private again = false;
  private signedIn: SignedIn = null;

  constructor(readonly person: string) {
    this.answers = new Answers(vault(), person);
  }

  waiting(): number {
    return this.answers.waiting().length;
  }

  give({ item, value, url, urgent }: Given): void {
    const at = new Date();
    const key = crypto.randomUUID();
    // Where the vault refuses, this tab alone holds what waits.
    const answer = { key, person: this.person, url, item, value, answered_at: at.toISOString() };
    void this.answers.keep(urgent ? { ...answer, urgent: true } : answer, at.getTime());
    if (urgent) this.urgent.set(key, { form: urgent, timer: setTimeout(() => this.unsent(key), URGENT_MS) as never });
    status("sending", say("sending"));
    this.soon(0);
  }

  /** The page is going, perhaps before the vault has sealed the last words: send them on their way as well. */
  hurry(): void {
    for (const answer of this.answers.waiting()) {
      if (!objection(answer, this.signedIn)) void post(answer, this.signedIn?.token ?? "", { keepalive: true });
    }
  }

  /** Sends what can be sent before the person signs out; returns how many answers nobody has yet. */
  async flush(): Promise<number> {
    await this.sendAll();
    return this.answers.all().length;
  }

  /** The person is signing out: nothing of theirs stays on the device. */
  async leaveDevice(): Promise<void> {
    clearTimeout(this.timer);
    await this.answers.forgetAll();
  }

  /** Tries after `ms`; a try that is due sooner gives way. */
  soon(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), ms) as never;
  }

  /** What a page that opens with answers still waiting says at once. */
  show(): void {
    void this.answers.load().then(() => this.waiting() > 0 && status("kept", say("kept")));
  }

  private async run(): Promise<void> {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const ended = await this.sendAll();
    this.busy = false;
    if (ended && !isSettled(ended)) {
      this.failures += 1;
      this.soon(waitAfter(this.failures, Math.random()));
    } else {
      this.failures = 0;
      if (this.again || this.waiting() > 0) this.soon(0);
      else this.leave();
    }
    this.again = false;
  }

  private sendAll(): Promise<Outcome | null> {
    return alone(async () => {
      await this.answers.load();
      if (this.waiting() === 0) return null;
      this.signedIn = await whoIsSignedIn();
      return sendWaiting(this.answers, this.signedIn, post, (answer, outcome) => this.told(answer, outcome));
    });
  }

  private told(answer: Answer, outcome: Outcome): void {
    const language = document.documentElement.lang;
    if (outcome.kind === "saved") {
      this.calm(answer.key);
      // One that was put aside is still the more important thing to know.
      if (this.answers.hasAside()) status("kept", say("notItsDay"));
      else status("saved", say("saved", { time: timeOfDay(new Date(), language) }));
      if (outcome.flagHtml) showFlag(outcome.flagHtml);
      return;
    }
    this.unsent(answer.key);
    if (outcome.kind === "refused") status("kept", say("refused"));
    else if (outcome.kind === "not its day") status("kept", say("notItsDay"));
    else if (outcome.kind === "signed out") status("kept", say("keptSignedOut"));
    else if (outcome.kind === "someone else") status("kept", say("keptOther"));
    else status("kept", say("kept"));
  }

  private leave(): void {
    const then = this.afterwards;
    this.afterwards = null;
    then?.();
  }

  private calm(key: string): void {
    clearTimeout(this.urgent.get(key)?.timer);
    this.urgent.delete(key);
  }

  /** Nobody has this answer yet: say so, with the numbers that work without us. */
  private unsent(key: string): void {
    const waits = this.urgent.get(key);
    if (!waits) return;
    this.calm(key);
    const template = waits.form.querySelector<HTMLTemplateElement>("template[data-unsent]");
    if (template) showFlag(template.innerHTML);
  }
}

async function whoIsSignedIn(): Promise<SignedIn> {
  try {
    const reply = await fetch("/csrf", {
      headers: { Accept: "application/json" },
      cache: "no-store",
      redirect: "manual",
      signal: patience(PATIENCE_MS),
    });
    if (reply.type === "opaqueredirect" || reply.status === 401 || reply.status === 403) return { token: "", person: "" };
    if (!reply.ok) return null;
    const { token, person } = (await reply.json()) as { token: string; person: string | null };
    return { token, person: person ?? "" };
  } catch {
    return null;
  }
}

async function post(answer: Answer, token: string, { keepalive = false } = {}): Promise<Outcome> {
  const { url, ...body } = answer;
  try {
    const reply = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body),
      redirect: "manual",
      keepalive,
      signal: patience(PATIENCE_MS),
    });
    return outcomeOf(answer, reply.status, await reply.json().catch(() => null));
  } catch {
    return { kind: "no line" };
  }
}

/** One tab sends at a time. The server refuses doubles too; this spares it the asking. */
async function alone(work: () => Promise<Outcome | null>): Promise<Outcome | null> {
  return navigator.locks ? await navigator.locks.request("openiop.answers", work) : work();
}

/** Sealed on the device, or not written down at all. */
function vault(): Vault {
  if (!globalThis.indexedDB || !globalThis.crypto?.subtle) return new NoVault();
  const sealed = new SealedVault(new DatabaseRows());
  try {
    void sealOld(localStorage, sealed).catch(() => undefined);
  } catch {
    // A browser that forbids storage has no open shelf either.
  }
  return sealed;
}

/**
 * <form data-sign-out>: signing out takes the person's unsent answers off the device. They are sent first; where that
 * fails, the <dialog> that the form names says how it stands, and the person decides.
 */
export function signOut(form: HTMLElement): (() => void) | void {
  if (!(form instanceof HTMLFormElement)) return;
  const dialog = document.getElementById(form.dataset.signOut ?? "");
  let leaving = false;
  const go = async (): Promise<void> => {
    leaving = true;
    await sender?.leaveDevice().catch(() => undefined);
    forgetWords();
    form.submit();
  };
  const onSubmit = (event: Event): void => {
    if (leaving || !sender) return;
    event.preventDefault();
    void sender.flush().then((left) => {
      if (left === 0 || !(dialog instanceof HTMLDialogElement)) void go();
      else dialog.showModal();
    });
  };
  const onAnyway = (event: Event): void => {
    if (event.target instanceof Element && event.target.closest("[data-sign-out-anyway]")) void go();
  };
  form.addEventListener("submit", onSubmit);
  dialog?.addEventListener("click", onAnyway);
  return () => {
    form.removeEventListener("submit", onSubmit);
    dialog?.removeEventListener("click", onAnyway);
  };
}

function status(state: string, text: string): void {
  for (const line of document.querySelectorAll<HTMLElement>("[data-autosend] [data-status], [data-answers-status]")) {
    line.dataset.state = state;
    line.textContent = text;
  }
}

function showFlag(html: string): void {
  const place = document.querySelector<HTMLElement>("[data-flag]") ?? flagOnTop();
  place.innerHTML = html;
  place.hidden = false;
  place.tabIndex = -1;
  settle(place);
  place.focus();
  place.scrollIntoView({ block: "start" });
}

/** An answer of another page that went out only now, from this one. */
function flagOnTop(): HTMLElement {
  const place = document.createElement("div");
  place.dataset.flag = "";
  document.querySelector("main")?.prepend(place);
  return place;
}

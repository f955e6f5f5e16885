/**
 * <body data-quiet="…">: a call for help that nothing on this screen shows. Holding the clinic's name (.header-name) for
 * two seconds, or Ctrl+Shift+Space. Kept in this browser until the server has it: a press while the line is down leaves
 * when the line is back, once, by its key. What is kept is a key, a time and whose press it was.
 */
import { freshToken, post } from "./quietline.ts";
import { type Press, held, mine } from "./quietness.ts";

const KEPT = "openiop.later";
const HOLD_MS = 2000;
const AGAIN_MS = 3000;
const HANDLE = ".header-name";

let inMemory: Press[] = [];

export function quiet(body: HTMLElement): void {
  const url = body.dataset.quiet;
  const person = body.dataset.person;
  if (!url || !person) return;
  const press = (): void => {
    keep([...kept(), { key: crypto.randomUUID(), at: Date.now(), person }]);
    void send(url, person);
  };
  hold(press);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey && event.shiftKey && event.code === "Space")) return;
    event.preventDefault();
    if (!event.repeat) press();
  });
  addEventListener("online", () => void send(url, person));
  setInterval(() => void send(url, person), AGAIN_MS);
  void send(url, person);
}

/** The name stays a link for a short press; a long one opens no menu, drags nothing and goes nowhere. */
function hold(press: () => void): void {
  let timer = 0;
  let fired = false;
  const on = (event: Event): boolean => event.target instanceof Element && event.target.closest(HANDLE) !== null;
  document.addEventListener("pointerdown", (event) => {
    fired = false;
    clearTimeout(timer);
    if (on(event)) {
      timer = setTimeout(() => {
        fired = true;
        press();
      }, HOLD_MS) as never;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => clearTimeout(timer));
  for (const sign of ["contextmenu", "dragstart"]) {
    document.addEventListener(sign, (event) => on(event) && event.preventDefault());
  }
  document.addEventListener(
    "click",
    (event) => {
      if (!fired || !on(event)) return;
      fired = false;
      event.preventDefault();
    },
    true,
  );
}

let sending = false;

async function send(url: string, person: string): Promise<void> {
  if (sending || mine(kept(), person).length === 0) return;
  sending = true;
  try {
    for (const one of mine(kept(), person)) {
      // The page's own token first: the press leaves at once, even if the page is closed the next moment.
      const taken = (await post(url, one, ownToken())) || (await post(url, one, await freshToken()));
      if (!taken) break;
      keep(kept().filter((other) => other.key !== one.key));
    }
  } catch {
    // No line. It stays here, and nothing says so.
  }
  sending = false;
}

function ownToken(): string {
  return document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

function kept(): Press[] {
  try {
    return held(localStorage.getItem(KEPT));
  } catch {
    return inMemory;
  }
}

function keep(presses: Press[]): void {
  inMemory = presses;
  try {
    if (presses.length > 0) localStorage.setItem(KEPT, JSON.stringify(presses));
    else localStorage.removeItem(KEPT);
  } catch {
    // A browser that keeps nothing: it is in memory until the page is left.
  }
}

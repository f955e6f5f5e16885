/**
 * <form data-kiosk>: asks whether the line is there before it leaves the page, so that a question stays on the screen and
 * says the truth ([data-no-line]) where a browser would show its own error. Keeps nothing. Without JavaScript: a form.
 */
import { patience } from "./backoff.ts";
import { isSilent, mayBeOld } from "./liveness.ts";
import { say } from "./words.ts";

const PATIENCE_MS = 4000;
const SILENCE_MS = 12_000; // four questions without an answer

export function kiosk(form: HTMLElement): (() => void) | void {
  if (!(form instanceof HTMLFormElement)) return;
  let leaving = false;
  let asking = false;
  const onSubmit = (event: SubmitEvent): void => {
    if (leaving) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    void hasLine().then((there) => {
      asking = false;
      if (!there) return sayNoLine();
      leaving = true;
      form.requestSubmit(event.submitter);
    });
  };
  form.addEventListener("submit", onSubmit);
  return () => form.removeEventListener("submit", onSubmit);
}

/**
 * <div data-kiosk-told hx-get="…" hx-trigger="every 3s">: what becomes of a danger that was told here. Where no answer comes,
 * [data-not-heard] says that the words may be no longer true.
 */
export function kioskTold(told: HTMLElement): () => void {
  let heardAt = Date.now();
  let lineLost = false;
  const notice = document.querySelector<HTMLElement>("[data-not-heard]");
  const judge = (): void => {
    const silent = isSilent(heardAt, Date.now(), SILENCE_MS);
    if (notice) notice.hidden = !mayBeOld({ silent, lineLost, signedOut: false });
  };
  const onReply = (event: Event): void => {
    lineLost = !(event as CustomEvent<{ successful?: boolean }>).detail.successful;
    if (!lineLost) heardAt = Date.now();
    judge();
  };
  told.addEventListener("htmx:afterRequest", onReply);
  const timer = setInterval(judge, 1000);
  return () => {
    told.removeEventListener("htmx:afterRequest", onReply);
    clearInterval(timer);
  };
}

export async function hasLine(): Promise<boolean> {
  try {
    const reply = await fetch("/csrf", {
      headers: { Accept: "application/json" },
      cache: "no-store",
      redirect: "manual",
      signal: patience(PATIENCE_MS),
    });
    return reply.ok;
  } catch {
    return false;
  }
}

/** Takes everything of whoever stood here off the screen; the start page follows as soon as the line is there. */
export function empty(): void {
  const words = document.createElement("h1");
  words.textContent = say("cleared");
  document.querySelector("main")?.replaceChildren(words);
}

function sayNoLine(): void {
  const words = document.querySelector<HTMLElement>("[data-no-line]");
  if (!words) return;
  words.hidden = false;
  words.focus();
}

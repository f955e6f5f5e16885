/**
 * <form data-autosave="…">: posts itself one second after the last key and when a field is left. [data-status] in it
 * says "saved 6:02 pm". When a save fails the words stay where they are, it is tried again, and leaving the page asks
 * first. A reply of HTML fills the form's [data-warnings]; `data-autosave=""` posts to the form's own action.
 */
import { patience, waitAfter } from "./backoff.ts";
import { settle } from "./swap.ts";
import { say, timeOfDay } from "./words.ts";

const PAUSE_MS = 1000;

export function autosave(form: HTMLElement): (() => void) | void {
  if (!(form instanceof HTMLFormElement)) return;
  const url = form.dataset.autosave || form.action;
  let savedAs = contents(form);
  let timer = 0;
  let saving: Promise<void> | null = null;
  let failures = 0;

  const dirty = (): boolean => contents(form) !== savedAs;
  const later = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void save(), ms) as never;
  };
  const save = async (): Promise<void> => {
    clearTimeout(timer);
    // One at a time and in order: an older save must never land on a newer one.
    if (saving) return later(PAUSE_MS);
    if (!dirty()) return;
    saving = send();
    await saving;
    saving = null;
  };
  const send = async (): Promise<void> => {
    const sent = contents(form);
    tell(form, "sending", say("sending"));
    try {
      const reply = await fetch(url, {
        method: "POST",
        body: new FormData(form),
        headers: { "HX-Request": "true", "X-Autosave": "true" },
        redirect: "manual",
        signal: patience(8000),
      });
      if (!reply.ok) return failed(reply.type === "opaqueredirect" || reply.status === 401 || reply.status === 403);
      savedAs = sent;
      failures = 0;
      tell(form, "saved", say("saved", { time: timeOfDay(new Date(), document.documentElement.lang) }));
      if (reply.headers.get("Content-Type")?.startsWith("text/html")) warn(form, await reply.text());
    } catch {
      failed(false);
    }
  };
  const failed = (signedOut: boolean): void => {
    failures += 1;
    tell(form, "kept", say(signedOut ? "notSavedSignedOut" : "notSaved"));
    later(waitAfter(failures + 2, Math.random()));
  };
  const onInput = (): void => later(PAUSE_MS);
  const onLeaveField = (): void => void save();
  const onLeavePage = (event: BeforeUnloadEvent): void => {
    if (dirty()) event.preventDefault();
  };
  // A real submission carries everything itself.
  const onSubmit = (): void => {
    clearTimeout(timer);
    savedAs = contents(form);
  };

  form.addEventListener("input", onInput);
  form.addEventListener("focusout", onLeaveField);
  form.addEventListener("submit", onSubmit);
  addEventListener("beforeunload", onLeavePage);
  return () => {
    clearTimeout(timer);
    form.removeEventListener("input", onInput);
    form.removeEventListener("focusout", onLeaveField);
    form.removeEventListener("submit", onSubmit);
    removeEventListener("beforeunload", onLeavePage);
  };
}

function contents(form: HTMLFormElement): string {
  return JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}

function tell(form: HTMLFormElement, state: string, text: string): void {
  const line = form.querySelector<HTMLElement>("[data-status]");
  if (!line) return;
  line.dataset.state = state;
  line.textContent = text;
}

function warn(form: HTMLFormElement, html: string): void {
  const place = form.querySelector<HTMLElement>("[data-warnings]");
  if (!place) return;
  place.innerHTML = html;
  settle(place);
}

/**
 * <body data-idle-minutes="15">: after so long without a touch or a key in any tab the page posts its lock form. The
 * minute before, it says so and can be kept. A page with data-in-call never locks. The server keeps its own clock; this
 * one takes the record off the screen in time.
 */
import { idleness, shouldPing } from "./idleness.ts";
import { empty, hasLine } from "./kiosk.ts";
import { say } from "./words.ts";

const SHARED = "openiop.active";

export function idle(body: HTMLElement): void {
  const minutes = Number(body.dataset.idleMinutes);
  if (!(minutes > 0)) return;
  let activeAt = Date.now();
  let pingedAt = activeAt;
  let warning: HTMLElement | null = null;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(SHARED) : null;

  const heard = (at: number): void => {
    activeAt = Math.max(activeAt, at);
    warning?.remove();
    warning = null;
  };
  const act = (): void => {
    const now = Date.now();
    // After a lock fell due (a laptop opened again), a touch does not undo it.
    if (idleness(activeAt, now, minutes, inCall(body)) === "lock") return look();
    if (now - activeAt > 1000) channel?.postMessage(now);
    heard(now);
    if (shouldPing(pingedAt, now)) {
      pingedAt = now;
      void stillHere();
    }
  };
  const look = (): void => {
    const state = idleness(activeAt, Date.now(), minutes, inCall(body));
    if (state === "lock") return lock(body);
    if (state === "warn" && !warning) warning = warn(act);
  };

  if (channel) channel.onmessage = ({ data }) => heard(Number(data));
  for (const sign of ["pointerdown", "keydown", "wheel", "touchmove"]) addEventListener(sign, act, { passive: true });
  addEventListener("pointermove", act, { passive: true });
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
}

/** A shared screen is emptied first, with a line or without: a browser's own error page would keep nothing off it. */
function lock(body: HTMLElement): void {
  const leave = (): void => document.querySelector<HTMLFormElement>("form#lock")?.submit();
  if (!body.classList.contains("kiosk")) return leave();
  empty();
  void hasLine().then((there) => there && leave());
}

function inCall(body: HTMLElement): boolean {
  return "inCall" in body.dataset;
}

function stillHere(): Promise<unknown> {
  const token = document.querySelector<HTMLInputElement>("form#lock input[name=csrfmiddlewaretoken]")?.value ?? "";
  // Lost with the line or not: the next touch tells again.
  const url = document.querySelector<HTMLElement>("[data-still-here]")?.dataset.stillHere ?? "/still-here";
  return fetch(url, { method: "POST", headers: { "X-CSRFToken": token }, redirect: "manual" }).catch(() => undefined);
}

function warn(stay: () => void): HTMLElement {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = say(document.body.classList.contains("kiosk") ? "clearSoon" : "lockSoon");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = say("stay");
  button.onclick = stay;
  toast.append(words, button);
  document.querySelector("#toasts")?.append(toast);
  return toast;
}

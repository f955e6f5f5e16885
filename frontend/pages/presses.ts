/** One press each: dialogs, printing, copying, toasts, and leaving quickly. One listener for the whole page. */
import { openDialog } from "./keyboard.ts";
import { say } from "./words.ts";

export function presses(): void {
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (!(target instanceof Element)) return;
    const on = (selector: string): HTMLElement | null => target.closest<HTMLElement>(selector);
    let element: HTMLElement | null;
    if ((element = on("[data-quick-exit]"))) {
      event.preventDefault();
      leave(element);
    } else if ((element = on("[data-opens]"))) openDialog(element.dataset.opens ?? "");
    else if ((element = on("[data-closes]"))) element.closest("dialog")?.close();
    else if (on("[data-print]")) print();
    else if ((element = on("[data-copy]"))) void copy(element);
    else if ((element = on("[data-dismiss]"))) element.closest("[data-toast]")?.remove();
  });
}

/**
 * The page is emptied before anything is fetched, so that a slow line shows nothing. The record is locked on the way, so
 * that "back" shows the lock, unless a call is on. What waits to be sent stays on the device.
 */
function leave(link: HTMLElement): void {
  const url = link.getAttribute("href") ?? "/away";
  const lock = document.querySelector<HTMLFormElement>("form#lock");
  if (lock && !("inCall" in document.body.dataset)) navigator.sendBeacon(lock.action, new FormData(lock));
  document.title = " ";
  document.body.replaceChildren();
  location.replace(url);
}

async function copy(button: HTMLElement): Promise<void> {
  const named = button.dataset.copy ?? "";
  const source = named.startsWith("#") ? document.querySelector<HTMLElement>(named) : null;
  await navigator.clipboard.writeText(source ? (source.textContent ?? "").trim() : named);
  const before = button.textContent;
  button.textContent = say("copied");
  setTimeout(() => (button.textContent = before), 2000);
}

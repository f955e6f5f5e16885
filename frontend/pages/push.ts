/**
 * <form data-push="our public key"> with the fields endpoint, p256dh and auth, and a line [data-push-said].
 *
 * On the press this browser is asked whether it may be notified; what it answers goes with the form.
 */
import { say, type Word } from "./words.ts";

export function push(form: HTMLElement): () => void {
  const pressed = (event: Event): void => {
    event.preventDefault();
    void subscribe(form as HTMLFormElement);
  };
  form.addEventListener("submit", pressed);
  return () => form.removeEventListener("submit", pressed);
}

async function subscribe(form: HTMLFormElement): Promise<void> {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return tell(form, "pushUnable");
  if ((await Notification.requestPermission()) !== "granted") return tell(form, "pushRefused");
  try {
    await navigator.serviceWorker.register("/sw.js");
    const registration = await navigator.serviceWorker.ready;
    const key = keyOf(form.dataset.push ?? "");
    const found = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    fill(form, found.toJSON());
    form.submit();
  } catch {
    tell(form, "pushFailed");
  }
}

function fill(form: HTMLFormElement, found: PushSubscriptionJSON): void {
  const values = { endpoint: found.endpoint, p256dh: found.keys?.p256dh, auth: found.keys?.auth };
  for (const [name, value] of Object.entries(values)) {
    (form.elements.namedItem(name) as HTMLInputElement).value = value ?? "";
  }
}

function tell(form: HTMLElement, word: Word): void {
  const line = form.querySelector("[data-push-said]");
  if (line) line.textContent = say(word);
}

/** Base64 as in web addresses, to bytes. */
export function keyOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

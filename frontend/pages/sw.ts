/**
 * The service worker: when there is no line, a page that names the numbers to call still opens. It keeps that one page
 * with its style sheet and font, fetched without any sign-in. Beside it the patient's own safety plan, which plan.ts keeps
 * for them, opens at its own address. It never keeps, or even looks at, any other page of the record.
 * On a browser of the staff's that asked for it, it shows that the desk should be opened, and opens it.
 */
import { COPY, PLAN, SIGN_OUT, isCopy } from "./plancopy.ts";

// The DOM's types and the worker's cannot both be loaded; this is as much of the worker's as is used.
type Waits = Event & { waitUntil(work: Promise<unknown>): void };
type Pushed = Waits & { readonly data: { text(): string } | null };
type Pressed = Waits & { readonly notification: { close(): void } };
type Asks = Waits & { readonly request: Request; respondWith(reply: Promise<Response>): void };
const worker = self as unknown as {
  addEventListener(name: "install" | "activate", listener: (event: Waits) => void): void;
  addEventListener(name: "fetch", listener: (event: Asks) => void): void;
  addEventListener(name: "push", listener: (event: Pushed) => void): void;
  addEventListener(name: "notificationclick", listener: (event: Pressed) => void): void;
  registration: { showNotification(title: string, options: object): Promise<void> };
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void>; openWindow(url: string): Promise<unknown> };
};

const SHELL = "openiop-shell-1";
const OFFLINE = "/offline";

worker.addEventListener("install", (event) => event.waitUntil(keepShell().then(() => worker.skipWaiting())));

worker.addEventListener("activate", (event) => event.waitUntil(forgetOthers().then(() => worker.clients.claim())));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Signing out takes the plan off the phone, with a line or without one.
  if (request.method === "POST" && url.pathname === SIGN_OUT) event.waitUntil(forgetPlans());
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => withoutALine(url)));
  else if (isShell(url)) event.respondWith(fetch(request).catch(() => kept(request.url)));
});

// The words come with the push, in the person's language. One tag: ten pages are one line on a locked phone.
worker.addEventListener("push", (event) => {
  const text = event.data?.text() ?? "OpenIOP";
  event.waitUntil(
    worker.registration.showNotification(text, { tag: "desk", renotify: true, requireInteraction: true, vibrate: [400, 200, 400] }),
  );
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(worker.clients.openWindow("/desk"));
});

/** The page's own links say what it needs, whatever names the server gives its files. */
async function keepShell(): Promise<void> {
  const cache = await caches.open(SHELL);
  const page = await fetch(OFFLINE, { credentials: "omit", cache: "reload" });
  const html = await page.clone().text();
  const needed = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1] as string);
  await cache.put(OFFLINE, page);
  await cache.addAll(needed.map((url) => new Request(url, { credentials: "omit" })));
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("openiop-") && name !== SHELL && !isCopy(name)).map((name) => caches.delete(name)));
}

async function withoutALine(url: URL): Promise<Response> {
  const plan = url.pathname === PLAN ? (await caches.keys()).find(isCopy) : undefined;
  const copy = plan ? await (await caches.open(plan)).match(COPY) : undefined;
  return copy ?? kept(OFFLINE);
}

async function forgetPlans(): Promise<void> {
  await Promise.all((await caches.keys()).filter(isCopy).map((name) => caches.delete(name)));
}

async function kept(url: string): Promise<Response> {
  return (await caches.match(url)) ?? Response.error();
}

function isShell(url: URL): boolean {
  return url.origin === location.origin && url.pathname.startsWith("/static/");
}

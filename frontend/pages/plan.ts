/**
 * Keeps the patient's safety plan on this phone, so that it opens without a line: that one page and no other of the
 * record. Bound to the person: whoever signs in next takes it away, and so does signing out. `[data-plan-copy]` on the
 * plan's page says so and lets the person choose. Why it stays while the screen is locked: docs/decisions.
 * What the room kept in this tab (private lines, calls for help) goes at the same moments.
 */
import { forgetWords } from "../room/tabkept.ts";
import { COPY, SIGN_OUT, cacheOf, isCopy, isStale, isTheirs, othersThan } from "./plancopy.ts";

const NOT_WANTED = "openiop.plan-not-kept";

export function plan(body: HTMLElement): void {
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (!(target instanceof HTMLFormElement) || new URL(target.action).pathname !== SIGN_OUT) return;
    // Where answers must go out first, autosend.ts signs out, or the person stays.
    if (!defaultPrevented) forgetWords();
    void forgetEverybody();
  });
  if (new URLSearchParams(location.search).has("forget")) {
    forgetWords();
    void forgetEverybody();
  }
  if (!("caches" in window)) return;
  const { person } = body.dataset;
  if (person) void forget((names) => othersThan(person, names)).then(() => keep(person, body));
  choices(person ?? "");
}

async function keep(person: string, body: HTMLElement): Promise<void> {
  if (!body.classList.contains("patient") || localStorage.getItem(NOT_WANTED) === person) return;
  const cache = await caches.open(cacheOf(person));
  const kept = await cache.match(COPY);
  if (!isStale(kept?.headers.get("Date") ?? null, Date.now(), location.pathname)) return;
  // Without a line the copy that is there stays.
  const answer = await fetch(COPY).catch(() => null);
  if (answer && isTheirs(answer, person)) await cache.put(COPY, answer);
}

async function forget(which: (names: string[]) => string[]): Promise<void> {
  await Promise.all(which(await caches.keys()).map((name) => caches.delete(name)));
}

async function forgetEverybody(): Promise<void> {
  if ("caches" in window) await forget((names) => names.filter(isCopy));
}

function choices(person: string): void {
  const section = document.querySelector<HTMLElement>("[data-plan-copy]");
  if (!section) return;
  const show = (): void => {
    const wanted = localStorage.getItem(NOT_WANTED) !== person;
    for (const part of section.querySelectorAll<HTMLElement>("[data-plan-kept], [data-plan-forget]")) part.hidden = !wanted;
    for (const part of section.querySelectorAll<HTMLElement>("[data-plan-not-kept], [data-plan-keep]")) part.hidden = wanted;
  };
  section.addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    if ("planForget" in target.dataset) {
      localStorage.setItem(NOT_WANTED, person);
      void forgetEverybody();
    } else if ("planKeep" in target.dataset) {
      localStorage.removeItem(NOT_WANTED);
      void keep(person, document.body);
    } else return;
    show();
  });
  show();
  section.hidden = false;
}

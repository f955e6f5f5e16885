/** Which copies of a safety plan a phone may hold, as pure rules. The page (plan.ts) and the worker (sw.ts) keep to them. */

export const PLAN = "/me/safety-plan";
export const COPY = "/me/safety-plan/copy";
export const SIGN_OUT = "/account/logout/";

const COPIES = "openiop-plan-";
const FRESH_MS = 60 * 60 * 1000;

/** The one cache that holds this person's copy, and nothing else. */
export function cacheOf(person: string): string {
  return COPIES + person;
}

export function isCopy(cache: string): boolean {
  return cache.startsWith(COPIES);
}

/** Copies that must go: everybody's but this person's. A phone holds one person's plan at most. */
export function othersThan(person: string, caches: readonly string[]): string[] {
  return caches.filter((name) => isCopy(name) && name !== cacheOf(person));
}

/** Fetched again on the plan's own page, and elsewhere once an hour. */
export function isStale(keptAt: string | null, now: number, path: string): boolean {
  const age = keptAt ? now - Date.parse(keptAt) : Infinity;
  return path === PLAN || !(age < FRESH_MS);
}

/** Only an answer that says whose it is, and says this person, is kept: not a lock, a sign-in or an error. */
export function isTheirs(answer: { ok: boolean; redirected: boolean; headers: { get(name: string): string | null } }, person: string): boolean {
  return answer.ok && !answer.redirected && answer.headers.get("X-Person") === person;
}

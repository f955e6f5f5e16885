/** How a silent press leaves. A line that says nothing is given up soon: the press is sent again, and counts once. */
import { patience } from "./backoff.ts";
import { type Press, waited } from "./quietness.ts";

const PATIENCE_MS = 4000;

export async function post(url: string, one: Press, token: string): Promise<boolean> {
  const reply = await fetch(url, {
    method: "POST",
    headers: { "X-CSRFToken": token, Accept: "application/json" },
    body: new URLSearchParams({ key: one.key, person: one.person, waited_ms: String(waited(one, Date.now())) }),
    redirect: "manual",
    keepalive: true,
    signal: patience(PATIENCE_MS),
  });
  return reply.status === 204;
}

/** The page may have been open since before a sign-in in another tab. */
export async function freshToken(url = "/csrf"): Promise<string> {
  const reply = await fetch(url, {
    headers: { Accept: "application/json" },
    cache: "no-store",
    redirect: "manual",
    signal: patience(PATIENCE_MS),
  });
  return ((await reply.json()) as { token: string }).token;
}

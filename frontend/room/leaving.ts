/** Saying how one leaves: kept on the device until the server has it, because *not safe* must not be lost with a line. */

import type { LeavingHow } from "./protocol.ts";

export const HOWS: readonly LeavingHow[] = ["calmer", "same", "worse", "not_safe"];
export const AGAIN_MS = 3000;
const KEY = "openiop.leaving";

export type Said = { readonly how: LeavingHow; readonly key: string; readonly url: string };

type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function keepSaid(said: Said | null, kept: Kept | null): void {
  try {
    if (said) kept?.setItem(KEY, JSON.stringify(said));
    else kept?.removeItem(KEY);
  } catch {
    // Without storage it is kept for as long as the page lives.
  }
}

/** What was said in this session and has not arrived; of another session nothing. */
export function unsent(url: string, kept: Kept | null): Said | null {
  try {
    const said = JSON.parse(kept?.getItem(KEY) ?? "null") as Said | null;
    return said?.url === url && HOWS.includes(said.how) ? said : null;
  } catch {
    return null;
  }
}

/** Say it once; the same `key` each time, so that it is kept once. Returns whether the server has it. */
export async function send({ how, key, url }: Said, ask: typeof fetch = fetch): Promise<boolean> {
  try {
    const who = await ask("/csrf", { headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual" });
    if (!who.ok) return false;
    const { token } = (await who.json()) as { token: string };
    const body = new URLSearchParams({ how, key });
    const reply = await ask(url, { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" }, body, redirect: "manual" });
    return reply.ok && Boolean(((await reply.json()) as { kept?: boolean }).kept);
  } catch {
    return false;
  }
}

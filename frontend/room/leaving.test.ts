import assert from "node:assert/strict";
import { test } from "node:test";
import { keepSaid, send, unsent } from "./leaving.ts";
import type { Said } from "./leaving.ts";

const said: Said = { how: "not_safe", key: "k", url: "/sessions/1/room/leaving" };

function storage() {
  const kept = new Map<string, string>();
  return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text), removeItem: (key: string) => void kept.delete(key) };
}

function server(status: number, kept: boolean): { ask: typeof fetch; asked: string[] } {
  const asked: string[] = [];
  const ask = (async (url: string, options: RequestInit = {}) => {
    asked.push(`${url} ${String(options.body ?? "")}`.trim());
    if (url === "/csrf") return new Response('{"token": "t"}');
    return new Response(JSON.stringify({ kept }), { status });
  }) as typeof fetch;
  return { ask, asked };
}

test("what was said counts as arrived only when the server says that it is kept", async () => {
  const good = server(200, true);
  assert.equal(await send(said, good.ask), true);
  assert.deepEqual(good.asked, ["/csrf", "/sessions/1/room/leaving how=not_safe&key=k"]);
  assert.equal(await send(said, server(200, false).ask), false);
  assert.equal(await send(said, server(409, true).ask), false);
  assert.equal(await send(said, (() => Promise.reject(new TypeError("no line"))) as typeof fetch), false);
});

test("what has not arrived is still there after a reload, and of another session nothing is", () => {
  const kept = storage();
  keepSaid(said, kept);
  assert.deepEqual(unsent(said.url, kept), said);
  assert.equal(unsent("/sessions/2/room/leaving", kept), null);
  keepSaid(null, kept);
  assert.equal(unsent(said.url, kept), null);
});

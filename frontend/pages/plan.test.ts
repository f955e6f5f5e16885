import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { plan } from "./plan.ts";
import { SIGN_OUT } from "./plancopy.ts";
import { keepCalls } from "../room/outbox.ts";
import { Notebook } from "../room/notes.ts";

class Form {
  constructor(readonly action: string) {}
}

const kept = new Map<string, string>();
const store = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text), removeItem: (key: string) => void kept.delete(key) };

/** A page of a browser without `caches`, in a tab in which the room kept words that the server does not have. */
function page(search: string): (event: { target: unknown; defaultPrevented: boolean }) => void {
  let submit: (event: { target: unknown; defaultPrevented: boolean }) => void = () => undefined;
  const document = { addEventListener: (_: string, run: typeof submit) => (submit = run), querySelector: () => null };
  for (const [name, value] of Object.entries({ document, window: {}, location: { search }, sessionStorage: store, HTMLFormElement: Form })) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  plan({ dataset: { person: "sam" } } as unknown as HTMLElement);
  return (event) => submit(event);
}

beforeEach(() => {
  kept.clear();
  kept.set("openiop.devices", "{}");
  keepCalls([{ message: { type: "signal", id: "1", kind: "not_safe" }, refused: false }], "/ws/room/1 sam", store);
  new Notebook("/note", "sam", store, undefined, () => 0, () => undefined).typed("Sam's own");
  assert.equal(kept.size, 3);
});

const left = (): string[] => [...kept.keys()];

test("whoever signs out leaves no unsaved line and no call for help in the tab", () => {
  page("")({ target: new Form(`https://clinic.example${SIGN_OUT}`), defaultPrevented: false });
  assert.deepEqual(left(), ["openiop.devices"]);
});

test("who is asked whether to sign out, and may stay, loses nothing yet; nor does another form take anything", () => {
  const submit = page("");
  submit({ target: new Form(`https://clinic.example${SIGN_OUT}`), defaultPrevented: true });
  submit({ target: new Form("https://clinic.example/lock"), defaultPrevented: false });
  assert.equal(kept.size, 3);
});

test("a device that must forget its owner forgets the room's words too", () => {
  page("?forget=1");
  assert.deepEqual(left(), ["openiop.devices"]);
});

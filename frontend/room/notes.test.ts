import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST, Notebook, joined } from "./notes.ts";

const URL_OF_NOTE = "/sessions/1/room/note";

function storage() {
  const kept = new Map<string, string>();
  return { kept, getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text), removeItem: (key: string) => void kept.delete(key) };
}

/** The server's half as openiop/room/notes/keeping.py keeps it; `line` may be cut before or after it has written. */
function server() {
  const it = {
    edition: "",
    text: "",
    line: "up" as "up" | "down" | "answer lost" | "locked",
    writings: 0,
    signedIn: "sam",
    heedsWhoAsks: true,
    ask: (async (url: string, options: RequestInit = {}) => {
      if (it.line === "down") throw new TypeError("no line");
      if (it.line === "locked") return new Response("", { status: 302 });
      if (url === "/csrf") return new Response(JSON.stringify({ token: "t", person: it.signedIn }));
      if (it.heedsWhoAsks && new Headers(options.headers).get("X-Person") !== it.signedIn) return new Response('{"kept": false, "edition": "", "text": ""}', { status: 403 });
      const sent = options.body as URLSearchParams | undefined;
      let [status, kept] = [200, true];
      if (sent) {
        if (sent.get("text")!.length > LONGEST) [status, kept] = [422, false];
        else if (sent.get("begun_from") !== it.edition && sent.get("key") !== it.edition) [status, kept] = [409, false];
        else {
          it.writings += 1;
          const blank = !sent.get("text")!.trim();
          Object.assign(it, { edition: blank ? "" : sent.get("key")!, text: blank ? "" : sent.get("text")! });
        }
        if (it.line === "answer lost") throw new TypeError("no line");
      }
      return new Response(JSON.stringify({ kept, edition: it.edition, text: it.text }), { status });
    }) as typeof fetch,
  };
  return it;
}

/** A tab; `run` does what its timers would, until nothing is left to do or nothing gets through. */
function tab(of: ReturnType<typeof server>, kept = storage(), person = "sam") {
  let next: (() => void) | null = null;
  const book = new Notebook(URL_OF_NOTE, person, kept, of.ask, (run) => (next = run), () => (next = null));
  const run = async (): Promise<void> => {
    for (let n = 0; n < 6; n += 1) {
      next = null;
      await book.settle();
      if (!next) return;
    }
  };
  return { book, run, kept };
}

test("it says saved only once the server has every word", async () => {
  const clinic = server();
  const { book, run } = tab(clinic);
  await run();
  assert.equal(book.view.state, "saved");
  book.typed("Ask about the lake.");
  assert.equal(book.view.state, "unsaved");
  await run();
  assert.deepEqual([book.view.state, clinic.text], ["saved", "Ask about the lake."]);
});

for (const line of ["down", "locked"] as const) {
  test(`while the line is ${line} the words stay in the tab, over a reload too, and go out afterwards`, async () => {
    const clinic = server();
    const first = tab(clinic);
    await first.run();
    clinic.line = line;
    first.book.typed("Not lost.");
    await first.run();
    assert.deepEqual([first.book.view, clinic.text], [{ draft: "Not lost.", state: "unsaved" }, ""]);

    const again = tab(clinic, first.kept);
    assert.deepEqual(again.book.view, { draft: "Not lost.", state: "unsaved" });
    clinic.line = "up";
    await again.run();
    assert.deepEqual([again.book.view.state, clinic.text, first.kept.kept.size], ["saved", "Not lost.", 0]);
  });
}

test("when only the answer is lost nothing is written twice, and what was typed since goes on from it", async () => {
  const clinic = server();
  const { book, run } = tab(clinic);
  await run();
  clinic.line = "answer lost";
  book.typed("one");
  await book.settle();
  clinic.line = "up";
  book.typed("one and two");
  await run();
  assert.deepEqual([book.view, clinic.text], [{ draft: "one and two", state: "saved" }, "one and two"]);
});

test("what another tab wrote meanwhile is joined, and no line of either is lost", async () => {
  const clinic = server();
  const { book, run } = tab(clinic);
  await run();
  book.typed("one");
  await run();
  Object.assign(clinic, { edition: "other", text: "one\nfrom the phone" });
  book.typed("one\nfrom here");
  await run();
  assert.deepEqual([book.view.state, clinic.text], ["saved", "one\nfrom the phone\nfrom here"]);
});

test("what was deleted on the page does not come back from an open room", async () => {
  const clinic = server();
  const { book, run } = tab(clinic);
  await run();
  book.typed("one");
  await run();
  Object.assign(clinic, { edition: "", text: "" });
  book.typed("one two");
  await run();
  assert.deepEqual([book.view.state, clinic.text], ["saved", "two"]);
});

test("an emptied field deletes what stood, and too many words are said to be too many and kept here", async () => {
  const clinic = server();
  const { book, run } = tab(clinic);
  await run();
  book.typed("one");
  await run();
  book.typed(" ");
  await run();
  assert.deepEqual([book.view.state, clinic.edition], ["saved", ""]);
  book.typed("x".repeat(LONGEST + 1));
  await run();
  assert.deepEqual([book.view.state, clinic.text], ["too_long", ""]);
});

test("whoever uses this device next finds nothing of it", async () => {
  const clinic = server();
  const first = tab(clinic);
  await first.run();
  clinic.line = "down";
  first.book.typed("Sam's own");
  const next = tab(clinic, first.kept, "maya");
  assert.deepEqual([next.book.view.draft, first.kept.kept.size], ["", 0]);
});

for (const heedsWhoAsks of [true, false]) {
  test(`another who signs in to this browser is neither shown here nor written for (${heedsWhoAsks ? "the note" : "the token"} says whose it is)`, async () => {
    const clinic = server();
    const { book, run, kept } = tab(clinic);
    await run();
    book.typed("Sam's own");
    Object.assign(clinic, { signedIn: "maya", heedsWhoAsks, edition: "hers", text: "Maya's own" });
    await run();
    assert.deepEqual([book.view, clinic.text], [{ draft: "Sam's own", state: "unsaved" }, "Maya's own"]);

    if (heedsWhoAsks) {
      const again = tab(clinic, kept);
      await again.run();
      assert.deepEqual(again.book.view, { draft: "Sam's own", state: "unsaved" });
    }

    Object.assign(clinic, { signedIn: "sam", edition: "", text: "" });
    await run();
    assert.deepEqual([book.view.state, clinic.text], ["saved", "Sam's own"]);
  });
}

for (const [name, base, draft, theirs, expected] of [
  ["nothing new here", "a", "a", "a b", "a b"],
  ["nothing new there", "a", "a b", "a", "a b"],
  ["the same in both", "", "a", "a", "a"],
  ["both went on", "a", "a b", "a c", "a c\nb"],
  ["written anew here", "a", "b", "c", "c\nb"],
  ["deleted there, unchanged here", "a", "a", "", ""],
  ["deleted there, written on here", "a", "a b", "", "b"],
] as const) {
  test(`joining two writings: ${name}`, () => assert.equal(joined(base, draft, theirs), expected));
}

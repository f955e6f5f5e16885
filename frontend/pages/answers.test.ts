import { test } from "node:test";
import assert from "node:assert/strict";
import { Answers, objection, outcomeOf, sendWaiting, type Answer, type Outcome, type Shelf } from "./answers.ts";

class Drawer implements Shelf {
  private kept = new Map<string, string>();
  get length() {
    return this.kept.size;
  }
  key(index: number) {
    return [...this.kept.keys()][index] ?? null;
  }
  getItem(name: string) {
    return this.kept.get(name) ?? null;
  }
  setItem(name: string, value: string) {
    this.kept.set(name, value);
  }
  removeItem(name: string) {
    this.kept.delete(name);
  }
}

function answer(key: string, item = "mood", person = "maya", value = "4"): Answer {
  return { key, person, url: "/check-in", item, value, answered_at: "2025-11-24T18:02:00Z" };
}

const saved: Outcome = { kind: "saved", flagHtml: "" };

test("an answer without a line is still there when the page is opened again", () => {
  const drawer = new Drawer();
  new Answers(drawer, "maya").keep(answer("k1"), 1000);

  assert.deepEqual(new Answers(drawer, "maya").waiting(), [answer("k1")]);
});

test("another person on the same phone never sees the answers that wait", () => {
  const drawer = new Drawer();
  new Answers(drawer, "maya").keep(answer("k1"), 1000);

  assert.deepEqual(new Answers(drawer, "ines").waiting(), []);
});

test("an answer cannot be kept under another person's name", () => {
  assert.throws(() => new Answers(new Drawer(), "ines").keep(answer("k1"), 1000), /the person who gave it/);
});

test("answers go out in the order they were given, two in one instant included", async () => {
  const answers = new Answers(new Drawer(), "maya");
  answers.keep(answer("z", "mood"), 1000);
  answers.keep(answer("a", "sleep"), 1000);
  answers.keep(answer("m", "urges"), 900);
  const sent: string[] = [];

  await sendWaiting(
    answers,
    { token: "t", person: "maya" },
    async (one) => {
      sent.push(one.item);
      return saved;
    },
    () => undefined,
  );

  assert.deepEqual(sent, ["mood", "sleep", "urges"]);
});

test("a corrected answer is sent as well as the first: both are evidence", () => {
  const answers = new Answers(new Drawer(), "maya");
  answers.keep(answer("k1", "item9", "maya", "2"), 1000);
  answers.keep(answer("k2", "item9", "maya", "0"), 2000);

  assert.deepEqual(
    answers.waiting().map((one) => one.value),
    ["2", "0"],
  );
});

test("an answer leaves the phone only when the server has named it", async () => {
  const answers = new Answers(new Drawer(), "maya");
  answers.keep(answer("k1"), 1000);

  const ended = await sendWaiting(answers, { token: "t", person: "maya" }, async () => ({ kind: "no line" }), () => undefined);

  assert.equal(ended?.kind, "no line");
  assert.equal(answers.waiting().length, 1);
});

test("after a lost line the rest waits behind the first, so that the order holds", async () => {
  const answers = new Answers(new Drawer(), "maya");
  answers.keep(answer("k1"), 1000);
  answers.keep(answer("k2"), 2000);
  const tried: string[] = [];

  await sendWaiting(
    answers,
    { token: "t", person: "maya" },
    async (one) => {
      tried.push(one.key);
      return { kind: "no line" };
    },
    () => undefined,
  );

  assert.deepEqual(tried, ["k1"]);
});

test("an answer the server will never take does not hold up the others", async () => {
  const answers = new Answers(new Drawer(), "maya");
  answers.keep(answer("k1"), 1000);
  answers.keep(answer("k2"), 2000);
  const told: string[] = [];

  await sendWaiting(
    answers,
    { token: "t", person: "maya" },
    async (one) => (one.key === "k1" ? { kind: "refused" } : saved),
    (one, outcome) => told.push(`${one.key} ${outcome.kind}`),
  );

  assert.deepEqual(told, ["k1 refused", "k2 saved"]);
  assert.deepEqual(answers.waiting(), []);
});

test("nothing is sent under another sign-in, and it stays for its own person", async () => {
  const answers = new Answers(new Drawer(), "maya");
  answers.keep(answer("k1"), 1000);
  const sent: string[] = [];

  const ended = await sendWaiting(
    answers,
    { token: "t", person: "ines" },
    async (one) => {
      sent.push(one.key);
      return saved;
    },
    () => undefined,
  );

  assert.equal(ended?.kind, "someone else");
  assert.deepEqual(sent, []);
  assert.equal(answers.waiting().length, 1);
});

test("a sign-in that ended, and a line that is gone, are told apart", () => {
  assert.equal(objection(answer("k1"), { token: "t", person: "" })?.kind, "signed out");
  assert.equal(objection(answer("k1"), null)?.kind, "no line");
  assert.equal(objection(answer("k1"), { token: "t", person: "maya" }), null);
});

for (const [says, status, body, kind] of [
  ["the server's word for this key is a save", 200, { saved: "k1" }, "saved"],
  ["a word for another key is not", 200, { saved: "k2" }, "no line"],
  ["a café's sign-in page that says 200 is not", 200, null, "no line"],
  ["a redirect means the sign-in has ended", 0, null, "signed out"],
  ["an aged token means a new one is fetched", 403, null, "signed out"],
  ["a broken server is tried again", 503, null, "no line"],
  ["a busy server is tried again", 429, null, "no line"],
  ["a question that does not exist is refused", 404, null, "refused"],
  ["a value out of range is refused", 422, null, "refused"],
] as const) {
  test(`reply: ${says}`, () => {
    assert.equal(outcomeOf(answer("k1"), status, body).kind, kind);
  });
}

test("the block for a person in danger comes with the save", () => {
  assert.deepEqual(outcomeOf(answer("k1"), 201, { saved: "k1", flag_html: "<p>Bea has it</p>" }), {
    kind: "saved",
    flagHtml: "<p>Bea has it</p>",
  });
});

test("what something else wrote on the shelf is passed over", () => {
  const drawer = new Drawer();
  drawer.setItem("openiop.answer.maya.000000000000001.x", "not json");

  assert.deepEqual(new Answers(drawer, "maya").waiting(), []);
});

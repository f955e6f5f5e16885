import { test } from "node:test";
import assert from "node:assert/strict";
import { Answers, objection, outcomeOf, sendWaiting, type Answer, type Outcome, type Vault } from "./answers.ts";
import { NoVault, SealedVault } from "./vault.ts";
import { MemoryRows } from "./rows.ts";

const drawer = (): Vault => new SealedVault(new MemoryRows());

function answer(key: string, item = "mood", person = "maya", value = "4"): Answer {
  return { key, person, url: "/check-in", item, value, answered_at: "2025-11-24T18:02:00Z" };
}

const saved: Outcome = { kind: "saved", flagHtml: "" };

async function opened(vault: Vault, person = "maya"): Promise<Answers> {
  const answers = new Answers(vault, person);
  await answers.load();
  return answers;
}

test("an answer without a line is still there when the page is opened again", async () => {
  const vault = drawer();
  await new Answers(vault, "maya").keep(answer("k1"), 1000);

  assert.deepEqual((await opened(vault)).waiting(), [answer("k1")]);
});

test("another person on the same phone never sees the answers that wait", async () => {
  const vault = drawer();
  await new Answers(vault, "maya").keep(answer("k1"), 1000);

  assert.deepEqual((await opened(vault, "ines")).waiting(), []);
});

test("an answer cannot be kept under another person's name", async () => {
  await assert.rejects(new Answers(drawer(), "ines").keep(answer("k1"), 1000), /the person who gave it/);
});

test("where nothing can be written down the tab still holds the answer and says so", async () => {
  const answers = new Answers(new NoVault(), "maya");

  assert.equal(await answers.keep(answer("k1"), 1000), false);
  await answers.load();
  assert.deepEqual(answers.waiting(), [answer("k1")]);
});

test("what another tab sent is no longer waiting here, and what it keeps is", async () => {
  const vault = drawer();
  const here = await opened(vault);
  await here.keep(answer("k1"), 1000);
  const there = await opened(vault);
  await there.forget("k1");
  await there.keep(answer("k2"), 2000);

  await here.load();

  assert.deepEqual(
    here.waiting().map((one) => one.key),
    ["k2"],
  );
});

test("an answer that was sent while it was being sealed does not come back", async () => {
  const vault = drawer();
  const here = await opened(vault);
  const sealing = here.keep(answer("k1"), 1000);
  await here.forget("k1");
  await sealing;

  assert.deepEqual((await opened(vault)).waiting(), []);
});

test("an answer that is sealed while the vault is read stays in line", async () => {
  const vault = drawer();
  const here = await opened(vault);
  const reading = here.load();
  await here.keep(answer("k1"), 1000);
  await reading;

  assert.equal(here.waiting().length, 1);
});

test("signing out leaves nothing of the person's on the device, and everything of others'", async () => {
  const vault = drawer();
  const maya = await opened(vault);
  await maya.keep(answer("k1"), 1000);
  await (await opened(vault, "ines")).keep(answer("k2", "mood", "ines"), 1000);

  await maya.forgetAll();

  assert.deepEqual((await opened(vault)).waiting(), []);
  assert.equal((await opened(vault, "ines")).waiting().length, 1);
});

test("answers go out in the order they were given, two in one instant included", async () => {
  const answers = new Answers(drawer(), "maya");
  await answers.keep(answer("z", "mood"), 1000);
  await answers.keep(answer("a", "sleep"), 1000);
  await answers.keep(answer("m", "urges"), 900);
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

test("an answer that has to be told at once goes out before all others, its question's own answers in their order", async () => {
  const vault = drawer();
  const answers = new Answers(vault, "maya");
  await answers.keep(answer("k1", "mood"), 1000);
  await answers.keep(answer("k2", "safe_now", "maya", "0"), 2000);
  await answers.keep(answer("k3", "sleep"), 3000);
  await answers.keep({ ...answer("k4", "safe_now", "maya", "2"), urgent: true }, 4000);
  await answers.keep(answer("k5", "urges"), 5000);

  const keys = (await opened(vault)).waiting().map((one) => one.key);

  assert.deepEqual(keys, ["k2", "k4", "k1", "k3", "k5"]);
});

test("an earlier answer that the server chokes on does not keep back one that has to be told", async () => {
  const answers = new Answers(drawer(), "maya");
  await answers.keep(answer("k1", "mood"), 1000);
  await answers.keep({ ...answer("k2", "safe_now", "maya", "2"), urgent: true }, 2000);
  const told: string[] = [];

  await sendWaiting(
    answers,
    { token: "t", person: "maya" },
    async (one) => (one.key === "k1" ? { kind: "no line" } : saved),
    (one, outcome) => told.push(`${one.key} ${outcome.kind}`),
  );

  assert.deepEqual(told, ["k2 saved", "k1 no line"]);
});

test("a corrected answer is sent as well as the first: both are evidence", async () => {
  const answers = new Answers(drawer(), "maya");
  await answers.keep(answer("k1", "item9", "maya", "2"), 1000);
  await answers.keep(answer("k2", "item9", "maya", "0"), 2000);

  assert.deepEqual(
    answers.waiting().map((one) => one.value),
    ["2", "0"],
  );
});

test("an answer leaves the phone only when the server has named it", async () => {
  const answers = new Answers(drawer(), "maya");
  await answers.keep(answer("k1"), 1000);

  const ended = await sendWaiting(answers, { token: "t", person: "maya" }, async () => ({ kind: "no line" }), () => undefined);

  assert.equal(ended?.kind, "no line");
  assert.equal(answers.waiting().length, 1);
});

test("after a lost line the rest waits behind the first, so that the order holds", async () => {
  const answers = new Answers(drawer(), "maya");
  await answers.keep(answer("k1"), 1000);
  await answers.keep(answer("k2"), 2000);
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
  const answers = new Answers(drawer(), "maya");
  await answers.keep(answer("k1"), 1000);
  await answers.keep(answer("k2"), 2000);
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

test("an answer refused for its day stays on the phone, is said, and does not hold up the others", async () => {
  const vault = drawer();
  const answers = await opened(vault);
  await answers.keep(answer("k1", "safe_now", "maya", "2"), 1000);
  await answers.keep(answer("k2"), 2000);
  const told: string[] = [];

  await sendWaiting(
    answers,
    { token: "t", person: "maya" },
    async (one) => (one.key === "k1" ? { kind: "not its day" } : saved),
    (one, outcome) => told.push(`${one.key} ${outcome.kind}`),
  );
  await answers.load();

  assert.deepEqual(told, ["k1 not its day", "k2 saved"]);
  assert.deepEqual(answers.waiting(), []);
  assert.equal(answers.hasAside(), true);
  assert.deepEqual(
    answers.all().map((one) => one.key),
    ["k1"],
  );
  // The next page tries it again.
  assert.deepEqual(
    (await opened(vault)).waiting().map((one) => one.key),
    ["k1"],
  );
});

test("nothing is sent under another sign-in, and it stays for its own person", async () => {
  const answers = new Answers(drawer(), "maya");
  await answers.keep(answer("k1"), 1000);
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
  ["an answer for a day that is not open is kept", 400, { because: "day" }, "not its day"],
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

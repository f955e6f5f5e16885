import { test } from "node:test";
import assert from "node:assert/strict";
import type { Answer } from "./answers.ts";
import { MemoryRows } from "./rows.ts";
import { SealedVault, sealOld } from "./vault.ts";

function answer(key: string, value: string, person = "maya"): Answer {
  return { key, person, url: "/measures/checkin/1", item: "note", value, answered_at: "2026-11-24T18:02:00Z" };
}

test("nothing that was said can be read where it lies", async () => {
  const rows = new MemoryRows();
  await new SealedVault(rows).put("maya", { order: 1, answer: answer("k1", "my husband hit me") });

  const [row] = [...rows.rows.values()];
  const lying = Buffer.concat([Buffer.from(row!.sealed), Buffer.from(row!.iv), Buffer.from(row!.id)]).toString("latin1");
  assert.equal(lying.includes("husband"), false);
  assert.equal(lying.includes("note"), false);
});

test("the key cannot be taken out of the browser", async () => {
  const rows = new MemoryRows();
  await new SealedVault(rows).put("maya", { order: 1, answer: answer("k1", "4") });

  const key = rows.keys.get("maya")!;
  assert.equal(key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("raw", key));
});

test("the same answer twice is sealed twice differently", async () => {
  const rows = new MemoryRows();
  const vault = new SealedVault(rows);
  await vault.put("maya", { order: 1, answer: answer("k1", "4") });
  const before = Buffer.from([...rows.rows.values()][0]!.sealed).toString("hex");
  await vault.put("maya", { order: 1, answer: answer("k1", "4") });

  assert.notEqual(Buffer.from([...rows.rows.values()][0]!.sealed).toString("hex"), before);
});

test("an entry moved under another person's name, or changed, does not open", async () => {
  const rows = new MemoryRows();
  const vault = new SealedVault(rows);
  await vault.put("maya", { order: 1, answer: answer("k1", "4") });
  await vault.put("ines", { order: 1, answer: answer("k2", "5", "ines") });
  const maya = rows.rows.get("maya.k1")!;
  await rows.put({ ...maya, id: "ines.k1", person: "ines" });
  new Uint8Array(rows.rows.get("ines.k2")!.sealed)[0]! ^= 1;

  assert.deepEqual(await vault.all("ines"), []);
  assert.equal((await vault.all("maya")).length, 1);
});

test("two tabs that begin at once seal with one key", async () => {
  const rows = new MemoryRows();
  await Promise.all(
    ["k1", "k2"].map((key, order) => new SealedVault(rows).put("maya", { order, answer: answer(key, "4") })),
  );

  assert.equal((await new SealedVault(rows).all("maya")).length, 2);
});

test("what earlier releases kept in the open is sealed under whoever gave it, and gone from there", async () => {
  const open = new Map([
    ["openiop.answer.maya.000000000001000.k1", JSON.stringify(answer("k1", "4"))],
    ["openiop.answer.ines.000000000002000.k2", JSON.stringify(answer("k2", "5", "ines"))],
    ["openiop.answer.maya.000000000003000.x", "not json"],
    ["openiop.lowData", "yes"],
  ]);
  const shelf = {
    get length() {
      return open.size;
    },
    key: (index: number) => [...open.keys()][index] ?? null,
    getItem: (name: string) => open.get(name) ?? null,
    setItem: (name: string, value: string) => void open.set(name, value),
    removeItem: (name: string) => void open.delete(name),
    clear: () => open.clear(),
  };
  const vault = new SealedVault(new MemoryRows());

  await sealOld(shelf, vault);

  assert.deepEqual([...open.keys()], ["openiop.lowData"]);
  assert.deepEqual((await vault.all("maya")).map((kept) => kept.order), [1000]);
  assert.equal((await vault.all("ines")).length, 1);
});

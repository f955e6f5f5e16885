import assert from "node:assert/strict";
import { test } from "node:test";
import { createHash, createHmac } from "node:crypto";
import { mlsExporter } from "ts-mls";
import { refhash } from "ts-mls/crypto/hash.js";
import { decryptWithLabel } from "ts-mls/crypto/hpke.js";
import { deriveSecret, deriveTreeSecret, expandWithLabel } from "ts-mls/crypto/kdf.js";
import { verifyWithLabel } from "ts-mls/crypto/signature.js";
import { bytesOf, base64Of, utf8 } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";
import { Group, Refused, entryOf, newPackage } from "./group.ts";
import { derOf, identityOf, newKeyPair, rawOf, sign, suiteFor, verify } from "./identity.ts";
import type { Identity } from "./identity.ts";
import { Keyring, OLD_KEYS_MS, kidFor } from "./keyring.ts";
import { codeOf, isGood, signed } from "./roster.ts";
import { BadFrame, Opener, ReplayWindow, Sealer, clearBytes, derive, frameKey, headerFor, readHeader, sealWith } from "./sframe.ts";

const ROOM = "0191b7a0-0000-7000-8000-00000000000a";
const hex = (text: string): Bytes => Uint8Array.from(Buffer.from(text, "hex"));
const asHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const person = async (seat: string): Promise<Identity> => identityOf(seat, await newKeyPair());

// --- RFC 9605 -------------------------------------------------------------------------------------------------------

// RFC 9605, appendix C.1: a selection over every length of both numbers that an evening can reach.
const HEADERS: [number, number, string][] = [
  [0, 0, "00"], [0, 1, "01"], [1, 0, "10"], [7, 7, "77"], [0, 0xff, "08ff"], [1, 0x100, "190100"],
  [0, 0xffffff, "0affffff"], [0xff, 0, "80ff"], [0xff, 0x100, "89ff0100"], [0xffff, 0xffff, "99ffffffff"],
  [0xffffff, 0, "a0ffffff"], [0x01000000, 0xff, "b801000000ff"],
];

test("headers are written and read as RFC 9605 has them", () => {
  for (const [kid, counter, text] of HEADERS) {
    assert.equal(asHex(headerFor(kid, counter)), text);
    assert.deepEqual(readHeader(hex(text)), { kid, counter, length: text.length / 2 });
  }
});

test("a header cut short is refused", () => {
  for (const text of ["", "90ff", "99ffff01", "0f00"]) assert.throws(() => readHeader(hex(text)), BadFrame);
});

// RFC 9605, appendix C.3, cipher suite 0x0004.
const C3 = {
  base: "000102030405060708090a0b0c0d0e0f",
  kid: 0x123,
  counter: 0x4567,
  key: "d34f547f4ca4f9a7447006fe7fcbf768",
  salt: "75234edefe07819026751816",
  metadata: "4945544620534672616d65205747",
  plain: "64726166742d696574662d736672616d652d656e63",
  sealed: "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb",
};

test("keys and frames are those of RFC 9605's test vector for AES-128-GCM", async () => {
  const { key, salt } = await derive(hex(C3.base), C3.kid);
  assert.equal(asHex(key), C3.key);
  assert.equal(asHex(salt), C3.salt);

  const sealed = await sealWith(await frameKey(hex(C3.base), C3.kid), C3.counter, hex(C3.plain), hex(C3.metadata));
  assert.equal(asHex(sealed), C3.sealed);
});

// --- frames ---------------------------------------------------------------------------------------------------------

const KEY_FRAME = hex("9001009d012a8002680100" + "47".repeat(40));
const DELTA = hex("b10100" + "48".repeat(30));
const SOUND = hex("78" + "49".repeat(60));

test("the media server can read a picture's first bytes and nothing else; of sound it can read nothing", () => {
  assert.equal(clearBytes("video", KEY_FRAME), 10);
  assert.equal(clearBytes("video", DELTA), 1);
  assert.equal(clearBytes("audio", SOUND), 0);
  assert.equal(clearBytes("video", new Uint8Array()), 0);
});

for (const [name, kind, frame] of [["a key frame", "video", KEY_FRAME], ["a change of it", "video", DELTA], ["sound", "audio", SOUND]] as const) {
  test(`${name} comes back as it was, and its content cannot be seen on the way`, async () => {
    const key = await frameKey(hex(C3.base), 259);
    const sealed = await new Sealer(key).seal(kind, frame);

    assert.deepEqual(sealed.slice(0, clearBytes(kind, frame)), frame.slice(0, clearBytes(kind, frame)));
    assert.ok(!asHex(sealed).includes(asHex(frame.slice(-8))));
    assert.deepEqual(await new Opener(key).open(kind, sealed), frame);
  });

  test(`${name} sealed with another key gives no frame`, async () => {
    const sealed = await new Sealer(await frameKey(hex(C3.base), 259)).seal(kind, frame);
    const wrong = new Opener(await frameKey(hex("ff".repeat(16)), 259));
    await assert.rejects(wrong.open(kind, sealed), BadFrame);
  });

  test(`${name} with any byte changed, the readable ones too, gives no frame`, async () => {
    const key = await frameKey(hex(C3.base), 259);
    const sealed = await new Sealer(key).seal(kind, frame);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice();
      changed[at]! ^= 0x40;
      await assert.rejects(new Opener(key).open(kind, changed), BadFrame);
    }
  });
}

test("a frame is opened once: sent again it is dropped", async () => {
  const key = await frameKey(hex(C3.base), 259);
  const sealed = await new Sealer(key).seal("video", DELTA);
  const opener = new Opener(key);

  await opener.open("video", sealed);

  await assert.rejects(opener.open("video", sealed), BadFrame);
});

test("two copies opened at the same moment give one frame", async () => {
  const key = await frameKey(hex(C3.base), 259);
  const sealed = await new Sealer(key).seal("audio", SOUND);
  const opener = new Opener(key);

  const both = await Promise.allSettled([opener.open("audio", sealed), opener.open("audio", sealed)]);

  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

test("garbage is dropped, whatever its length", async () => {
  const opener = new Opener(await frameKey(hex(C3.base), 259));
  for (let length = 0; length < 80; length += 1) {
    const garbage = crypto.getRandomValues(new Uint8Array(length));
    await assert.rejects(opener.open("video", garbage), BadFrame);
  }
});

test("no counter is used twice, though sound and three sizes of picture are sealed at once", async () => {
  const sealer = new Sealer(await frameKey(hex(C3.base), 259));
  const frames = Array.from({ length: 2000 }, (_, n) => sealer.seal(n % 4 ? "video" : "audio", n % 4 ? DELTA : SOUND));

  const counters = (await Promise.all(frames)).map((frame, n) => readHeader(frame.subarray(n % 4 ? 1 : 0)).counter);

  assert.equal(new Set(counters).size, 2000);
});

test("frames may come a little out of order, once each; what is far too old is refused", () => {
  const window = new ReplayWindow();
  const taken = [5, 3, 3, 900, 4, 5, 899, 6000, 900, 5999, 1905, 1904].map((counter) => window.take(counter));
  assert.deepEqual(taken, [true, true, false, true, true, false, true, true, false, true, true, false]);
});

// --- keys over time -------------------------------------------------------------------------------------------------

async function rings(): Promise<{ clock: { ms: number }; hers: Keyring; his: Keyring; bases: Map<number, Bytes> }> {
  const clock = { ms: 0 };
  const around = { now: () => clock.ms };
  const bases = new Map([[0, hex("00".repeat(16))], [1, hex("11".repeat(16))]]);
  const [hers, his] = [new Keyring(around), new Keyring(around)];
  await hers.turn(7, 0, bases);
  await his.turn(7, 1, bases);
  return { clock, hers, his, bases };
}

test("without a key nothing is sent and nothing is shown", async () => {
  const empty = new Keyring({ now: () => 0 });
  const { hers } = await rings();
  assert.equal(await empty.seal("video", DELTA), null);
  assert.equal(await empty.open("video", (await hers.seal("video", DELTA))!), null);
});

test("whose frame it is stands in the frame, not in the line it came on", async () => {
  const { hers, his } = await rings();
  const sealed = (await hers.seal("video", DELTA))!;
  assert.deepEqual(await his.open("video", sealed), DELTA);
  assert.equal(readHeader(sealed.subarray(1)).kid, kidFor(7, 0));
});

test("frames on their way when the keys change still open for ten seconds, and then no more", async () => {
  const { clock, hers, his } = await rings();
  const [soon, late] = [(await hers.seal("video", DELTA))!, (await hers.seal("video", DELTA))!];
  await his.turn(8, 1, new Map([[0, hex("22".repeat(16))], [1, hex("33".repeat(16))]]));

  clock.ms = OLD_KEYS_MS - 1;
  assert.deepEqual(await his.open("video", soon), DELTA);
  clock.ms = OLD_KEYS_MS;
  assert.equal(await his.open("video", late), null);
});

test("what is sent changes to the new key at once, so that a person put out hears no more", async () => {
  const { hers, his } = await rings();
  await hers.turn(8, 0, new Map([[0, hex("22".repeat(16))]]));
  const sealed = (await hers.seal("audio", SOUND))!;
  assert.equal(await his.open("audio", sealed), null);
});

test("a frame that comes before its key waits for it", async () => {
  const { hers, his, bases } = await rings();
  await hers.turn(8, 0, bases);
  const early = (await hers.seal("video", DELTA))!;
  const waited = his.waitFor("video", early, 5000);
  await his.turn(8, 1, bases);
  assert.equal(await waited, true);
  assert.deepEqual(await his.open("video", early), DELTA);
});

test("a frame of an epoch before ours is not waited for: what comes behind it would pile up", async () => {
  const { hers, his, bases } = await rings();
  const old = (await hers.seal("video", DELTA))!;
  const late = new Keyring({ now: () => 0 });
  await late.turn(8, 1, bases);
  assert.equal(await late.waitFor("video", old, 60_000), false);
  await hers.turn(65_536, 0, bases);
  await his.turn(65_535, 1, bases);
  const round = (await hers.seal("video", DELTA))!;
  const waited = his.waitFor("video", round, 60_000);
  await his.turn(65_536, 1, bases);
  assert.equal(await waited, true, "numbers go round");
});

// --- MLS ------------------------------------------------------------------------------------------------------------

/** RFC 9420, 8 and 8.5, written down here from the text of the RFC and with Node's own HMAC, to check the library by. */
function exporter(secret: Uint8Array, label: string, context: Uint8Array, size: number): Uint8Array {
  const expandWithLabel = (key: Uint8Array, name: string, value: Uint8Array, length: number): Uint8Array => {
    const full = utf8(`MLS 1.0 ${name}`);
    const info = Buffer.concat([Buffer.from([length >> 8, length & 255, full.length]), full, Buffer.from([value.length]), value]);
    // HKDF-Expand of at most one block, which is all we ask for.
    return createHmac("sha256", key).update(info).update(Buffer.from([1])).digest().subarray(0, length);
  };
  const derived = expandWithLabel(secret, label, new Uint8Array(), 32);
  return expandWithLabel(derived, "exported", createHash("sha256").update(context).digest(), size);
}

test("what the MLS library exports is what RFC 9420 says, computed a second way", async () => {
  const bea = await person("bea");
  const cs = await suiteFor(bea);
  for (const context of [hex(""), hex("00000007"), hex("6578706f7274657220636f6e74657874")]) {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const found = await mlsExporter(secret, "OpenIOP SFrame 1", context, 16, cs);
    assert.equal(asHex(found), asHex(exporter(secret, "OpenIOP SFrame 1", context, 16)));
  }
});

// The MLS working group's published vectors for suite 2: mlswg/mls-implementations, test-vectors/crypto-basics.json.
const BASICS = {
  derive: {
    label: "DeriveSecret",
    secret: "ee2976c42f17b9b1dc6de5a55208826f9bd4f6566128d1e7f994081fc9f2aaa9",
    out: "92721f7d37dcdabcaa2a82d8ab3500de3aae12ec47071fbb554001a0f93c9a6f",
  },
  tree: {
    label: "DeriveTreeSecret",
    generation: 2694881440,
    length: 32,
    secret: "2c48370d905a462270452a6fdfa8c7cd3494527babe6b8767bb3129111e996e9",
    out: "c13c3c45c696bb164305215c586371f362dc6be5c570d08d136d69b3af27f9a0",
  },
  expand: {
    label: "ExpandWithLabel",
    length: 16,
    context: "2b7fc3267a16637b2d26ccdf3b4a172302b478e9ee3097cd34bfb2bc516207c2",
    secret: "c65819dcd4e493e5bc63572485c0c193e7ab3cd6e3c7aeabb4500c24edd8ed9e",
    out: "c759ff4a9f52b4595832fc386de806ee",
  },
  hash: {
    label: "RefHash",
    value: "cf921070e3df7ba6686b3ed0d1e5c842a5595efb67d125d419823f3805bec385",
    out: "8ef2cedff1197a7c2145f5e6f57e1f114cee4511c196f83ca4c26d4e9fa5a3e7",
  },
  signed: {
    label: "SignWithLabel",
    content: "ad516cbb32ac5540b7a72ebb77767bb0802adf0825aec91b895e42f22dcfbe5a",
    key:
      "04c34a23c7884124df356b402f32d1ae210e0ca2822a5690fb9b29ec25672d4255" +
      "f4cb3b9ac86f387c8f5b9f8594305856bbc4354e28e930ad38163f0adb82af7d",
    signature:
      "3044022036fec778d5fdee4b2807152ad2aaad6cf3c9f37e61e08c2739bb13bacd760ad1" +
      "022023ab960430c9ef89a90de9d7449018c7c61269f538cdeb96a5d89fe96416e08d",
  },
  sealed: {
    label: "EncryptWithLabel",
    context: "4e3f8b2dc5fc39430acf84aed56337e3aa09b6da315bf5291b0274a3cee85ded",
    key: "bd77e2a6151a32ab22e0d31862732e26795e0c0dfd76b021cc867d9aba3f760e",
    kem:
      "0476f9bde3cff237f3802ae8e34ae4ed57ca865a5bc1461738b948e97719a5d544" +
      "dc41ddda36eb2b54d6d9f345f0c150aedf59f5b22a514473586f3a648c842dcb",
    sealed: "6e0620fa15994113340745652d73493e57fd69aa50e40ba3a921719c5522f4b320896a15b73d35959c406e4855e0ebb2",
    out: "3b297576567d443b07cf566ea1a64e0e7a7af28fec511517e58adcb45834ac72",
  },
};

test("our suite derives, hashes, checks and opens as the MLS working group's published vectors say", async () => {
  const { derive: one, tree, expand, hash, signed: said, sealed } = BASICS;
  const cs = await suiteFor(await person("bea"));
  assert.equal(asHex(await deriveSecret(hex(one.secret), one.label, cs.kdf)), one.out);
  assert.equal(asHex(await deriveTreeSecret(hex(tree.secret), tree.label, tree.generation, tree.length, cs.kdf)), tree.out);
  assert.equal(asHex(await expandWithLabel(hex(expand.secret), expand.label, hex(expand.context), expand.length, cs.kdf)), expand.out);
  assert.equal(asHex(await refhash(hash.label, hex(hash.value), cs.hash)), hash.out);
  const isGoodFor = (content: string): Promise<boolean> =>
    verifyWithLabel(hex(said.key), said.label, hex(content), hex(said.signature), cs.signature);
  assert.equal(await isGoodFor(said.content), true);
  assert.equal(await isGoodFor(hash.value), false);
  const key = await cs.hpke.importPrivateKey(hex(sealed.key));
  const opened = await decryptWithLabel(key, sealed.label, hex(sealed.context), hex(sealed.kem), hex(sealed.sealed), cs.hpke);
  assert.equal(asHex(opened), sealed.out);
});

test("people in a group hold the same keys, one for each sender; who is put out holds none of the next", async () => {
  const [bea, maya, sam] = [await person("bea"), await person("maya"), await person("sam")];
  const [beas, mayas, sams] = [await newPackage(bea), await newPackage(maya), await newPackage(sam)];
  const alone = await Group.found(ROOM, beas, bea);
  const made = await alone.change([], [mayas.text, sams.text]);
  const m = await Group.join(ROOM, made.welcome!, mayas, maya);
  const s = await Group.join(ROOM, made.welcome!, sams, sam);

  const bases = await made.next.bases();
  assert.deepEqual(await m.bases(), bases);
  assert.deepEqual(await s.bases(), bases);
  assert.equal(new Set([...bases.values()].map(asHex)).size, 3);
  assert.deepEqual(made.next.members().map(({ seat }) => seat), ["bea", "maya", "sam"]);

  const out = await made.next.change([s.leaf], []);
  const after = await m.after(out.commit);
  assert.deepEqual(await after.bases(), await out.next.bases());
  assert.notDeepEqual(await after.bases(), bases);
  await assert.rejects(s.after(out.commit), Refused);
});

test("somebody who reloads is exchanged for themselves in one step, under the same signature key", async () => {
  const [bea, maya] = [await person("bea"), await person("maya")];
  const alone = await Group.found(ROOM, await newPackage(bea), bea);
  const first = await alone.change([], [(await newPackage(maya)).text]);
  const again = await newPackage(maya);

  const exchanged = await first.next.change([1], [again.text]);
  const back = await Group.join(ROOM, exchanged.welcome!, again, maya);

  assert.deepEqual(await back.bases(), await exchanged.next.bases());
  assert.deepEqual(back.members(), first.next.members());
});

test("a welcome opens for its package alone, and only in its room", async () => {
  const [bea, maya, sam] = [await person("bea"), await person("maya"), await person("sam")];
  const mayas = await newPackage(maya);
  const made = await (await Group.found(ROOM, await newPackage(bea), bea)).change([], [mayas.text]);
  await assert.rejects(Group.join(ROOM, made.welcome!, await newPackage(sam), sam), Refused);
  await assert.rejects(Group.join("another room", made.welcome!, mayas, maya), Refused);
  await assert.rejects(Group.join(ROOM, base64Of(utf8("nonsense")), mayas, maya), Refused);
});

test("a commit of the past, of another group, or made of nonsense is refused and changes nothing", async () => {
  const [bea, maya, sam] = [await person("bea"), await person("maya"), await person("sam")];
  const mayas = await newPackage(maya);
  const made = await (await Group.found(ROOM, await newPackage(bea), bea)).change([], [mayas.text]);
  const m = await Group.join(ROOM, made.welcome!, mayas, maya);
  const next = await made.next.change([], [(await newPackage(sam)).text]);
  const other = await (await Group.found(ROOM, await newPackage(bea), bea)).change([], [(await newPackage(sam)).text]);
  const m2 = await m.after(next.commit);

  await assert.rejects(m2.after(next.commit), Refused);
  await assert.rejects(m2.after(made.commit), Refused);
  await assert.rejects(m2.after(other.commit), Refused);
  await assert.rejects(m2.after(base64Of(utf8("nonsense"))), Refused);
  assert.deepEqual(await m2.bases(), await next.next.bases());
});

test("the private signature key cannot be read out", async () => {
  const { pair } = await person("maya");
  await assert.rejects(crypto.subtle.exportKey("pkcs8", pair.privateKey));
});

test("signatures travel in the form MLS asks for, whatever their first bytes", async () => {
  for (let n = 0; n < 300; n += 1) {
    const raw = crypto.getRandomValues(new Uint8Array(64));
    if (n % 3 === 0) raw.fill(0, 0, 1 + (n % 5));
    if (n % 3 === 1) raw.fill(0, 32, 33 + (n % 7));
    assert.deepEqual(rawOf(derOf(raw)), raw);
  }
  assert.throws(() => rawOf(utf8("no signature")));
  const maya = await person("maya");
  const signature = await sign(maya, utf8("said"));
  assert.equal(await verify(maya.publicKey, utf8("said"), signature), true);
  assert.equal(await verify(maya.publicKey, utf8("not said"), signature), false);
});

// --- roster and code ------------------------------------------------------------------------------------------------

const entry = async (who: Identity): Promise<{ seat: string; key: string }> => entryOf((await newPackage(who)).text);

test("a facilitator's roster is believed; one that was changed, or is for another session, is not", async () => {
  const [bea, maya, ghost] = [await person("bea"), await person("maya"), await person("ghost")];
  const roster = { ...(await signed("s1", 3, [await entry(bea), await entry(maya)], bea)), role: "facilitator" };

  assert.equal(await isGood("s1", roster), true);
  assert.equal(await isGood("s2", roster), false);
  assert.equal(await isGood("s1", { ...roster, version: 4 }), false);
  assert.equal(await isGood("s1", { ...roster, entries: [...roster.entries, await entry(ghost)] }), false);
  assert.equal(await isGood("s1", { ...roster, key: (await entry(ghost)).key }), false);
});

test("a patient's forged roster is refused, signed as well as it may be", async () => {
  const [maya, ghost] = [await person("maya"), await person("ghost")];
  const forged = await signed("s1", 9, [await entry(maya), await entry(ghost)], maya);
  assert.equal(await isGood("s1", { ...forged, role: "patient" }), false);
  assert.equal(await isGood("s1", { ...forged, role: "site" }), false);
});

test("the code is the same for everybody and through a reconnect, and changes when somebody comes or a key is another", async () => {
  const [bea, maya, sam] = [await person("bea"), await person("maya"), await person("sam")];
  const two = [await entry(bea), await entry(maya)];
  const code = await codeOf("s1", two);

  assert.match(code, /^\d{5} \d{5} \d{5} \d{5}$/);
  assert.equal(await codeOf("s1", [two[1]!, two[0]!]), code);
  assert.equal(await codeOf("s1", [await entry(bea), await entry(maya)]), code);
  assert.notEqual(await codeOf("s1", [...two, await entry(sam)]), code);
  assert.notEqual(await codeOf("s1", [two[0]!, { ...(await entry(sam)), seat: "maya" }]), code);
});

test("bytes keep their value through a message", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(300));
  assert.deepEqual(bytesOf(base64Of(bytes)), bytes);
});

/**
 * A person's signature key for one session, in a form no script can read out: the private half is a WebCrypto key that is
 * not extractable. ts-mls signs through `suiteFor`, which never sees its bytes either.
 *
 * MLS suite 2 (P-256, AES-128-GCM, SHA-256): every browser that can transform frames has it; Ed25519 came years later.
 */

import { ciphersuites, getCiphersuiteFromName, getCiphersuiteImpl } from "ts-mls";
import type { CiphersuiteImpl, CiphersuiteName } from "ts-mls";
import { joined } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";

export const SUITE_NAME: CiphersuiteName = "MLS_128_DHKEMP256_AES128GCM_SHA256_P256";
export const SUITE_ID = ciphersuites[SUITE_NAME];
const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export type Identity = {
  readonly seat: string;
  readonly publicKey: Bytes;
  readonly pair: CryptoKeyPair;
};

export async function newKeyPair(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"])) as CryptoKeyPair;
}

export async function identityOf(seat: string, pair: CryptoKeyPair): Promise<Identity> {
  return { seat, pair, publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

export async function sign(identity: Identity, message: Uint8Array): Promise<Bytes> {
  return derOf(new Uint8Array(await crypto.subtle.sign(ECDSA, identity.pair.privateKey, message as Bytes)));
}

export async function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey as Bytes, ECDSA, false, ["verify"]);
    return await crypto.subtle.verify(ECDSA, key, rawOf(signature), message as Bytes);
  } catch {
    return false;
  }
}

/** MLS's functions, with this person's signatures made by the key that cannot be read. */
export async function suiteFor(identity: Identity): Promise<CiphersuiteImpl> {
  // Asked for with Ed25519, because ts-mls would load a library of curves for P-256, which WebCrypto does by itself.
  const rest = await getCiphersuiteImpl({ ...getCiphersuiteFromName(SUITE_NAME), signature: "Ed25519" });
  return {
    ...rest,
    name: SUITE_NAME,
    signature: {
      sign: (_handle, message) => sign(identity, message),
      verify,
      keygen: () => Promise.reject(new Error("keys are made in identity.ts")),
    },
  };
}

// --- ECDSA signatures: MLS carries DER (RFC 9420, 5.1.2), WebCrypto gives the two numbers one after the other ---

export function derOf(raw: Uint8Array): Bytes {
  const numbers = joined(derNumber(raw.subarray(0, 32)), derNumber(raw.subarray(32)));
  return joined(new Uint8Array([0x30, numbers.length]), numbers);
}

function derNumber(bytes: Uint8Array): Bytes {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const number = bytes.subarray(start);
  const padded = number[0]! & 0x80 ? joined(new Uint8Array([0]), number) : number;
  return joined(new Uint8Array([0x02, padded.length]), padded);
}

export function rawOf(der: Uint8Array): Bytes {
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw new RangeError("not a signature");
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    if (der[at] !== 0x02) throw new RangeError("not a signature");
    let number = der.subarray(at + 2, at + 2 + der[at + 1]!);
    at += 2 + der[at + 1]!;
    while (number.length > 32 && number[0] === 0) number = number.subarray(1);
    if (number.length > 32) throw new RangeError("not a signature");
    raw.set(number, end - number.length);
  }
  if (at !== der.length) throw new RangeError("not a signature");
  return raw;
}

/**
 * Frames sealed in the format of RFC 9605 (SFrame): its header, key derivation and AES-128-GCM (suite 0x0004).
 *
 * Where it differs: a few bytes at the front of a picture stay readable, because the media server looks at them to find
 * key frames. They come before the SFrame header and are authenticated as its metadata, so nobody can change them.
 */

import { bigEndian, joined, utf8 } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";

export const SUITE = 0x0004;
const KEY_BYTES = 16;
const SALT_BYTES = 12;
const TAG_BYTES = 16;
/** RFC 9605 sets no lower bound for AES-GCM; far below its 2^64, and never reached in an evening (2^40 frames). */
const LAST_COUNTER = 2 ** 40;
const WINDOW = 4096;

export type Header = { readonly kid: number; readonly counter: number; readonly length: number };
export type FrameKey = { readonly kid: number; readonly key: CryptoKey; readonly salt: Bytes };
export type Kind = "audio" | "video";

/** The frame cannot be trusted and is dropped; never shown. */
export class BadFrame extends Error {}

// --- header (RFC 9605, 4.3) ---

export function headerFor(kid: number, counter: number): Bytes {
  const kidBytes = kid > 7 ? fewest(kid) : null;
  const counterBytes = counter > 7 ? fewest(counter) : null;
  const config =
    (kidBytes ? 0x80 | ((kidBytes.length - 1) << 4) : kid << 4) |
    (counterBytes ? 0x08 | (counterBytes.length - 1) : counter);
  return joined(new Uint8Array([config]), kidBytes ?? new Uint8Array(), counterBytes ?? new Uint8Array());
}

/** Read the header at the front of `frame`. Raises BadFrame. */
export function readHeader(frame: Uint8Array): Header {
  if (frame.length === 0) throw new BadFrame("empty");
  const config = frame[0]!;
  let length = 1;
  const number = (extended: boolean, low: number): number => {
    if (!extended) return low;
    const size = low + 1;
    if (frame.length < length + size) throw new BadFrame("cut short");
    let value = 0;
    for (const byte of frame.subarray(length, length + size)) value = value * 256 + byte;
    length += size;
    if (!Number.isSafeInteger(value)) throw new BadFrame("too large a number");
    return value;
  };
  const kid = number((config & 0x80) !== 0, (config >> 4) & 7);
  const counter = number((config & 0x08) !== 0, config & 7);
  return { kid, counter, length };
}

function fewest(value: number): Bytes {
  let size = 1;
  while (value >= 2 ** (8 * size)) size += 1;
  return bigEndian(value, size);
}

// --- keys (RFC 9605, 4.4.2) ---

export async function frameKey(base: Bytes, kid: number): Promise<FrameKey> {
  const { key, salt } = await derive(base, kid);
  return { kid, salt, key: await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]) };
}

export async function derive(base: Bytes, kid: number): Promise<{ key: Bytes; salt: Bytes }> {
  const suffix = joined(bigEndian(kid, 8), bigEndian(SUITE, 2));
  const secret = await crypto.subtle.importKey("raw", base, "HKDF", false, ["deriveBits"]);
  const expand = async (label: string, size: number): Promise<Bytes> => {
    const info = joined(utf8(`SFrame 1.0 Secret ${label} `), suffix);
    const bits = await crypto.subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
      secret,
      size * 8,
    );
    return new Uint8Array(bits);
  };
  return { key: await expand("key", KEY_BYTES), salt: await expand("salt", SALT_BYTES) };
}

// --- frames ---

/** How many bytes of a frame the media server must be able to read: VP8's key frame header, or its first byte. */
export function clearBytes(kind: Kind, frame: Uint8Array): number {
  if (kind === "audio" || frame.length === 0) return 0;
  const isKeyFrame = (frame[0]! & 1) === 0;
  return Math.min(isKeyFrame ? 10 : 1, frame.length);
}

/** Seals what one person sends. One key, one Sealer: its counter is what makes every nonce different. */
export class Sealer {
  #next = 0;

  constructor(readonly key: FrameKey) {}

  async seal(kind: Kind, frame: Uint8Array): Promise<Bytes> {
    if (this.#next >= LAST_COUNTER) throw new Error("this key has sealed enough");
    // Taken before the first await: two frames sealed at once never share it.
    const counter = this.#next++;
    const clear = frame.slice(0, clearBytes(kind, frame)) as Bytes;
    const body = frame.slice(clear.length) as Bytes;
    return joined(clear, await sealWith(this.key, counter, body, clear));
  }
}

/** RFC 9605's own encryption: header and sealed body. For `Sealer`, which sees to the counter, and for test vectors. */
export async function sealWith(key: FrameKey, counter: number, body: Bytes, metadata: Bytes): Promise<Bytes> {
  const header = headerFor(key.kid, counter);
  const sealed = await crypto.subtle.encrypt(cipher(key, counter, joined(header, metadata)), key.key, body);
  return joined(header, new Uint8Array(sealed));
}

/** The id of the key that opens `frame`. Raises BadFrame. */
export function kidOf(kind: Kind, frame: Uint8Array): number {
  return readHeader(frame.subarray(clearBytes(kind, frame))).kid;
}

/** Opens what one person sent, each frame once. */
export class Opener {
  readonly #seen = new ReplayWindow();

  constructor(readonly key: FrameKey) {}

  /** Return the frame as it was. Raises BadFrame for a wrong key, a changed byte, or a frame seen before. */
  async open(kind: Kind, frame: Uint8Array): Promise<Bytes> {
    const clear = frame.slice(0, clearBytes(kind, frame)) as Bytes;
    const sealed = frame.subarray(clear.length);
    const header = readHeader(sealed);
    if (header.kid !== this.key.kid) throw new BadFrame("another key's");
    if (sealed.length < header.length + TAG_BYTES) throw new BadFrame("cut short");
    if (!this.#seen.mayBeNew(header.counter)) throw new BadFrame("seen before");
    const body = await openWith(this.key, header, sealed, clear);
    // Asked again after the wait: a copy may have been opened meanwhile.
    if (!this.#seen.take(header.counter)) throw new BadFrame("seen before");
    return joined(clear, body);
  }
}

async function openWith(key: FrameKey, header: Header, sealed: Uint8Array, metadata: Bytes): Promise<Bytes> {
  const aad = joined(sealed.subarray(0, header.length), metadata);
  const body = sealed.slice(header.length) as Bytes;
  try {
    return new Uint8Array(await crypto.subtle.decrypt(cipher(key, header.counter, aad), key.key, body));
  } catch {
    throw new BadFrame("not sealed with this key");
  }
}

function cipher(key: FrameKey, counter: number, additionalData: Bytes): AesGcmParams {
  const iv = bigEndian(counter, SALT_BYTES).map((byte, i) => byte ^ key.salt[i]!) as Bytes;
  return { name: "AES-GCM", iv, additionalData, tagLength: TAG_BYTES * 8 };
}

/** Which counters were used: sound and three sizes of picture share them, so they come in a little out of order. */
export class ReplayWindow {
  #highest = -1;
  readonly #bits = new Uint8Array(WINDOW);

  mayBeNew(counter: number): boolean {
    if (counter > this.#highest) return true;
    return counter > this.#highest - WINDOW && this.#bits[counter % WINDOW] === 0;
  }

  take(counter: number): boolean {
    if (!this.mayBeNew(counter)) return false;
    const from = Math.max(this.#highest + 1, counter - WINDOW + 1);
    for (let n = from; n <= counter; n += 1) this.#bits[n % WINDOW] = 0;
    this.#highest = Math.max(this.#highest, counter);
    this.#bits[counter % WINDOW] = 1;
    return true;
  }
}

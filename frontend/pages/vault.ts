/**
 * The vault on the device: unsent answers sealed with AES-GCM under a key of the person who gave them. The key is made
 * here, cannot be taken out of the browser, and goes when the person signs out. docs/decisions/ says what this protects
 * and what not. Without a secure context or a database nothing is written down at all: this tab alone holds the answers.
 */
import type { Answer, Kept, Vault } from "./answers.ts";

export type Row = { id: string; person: string; order: number; iv: Uint8Array<ArrayBuffer>; sealed: ArrayBuffer };

/** The rows and keys of the database. `keyOf` returns the one that stands, adding `made` only where there is none. */
export type Rows = {
  keyOf(person: string, made: CryptoKey | null): Promise<CryptoKey | null>;
  all(person: string): Promise<Row[]>;
  put(row: Row): Promise<void>;
  drop(id: string): Promise<void>;
  forget(person: string): Promise<void>;
};

export class SealedVault implements Vault {
  constructor(private readonly rows: Rows) {}

  async put(person: string, { order, answer }: Kept): Promise<void> {
    const id = `${person}.${answer.key}`;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const key = await this.key(person);
    const sealed = await crypto.subtle.encrypt(about(iv, id), key, new TextEncoder().encode(JSON.stringify(answer)));
    await this.rows.put({ id, person, order, iv, sealed });
  }

  async all(person: string): Promise<Kept[]> {
    const rows = await this.rows.all(person);
    const key = rows.length ? await this.rows.keyOf(person, null) : null;
    const opened = await Promise.all(rows.map((row) => (key ? open(row, key) : null)));
    return opened.filter((kept) => kept !== null).sort((one, other) => one.order - other.order);
  }

  drop(person: string, key: string): Promise<void> {
    return this.rows.drop(`${person}.${key}`);
  }

  forget(person: string): Promise<void> {
    return this.rows.forget(person);
  }

  private async key(person: string): Promise<CryptoKey> {
    const standing = await this.rows.keyOf(person, null);
    if (standing) return standing;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    return (await this.rows.keyOf(person, made)) ?? made;
  }
}

/** An entry that was changed, or moved under another name or person, does not open: it counts as not there. */
async function open(row: Row, key: CryptoKey): Promise<Kept | null> {
  try {
    const plain = await crypto.subtle.decrypt(about(row.iv, row.id), key, row.sealed);
    return { order: row.order, answer: JSON.parse(new TextDecoder().decode(plain)) as Answer };
  } catch {
    return null;
  }
}

function about(iv: Uint8Array<ArrayBuffer>, id: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(id) };
}

/** Nothing is written down: a browser without a database or without a secure context. */
export class NoVault implements Vault {
  all(): Promise<Kept[]> {
    return Promise.reject(new Error("nothing is kept here"));
  }
  put(): Promise<void> {
    return Promise.reject(new Error("nothing is kept here"));
  }
  drop(): Promise<void> {
    return Promise.resolve();
  }
  forget(): Promise<void> {
    return Promise.resolve();
  }
}

const OLD = "openiop.answer.";

/** Earlier releases kept answers in the open. They are sealed under whoever gave them and taken off the open shelf. */
export async function sealOld(shelf: Storage, vault: Vault): Promise<void> {
  const names = Array.from({ length: shelf.length }, (_, index) => shelf.key(index) ?? "").filter((name) => name.startsWith(OLD));
  for (const name of names) {
    const order = Number(name.split(".")[3]);
    const answer = parsed(shelf.getItem(name));
    if (answer) await vault.put(answer.person, { order: Number.isFinite(order) ? order : 0, answer });
    shelf.removeItem(name);
  }
}

function parsed(text: string | null): Answer | null {
  try {
    const found = JSON.parse(text ?? "null") as Answer | null;
    return found?.key && found.person ? found : null;
  } catch {
    return null;
  }
}

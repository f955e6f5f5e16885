/**
 * Where a person's signature key for one session outlives a reload: IndexedDB, as a key that cannot be read out, so that the
 * code people compared stays the same. Any other tab's script of this site could use it, none could take it along.
 * (sessionStorage holds text only: the private half would lie there for everybody to read.) Where the browser keeps nothing, the key
 * lives as long as the page.
 */

import { identityOf, newKeyPair } from "./identity.ts";
import type { Identity } from "./identity.ts";

const DATABASE = "openiop-room";
const STORE = "signature-keys";
const KEPT_MS = 12 * 3600 * 1000;

type Kept = { pair: CryptoKeyPair; at: number };

export async function keptIdentity(seat: string, name: string): Promise<Identity> {
  try {
    const database = await opened();
    try {
      await forgetOld(database);
      const kept = await asked<Kept | undefined>(store(database, "readonly").get(name));
      const pair = kept?.pair ?? (await newKeyPair());
      if (!kept) await asked(store(database, "readwrite").put({ pair, at: Date.now() } satisfies Kept, name));
      return await identityOf(seat, pair);
    } finally {
      database.close();
    }
  } catch {
    return identityOf(seat, await newKeyPair());
  }
}

async function forgetOld(database: IDBDatabase): Promise<void> {
  for (const name of await asked(store(database, "readonly").getAllKeys())) {
    const kept = await asked<Kept | undefined>(store(database, "readonly").get(name));
    if (!kept || kept.at < Date.now() - KEPT_MS) await asked(store(database, "readwrite").delete(name));
  }
}

function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return asked(request);
}

function store(database: IDBDatabase, mode: IDBTransactionMode): IDBObjectStore {
  return database.transaction(STORE, mode).objectStore(STORE);
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("not kept"));
  });
}

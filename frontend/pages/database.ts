/** The vault's rows in IndexedDB: sealed answers, and the keys of the people who gave them. Keys are never extractable. */
import type { Row, Rows } from "./vault.ts";

const NAME = "openiop-answers";

export class DatabaseRows implements Rows {
  private opened: Promise<IDBDatabase> | null = null;

  async keyOf(person: string, made: CryptoKey | null): Promise<CryptoKey | null> {
    const keys = (await this.database()).transaction("keys", made ? "readwrite" : "readonly").objectStore("keys");
    const standing = (await done(keys.get(person))) as CryptoKey | undefined;
    if (standing || !made) return standing ?? null;
    // Within the same transaction: two tabs that begin at once end with one key.
    await done(keys.add(made, person));
    return made;
  }

  async all(person: string): Promise<Row[]> {
    const rows = (await this.database()).transaction("answers").objectStore("answers");
    return (await done(rows.index("person").getAll(person))) as Row[];
  }

  async put(row: Row): Promise<void> {
    await done((await this.database()).transaction("answers", "readwrite").objectStore("answers").put(row));
  }

  async drop(id: string): Promise<void> {
    await done((await this.database()).transaction("answers", "readwrite").objectStore("answers").delete(id));
  }

  async forget(person: string): Promise<void> {
    const change = (await this.database()).transaction(["answers", "keys"], "readwrite");
    const rows = change.objectStore("answers");
    for (const id of await done(rows.index("person").getAllKeys(person))) rows.delete(id);
    await done(change.objectStore("keys").delete(person));
  }

  private database(): Promise<IDBDatabase> {
    this.opened ??= new Promise((resolve, reject) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("keys");
        asked.result.createObjectStore("answers", { keyPath: "id" }).createIndex("person", "person");
      };
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error ?? new Error("no database"));
      asked.onblocked = () => reject(new Error("another page holds the database"));
    });
    return this.opened;
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the database refused"));
  });
}

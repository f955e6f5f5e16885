import type { Row, Rows } from "./vault.ts";

/** The database's promises kept in memory, for the tests; the sealing is the real one. */
export class MemoryRows implements Rows {
  readonly keys = new Map<string, CryptoKey>();
  readonly rows = new Map<string, Row>();
  async keyOf(person: string, made: CryptoKey | null) {
    if (made && !this.keys.has(person)) this.keys.set(person, made);
    return this.keys.get(person) ?? null;
  }
  async all(person: string) {
    return [...this.rows.values()].filter((row) => row.person === person);
  }
  async put(row: Row) {
    this.rows.set(row.id, row);
  }
  async drop(id: string) {
    this.rows.delete(id);
  }
  async forget(person: string) {
    for (const row of await this.all(person)) this.rows.delete(row.id);
    this.keys.delete(person);
  }
}

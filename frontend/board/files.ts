/** Pictures: sent to the clinic, fetched from the clinic; the drawing holds their ids alone. */

import type { Element } from "./binding.ts";

export type PictureReason = "too_large" | "not_a_picture" | "too_many" | "read_only";

export class PictureRefused extends Error {
  constructor(readonly reason: PictureReason) {
    super(reason);
  }
}

type Found = { id: never; dataURL: never; mimeType: never; created: number };

export class Files {
  readonly #asked = new Set<string>();

  constructor(
    private readonly url: string,
    private readonly csrf: string,
    private readonly onFound: (found: Found) => void,
  ) {}

  /** Send a picture; returns its id. Throws PictureRefused. */
  async keep(file: File): Promise<string> {
    const form = new FormData();
    form.set("picture", file);
    const answer = await fetch(this.url, { method: "POST", body: form, headers: { "X-CSRFToken": this.csrf } });
    const words = (await answer.json().catch(() => ({ reason: "not_a_picture" }))) as { id?: string; reason?: PictureReason };
    if (!words.id) throw new PictureRefused(words.reason ?? "not_a_picture");
    this.#asked.add(words.id);
    return words.id;
  }

  /** Fetch the pictures of these elements that this tab does not have yet. */
  fetchFor(elements: readonly Element[]): void {
    for (const element of elements) {
      const id = element["fileId"];
      if (element.type !== "image" || typeof id !== "string" || element.isDeleted || this.#asked.has(id)) continue;
      this.#asked.add(id);
      void this.#fetch(id).catch(() => this.#asked.delete(id));
    }
  }

  async #fetch(id: string): Promise<void> {
    if (!/^[0-9a-f-]{36}$/.test(id)) return;
    const answer = await fetch(`${this.url}/${id}`);
    if (!answer.ok) throw new Error("no picture");
    const picture = await answer.blob();
    const dataURL = await new Promise<string>((done, failed) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result as string);
      reader.onerror = () => failed(new Error("no picture"));
      reader.readAsDataURL(picture);
    });
    this.onFound({ id: id as never, dataURL: dataURL as never, mimeType: picture.type as never, created: Date.now() });
  }
}

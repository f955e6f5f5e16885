/** When a page that should be live is not, and what it should ring for. No DOM, no sockets, no clock. */

/** True when the server has said nothing (no message, no answered refresh) for `silenceMs`. All in milliseconds. */
export function isSilent(lastWordAt: number, now: number, silenceMs: number): boolean {
  return now - lastWordAt >= silenceMs;
}

/**
 * True when what the page says about somebody may have changed unseen. A browser that says that its line is gone is
 * believed at once; that it is there again is believed once the server has said something.
 */
export function mayBeOld({ silent, lineLost, signedOut }: { silent: boolean; lineLost: boolean; signedOut: boolean }): boolean {
  return silent || lineLost || signedOut;
}

export type SocketWord = "afresh" | "ring" | "hush" | "heard";

/**
 * What a socket's text asks of the page. A topic or "afresh": read it again. {"alarm": true}: ring, with no content.
 * Whatever else the server says is a sign of life.
 */
export function meaningOf(text: string): SocketWord {
  if (text === "afresh") return "afresh";
  let word: unknown;
  try {
    word = JSON.parse(text);
  } catch {
    return "heard";
  }
  if (word === "afresh") return "afresh";
  if (typeof word !== "object" || word === null) return "heard";
  const { alarm, changed, afresh, type } = word as Record<string, unknown>;
  if (alarm === true) return "ring";
  if (alarm === false) return "hush";
  return changed === true || afresh === true || type === "afresh" ? "afresh" : "heard";
}

/** The page's title with how many wait for someone: a number and nothing else, since others see the tab. */
export function titleWith(count: number, title: string): string {
  const plain = title.replace(/^\(\d+\) /, "");
  return count > 0 ? `(${count}) ${plain}` : plain;
}

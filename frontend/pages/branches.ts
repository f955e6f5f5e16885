/** Which questions are asked, by what was answered before: `data-asked-if="item=value item=value"`, any of them. */

export type Given = (item: string) => string | undefined;

/** A question that names no condition is asked of everybody. */
export function isAsked(conditions: string | undefined, given: Given): boolean {
  if (!conditions) return true;
  return conditions.split(/\s+/).some((condition) => {
    const [item = "", value] = condition.split("=");
    return value !== undefined && given(item) === value;
  });
}

/** The nearest question that is asked, going `by` one step at a time from `from`; null where there is none. */
export function next(asked: readonly boolean[], from: number, by: 1 | -1): number | null {
  for (let at = from + by; at >= 0 && at < asked.length; at += by) if (asked[at]) return at;
  return null;
}

/** How many are asked up to and with `at`, and how many in all. */
export function place(asked: readonly boolean[], at: number): { number: number; total: number } {
  const count = (part: readonly boolean[]) => part.filter(Boolean).length;
  return { number: count(asked.slice(0, at + 1)), total: count(asked) };
}

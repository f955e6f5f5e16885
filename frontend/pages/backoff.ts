/**
 * Milliseconds to wait before try number `failures` + 1: doubling from one second to half a minute, with up to a
 * quarter taken off by `chance` (0 to 1), so that a clinic's phones do not all come back in the same instant.
 */
export function waitAfter(failures: number, chance: number): number {
  const whole = Math.min(30_000, 1000 * 2 ** Math.max(0, failures - 1));
  return Math.round(whole * (1 - chance / 4));
}

/** A signal that gives a fetch up after `ms`; AbortSignal.timeout is younger than some of our patients' phones. */
export function patience(ms: number): AbortSignal {
  const control = new AbortController();
  setTimeout(() => control.abort(), ms);
  return control.signal;
}

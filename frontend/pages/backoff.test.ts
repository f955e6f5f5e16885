import { test } from "node:test";
import assert from "node:assert/strict";
import { waitAfter } from "./backoff.ts";

test("the first try again comes after a second, later ones after at most half a minute", () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 20].map((failures) => waitAfter(failures, 0)),
    [1000, 2000, 4000, 8000, 16000, 30000, 30000],
  );
});

test("chance spreads the phones over a quarter of the wait", () => {
  assert.equal(waitAfter(3, 1), 3000);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { HEARD_AFTER_MS, LostSound } from "./lost.ts";

test("a lost line is said by a sound, once for each loss, and not at all if it is back at once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let rung = 0;
  const sound = new LostSound(() => void (rung += 1));

  sound.look(true);
  t.mock.timers.tick(HEARD_AFTER_MS - 1);
  sound.look(false);
  t.mock.timers.tick(HEARD_AFTER_MS);
  assert.equal(rung, 0, "back before anybody would notice");

  for (const losses of [1, 2]) {
    sound.look(true);
    t.mock.timers.tick(1000);
    sound.look(true);
    t.mock.timers.tick(10 * HEARD_AFTER_MS);
    assert.equal(rung, losses);
    sound.look(false);
  }
});

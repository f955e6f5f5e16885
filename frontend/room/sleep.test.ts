import assert from "node:assert/strict";
import { test } from "node:test";
import { SleepWatch } from "./sleep.ts";

/** A page whose looks and clock the test moves. */
function page() {
  const document = new EventTarget();
  let looks = (): void => undefined;
  const window = { document, setInterval: (run: () => void) => void (looks = run) };
  const world = { now: 1000, woke: [] as number[], document, pass: (ms: number) => { world.now += ms; looks(); } };
  new SleepWatch((since) => world.woke.push(since), () => world.now).open(window as unknown as Window);
  return world;
}

test("a page that is awake has not slept, however long it is open", () => {
  const world = page();
  for (let look = 0; look < 100; look += 1) world.pass(2000);
  world.pass(9000); // a busy moment
  assert.deepEqual(world.woke, []);
});

test("a lid closed for half an hour is noticed at the first look, with since when, and once", () => {
  const world = page();
  world.pass(2000);
  world.pass(30 * 60_000);
  world.pass(2000);
  assert.deepEqual(world.woke, [3000]);
});

test("a tab that says it goes on does not wait for the next look, nor does one that is shown again", () => {
  for (const event of ["resume", "visibilitychange"]) {
    const world = page();
    world.now += 60_000;
    world.document.dispatchEvent(new Event(event));
    assert.deepEqual(world.woke, [1000], event);
  }
});

test("a clock that was set back is no sleep", () => {
  const world = page();
  world.pass(-60_000);
  world.pass(2000);
  assert.deepEqual(world.woke, []);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { freshToken, post } from "./quietline.ts";

const BEA = { key: "a", at: 1000, person: "bea" };

/** A real line that takes what is sent and never answers. The clock alone is turned by hand. */
const givenUp: [string, (url: string) => Promise<unknown>][] = [
  ["a silent press on a half-dead line is given up, so that it can be sent again", (url) => post(url, BEA, "t")],
  ["and so is the question for a new token before it", (url) => freshToken(url)],
];

for (const [name, ask] of givenUp) {
  test(name, async (t) => {
    const silent = createServer(() => {});
    await once(silent.listen(0, "127.0.0.1"), "listening");
    t.after(() => {
      silent.closeAllConnections();
      silent.close();
    });
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const arrived = once(silent, "request") as Promise<[IncomingMessage]>;

    const asked = ask(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
    asked.catch(() => {});
    await arrived;
    t.mock.timers.tick(4000);
    // Where nothing gives it up, the line itself ends here, with another error.
    setImmediate(() => setImmediate(() => silent.closeAllConnections()));

    await assert.rejects(asked, { name: "AbortError" });
  });
}

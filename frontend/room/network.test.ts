import { test } from "node:test";
import assert from "node:assert/strict";
import { watchNetwork } from "./network.ts";

/** A window with just enough of a browser, and what the watcher said. */
function browser(connection?: { type?: string }) {
  const document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
  const told = connection && Object.assign(new EventTarget(), connection);
  const window = Object.assign(new EventTarget(), { document, navigator: { connection: told } });
  const said: boolean[] = [];
  watchNetwork((isOther) => said.push(isOther), window as unknown as Window);
  return { window, document, connection: told!, said };
}

test("another kind of network is another network", () => {
  const { connection, said } = browser({ type: "wifi" });
  connection.type = "cellular";
  connection.dispatchEvent(new Event("change"));
  assert.deepEqual(said, [true]);
});

test("a new estimate of the speed is no other network, and none at all is nothing to go over to", () => {
  const { connection, said } = browser({ type: "wifi" });
  connection.dispatchEvent(new Event("change"));
  connection.type = "none";
  connection.dispatchEvent(new Event("change"));
  assert.deepEqual(said, []);
});

test("who comes back to the page may have walked somewhere, who leaves it has not yet", () => {
  const { document, said } = browser();
  document.dispatchEvent(new Event("visibilitychange"));
  document.visibilityState = "visible";
  document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(said, [false]);
});

test("online again is most likely another network", () => {
  const { window, said } = browser();
  window.dispatchEvent(new Event("online"));
  assert.deepEqual(said, [true]);
});

/** Says when this device may have gone over to another network (a phone left the Wi-Fi). Knows nothing of sockets or media. */

/** `isOther`: the device says itself that the network is another one; else something may have changed, and one should look. */
export type Changed = (isOther: boolean) => void;

type Connection = EventTarget & { readonly type?: string };

/**
 * Browsers tell little and each something else: phones name the kind of network; the others say at most that they are online
 * again. Whoever comes back to the page may have walked somewhere meanwhile.
 */
export function watchNetwork(changed: Changed, window: Window = globalThis.window): void {
  window.addEventListener("online", () => changed(true));
  window.document.addEventListener("visibilitychange", () => window.document.visibilityState === "visible" && changed(false));
  const connection = (window.navigator as { connection?: Connection }).connection;
  let kind = connection?.type;
  // The same event tells of every new estimate of the speed, which is no other network.
  connection?.addEventListener("change", () => {
    if (connection.type === kind) return;
    kind = connection.type;
    if (kind !== "none") changed(true);
  });
}

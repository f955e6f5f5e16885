/**
 * Behaviours attach themselves to elements with one data attribute and detach when these leave the page,
 * so that an htmx swap needs no re-initialising. Why this and not a library: docs/decisions/0002.
 */

/** Starts a behaviour on one element; what it returns is called when the element has left the page. */
export type Behaviour = (element: HTMLElement) => (() => void) | void;

const behaviours: { selector: string; start: Behaviour }[] = [];
const running = new Map<Element, Map<string, () => void>>();

export function attach(selector: string, start: Behaviour): void {
  behaviours.push({ selector, start });
}

/** Starts every behaviour on the page as it is now and as it will be. */
export function watch(root: HTMLElement): void {
  begin(root);
  new MutationObserver((changes) => {
    for (const change of changes) {
      change.removedNodes.forEach((node) => node instanceof Element && end(node));
      change.addedNodes.forEach((node) => node instanceof HTMLElement && node.isConnected && begin(node));
    }
  }).observe(root, { childList: true, subtree: true });
}

function begin(root: HTMLElement): void {
  for (const { selector, start } of behaviours) {
    const found = [...root.querySelectorAll<HTMLElement>(selector)];
    if (root.matches(selector)) found.unshift(root);
    for (const element of found) startOnce(element, selector, start);
  }
}

function startOnce(element: HTMLElement, selector: string, start: Behaviour): void {
  const started = running.get(element) ?? new Map<string, () => void>();
  if (started.has(selector)) return;
  running.set(element, started);
  started.set(selector, start(element) ?? (() => undefined));
}

function end(root: Element): void {
  for (const [element, started] of running) {
    // A moved element is removed and added in one go: it is still here, and keeps its behaviour.
    if (!root.contains(element) || element.isConnected) continue;
    running.delete(element);
    started.forEach((stop) => stop());
  }
}

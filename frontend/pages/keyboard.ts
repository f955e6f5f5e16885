/**
 * Keys for those who would rather not reach for the mouse: `/` to [data-search], `g` and a letter to [data-go], `?` to
 * the dialog #keys, arrows in [data-arrows], Alt+↓ and Alt+↑ between [data-part]s. Nothing happens while writing.
 */
import { neighbour, wishOf } from "./keys.ts";

const CONTROLS = "a[href], button:not([disabled]), input:not([type=hidden]), select, textarea, summary";
const WRITTEN = "textarea, input:not([type=hidden]), select";

export function keyboard(): void {
  let gAt: number | null = null;
  document.addEventListener("keydown", (event) => {
    if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) return nextPart(event);
    if (event.key.startsWith("Arrow")) return arrows(event);
    const wish = wishOf({ key: event.key, at: event.timeStamp, taken: isTaken(event) }, gAt);
    gAt = wish?.kind === "wait" ? event.timeStamp : null;
    if (wish && wish.kind !== "wait" && follow(wish)) event.preventDefault();
  });
}

function isTaken(event: KeyboardEvent): boolean {
  const target = event.target;
  const writing = target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
  return writing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") !== null;
}

function follow(wish: { kind: "search" } | { kind: "help" } | { kind: "go"; to: string }): boolean {
  if (wish.kind === "help") return openDialog("keys");
  const target =
    wish.kind === "search"
      ? document.querySelector<HTMLElement>("[data-search]")
      : document.querySelector<HTMLElement>(`[data-go="${wish.to}"]`);
  if (wish.kind === "search") target?.focus();
  else target?.click();
  return target !== null;
}

export function openDialog(id: string): boolean {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return false;
  dialog.showModal();
  return true;
}

/** Up and down go from row to row in the same column of controls, left and right along a row. */
function arrows(event: KeyboardEvent): void {
  const from = event.target;
  if (event.altKey || event.ctrlKey || event.metaKey || !(from instanceof HTMLElement)) return;
  const table = from.closest<HTMLElement>("[data-arrows], :has(> [data-arrows])");
  // In a field the arrows move the caret or the choice.
  if (!table || from.matches("input, textarea, select")) return;
  const rows = [...table.querySelectorAll<HTMLElement>("tbody tr")].filter((row) => row.querySelector(CONTROLS));
  const row = from.closest<HTMLElement>("tr");
  const index = row ? rows.indexOf(row) : -1;
  const along = row ? [...row.querySelectorAll<HTMLElement>(CONTROLS)] : [];
  const place = Math.max(0, along.indexOf(from));
  let target: HTMLElement | undefined;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const to = rows[neighbour(index, event.key === "ArrowDown" ? 1 : -1, rows.length)];
    const there = [...(to?.querySelectorAll<HTMLElement>(CONTROLS) ?? [])];
    target = there[Math.min(place, there.length - 1)];
  } else if (row) {
    target = along[neighbour(place, event.key === "ArrowRight" ? 1 : -1, along.length)];
  }
  if (!target) return;
  event.preventDefault();
  target.focus();
}

function nextPart(event: KeyboardEvent): void {
  const parts = [...document.querySelectorAll<HTMLElement>("[data-part]")];
  if (parts.length === 0) return;
  const here = parts.findIndex((part) => part.contains(document.activeElement));
  const part = parts[neighbour(here, event.key === "ArrowDown" ? 1 : -1, parts.length)];
  const control = part?.querySelector<HTMLElement>(`[data-part-start], ${WRITTEN}`);
  event.preventDefault();
  control?.focus();
  part?.scrollIntoView({ block: "nearest" });
}

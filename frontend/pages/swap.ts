/** Lets htmx know of markup that came another way. */
export function settle(element: HTMLElement): void {
  const htmx = (window as { htmx?: { process(element: HTMLElement): void } }).htmx;
  htmx?.process(element);
}

/** Puts new markup in place and gives the focus back to the control that had it. */
export function replaceInside(place: HTMLElement, html: string): void {
  const held = document.activeElement instanceof HTMLElement && place.contains(document.activeElement) ? nameOf(document.activeElement) : "";
  place.innerHTML = html;
  settle(place);
  if (!held) return;
  const controls = place.querySelectorAll<HTMLElement>("a, button, input, select, textarea, summary, [tabindex]");
  [...controls].find((control) => nameOf(control) === held)?.focus({ preventScroll: true });
}

/** The same control after a refresh: by its id, or else by what it is, where it leads and what it says. */
function nameOf(element: HTMLElement): string {
  if (element.id) return `#${element.id}`;
  const leads = element.getAttribute("href") ?? element.closest("form")?.getAttribute("action") ?? element.getAttribute("hx-post") ?? "";
  return [element.tagName, leads, element.getAttribute("name") ?? "", element.textContent?.trim() ?? ""].join("|");
}

/** Is somebody in the middle of writing here? A refresh would take their words. */
export function isBeingWritten(place: HTMLElement): boolean {
  const controls = place.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("textarea, input");
  return [...controls].some((control) =>
    control instanceof HTMLInputElement && (control.type === "checkbox" || control.type === "radio")
      ? control.checked !== control.defaultChecked
      : control.type !== "hidden" && control.value !== control.defaultValue,
  );
}

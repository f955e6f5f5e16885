/**
 * <section data-question> inside one form: shown one a screen, with Next and Back. All are there from the start, so
 * that the next question needs no line. A form that came back with mistakes shows them all.
 */
import { say } from "./words.ts";

export function questions(form: HTMLElement): (() => void) | void {
  const screens = [...form.querySelectorAll<HTMLElement>("[data-question]")];
  if (screens.length < 2 || form.querySelector(".errors")) return;
  const send = form.querySelector<HTMLElement>("[data-finish]");
  const bar = document.createElement("div");
  bar.className = "actions";
  const back = button(say("back"), "button quiet");
  const next = button(say("next"), "button");
  bar.append(next, back);
  const count = document.createElement("p");
  count.className = "question-count";
  form.prepend(count);
  screens[screens.length - 1]?.after(bar);

  let shown = 0;
  const show = (which: number, moved = true): void => {
    shown = which;
    screens.forEach((screen, index) => (screen.hidden = index !== which));
    back.hidden = which === 0;
    next.hidden = which === screens.length - 1;
    if (send) send.hidden = which !== screens.length - 1;
    count.textContent = say("question", { number: which + 1, total: screens.length });
    const screen = screens[which];
    if (!moved || !screen) return;
    screen.tabIndex = -1;
    screen.focus({ preventScroll: true });
    scrollTo(0, 0);
  };
  back.onclick = () => show(Math.max(0, shown - 1));
  next.onclick = () => {
    const wrong = [...(screens[shown]?.querySelectorAll<HTMLInputElement>("input, select, textarea") ?? [])].find(
      (control) => !control.checkValidity(),
    );
    if (wrong) wrong.reportValidity();
    else show(Math.min(screens.length - 1, shown + 1));
  };
  show(0, false);
  return () => {
    bar.remove();
    count.remove();
  };
}

function button(label: string, looks: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = looks;
  made.textContent = label;
  return made;
}

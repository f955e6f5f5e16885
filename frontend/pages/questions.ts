/**
 * <section data-question> inside one form: shown one a screen, with Next and Back. All are there from the start, so
 * that the next question needs no line. A form that came back with mistakes shows them all, and so does one that staff
 * fill in (<form data-all>). `data-asked-if` on a section: asked only after such an answer.
 */
import { isAsked, next as nearest, place } from "./branches.ts";
import { say } from "./words.ts";

export function questions(form: HTMLElement): (() => void) | void {
  const screens = [...form.querySelectorAll<HTMLElement>("[data-question]")];
  const asked = (): boolean[] => screens.map((screen) => isAsked(screen.dataset.askedIf, (item) => chosen(form, item)));
  if (screens.length < 2) return;
  if (form.dataset.all !== undefined || form.querySelector(".errors")) return showAll(form, screens, asked);
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
    steps();
    const screen = screens[which];
    if (!moved || !screen) return;
    screen.tabIndex = -1;
    screen.focus({ preventScroll: true });
    scrollTo(0, 0);
  };
  /** What can be done from here; an answer may add or take away the questions that follow. */
  const steps = (): void => {
    const now = asked();
    const last = nearest(now, shown, 1) === null;
    back.hidden = nearest(now, shown, -1) === null;
    next.hidden = last;
    if (send) send.hidden = !last;
    count.textContent = say("question", place(now, shown));
  };
  back.onclick = () => show(nearest(asked(), shown, -1) ?? shown);
  next.onclick = () => {
    const wrong = [...(screens[shown]?.querySelectorAll<HTMLInputElement>("input, select, textarea") ?? [])].find(
      (control) => !control.checkValidity(),
    );
    if (wrong) wrong.reportValidity();
    else show(nearest(asked(), shown, 1) ?? shown);
  };
  form.addEventListener("change", steps);
  show(0, false);
  return () => {
    form.removeEventListener("change", steps);
    bar.remove();
    count.remove();
  };
}

/** All on one page, but those that are not asked. */
function showAll(form: HTMLElement, screens: HTMLElement[], asked: () => boolean[]): () => void {
  const show = (): void => asked().forEach((is, index) => screens[index]?.toggleAttribute("hidden", !is));
  form.addEventListener("change", show);
  show();
  return () => form.removeEventListener("change", show);
}

function chosen(form: HTMLElement, item: string): string | undefined {
  return form.querySelector<HTMLInputElement>(`input[name="${CSS.escape(item)}"]:checked`)?.value;
}

function button(label: string, looks: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = looks;
  made.textContent = label;
  return made;
}

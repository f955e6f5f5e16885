import { useEffect, useRef, useState } from "react";

/**
 * A menu over the bar: opened, its first control has the keyboard; Escape or a press elsewhere shuts it and gives the keyboard
 * back to the button that opened it (`[aria-expanded]`).
 */
export function useMenu() {
  const [open, setOpen] = useState(false);
  const around = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    around.current?.querySelector<HTMLButtonElement>(".signal-menu button")?.focus();
    const shut = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !around.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("keydown", shut);
    document.addEventListener("pointerdown", shut);
    return () => {
      document.removeEventListener("keydown", shut);
      document.removeEventListener("pointerdown", shut);
      around.current?.querySelector<HTMLButtonElement>("[aria-expanded]")?.focus();
    };
  }, [open]);
  return { open, setOpen, around };
}

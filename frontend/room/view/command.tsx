/** What needs the line: a button whose press acts on others or on the group, and is worth nothing a minute later. */

import { useSyncExternalStore } from "react";
import type { ComponentProps } from "react";
import type { RoomApp } from "../app.ts";

export function useHasLine(app: RoomApp): boolean {
  return useSyncExternalStore(app.subscribe, () => app.hasLine);
}

/** Disabled while the line is broken, yet it keeps the keyboard's place; who presses it all the same reads that nothing was done. */
export function Command({ app, onClick, type = "button", ...button }: ComponentProps<"button"> & { app: RoomApp }) {
  const hasLine = useHasLine(app);
  return (
    <button
      {...button}
      type={type}
      aria-disabled={!hasLine || undefined}
      onClick={(event) => {
        if (hasLine) return onClick?.(event);
        event.preventDefault();
        app.refuse();
      }}
    />
  );
}

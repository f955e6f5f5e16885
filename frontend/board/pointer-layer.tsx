/** Others' pointers over the canvas, each with its name. Our own, because Excalidraw's are too pale to be seen. */

import { useEffect, useState } from "react";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { placed } from "./pointers.ts";
import type { Cursor, View } from "./pointers.ts";

/** Not read aloud: who is here stands in words below, and a moving hand would drown out everything else. */
export function PointerLayer({ api, cursors }: { api: ExcalidrawImperativeAPI | null; cursors: readonly Cursor[] }) {
  const view = useView(api);
  if (!view) return null;
  return (
    <div className="board-pointers" aria-hidden="true">
      {cursors.map((cursor) => {
        const { who, name, x, y, outside } = placed(cursor, view);
        return (
          <span key={who} className="board-pointer" data-outside={outside || undefined} style={{ transform: `translate(${x}px, ${y}px)` }}>
            <svg viewBox="0 0 16 16" width="18" height="18">
              <path d="M2 1l12 6-5.5 1.8L6 14z" />
            </svg>
            <span>{name}</span>
          </span>
        );
      })}
    </div>
  );
}

function useView(api: ExcalidrawImperativeAPI | null): View | null {
  const [view, setView] = useState<View | null>(null);
  useEffect(() => {
    if (!api) return;
    const look = (): void => {
      const { scrollX, scrollY, zoom, width, height } = api.getAppState();
      setView({ scrollX, scrollY, zoom: zoom.value, width, height });
    };
    look();
    const stop = api.onScrollChange(look);
    window.addEventListener("resize", look);
    return () => {
      stop();
      window.removeEventListener("resize", look);
    };
  }, [api]);
  return view;
}

/** Tells which tiles are in view and how wide, each time that changes. */

import { useEffect } from "react";
import type { RefObject } from "react";
import type { Quality, TileShown } from "../quality.ts";

/** `arrangement` changes whenever tiles come, go or change places. */
export function useTilesShown(stage: RefObject<HTMLElement | null>, quality: Quality, arrangement: string): void {
  useEffect(() => {
    const tiles = [...(stage.current?.querySelectorAll<HTMLElement>("[data-feed]") ?? [])];
    const inView = new Map(tiles.map((tile) => [tile, true]));
    let told = "";
    const tell = (): void => {
      const shown = tiles.map((tile): TileShown => ({
        feed: tile.dataset.feed ?? "",
        width: tile.clientWidth,
        visible: inView.get(tile) ?? false,
        leads: tile.dataset.leads !== undefined,
        kept: tile.dataset.pinned !== undefined,
      }));
      const text = JSON.stringify(shown);
      if (text !== told) quality.tiles(shown);
      told = text;
    };
    const view = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) inView.set(target as HTMLElement, isIntersecting);
      tell();
    });
    const size = new ResizeObserver(tell);
    for (const tile of tiles) {
      view.observe(tile);
      size.observe(tile);
    }
    tell();
    return () => {
      view.disconnect();
      size.disconnect();
    };
  }, [stage, quality, arrangement]);
}

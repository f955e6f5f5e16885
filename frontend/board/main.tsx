/** Starts the board on the page that carries its configuration. */

import "@excalidraw/excalidraw/index.css";
import "../styles/board.css";
import { createRoot } from "react-dom/client";
import { BoardApp } from "./app.tsx";
import type { Config } from "./app.tsx";
import { wordsFor } from "./words.ts";

declare global {
  interface Window {
    EXCALIDRAW_ASSET_PATH?: string;
  }
}

const root = document.getElementById("board");
const found = document.getElementById("board-config");
if (root && found) {
  const config = JSON.parse(found.textContent ?? "{}") as Config;
  // Letters come from our own host; the build takes the name of any other out of the bundle.
  window.EXCALIDRAW_ASSET_PATH = new URL(config.assets, location.origin).href;
  const language = document.documentElement.lang;
  createRoot(root).render(<BoardApp config={config} words={wordsFor(language)} language={language} />);
}

/** Starts the room on the page that carries its configuration. */

import "../styles/room.css";
import "../styles/room-breakouts.css";
import "../styles/room-door.css";
import "../styles/room-floor.css";
import "../styles/room-helpers.css";
import "../styles/room-chat.css";
import "../styles/room-together.css";
import "../styles/room-cards.css";
import "../styles/room-notes.css";
import "../styles/room-still.css";
import { createRoot } from "react-dom/client";
import { RoomApp } from "./app.ts";
import type { Config } from "./app.ts";
import { wordsFor } from "./words.ts";
import { RoomView } from "./view/room.tsx";

const root = document.getElementById("room");
const config = document.getElementById("room-config");
// Where the browser has no way to send sound and picture, what the server wrote for that case stays on the page.
if (root && !("RTCPeerConnection" in window)) root.dataset.cannot = "";
else if (root && config) {
  const app = new RoomApp(JSON.parse(config.textContent ?? "{}") as Config);
  const words = wordsFor(document.documentElement.lang, app.config.strings);
  Object.defineProperty(window, "__room", { value: watching(app) });
  createRoot(root).render(<RoomView app={app} words={words} />);
  app.open();
}

/** For journeys and benchmarks to look through, never to act through; it tells nothing the page does not show. */
function watching(app: RoomApp): object {
  return Object.freeze({
    get line() {
      return app.snapshot.state.line;
    },
    get mediaLost() {
      return app.snapshot.state.mediaLost || !app.snapshot.media.connected;
    },
    get timings() {
      const { admittedAt, firstFrameAt } = app.timings;
      return {
        ...app.timings,
        ...app.mediaTimings(),
        joinMs: admittedAt && firstFrameAt ? firstFrameAt - admittedAt : null,
      };
    },
    figures: () => app.figures(),
    sealFigures: () => app.sealFigures(),
  });
}

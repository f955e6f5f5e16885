/** Everything the pages do by themselves; which behaviour sits on which attribute is listed in styles/README.md. */
import { attach, watch } from "./attach.ts";
import { autosave } from "./autosave.ts";
import { autosend, signOut, startSending } from "./autosend.ts";
import { idle } from "./idle.ts";
import { keyboard } from "./keyboard.ts";
import { kiosk, kioskTold } from "./kiosk.ts";
import { live } from "./live.ts";
import { plan } from "./plan.ts";
import { presses } from "./presses.ts";
import { preview } from "./preview.ts";
import { push } from "./push.ts";
import { questions } from "./questions.ts";
import { quiet } from "./quiet.ts";

attach("form:has([data-question])", questions);
attach("form[data-autosend]", autosend);
attach("form[data-sign-out]", signOut);
attach("form[data-autosave]", autosave);
attach("form[data-kiosk]", kiosk);
attach("[data-kiosk-told]", kioskTold);
attach("[data-live]", live);
attach("[data-preview]", preview);
attach("form[data-push]", push);
// The summary of mistakes, read out as it arrives.
attach("[data-focus]", (element) => element.focus());

startSending();
idle(document.body);
keyboard();
plan(document.body);
presses();
quiet(document.body);
watch(document.body);

// A page brought back from the browser's memory may be another person's by now.
addEventListener("pageshow", (event) => event.persisted && location.reload());

if ("serviceWorker" in navigator && document.body.classList.contains("patient")) {
  // Without it everything works but the offline page.
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}

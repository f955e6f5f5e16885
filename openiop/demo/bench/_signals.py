"""How long a private signal takes: from the patient's tap until the facilitator's page shows it."""

from __future__ import annotations

from openiop.demo.browsers import Screen

KIND = "word"
UNANSWERED = f'.signal-seen[data-kind="{KIND}"]:not([data-answered])'

# Both pages are on one machine, and so read one clock. The tap is the click itself, before the page knows of it.
TAPPED = """kind => {
  window.tappedAt = 0;
  document.querySelector(`[data-signal="${kind}"]`).addEventListener(
    "click", () => { window.tappedAt = performance.timeOrigin + performance.now(); }, {capture: true, once: true});
}"""
# Shown is the next frame after the line stands in the page, not the message's arrival.
SHOWN = """selector => {
  window.shownAt = new Promise(resolve => {
    const look = () => {
      if (!document.querySelector(selector)?.checkVisibility()) return false;
      seen.disconnect();
      requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
      return true;
    };
    const seen = new MutationObserver(look);
    seen.observe(document.body, {subtree: true, childList: true, attributes: true});
    if (look()) throw new Error("a signal was there before the tap");
  });
}"""


async def taps(patient: Screen, facilitator: Screen, *, times: int) -> list[float]:
    """Tap so many times, each answered before the next; return the milliseconds of each."""
    took = []
    for _turn in range(times):
        await facilitator.page.evaluate(SHOWN, UNANSWERED)
        await patient.press("Private signal", inside=".room-bar")
        await patient.page.evaluate(TAPPED, KIND)
        await patient.page.locator(f'[data-signal="{KIND}"]').click()
        shown = await facilitator.page.evaluate("window.shownAt")
        took.append(shown - await patient.page.evaluate("window.tappedAt"))
        waiting = facilitator.page.locator(UNANSWERED)
        await waiting.locator(".signal-answers button").first.click()
        await waiting.wait_for(state="detached")
    return took

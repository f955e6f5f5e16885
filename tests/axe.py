"""What a machine can find of what keeps people out of a page: axe-core, in the light and in the dark.

await assert_accessible(page)
"""

from pathlib import Path
from typing import Any

AXE = Path(__file__).resolve().parent.parent / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """tags => axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})"""
CONTRAST = """() => axe.run(document, {runOnly: ["color-contrast"], resultTypes: ["violations"]})"""


async def assert_accessible(page: Any) -> None:
    """Fail with what is wrong, where. `page`: a page of Playwright's async API, loaded."""
    found = await violations(page)
    assert not found, "\n".join([page.url, *found])


async def violations(page: Any) -> list[str]:
    """Return what is wrong with the page as it stands, one line for each place."""
    await page.evaluate(AXE.read_text())
    found = [*_lines(await page.evaluate(RUN, RULES), "")]
    await page.emulate_media(color_scheme="dark")
    found += _lines(await page.evaluate(CONTRAST), "in the dark: ")
    await page.emulate_media(color_scheme="light")
    return found


def _lines(result: dict[str, Any], where: str) -> list[str]:
    return [
        f"{where}{broken['id']}: {broken['help']}: {node['html'][:160]}"
        for broken in result["violations"]
        for node in broken["nodes"]
    ]

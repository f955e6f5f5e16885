"""The company: whoever tries the demo alone finds others at the door, lets them in, and sees and hears them."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openiop.demo.browsers import Screen, chromium
from openiop.demo.company import MEMBERS
from openiop.demo.stack import ROOT, Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The fictional clinic, minutes before its evening group, with its media server; returns its address."""
    for name in ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    with Stack(tmp_path, port=0) as stack:
        yield stack.url


def test_three_members_come_by_themselves_are_let_in_and_go_home_when_the_group_ends(clinic: str) -> None:
    async def story() -> str:
        async with chromium() as browser:
            company = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "openiop.demo.company"),
                cwd=ROOT,
                env=os.environ | {"OPENIOP_ORIGIN": clinic},
                stdout=asyncio.subprocess.PIPE,
            )
            bea = await Screen.opened(browser, "Bea", clinic)
            await bea.sign_in("Bea")
            await bea.go(f"/sessions/{await bea.evening()}/room")
            for called in MEMBERS:
                await bea.page.get_by_role("button", name=f"Let in {called}").click(timeout=60_000)
            await bea.page.wait_for_function(
                "async () => Object.values((await __room.figures()).framesByFeed).filter(n => n > 0).length === 3"
            )
            await bea.press("End for everyone", inside=".lead-foot")
            await bea.press("End for everyone", inside="dialog[open]")
            said, _ = await company.communicate()
            assert company.returncode == 0
            return said.decode()

    said = asyncio.run(asyncio.wait_for(story(), 240))

    assert [called for called in MEMBERS if f"{called} has gone home" not in said] == []

"""The safety plan in a real browser: signed by both, read without a line, gone after signing out."""

import os

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety.models import sign_plan, write_plan
from tests.safety.test_browser import in_browser, people  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("OPENIOP_PICTURES", "")
PLAN, COPY = "/me/safety-plan", "/me/safety-plan/copy"
KEPT = """async (copy) => {
  const name = (await caches.keys()).find((each) => each.startsWith('openiop-plan-'));
  const offline = await caches.match('/offline');
  const plan = name && await (await caches.open(name)).match(copy);
  return Boolean(plan && offline && navigator.serviceWorker.controller);
}"""
NONE_KEPT = "async () => !(await caches.keys()).some((name) => name.startsWith('openiop-plan-'))"


def test_a_plan_signed_by_both_opens_without_a_line_and_leaves_the_phone_at_sign_out(people, server):  # noqa: F811
    with acting(people["marcus"]):
        plan = write_plan(people["maya"], parts={"by_myself": "Walk to the mill"}, by=people["marcus"], at=world.NOW)
        sign_plan(plan, by=people["marcus"], at=world.NOW)

    async def story(phone):
        phone.set_default_timeout(60_000)
        await phone.goto(f"{server}{PLAN}")
        await phone.get_by_role("button", name="Sign version 1").click()
        await phone.get_by_text("Signed by Maya Rivera").wait_for()
        await phone.wait_for_function(KEPT, arg=COPY, polling=500)

        await phone.context.set_offline(True)
        await phone.goto(f"{server}{PLAN}")
        await phone.get_by_text("Walk to the mill").wait_for()
        await phone.get_by_text("This is the copy on this phone").wait_for()
        if PICTURES:
            await phone.screenshot(path=f"{PICTURES}/plan-without-a-line.png", full_page=True)
        await phone.goto(f"{server}/today")
        await without_a_line(phone)

        await phone.context.set_offline(False)
        await phone.goto(f"{server}/today")
        await phone.get_by_role("button", name="Sign out").click()
        await phone.wait_for_function(NONE_KEPT, polling=500)
        await phone.context.set_offline(True)
        await phone.goto(f"{server}{PLAN}")
        await without_a_line(phone)

    in_browser(story, server, people["maya"])


async def without_a_line(phone):
    await phone.get_by_role("heading", name="There is no line right now").wait_for()
    assert "Walk to the mill" not in await phone.content()

"""The pages of money in a real browser."""

import pytest
from django.utils import timezone

from openiop.billing.models import Charge, SignedDay
from openiop.people.access import acting
from tests.billing.conftest import TUESDAY
from tests.chart.browsing import assert_accessible, in_browser, keep

pytestmark = pytest.mark.browser


@pytest.fixture
def charged(committed):
    """A day that is ready and one that waits, as the job leaves them."""
    from openiop.demo import world

    people = world.cast()
    said = {"clinic_id": people["rosa"].clinic_id, "on": TUESDAY, "n": 1, "priced_at": timezone.now()}
    with acting(people["rosa"]):
        Charge.objects.create(
            patient=people["theo"], code="S9480", revenue_code="0905", amount_cents=41250, status="ready",
            reason="180 countable minutes reach the per diem of 180.", source="Contract of Harbor Plan, 2026", **said,
        )  # fmt: skip
        Charge.objects.create(
            patient=people["maya"], status="hold", units=0, reason="No coverage is on file for this day.", **said
        )
        SignedDay.objects.create(
            clinic_id=people["rosa"].clinic_id, part_id=people["theo"].pk, session_id=people["theo"].pk,
            session="Evening group", patient=people["theo"], on=TUESDAY, signed_at=timezone.now(),
            leased_until=timezone.now(), done_at=timezone.now(),
            blocks=[{"kind": "group", "title": "Process group", "counts": True, "seconds": 10800, "place": "on_site",
                     "treatment": True}],
        )  # fmt: skip
    return people


def test_the_pages_of_money_are_accessible_and_refuse_in_words(charged, server):
    async def money(page):
        await page.goto(f"{server}/payers/new")
        await assert_accessible(page)
        await page.get_by_label("Name").fill("Harbor Plan")
        await page.get_by_label("Kind").select_option("commercial")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_label("First day").fill("2026-01-01")
        await page.get_by_label("Per diem code").fill("S9480")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_role("alert").wait_for()
        await assert_accessible(page)
        await keep(page, "rule-refused")
        await page.get_by_label("Source").fill("Contract of Harbor Plan, 2026")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("Contract of Harbor Plan, 2026").wait_for()
        for path in ("payers", "coverage", "coverage/new", "charges"):
            await page.goto(f"{server}/{path}")
            await assert_accessible(page)
            await keep(page, path.replace("/", "-"))
        await page.get_by_role("link", name="Nov 24, 2026").first.click()
        await page.get_by_role("heading", name="Lines").wait_for()
        await assert_accessible(page)
        await page.goto(f"{server}/charges/{charged['theo'].pk}/{TUESDAY}")
        await page.get_by_text("180 countable minutes in all").wait_for()
        await assert_accessible(page)
        await keep(page, "charge-day")

    in_browser(money, server, charged["rosa"])

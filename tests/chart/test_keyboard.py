"""The note in a real browser: by keyboard, while another writes, and with the line gone."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from openiop.chart.models import NotePart, Plan
from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.programs.models import Enrolment
from openiop.schedule.models import CareSession
from tests.chart.browsing import assert_accessible, in_browser, keep
from tests.chart.conftest import be_there

pytestmark = pytest.mark.browser

SAVED = '[data-status][data-state="saved"]'


@pytest.fixture
def people(committed):
    return world.cast()


@pytest.fixture
def ten(people):
    """A group that has just ended, with ten patients who were all there."""
    now = timezone.now().replace(second=0, microsecond=0)
    with acting(people["okafor"]):
        enrolment = Enrolment.objects.get(patient=people["theo"])
        session = CareSession.plan(
            track=enrolment.track, name="Afternoon group", begins_at=now - timedelta(minutes=62),
            blocks=[{"kind": "group", "minutes": 60}], modality="on_site",
            room=CareSession.objects.filter(room__isnull=False).first().room, capacity=10,
            staff=[people["bea"], people["marcus"]],
            zone="America/New_York",
        )  # fmt: skip
        for patient in ten_patients(people, enrolment):
            session.put_on_roster(patient, Enrolment.objects.get(patient=patient), modality="on_site")
            be_there(session, patient, place="on_site", by=people["bea"])
            plan = Plan.draft(patient, goals=["Sleep six hours"], by=people["marcus"], at=now)
            plan.sign(by=people["marcus"], at=now)
    return session


def ten_patients(people, enrolment):
    adults = [people[key] for key in ("maya", "theo", "priya", "sam", "ines", "jonah", "ruth")]
    for name in ("Nadia", "Oleg", "Pia"):
        adults.append(
            Person.objects.create(
                clinic_id=enrolment.clinic_id,
                kind="patient",
                given_name=name,
                family_name="Invented",
                called=name,
                born_on=date(1990, 1, 1),
            )  # fmt: skip
        )
        Enrolment.begin(
            adults[-1], enrolment.track, modality="on_site", therapist=people["marcus"],
            first_on=date(2026, 1, 1), by=people["lin"], at=timezone.now(),
        )  # fmt: skip
    return adults


class Keyboard:
    """A person at the keyboard; counts every key that is not part of a sentence."""

    def __init__(self, page):
        self.page, self.actions = page, 0

    async def press(self, *keys):
        for key in keys:
            await self.page.keyboard.press(key)
            self.actions += 1

    async def write(self, sentence):
        await self.page.keyboard.type(sentence)


def test_ten_patients_are_written_and_signed_by_keyboard_in_forty_actions(ten, people, server):
    counted = []

    async def story(page):
        await page.goto(f"{server}/sessions/{ten.pk}/note")
        await assert_accessible(page)
        assert await page.locator('[data-missing="risk"]').count() == 10
        bea = Keyboard(page)
        await page.locator("textarea:focus").wait_for()
        await bea.write("Opposite action")
        await bea.press("Tab")
        await bea.write("Explained it, then pairs tried it with one feeling each")
        await bea.press("Tab", "1", "Tab", "1", "Tab", "2", "Tab")
        await bea.write("Diary card every evening until Thursday")
        async with page.expect_navigation():
            await bea.press("Enter")
        await page.locator("select:focus").wait_for()  # nobody types before seeing where
        for number in range(10):
            await bea.press("1", "Tab")
            await bea.write(f"Named a feeling and did the opposite, in their own way number {number}")
            await bea.press("Alt+ArrowDown")
        await keep(page, "note-before-signing")
        async with page.expect_navigation():
            await bea.press("Enter")
        assert await page.locator("[data-signed-part]").count() == 10
        assert await page.locator("[data-missing]").count() == 0
        await assert_accessible(page)
        await keep(page, "note-signed")
        counted.append(bea.actions)

    in_browser(story, server, people["bea"])

    with acting(people["bea"]):
        parts = NotePart.objects.signed().filter(note__session=ten)
        assert parts.count() == 10
        assert {part.risk for part in parts} == {"Asked: no thoughts of suicide or of harming others"}
    assert counted[0] <= 40, counted


def test_the_page_saves_by_itself_and_says_what_is_still_missing(ten, people, server):
    async def story(page):
        await page.goto(f"{server}/sessions/{ten.pk}/note")
        part = page.locator("section[data-part]", has=page.get_by_role("heading", name="Maya Rivera"))
        await part.get_by_label("Response").fill("Spoke of Theo and of the bus")
        await page.keyboard.press("Tab")
        await page.locator(SAVED).wait_for()
        await part.locator('[data-missing="other_name"]').wait_for()
        assert await part.locator('[data-missing="response"]').count() == 0
        await part.locator('[data-missing="risk"] a').click()
        assert await page.evaluate("location.hash") != ""

    in_browser(story, server, people["bea"])

    with acting(people["bea"]):
        assert (
            NotePart.objects.get(note__session=ten, patient=people["maya"]).response == "Spoke of Theo and of the bus"
        )


def test_two_people_in_one_part_lose_no_word(ten, people, server):
    async def story(bea, marcus):
        for page in (bea, marcus):
            await page.goto(f"{server}/sessions/{ten.pk}/note")
        parts = [
            page.locator("section[data-part]", has=page.get_by_role("heading", name="Theo Brandt"))
            for page in (bea, marcus)
        ]
        await parts[1].get_by_label("Response").fill("Marcus saw him laugh")
        await marcus.keyboard.press("Tab")
        await marcus.locator(SAVED).wait_for()
        await parts[0].get_by_label("Response").fill("Bea saw him cry")
        await bea.keyboard.press("Tab")
        await parts[0].get_by_text("Marcus changed this part at").wait_for()
        assert await parts[0].get_by_label("Response").input_value() == "Bea saw him cry"
        await assert_accessible(bea)
        await keep(bea, "note-two-authors")
        await bea.reload()
        assert await parts[0].get_by_label("Response").input_value() == "Marcus saw him laugh"
        await parts[0].get_by_role("button", name="Put mine into the note").click()
        await bea.wait_for_load_state()
        assert await parts[0].get_by_label("Response").input_value() == "Bea saw him cry"

    in_browser(story, server, people["bea"], people["marcus"])


def test_with_the_line_gone_the_words_stay_and_are_saved_when_it_is_back(ten, people, server):
    async def story(page):
        await page.goto(f"{server}/sessions/{ten.pk}/note")
        part = page.locator("section[data-part]", has=page.get_by_role("heading", name="Priya Nair"))
        await page.context.set_offline(True)
        await part.get_by_label("Response").fill("Stayed to the end")
        await page.keyboard.press("Tab")
        await page.get_by_text("your words are still here").wait_for()
        assert await part.get_by_label("Response").input_value() == "Stayed to the end"
        await page.context.set_offline(False)
        await page.locator(SAVED).wait_for(timeout=40_000)

    in_browser(story, server, people["bea"])

    with acting(people["bea"]):
        assert NotePart.objects.get(note__session=ten, patient=people["priya"]).response == "Stayed to the end"


def test_the_pages_of_the_plan_are_accessible(ten, people, server):
    async def clinical(page):
        await page.goto(f"{server}/patients/{people['maya'].pk}/plan")
        await assert_accessible(page)
        await keep(page, "plan")
        await page.goto(f"{server}/patients/{people['maya'].pk}/plan/new")
        await assert_accessible(page)

    in_browser(clinical, server, people["marcus"])

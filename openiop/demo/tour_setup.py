"""The tour's first part: an empty clinic becomes one that can hold an evening, through its own pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import Browser

from openiop.demo import world
from openiop.demo.browsers import PHONE, Screen
from openiop.demo.tour_record import Record, StepFailed, hold

ZONE = ZoneInfo("America/New_York")
# The same shape as an evening of three hours, in minutes instead of hours.
BLOCKS = [
    ("Process group", 2),
    ("Break", 1),
    ("Skills group", 1),
    ("Break", 1),
    ("Education", 1),
]
PER_DIEM_MINUTES = 3
STAFF = {
    "bea": ["Group facilitator"],
    "marcus": ["Therapist", "Group facilitator"],
    "hal": ["Front desk"],
    "rosa": ["Billing"],
}
AT_HOME = ("maya", "priya", "sam", "ruth")
ON_SITE = ("theo",)
GOALS = {
    "maya": "Do one thing each day that used to please me.",
    "priya": "Sleep at regular hours, six nights of seven.",
    "sam": "Use one skill before I act on an urge.",
    "theo": "Come to three evenings a week.",
    "ruth": "Walk with my neighbour twice a week.",
}


@dataclass
class Evening:
    """What the later parts need to know of what was set up."""

    session: str = ""
    series: str = ""
    begins_at: datetime | None = None
    patients: dict[str, str] = field(default_factory=dict)
    """Key in the cast → id in the address of their pages."""


def person(key: str) -> world.Cast:
    return next(role for role in world.CAST if role.key == key)


def full_name(key: str) -> str:
    return f"{person(key).given} {person(key).family}"


def one_time_code(secret: str, *, at: float) -> str:
    """RFC 6238: the six digits an authenticator app shows at `at` (Unix seconds) for a base32 secret."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


class SetUp:
    """The director, and those whose part it is, make the clinic ready."""

    def __init__(self, browser: Browser, url: str, record: Record) -> None:
        self.browser, self.url, self.record = browser, url, record
        self.evening = Evening()
        self.director: Screen
        self.kiosk: Screen

    async def live(self) -> Evening:
        """Set the clinic up; returns what the evening needs. The screens stay open."""
        self.director = await Screen.opened(self.browser, "Okafor", self.url)
        await self.record.parts(
            self._sign_in_with_two_factors,
            self._place,
            self._documents,
            self._staff,
            self._program,
            self._patients,
            self._enrolments,
            self._plans,
            self._money,
            self._on_call_and_kiosk,
            self._series,
            each_needs_the_last=True,
        )
        if not self.record.held:
            raise StepFailed("the clinic is not ready for an evening")
        return self.evening

    async def _sign_in_with_two_factors(self) -> None:
        screen, record = self.director, self.record
        async with record.step("the director signs in with a password and an authenticator app", screen):
            await screen.go("/account/login/")
            await record.picture(screen, "sign-in")
            await screen.page.locator('input[name="login"]').fill(person("okafor").email)
            await screen.page.locator('input[name="password"]').fill(world.PASSWORD)
            await screen.press("Sign in")
            await record.picture(screen, "a-second-factor-is-due")
            await screen.press("An authenticator app")
            again = screen.page.locator('main input[name="password"]')
            if await again.count():
                await again.fill(world.PASSWORD)
                await screen.press("Confirm", inside="main")
            secret = await self._secret()
            await screen.page.locator('input[name="code"]').fill(one_time_code(secret, at=time.time()))
            await (
                screen.page.locator("main form")
                .filter(has=screen.page.locator('input[name="code"]'))
                .get_by_role("button")
                .first.click()
            )
            await screen.page.wait_for_load_state("load")
            await screen.go("/operations")
            hold("Operations" in await screen.page.title(), f"the director was let no further than {screen.page.url}")
            await record.picture(screen, "an-empty-clinic")

    async def _secret(self) -> str:
        """The authenticator's secret, as the page shows it for those who cannot scan."""
        texts = await self.director.page.evaluate(
            "() => [document.body.innerText, ...[...document.querySelectorAll('input')].map(input => input.value)]"
        )
        for text in texts:
            if found := re.search(r"\b[A-Z2-7]{32}\b", text.replace(" ", "")) or re.search(r"\b[A-Z2-7]{32}\b", text):
                return found.group()
        raise LookupError("no secret on the page for the authenticator app")

    async def _place(self) -> None:
        screen = self.director
        async with self.record.step("a site with a room is made", screen):
            site = {
                "Name": "Harbor Street",
                "Address": "1 Harbor Street, Harbor",
                "State": "NY",
                "Telephone": "(555) 010-0100",
            }
            await screen.submit("/sites/new", site, "Save")
            await screen.submit("/rooms/new", {"Site": "Harbor Street", "Name": "Room 2", "Seats": "12"}, "Save")

    async def _documents(self) -> None:
        screen = self.director
        async with self.record.step("what patients agree to is written, in two languages", screen):
            labels = {
                "telehealth_consent": "Consent to telehealth",
                "group_agreement": "Group agreement",
                "emergency_plan": "Emergency plan",
            }
            for kind, texts in world.TEXTS.items():
                wording = {
                    "Kind": labels[kind],
                    "In force from": "2026-01-01",
                    "In English": texts["en"],
                    "In Spanish": texts["es"],
                }
                await screen.submit("/documents/new", wording, "Save")

    async def _staff(self) -> None:
        screen = self.director
        async with self.record.step("four colleagues join, clinicians with their licences", screen):
            for key, roles in STAFF.items():
                await screen.submit(
                    "/staff/new", self._names(key) | dict.fromkeys(roles, True) | self._credential(key), "Add"
                )
                await self._find("/staff", full_name(key))
                if person(key).credential:
                    await self._licence(key)
                if key == "bea":
                    await self.record.picture(screen, "a-colleague-with-a-licence")
            await self._find("/staff", full_name("okafor"))
            await self._licence("okafor")

    def _names(self, key: str) -> dict[str, str | bool | None]:
        role = person(key)
        return {
            "First name": role.given,
            "Last name": role.family,
            "Called": role.given,
            "Telephone": f"(555) 010-{1000 + world.CAST.index(role)}",
            "E-mail": role.email,
        }

    def _credential(self, key: str) -> dict[str, str | bool | None]:
        return {"Credential": person(key).credential or None}

    async def _licence(self, key: str) -> None:
        screen = self.director
        await screen.fill({"State": "NY", "Number": f"NY-{key}", "Valid from": "2020-01-01"})
        await screen.press("Add a licence")
        await screen.not_refused()

    async def _find(self, path: str, name: str) -> str:
        """Open somebody's page from a list; returns the id in its address."""
        screen = self.director
        await screen.go(path)
        link = screen.page.locator("main").get_by_role("link", name=re.compile(re.escape(name))).first
        address = await link.get_attribute("href") or ""
        await link.click()
        await screen.page.wait_for_load_state("load")
        found = re.search(r"[0-9a-f-]{36}", address)
        hold(found is not None, f"{name} has no page of their own: {address}")
        assert found is not None
        return found.group()

    async def _program(self) -> None:
        screen = self.director
        async with self.record.step("a program and a track with its weekly hours are made", screen):
            await screen.submit("/programs/new", {"Name": "Evening program"}, "Save")
            await screen.submit(
                "/tracks/new",
                {
                    "Program": "Evening program",
                    "Name": "Adult evening",
                    "Least hours a week": "9",
                    "Source of that rule": "ASAM level 2.1: 9 to 19 hours a week for adults",
                },
                "Save",
            )
            await screen.go("/programs")
            await self.record.picture(screen, "program-and-track")

    async def _patients(self) -> None:
        screen = self.director
        async with self.record.step("five patients are taken in", screen):
            for key in (*AT_HOME, *ON_SITE):
                role = person(key)
                assert role.born_on is not None
                await screen.submit(
                    "/patients/new",
                    self._names(key)
                    | {
                        "Language": "Español" if role.language == "es" else None,
                        "Date of birth": role.born_on.isoformat(),
                        "Home address": role.address,
                        "State": role.state,
                    },
                    "Add",
                )
                self.evening.patients[key] = await self._find("/patients", full_name(key))

    async def _enrolments(self) -> None:
        screen = self.director
        async with self.record.step("each is enrolled, with therapist, goal and diagnosis", screen):
            for key in (*AT_HOME, *ON_SITE):
                await screen.go("/enrolments/new")
                await screen.fill(
                    {
                        "Patient": full_name(key),
                        "Track": "Adult evening",
                        "First day": datetime.now(ZONE).date().isoformat(),
                        "Takes part": "from home" if key in AT_HOME else "on site",
                        "Therapist": full_name("marcus"),
                    }
                )
                await screen.page.locator('[name="diagnosis-0-code"]').fill("F33.1")
                await screen.page.locator('[name="diagnosis-0-label"]').fill(
                    "Major depressive disorder, recurrent, moderate"
                )
                if key == "maya":
                    await self.record.picture(screen, "enrolment", whole=True)
                await screen.press("Enrol", inside="main")
                await screen.not_refused()

    async def _plans(self) -> None:
        screen = await Screen.opened(self.browser, "Marcus", self.url)
        async with self.record.step("the therapist writes and signs a plan with each patient", screen):
            await screen.sign_in("Marcus")
            for key, goal in GOALS.items():
                await screen.go(f"/patients/{self.evening.patients[key]}/plan/new")
                await screen.page.locator("main textarea").first.fill(goal)
                if key == "maya":
                    await self.record.picture(screen, "plan")
                await screen.press("Sign", inside="main")
                await screen.not_refused()
        await screen.close()

    async def _money(self) -> None:
        screen = await Screen.opened(self.browser, "Rosa", self.url)
        async with self.record.step("billing writes a payer, its dated rule and the coverage", screen):
            today = datetime.now(ZONE).date()
            await screen.sign_in("Rosa")
            await screen.submit("/payers/new", {"Name": "Harbor Health Plan", "Kind": "Commercial"}, "Save")
            await screen.go("/payer-rules/new")
            await screen.fill(
                {
                    "Payer": "Harbor Health Plan",
                    "First day": today.replace(month=1, day=1).isoformat(),
                    "Per diem code": "S9480",
                    "Revenue code": "0905",
                    "Amount in dollars": "385.00",
                    "Minutes a day for the per diem": str(PER_DIEM_MINUTES),
                    "A day below that": "hold for the biller",
                    "A day from home": "covered",
                    "Source": "Harbor Health Plan, contract of January 1, schedule B; minutes shortened for the tour",
                }
            )
            await self.record.picture(screen, "payer-rule", whole=True)
            await screen.press("Save", inside="main")
            await screen.not_refused()
            for key in (*AT_HOME, *ON_SITE):
                await screen.go(f"/patients/{self.evening.patients[key]}/coverage/new")
                await screen.fill(
                    {"Payer": "Harbor Health Plan", "Member number": f"HS-{key}", "First day": today.isoformat()}
                )
                await screen.press("Save", inside="main")
                await screen.not_refused()
        await screen.close()

    async def _on_call_and_kiosk(self) -> None:
        screen = self.director
        now = datetime.now(ZONE)
        async with self.record.step("somebody is on call, out of hours", screen):
            await screen.go("/on-call")
            await screen.fill(
                {
                    "Clinician": full_name("okafor"),
                    "Asked": "first",
                    "From": f"{now - timedelta(minutes=5):%Y-%m-%dT%H:%M}",
                    "Until": f"{now + timedelta(days=7):%Y-%m-%dT%H:%M}",
                }
            )
            await (
                screen.page.locator("main form")
                .filter(has=screen.page.get_by_label("Until"))
                .get_by_role("button")
                .first.click()
            )
            await screen.page.wait_for_load_state("load")
            await screen.not_refused()
            hold(await screen.page.get_by_text("Take off").count() > 0, "nobody is on the list")
        self.kiosk = await Screen.opened(self.browser, "Kiosk", self.url, size={"width": 820, "height": 1180})
        async with self.record.step("a tablet in the lobby becomes a kiosk", screen, self.kiosk):
            await screen.submit(
                "/devices", {"Kind": "Kiosk", "Name": "Lobby", "Site": "Harbor Street"}, "Make a pairing code"
            )
            code = (await screen.page.locator("#code").inner_text()).strip()
            await self.kiosk.submit("/pair", {"Pairing code": code}, "Pair")
            await self.kiosk.go("/kiosk")
            await self.record.picture(self.kiosk, "kiosk")

    async def _series(self) -> None:
        screen, evening = self.director, self.evening
        async with self.record.step("an evening of blocks is planned, and patients join it", screen):
            await screen.go("/series/new")
            # Late enough for five people to join the series, and for the crisis before the group.
            begins_at = (datetime.now(ZONE) + timedelta(seconds=110)).replace(second=0, microsecond=0)
            evening.begins_at = begins_at
            await screen.fill(
                {
                    "Track": "Adult evening",
                    "Name": "Evening group",
                    f"{begins_at:%A}": True,
                    "Starts at": f"{begins_at:%H:%M}",
                    "First on": begins_at.date().isoformat(),
                    "Held": "on site and from home",
                    "Room": "Room 2, Harbor Street",
                    full_name("bea"): True,
                    full_name("marcus"): True,
                    "Places": "10",
                    "What to bring": "Headphones and a glass of water.",
                }
            )
            await self._blocks()
            await self.record.picture(screen, "series", whole=True)
            await screen.page.locator("main .actions").get_by_role("button", name="Save", exact=True).last.click()
            await screen.page.wait_for_url(re.compile(r"/series/[0-9a-f-]{36}"))
            evening.series = re.search(r"[0-9a-f-]{36}", screen.page.url).group()  # type: ignore[union-attr]
            for key in (*AT_HOME, *ON_SITE):
                await self._join(key)
            await self._plan_days(begins_at)
            await self.record.picture(screen, "series-with-members", whole=True)

    async def _blocks(self) -> None:
        page = self.director.page
        rows = await page.locator('[name$="-minutes"]').count()
        for n in range(rows):
            kind, minutes = BLOCKS[n] if n < len(BLOCKS) else ("", 0)
            if kind:
                await page.locator(f'[name$="-{n}-kind"]').select_option(label=kind)
            await page.locator(f'[name$="-{n}-minutes"]').fill(str(minutes or ""))

    async def _join(self, key: str) -> None:
        screen = self.director
        form = f'form[action$="/series/{self.evening.series}/members"]'
        await screen.fill(
            {"Patient": full_name(key), "Takes part": "from home" if key in AT_HOME else "on site"}, inside=form
        )
        await screen.page.locator(form).get_by_role("button").first.click()
        await screen.page.wait_for_load_state("load")
        await screen.not_refused()

    async def _plan_days(self, begins_at: datetime) -> None:
        screen = self.director
        await screen.fill({"Plan sessions until": begins_at.date().isoformat()})
        await screen.press("Show the days", inside="main")
        await screen.press(re.compile(r"Plan \d+ session"), inside="main")
        await screen.not_refused()
        link = screen.page.locator('main a.list-link[href^="/sessions/"]').first
        found = re.search(r"[0-9a-f-]{36}", await link.get_attribute("href") or "")
        hold(found is not None, "no session was planned")
        assert found is not None
        self.evening.session = found.group()


__all__ = ["PHONE", "Evening", "SetUp", "full_name", "person"]

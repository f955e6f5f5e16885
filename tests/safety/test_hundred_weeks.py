"""A hundred weeks of patients, half at home and half on site, played event by event: nobody's sign stays unseen.

Who falls ill, when, and how long a colleague takes to answer the first page, the second and so on are drawn with a
fixed seed, alike for the one at home and the one on site of each pair; one page in five is never answered. What the
halves do not share is how a sign can reach the clinic. At home it is told when it comes, day or night, on the
telephone or a borrowed computer; on site it is told at the next arrival, to a kiosk or to a person. So the test asks of
the program, and of nothing else: does each way in lead to a person, and as soon? It says nothing about how a real
clinic's staff behave.
"""

import heapq
import itertools
import random
import statistics
from datetime import datetime, time, timedelta
from typing import NamedTuple
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.measures import answering, blocks
from openiop.measures.blocks import assembled
from openiop.people.access import acting
from openiop.people.models import Person, Role
from openiop.programs.models import Enrolment, Modality
from openiop.safety import jobs, ladder
from openiop.safety.models import HARMED, Acknowledgement, Case, Flag, Page, acknowledge, close, log_contact, raise_flag
from openiop.safety.told import told as told_to
from openiop.schedule import outreach, presence
from openiop.schedule.models import CareSession, Series, SeriesFacilitator, SeriesMember

SEED = 20261124
EACH = 10  # of every story, in each half
NOON = [{"kind": "group", "title": "Group", "minutes": 60}, {"kind": "skills", "title": "Skills", "minutes": 60}]
ANSWERS_IN_MINUTES, NEVER_ANSWERS = 4, 0.2
MONDAY, WEEK = world.NOW.astimezone(world.ZONE).date() + timedelta(days=6), 7
GROUP_DAYS = (0, 2, 4)


class Sign(NamedTuple):
    """Somebody showed that they are unwell: who, in which story, at home or on site, and when."""

    person: Person
    story: str
    home: bool
    at: datetime


def at_noon(day, minutes=0):
    return datetime.combine(MONDAY + timedelta(days=day), time(12), world.ZONE) + timedelta(minutes=minutes)


@pytest.fixture
def patients(committed, clock):
    """Fifty at home and fifty on site, in one group at noon led by a colleague of its own: cast and both halves."""
    clock.move_to(at_noon(0) - timedelta(days=1))
    cast = world.cast()
    with acting(cast["okafor"]):
        like = Enrolment.objects.get(patient=cast["theo"])
        every_block = [block.key for block in blocks.shipped()]
        assembled.choose(assembled.DAILY, every_block, by=cast["okafor"], at=at_noon(0) - timedelta(days=1))
        leader = Person.objects.create(
            clinic_id=cast["okafor"].clinic_id, kind=Person.STAFF, given_name="Nora", family_name="Bell", called="Nora",
            roles=[Role.FACILITATOR], credential="LCSW",
        )  # fmt: skip
        series = Series.objects.create(
            clinic_id=like.clinic_id, track=like.track, name="Noon group", rrule="FREQ=WEEKLY;BYDAY=MO,WE,FR",
            first_on=MONDAY, starts=time(12), zone=world.ZONE.key, blocks=NOON, modality=Modality.HYBRID, capacity=120,
        )  # fmt: skip
        SeriesFacilitator.objects.create(clinic_id=like.clinic_id, series=series, person=leader)
        halves = {home: [_patient(cast, like, series, home, n) for n in range(5 * EACH)] for home in (True, False)}
        series.unfold(until=MONDAY + timedelta(days=WEEK), by=cast["okafor"], at=at_noon(0))
    return cast | {"nora": leader}, halves


def _patient(cast, like, series, home, number):
    modality = Modality.VIRTUAL if home else Modality.ON_SITE
    name = f"Pair{number:02d}{'ab'[(number + home) % 2]}"  # so that neither half stands first on lists by name
    person = Person.objects.create(
        clinic_id=like.clinic_id, kind=Person.PATIENT, given_name=name, family_name="Synthetic", called=name,
        born_on=world.PATIENTS[0].born_on, zone=world.ZONE.key, phone="" if number % 5 == 4 else "(555) 010-3000",
    )  # fmt: skip
    enrolment = Enrolment.begin(
        person, like.track, modality=modality, therapist=cast["marcus"], first_on=MONDAY - timedelta(days=30),
        by=cast["okafor"], at=at_noon(0) - timedelta(days=30),
    )  # fmt: skip
    SeriesMember.objects.create(
        clinic_id=like.clinic_id, series=series, patient=person, enrolment=enrolment, modality=modality
    )
    return person


# --- the stories: how a sign comes in ---


def deterioration(person, *, at, home):
    """The weekly PHQ-9: thoughts of death more than half the days."""
    answer(person, assembled.newest_shipped("phq9"), "phq9_9", 2, at=at, home=home)


def relapse(person, *, at, home):
    """At home by "Something is wrong"; on site a colleague smells it at the door."""
    evidence = ladder.Evidence("something_wrong", 2) if home else ladder.Evidence("staff_concern", 2)
    raise_flag(person, key=f"relapse-{person.pk}", evidence=evidence, label="Relapse", value="used again", at=at)


def harmed_by_a_partner(person, *, at, home):
    """The private question: staff are called, and nothing that the partner may see says so."""
    answer(person, check_in(person, at=at), "near", 2, at=at, home=home)
    assert told_to(person, at=at).state == ""


def no_phone(person, *, at, home):
    """On a borrowed computer, or on paper at the desk."""
    answer(person, check_in(person, at=at), "safe_now", 2, at=at, home=home)


TOLD = {f.__name__: f for f in (deterioration, relapse, harmed_by_a_partner, no_phone)}
STORIES = ("deterioration", "relapse", "harmed_by_a_partner", "drop_off", "no_phone")


def check_in(person, *, at):
    return assembled.current(assembled.DAILY, person, day=at.astimezone(world.ZONE).date())


def answer(person, instrument, item, value, *, at, home):
    day = at.astimezone(world.ZONE).date()
    answering.answer(
        person, instrument=instrument, for_day=day, item=item, value=value, key=uuid4(), answered_at=at, at=at
    )


# --- the week ---


class Week:
    """The clinic's week, event after event; `first` holds when a human first took each person's sign."""

    def __init__(self, cast, clock, worker):
        self.cast, self.clock, self.worker = cast, clock, worker
        self.events, self.order = [], itertools.count()
        self.heard, self.looks = set(), set()
        self.first = {}

    def plan(self, at, what):
        heapq.heappush(self.events, (at, next(self.order), what))

    def play(self):
        while self.events:
            at, _n, what = heapq.heappop(self.events)
            self.clock.move_to(at)
            what(at)
            self._page(at)

    def _page(self, at):
        """The worker looks when a case is due; who is paged answers after a while, or never."""
        with self.worker():
            jobs.climb(at)
        with acting(self.cast["okafor"]):
            due = Case.objects.open().order_by("next_step_at").values_list("next_step_at", flat=True).first()
            made = Page.objects.filter(made_at=at).select_related("to", "patient")
            new = [page for page in made if page.pk not in self.heard]
        for page in new:
            self.heard.add(page.pk)
            if (minutes := answers_after(page)) is not None:
                self.plan(at + timedelta(minutes=minutes), lambda at, page=page: self._answered(page, at))
        if due is not None and due > at and due not in self.looks:
            self.looks.add(due)
            self.plan(due, lambda at: None)

    def _answered(self, page, at):
        with acting(page.to):
            case = Case.objects.filter(pk=page.case_id, closed_at=None).first()
            if case is None or case.acknowledgements.exists():
                return
            acknowledge(case, by=page.to, at=at)
            self.first.setdefault(case.patient_id, at)
        self.plan(at + timedelta(minutes=3), lambda at: self._spoken_with(page, at))

    def _spoken_with(self, page, at):
        with acting(page.to):
            case = Case.objects.get(pk=page.case_id)
            log_contact(case, how="phone", reached=True, note="", by=page.to, at=at)
            close(case, disposition="safe_with_plan", note="synthetic", by=page.to, at=at)

    def call_the_absent(self, at):
        """Ten minutes after the beginning the leader calls those who have not come, three minutes for each."""
        leader = self.cast["nora"]
        with acting(leader):
            for n, missing in enumerate(outreach.absent(leader, at=at)):
                self.plan(at + timedelta(minutes=3 * (n + 1)), lambda at, entry=missing.entry: self._called(entry, at))

    def _called(self, entry, at):
        with acting(self.cast["nora"]):
            outreach.log_call(entry, outcome="cancelled", note="", by=self.cast["nora"], at=at)
        self.first.setdefault(entry.patient_id, at)


def answers_after(page):
    """In how many minutes this page is answered, None for never: alike for both of a pair."""
    draw = random.Random(f"{SEED} {page.patient.called[:-1]} {page.rung}")
    return None if draw.random() < NEVER_ANSWERS else draw.lognormvariate(0, 0.8) * ANSWERS_IN_MINUTES


def signs(halves):
    """Draw the stories. The same hour of the same day for the pair of one at home and one on site."""
    draw, found = random.Random(SEED), []
    for number in range(5 * EACH):
        story, day, minute = STORIES[number % 5], draw.choice(GROUP_DAYS), draw.randrange(-4 * 60, 11 * 60)
        for home, half in halves.items():
            # On site it waits for the arrival, in the quarter of an hour before the group.
            at = at_noon(day, minute if home else draw.uniform(-15, 0))
            found.append(Sign(half[number], story, home, at_noon(day) if story == "drop_off" else at))
    return found


def test_of_a_hundred_weeks_no_sign_stays_unseen_and_home_waits_no_longer_than_the_site(patients, clock, worker):
    cast, halves = patients
    week, drawn = Week(cast, clock, worker), signs(halves)
    for sign in drawn:
        if sign.story != "drop_off":
            week.plan(sign.at, lambda at, sign=sign: told(sign, at))
    stays_away = {(sign.person.pk, sign.at) for sign in drawn if sign.story == "drop_off"}
    for day in GROUP_DAYS:
        week.plan(at_noon(day), lambda at: everybody_else_comes(cast, halves, stays_away, at))
        week.plan(at_noon(day, 10), week.call_the_absent)

    week.play()

    waited = {sign: (week.first[sign.person.pk] - sign.at) / timedelta(minutes=1) for sign in drawn}
    print("\n" + "\n".join(in_words(waited)))
    assert len(waited) == 100 and min(waited.values()) >= 0
    at_home, on_site = (
        statistics.median(m for sign, m in waited.items() if sign.home is home) for home in (True, False)
    )
    assert at_home <= on_site
    with acting(cast["okafor"]):
        assert not Case.objects.open().exists()
        assert Acknowledgement.objects.count() == 80
        assert Flag.objects.filter(kind=HARMED).count() == 2 * EACH


def told(sign, at):
    with acting(sign.person):
        TOLD[sign.story](sign.person, at=at, home=sign.home)


def everybody_else_comes(cast, halves, stays_away, at):
    leader = cast["nora"]
    with acting(leader):
        session = CareSession.objects.led_by(leader).get(during__startswith=at)
        for home, half in halves.items():
            for person in half:
                if (person.pk, at) in stays_away:
                    continue
                if home:
                    for kind, minutes in (("in", 0), ("beat", 0.5)):
                        seen = at + timedelta(minutes=minutes)
                        presence.note(
                            session, person, kind=kind, source="room", connection="x", place="virtual", at=seen
                        )
                else:
                    presence.arrival(session, person, source="desk", by=leader, at=at)


def in_words(waited):
    """The figures, a line for each story and half: how many, median, longest, in minutes."""
    for story in STORIES:
        for home in (True, False):
            minutes = [m for sign, m in waited.items() if (sign.story, sign.home) == (story, home)]
            where = "at home" if home else "on site"
            yield f"{story:<20} {where} n={len(minutes)} {statistics.median(minutes):5.1f} {max(minutes):6.1f}"

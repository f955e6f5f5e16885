"""What is different since last time: the rules as tables of cases; the page, who may read it, and what it asks."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.measures import answering, caseload, reading, since, track
from openiop.measures.blocks import assembled
from openiop.measures.caseload import Why
from openiop.measures.models import Answer, Response
from openiop.measures.since import Evening, Scored, direction, last_seen, measured, of_check_ins, said_of
from openiop.people.access import acting
from openiop.people.models import Person, Tie
from openiop.programs.models import Enrolment
from openiop.safety import ladder
from openiop.safety.models import HARMED, raise_flag
from openiop.schedule.models import CareSession, RosterEntry

pytestmark = pytest.mark.usefixtures("clock")

COUNTS = Path(__file__).parent.parent / "query_counts.json"
LAST = datetime(2026, 11, 19, 23, 0, tzinfo=UTC)  # when the last session began


def scored(*rows):
    return [Scored(date(2026, 11, day), total, datetime(2026, 11, day, 12, tzinfo=UTC)) for day, total in rows]


@pytest.fixture
def phq9(cast):
    with acting(cast["okafor"]):
        return reading.readings_of(cast["okafor"].clinic)["phq9"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "is_new", "from_then", "from_before"),
    [
        ([(16, 14), (23, 20)], True, (14, 6, "worse"), (14, 6, "worse")),
        ([(16, 14), (23, 19)], True, (14, 5, "none"), (14, 5, "none")),
        ([(16, 14), (23, 8)], True, (14, -6, "better"), (14, -6, "better")),
        # Two answers since: what was known then is the older of the two steps.
        ([(9, 18), (16, 14), (20, 16), (23, 21)], True, (14, 7, "worse"), (16, 5, "none")),
        ([(9, 18), (16, 14)], False, None, (18, -4, "none")),
        ([(23, 14)], True, None, None),
    ],
)
def test_a_score_is_held_against_the_answer_before_and_against_what_was_known_last_time(
    phq9, rows, is_new, from_then, from_before
):
    found = measured("phq9", scored(*rows), since=LAST, applies=phq9)

    told = [step and (step.before.total, step.points, step.way) for step in (found.from_then, found.from_before)]
    assert (found.is_new, *told) == (is_new, from_then, from_before)
    assert found.definition.points == 6


def test_what_no_definition_is_known_of_is_called_neither_reliable_nor_noise():
    found = measured("auditc", scored((16, 2), (23, 9)), since=LAST, applies=None)

    assert found.from_then.way is None and found.from_then.points == 7 and found.definition is None


@pytest.mark.parametrize(
    ("item", "then", "now", "way"),
    [
        ("mood", 5, 3, "worse"),
        ("mood", 5, 7, "better"),
        ("urges", 5, 7, "worse"),
        ("anxiety", 5, 2, "better"),
        ("sleep_hours", 7, 4.5, "less"),
        ("sleep_hours", 5, 11, "more"),
        ("safe_now", 0, 1, "worse"),
        ("safe_now", 2, 0, "better"),
        ("self_harm", 1, 2, "worse"),
        ("mood", 4, 4, "same"),
        ("mood", None, 4, "first"),
    ],
)
def test_a_check_in_goes_one_way_or_the_other_and_sleep_is_only_more_or_less(item, then, now, way):
    assert direction(item, then, now) == way


def test_the_worst_answer_since_stands_beside_the_newest():
    at = [LAST + timedelta(hours=hours) for hours in (-30, 14, 38, 62)]

    mood = said_of("mood", list(zip(at, (6, 2, 5, 7), strict=True)), since=LAST)
    safe = said_of("safe_now", list(zip(at, (0, 2, 1, 0), strict=True)), since=LAST)

    assert (mood.then, mood.now, mood.worst, mood.way) == (6, 7, 2, "better")
    assert (safe.then, safe.now, safe.worst, safe.way) == (0, 0, 2, "same")


def test_an_answer_of_weeks_before_says_nothing_of_how_somebody_was_last_time():
    old, new = (LAST - timedelta(days=15), 9), (LAST + timedelta(days=1), 4)

    assert said_of("mood", [old, new], since=LAST).way == "first"
    assert said_of("mood", [old], since=LAST) is None


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ([("safe_now", 0, 2)], [since.NOT_SAFE]),
        ([("self_harm", 0, 1), ("mood", 5, 1)], [since.NOT_SAFE, since.CHECKED_WORSE]),
        ([("mood", 5, 3)], [since.CHECKED_WORSE]),
        ([("mood", 5, 4)], []),
        ([("urges", 2, 6)], [since.CHECKED_WORSE]),
        ([("sleep_hours", 8, 2)], []),
        ([], [since.NOTHING_SAID]),
    ],
)
def test_a_check_in_puts_forward_who_is_not_safe_clearly_worse_or_silent(said, codes):
    rows = [
        said_of(item, [(LAST - timedelta(hours=1), then), (LAST + timedelta(days=1), now)], since=LAST)
        for item, then, now in said
    ]

    assert [why.code for why in of_check_ins(rows, asked=True)] == codes
    assert since.NOTHING_SAID not in [why.code for why in of_check_ins(rows, asked=False)]


@pytest.mark.parametrize(
    ("evenings", "day"),
    [
        ([(16, "attended", True), (18, "attended", False), (19, "absent", True)], 16),
        ([(16, "attended", True), (19, "left_early", True)], 19),
        ([(18, "attended", False)], None),
        ([], None),
    ],
)
def test_last_time_is_when_these_staff_or_this_series_saw_the_person(evenings, day):
    days = [Evening(datetime(2026, 11, on, 23, tzinfo=UTC), status, ours) for on, status, ours in evenings]

    assert (last_seen(days).day if last_seen(days) else None) == day


def test_who_is_not_reached_comes_first_and_who_has_nothing_new_last():
    in_turn = [
        [Why(caseload.WAITS, "", 0, 2)],
        [Why(caseload.ASSESS, "asq", 0, 0)],
        [Why(since.NOT_SAFE, "", 0, 2)],
        [Why(track.ITEM_NINE_ROSE, "", 0, 1)],
        [Why(track.DETERIORATED, "phq9", 10, 16)],
        [Why(since.FLAGGED, "", 0, 3)],
        [Why(caseload.REACHED, "", 0, 3)],
        [Why(track.MISSED, "", 0, 1)],
        [Why(since.CHECKED_WORSE, "", 0, 4)],
        [Why(since.NOTHING_SAID)],
        [],
    ]
    people = dict(reversed(list(enumerate(in_turn))))

    assert caseload.in_order(people, order=since.ORDER) == list(range(len(in_turn)))
    assert {why.code for whys in in_turn for why in whys} | {caseload.ASSESS_LATE} == set(since.ORDER)


# --- the page ---


def tonight(cast):
    with acting(cast["okafor"]):
        return CareSession.objects.get(roster__patient=cast["maya"], during__contains=world.NOW + timedelta(minutes=20))


def say(person, item, value, *, code="checkin", hours_ago=1):
    moment = world.NOW - timedelta(hours=hours_ago)
    with acting(person):
        day = moment.astimezone(world.ZONE).date()
        answering.answer(
            person,
            instrument=assembled.current(code, person, day=day),
            for_day=day,
            item=item,
            value=value,
            key=uuid4(),
            answered_at=moment,
            at=moment,
        )


def lines(cast, reader="bea"):
    session = tonight(cast)
    with acting(cast[reader]):
        return {line.patient.called: line for line in since.lines(session, cast[reader], at=world.NOW)}


@pytest.mark.django_db
def test_before_the_group_each_patient_stands_with_what_is_new_and_who_is_not_safe_comes_first(cast, client_for):
    say(cast["theo"], "mood", 2)
    say(cast["theo"], "safe_now", 2)
    with acting(cast["maya"]):
        answered(cast["maya"], 0)
    say(cast["theo"], "safe_now", 0, hours_ago=0.5)

    found = lines(cast)
    shown = client_for(cast["bea"]).get(f"/sessions/{tonight(cast).pk}/since-last-time").content.decode()

    assert next(iter(found)) == "Theo"
    safe = next(row for row in found["Theo"].said if row.item == "safe_now")
    assert (safe.now, safe.worst) == (0, 2)
    import re

    print(re.sub("<[^>]+>", " ", shown)[-6000:])
    assert "Said since that they are not safe" in shown and "Reliable from 6 points" in shown
    assert "New flag since, tier 4" in shown
    assert shown.index(cast["theo"].full_name) < shown.index(cast["maya"].full_name)


@pytest.mark.django_db
def test_last_time_is_the_last_evening_the_person_was_at_and_a_missed_one_is_told(cast):
    with acting(cast["okafor"]):
        before = RosterEntry.objects.filter(patient=cast["theo"], session__series=tonight(cast).series, stands=True)
        before = before.filter(during__endswith__lte=world.NOW).order_by("-during__startswith")
        newest, older = before[0], before[1]
        RosterEntry.objects.filter(pk=newest.pk).update(status="absent")
        RosterEntry.objects.filter(pk=older.pk).update(status="attended")

    line = lines(cast)["Theo"]

    assert line.seen_at == older.during.lower
    assert line.missed == [newest.during.lower.astimezone(world.ZONE).date()]
    assert track.MISSED in [why.code for why in line.whys]


@pytest.mark.django_db
def test_the_words_of_a_private_flag_stand_neither_here_nor_on_paper(cast, client_for):
    with acting(cast["okafor"]):
        raise_flag(
            cast["ines"],
            key="theirs",
            evidence=ladder.Evidence("harmed_at_home", "yes"),
            label="Somebody near",
            value="hurts them",
            kind=HARMED,
            at=world.NOW - timedelta(hours=2),
        )

    shown = client_for(cast["okafor"]).get(f"/sessions/{tonight(cast).pk}/since-last-time").content.decode()

    assert "hurts them" not in shown and "Somebody near" not in shown
    assert '<li class="no-print"><a' in shown and "A private matter" in shown


@pytest.mark.django_db
def test_only_clinicians_read_it_and_of_those_they_may_open(cast, client_for):
    path = f"/sessions/{tonight(cast).pk}/since-last-time"

    assert client_for(cast["bea"]).get(path).status_code == 200
    assert client_for(cast["bea"]).post(path).status_code == 405
    for who in ("lin", "hal", "rosa"):
        assert client_for(cast[who]).get(path).status_code == 403
    assert client_for(cast["maya"]).get(path).status_code == 404
    with acting(cast["okafor"]):
        Tie.objects.filter(staff=cast["bea"], patient=cast["theo"]).update(ends_at=world.NOW - timedelta(days=1))
        opened = AuditEvent.objects.filter(verb="since.open", patient_id=cast["maya"].pk).count()
    shown = client_for(cast["bea"]).get(path).content.decode()
    assert opened == 1
    assert cast["theo"].full_name not in shown and "1 person on the roster whose record you may not open" in shown


@pytest.mark.django_db
def test_the_sessions_page_brings_it_before_the_beginning_and_only_a_link_afterwards(cast, client_for, clock):
    session, browser = tonight(cast), client_for(cast["bea"])
    part = f'hx-get="/sessions/{session.pk}/since-last-time"'

    before = browser.get(f"/sessions/{session.pk}").content.decode()
    asked = browser.get(f"/sessions/{session.pk}/since-last-time", headers={"HX-Request": "true"}).content.decode()
    clock.move_to(world.NOW + timedelta(minutes=30))
    after = client_for(cast["bea"]).get(f"/sessions/{session.pk}").content.decode()

    assert part in before and part not in after
    assert f'href="/sessions/{session.pk}/since-last-time"' in after
    assert "<html" not in asked and cast["maya"].full_name in asked
    assert part not in client_for(cast["lin"]).get(f"/sessions/{session.pk}").content.decode()


@pytest.mark.django_db
def test_an_empty_roster_says_so(cast, client_for):
    session = tonight(cast)
    with acting(cast["okafor"]):
        session.roster.update(stands=False)

    shown = client_for(cast["bea"]).get(f"/sessions/{session.pk}/since-last-time").content.decode()

    assert "Nobody is on the roster" in shown


@pytest.mark.django_db
def test_it_speaks_spanish(cast, client_for):
    with acting(cast["bea"]):
        cast["bea"].choose_language("es")

    shown = client_for(cast["bea"]).get(f"/sessions/{tonight(cast).pk}/since-last-time").content.decode()

    assert "Desde la última vez" in shown


@pytest.mark.django_db
def test_ten_times_the_people_and_answers_ask_the_database_no_more(cast):
    def asked():
        session = tonight(cast)
        with acting(cast["okafor"]), CaptureQueriesContext(connection) as queries:
            found = since.lines(session, cast["okafor"], at=world.NOW)
        return len(queries), len(found)

    few = asked()
    ten_times(cast, people=few[1] * 9)
    many = asked()

    assert many[1] == 10 * few[1]
    assert few[0] == many[0] <= json.loads(COUNTS.read_text())["since last time"]


def ten_times(cast, *, people):
    """Put so many more people on tonight's roster, each with ten weeks of answers."""
    session = tonight(cast)
    like = cast["maya"]
    with acting(cast["okafor"]):
        theirs = RosterEntry.objects.get(session=session, patient=like)
        CareSession.objects.filter(pk=session.pk).update(capacity=people * 2)
        enrolment = Enrolment.objects.get(patient=like)
        for number in range(people):
            person = Person.objects.create(
                clinic_id=like.clinic_id,
                kind="patient",
                given_name=f"P{number}",
                family_name="Many",
                called=f"P{number}",
                born_on=date(1990, 1, 1),
            )
            enrolment.pk, enrolment.patient, enrolment._state.adding = uuid4(), person, True
            enrolment.save(force_insert=True)
            theirs.pk, theirs.patient, theirs.enrolment, theirs._state.adding = uuid4(), person, enrolment, True
            theirs.arrival_code = f"{number:06d}"
            theirs.save(force_insert=True)
            for week in range(10):
                answered(person, week)


def answered(person, week):
    at = world.NOW - timedelta(days=7 * week + 1)
    whose = {"clinic_id": person.clinic_id, "patient": person}
    for code, total in (("phq9", 10 + week % 3), ("checkin", None)):
        row = Response.objects.create(
            **whose,
            instrument=code,
            version=1,
            for_day=at.date(),
            started_at=at,
            completed_at=at,
            total=total,
        )
        if code == "checkin":
            Answer.objects.create(
                **whose, response=row, item="mood", value=week, key=uuid4(), answered_at=at, received_at=at
            )

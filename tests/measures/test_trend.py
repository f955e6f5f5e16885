"""Scores over time: what changed and how sure that is, for staff and in plain words for the patient."""

from datetime import date, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.measures import answering, chart, norms, trend
from openiop.measures.change import Dated
from openiop.measures.models import Answer, Response
from openiop.measures.reading import Reading
from openiop.measures.views.trends import in_plain_words
from openiop.people.access import acting
from openiop.programs.models import Enrolment
from openiop.schedule.models import RosterEntry

ADMITTED = date(2026, 11, 2)


def day(number):
    return ADMITTED + timedelta(days=number)


def phq9(definition="iapt"):
    known = norms.norms_of("phq9")
    return Reading(known.definition(definition), known, 0)


def change(*totals, reading=None):
    scores = [Dated(day(7 * number), total) for number, total in enumerate(totals)]
    return trend.change_of(scores, admitted_on=ADMITTED, reading=reading)


@pytest.mark.parametrize(
    ("totals", "way", "notices", "response", "remission"),
    [
        ((16, 12, 10), "better", True, False, False),
        ((16, 11), "none", True, False, False),
        ((16, 13), "none", False, False, False),
        ((16, 4), "better", True, True, True),
        ((10, 16), "worse", True, False, False),
        ((12, 20, 12), "none", False, False, False),
    ],
)
def test_the_change_since_the_start(totals, way, notices, response, remission):
    found = change(*totals, reading=phq9())

    assert (found.way, found.notices, found.response, found.remission) == (way, notices, response, remission)
    assert found.definition.source.startswith("IAPT")


@pytest.mark.parametrize(
    ("totals", "outcome"),
    [
        ((16, 9), "recovered"),
        ((16, 10), "improved"),
        ((16, 11), "unchanged"),
        ((10, 16), "deteriorated"),
        ((9, 15), "harmed"),
        ((9, 3), "improved"),
    ],
)
def test_whether_a_change_is_clinically_significant_goes_by_the_cut_off_that_stands_beside_it(totals, outcome):
    found = change(*totals, reading=phq9())

    assert (found.outcome, found.cut.value) == (outcome, 10)
    assert change(*totals).outcome is None, "where no cut-off is known, nothing is claimed"


def test_without_a_baseline_or_with_nothing_after_it_there_is_no_change():
    late = [Dated(day(5), 16), Dated(day(12), 4)]

    assert trend.change_of(late, admitted_on=ADMITTED, reading=phq9()) is None
    assert change(16, reading=phq9()) is None


def test_where_nothing_is_known_of_a_measure_nothing_is_claimed():
    found = change(16, 4)

    assert (found.way, found.definition, found.notices, found.remission) == (None, None, None, None)


def test_a_prorated_total_makes_no_change():
    rows = [
        SimpleNamespace(for_day=day(0), total=12, prorated=False),
        SimpleNamespace(for_day=day(7), total=4, prorated=True),
        SimpleNamespace(for_day=day(8), total=None, prorated=False),
    ]

    assert trend.scores_of(rows) == [Dated(day(0), 12)]


@pytest.mark.parametrize(
    ("sessions", "missed"),
    [
        ([(3, "attended"), (5, "absent")], []),
        ([(3, "absent"), (5, "cancelled_late")], [-1]),
        ([(3, "absent"), (12, "late")], [-1]),
        ([], []),
    ],
)
def test_a_week_is_missed_when_it_had_sessions_and_none_was_attended(sessions, missed):
    found = trend.missed_weeks([(day(number), status) for number, status in sessions], week_starts="sunday")

    assert [event.on for event in found] == [day(number) for number in missed]


@pytest.mark.parametrize(
    ("totals", "says"),
    [
        ((16, 8), "8 lower than at the start. That is more than chance"),
        ((16, 13), "3 lower than at the start. Numbers go up and down"),
        ((10, 17), "7 higher than at the start. That is more than chance alone would do. Your team"),
        ((12, 12), "the same as at the start"),
    ],
)
def test_a_patient_reads_it_in_plain_words(totals, says):
    assert says in in_plain_words(change(*totals, reading=phq9()))


# --- the chart ---

BANDS = [("Minimal", 0, 4), ("Mild", 5, 9), ("Severe", 10, 27)]


def drawn(*totals, **more):
    scores = [Dated(day(7 * number), total) for number, total in enumerate(totals)]
    return chart.draw(scores, least=0, most=27, bands=BANDS, **more)


def test_a_higher_score_stands_higher_and_a_later_one_further_right():
    found = drawn(27, 0)

    assert (found.dots[0].y, found.dots[1].y) == (found.top, found.floor)
    assert found.left < found.dots[0].x < found.dots[1].x < found.right


def test_the_bands_cover_the_chart_without_a_gap():
    stripes = drawn(5).stripes

    assert stripes[0].y + stripes[0].height == pytest.approx(chart.HEIGHT - chart.BOTTOM)
    assert stripes[-1].y == chart.TOP
    for lower, upper in zip(stripes, stripes[1:], strict=False):
        assert upper.y + upper.height == pytest.approx(lower.y, abs=0.11)


def test_one_score_alone_can_be_drawn_and_the_baseline_is_marked():
    found = drawn(12, baseline=Dated(day(0), 12))

    assert [dot.is_baseline for dot in found.dots] == [True]


def test_dates_never_lie_on_one_another_and_the_newest_is_always_named():
    found = chart.draw([Dated(day(number), 5) for number in range(40)], least=0, most=27, bands=BANDS)

    places = [tick.at for tick in found.days]
    assert all(after - before >= 80 for before, after in zip(places, places[1:], strict=False))
    assert found.days[-1].text == day(39)


def test_a_week_missed_has_a_width_and_an_admission_has_none():
    found = drawn(12, 9, events=[("Admission", day(0), None), ("Week missed", day(2), day(5))])

    assert [mark.width > 0 for mark in found.marks] == [False, True]


def test_words_of_events_close_together_never_lie_on_one_another_nor_leave_the_chart():
    events = [("Medication started", day(number), None) for number in (0, 1, 1, 12, 13, 14)]
    marks = drawn(12, 9, 5, events=events).marks

    places = [(mark.x - 100 if mark.ends_here else mark.x, mark.lane) for mark in marks if mark.text]
    assert len(places) == 6 and len({lane for _left, lane in places}) == 3
    assert all(chart.LEFT < left < chart.WIDTH - 100 for left, _lane in places)
    for number, (left, lane) in enumerate(places):
        assert all(abs(left - other) >= 100 for other, same in places[:number] if same == lane)


def test_more_events_on_one_day_than_have_room_keep_their_line_and_leave_their_words_to_the_table():
    marks = drawn(12, 9, events=[("Medication started", day(2), None)] * 9).marks

    assert len(marks) == 9 and sum(bool(mark.text) for mark in marks) == chart.LANES


# --- the pages ---

TODAY = date(2026, 11, 24)


def whole(person, day, total, *, code="phq9"):
    """A complete measure of that total, given on that day."""
    items = [item for item in answering.newest(code).items if item.scored]
    for number, item in enumerate(items):
        value = total // (len(items) - 1) + (number < total % (len(items) - 1)) if number < len(items) - 1 else 0
        moment = world.NOW - (TODAY - day) + timedelta(seconds=number)
        answering.answer(
            person,
            instrument=answering.newest(code),
            for_day=day,
            item=item.code,
            value=value,
            key=uuid4(),
            answered_at=moment,
            at=moment,
        )


def a_course(cast, key, *totals):
    """One score a week up to today, the first on the day of admission."""
    with acting(cast["okafor"]):
        first = TODAY - timedelta(days=7 * (len(totals) - 1))
        Enrolment.objects.filter(patient=cast[key]).update(during=(first, None))
    with acting(cast[key]):
        for number, total in enumerate(totals):
            whole(cast[key], first + timedelta(days=7 * number), total)


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_the_therapist_sees_the_course_with_its_definition_and_a_table_beside_the_chart(cast, client_for):
    a_course(cast, "maya", 16, 14, 9)

    shown = client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/measures/trend/phq9").content.decode()

    assert "<svg" in shown and 'role="img"' in shown and "style=" not in shown
    assert "Reliable from 6 points: IAPT" in shown and "reliably better" in shown
    assert "Scores and events" in shown and "Admission" in shown
    assert "Recovered: reliably better" in shown and "Range of a case: from 10" in shown


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("newest", "says"), [(38, "The symptom rule holds"), (19, "does not hold")])
def test_the_course_of_the_pcl_5_says_whether_its_symptom_rule_holds_now(cast, client_for, newest, says):
    for total, day_of in ((57, TODAY - timedelta(days=7)), (newest, TODAY)):
        with acting(cast["maya"]):
            whole(cast["maya"], day_of, total, code="pcl5")

    shown = client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/measures/trend/pcl5").content.decode()

    assert says in shown and "at least one of B" in shown


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_the_course_of_the_phq_9_says_which_syndrome_its_own_rule_suggests_and_that_it_is_no_diagnosis(
    cast, client_for
):
    with acting(cast["maya"]):
        whole(cast["maya"], TODAY, 18)

    shown = client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/measures/trend/phq9").content.decode()

    assert "suggest a major depressive syndrome. That is no diagnosis" in shown and "as CamCOPS has it" in shown
    assert "syndrome" not in client_for(cast["maya"]).get("/me/measures").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_nobody_else_opens_a_course_and_what_has_no_total_has_none(cast, client_for):
    url = f"/patients/{cast['maya'].pk}/measures/trend"

    assert client_for(cast["hal"]).get(f"{url}/phq9").status_code == 404
    assert client_for(cast["maya"]).get(f"{url}/phq9").status_code == 404
    assert client_for(cast["marcus"]).get(f"{url}/asq").status_code == 404
    assert client_for(cast["marcus"]).get(f"{url}/nothing").status_code == 404
    assert "No score yet" in client_for(cast["marcus"]).get(f"{url}/gad7").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_a_patient_sees_their_own_numbers_without_names_for_how_bad_it_is(cast, client_for):
    a_course(cast, "maya", 16, 9)

    shown = client_for(cast["maya"]).get("/me/measures").content.decode()

    assert "16 of 27" in shown and "9 of 27" in shown and "7 lower than at the start" in shown
    assert not any(word in shown.lower() for word in ("severe", "moderate", "reliably", "deteriorated"))
    assert "of 27" not in client_for(cast["theo"]).get("/me/measures").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_screens_for_suicide_stand_on_no_patients_page_of_numbers(cast, client_for):
    with acting(cast["maya"]):
        for number in (1, 2, 3, 4):
            answering.answer(
                cast["maya"],
                instrument=answering.newest("asq"),
                for_day=world.NOW.date(),
                item=f"asq_{number}",
                value=0,
                key=uuid4(),
                answered_at=world.NOW,
                at=world.NOW,
            )

    assert "Suicide" not in client_for(cast["maya"]).get("/me/measures").content.decode()


@pytest.mark.parametrize(
    ("days", "runs"),
    [
        ([], []),
        ([3], [(3, 4)]),
        ([3, 4, 5], [(3, 6)]),
        ([5, 3, 4, 4], [(3, 6)]),
        ([3, 5], [(3, 4), (5, 6)]),
    ],
)
def test_days_on_end_without_medication_are_one_mark(days, runs):
    found = trend.missed_medication([date(2026, 11, number) for number in days])

    assert [(each.on.day, each.until.day) for each in found] == runs
    assert {each.kind for each in found} <= {"missed_medication"}


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_skills_begun_and_medication_said_to_be_missed_stand_in_the_course_in_words_too(cast, client_for):
    maya, today = cast["maya"], date(2026, 11, 24)
    with acting(cast["okafor"]):
        evening = RosterEntry.objects.filter(patient=maya, session__blocks__kind="skills", stands=True)
        first = evening.filter(during__endswith__lte=world.NOW).order_by("during__startswith").first()
        assert first is not None
        RosterEntry.objects.filter(pk=first.pk).update(status="attended")
    with acting(maya):
        for on, code, item, value in (
            (today - timedelta(days=14), "phq9", "", 14),
            (today, "phq9", "", 12),
            (today - timedelta(days=2), "checkin", "medication", 1),
            (today - timedelta(days=1), "checkin", "medication", 0),
        ):
            whose = {"clinic_id": maya.clinic_id, "patient": maya}
            at = {"started_at": world.NOW, "completed_at": world.NOW}
            total = value if code == "phq9" else None
            row = Response.objects.create(**whose, instrument=code, version=1, for_day=on, total=total, **at)
            if item:
                said = {"item": item, "value": value, "key": uuid4()}
                Answer.objects.create(**whose, response=row, answered_at=world.NOW, received_at=world.NOW, **said)
    with acting(cast["okafor"]):
        found = {
            each.kind: each
            for each in trend.events_of(maya, reader=cast["okafor"], since=today - timedelta(days=20), until=today)
        }

    shown = client_for(cast["okafor"]).get(f"/patients/{maya.pk}/measures/trend/phq9").content.decode()

    assert found["missed_medication"].on == today - timedelta(days=2)
    assert found["missed_medication"].until == today - timedelta(days=1)
    assert found["skills_begun"].on == first.during.lower.astimezone(world.ZONE).date()
    # Once in the chart, once in the table beside it.
    assert shown.count("Medication missed, as said") >= 2 and shown.count("Skills begun") >= 2

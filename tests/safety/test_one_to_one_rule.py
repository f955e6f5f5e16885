"""The rule of one-to-one as a table of cases: who is with them, what is late, whom it climbs to."""

from datetime import UTC, datetime, time, timedelta

import pytest

from openiop.demo import world
from openiop.safety import ladder, one_to_one
from openiop.safety.one_to_one import Ended, Turn

NOW = world.NOW


def after(minutes):
    return NOW + timedelta(minutes=minutes)


def turn(who, named, confirmed=None, ended=None, until=None, works_here=True):
    moments = [None if minute is None else after(minute) for minute in (confirmed, until, ended)]
    return Turn(who, after(named), *moments, works_here)


@pytest.mark.parametrize(
    ("given", "with_them", "alone", "why", "due"),
    [
        pytest.param({"tier": 2, "told_on_site": [0]}, None, False, "", None, id="below high nobody is asked for"),
        pytest.param({}, None, False, "", None, id="at home nobody is asked for by the clock"),
        pytest.param({"told_on_site": [0]}, None, True, "nobody_named", 5, id="high, on site, nobody named"),
        pytest.param({"told_on_site": [-60]}, None, True, "nobody_named", 5, id="on site before: from the danger on"),
        pytest.param({"told_on_site": [20, 40]}, None, True, "nobody_named", 25, id="came after: from their coming on"),
        pytest.param(
            {"told_on_site": [0], "turns": [turn("Bea", 3)]}, None, True, "not_confirmed", 5, id="naming moves no clock"
        ),
        pytest.param(
            {"turns": [turn("Bea", 3)]}, None, False, "not_confirmed", 8, id="on the line: from the naming on"
        ),
        pytest.param(
            {"turns": [turn("Bea", 3, ended=6), turn("Hal", 6)]},
            None,
            False,
            "not_confirmed",
            8,
            id="naming another instead moves no clock",
        ),
        pytest.param(
            {"told_on_site": [0], "turns": [turn("Bea", 3, 4)]}, "Bea", False, "", None, id="with them: nothing is due"
        ),
        pytest.param(
            {"told_on_site": [0], "turns": [turn("Bea", 3, 4), turn("Hal", 30)]},
            "Bea",
            False,
            "not_confirmed",
            35,
            id="the next has not confirmed: the first stays",
        ),
        pytest.param(
            {"told_on_site": [0], "turns": [turn("Bea", 3, 4, ended=32), turn("Hal", 30, 32)]},
            "Hal",
            False,
            "",
            None,
            id="handed on",
        ),
        pytest.param(
            {"told_on_site": [0], "turns": [turn("Bea", 3, 4, until=60)]},
            "Bea",
            False,
            "shift_over",
            60,
            id="their duty ends: they stay, and others are asked",
        ),
        pytest.param(
            {"told_on_site": [0], "turns": [turn("Bea", 3, 4, until=60), turn("Hal", 40)]},
            "Bea",
            False,
            "not_confirmed",
            45,
            id="what is due first counts",
        ),
        pytest.param(
            {"told_on_site": [0], "turns": [turn("Bea", 3, 4, works_here=False)]},
            "Bea",
            False,
            "gone",
            4,
            id="somebody who left the clinic is with nobody",
        ),
        pytest.param(
            {"told_on_site": [0], "ended": Ended(after(10), "lowered")}, None, False, "", None, id="decided: lower"
        ),
        pytest.param(
            {"told_on_site": [0], "ended": Ended(after(10), "lowered"), "since": 20},
            None,
            True,
            "nobody_named",
            25,
            id="a new danger after the decision asks anew",
        ),
        pytest.param(
            {"told_on_site": [0, 90], "ended": Ended(after(10), "lowered")},
            None,
            False,
            "",
            None,
            id="lower holds, whoever comes back on site",
        ),
        pytest.param(
            {"told_on_site": [0, 90], "ended": Ended(after(10), "ambulance")},
            None,
            True,
            "nobody_named",
            95,
            id="left by ambulance and back on site: asked anew",
        ),
    ],
)
def test_who_is_with_them_and_what_is_late(given, with_them, alone, why, due):
    given = {"tier": 3, "told_on_site": [], **given}
    found = one_to_one.state(
        tier=given["tier"],
        since=after(given.get("since", 0)),
        told_on_site=[after(minute) for minute in given["told_on_site"]],
        turns=given.get("turns", ()),
        ended=given.get("ended"),
        minutes=5,
    )

    assert found.with_them.who == with_them if with_them else found.with_them is None
    assert (found.is_alone, found.why, found.due_at) == (alone, why, None if due is None else after(due))


def test_nobody_coming_it_climbs_the_cases_own_ladder_and_everyone_is_asked_again():
    asked = ladder.route(live_with=["Bea"], primary="Marcus", supervisors=["Okafor"], in_hours=True)
    found = one_to_one.state(tier=3, since=NOW, told_on_site=[NOW], minutes=5)
    paged, seen = [], []
    for minute in range(31):
        step = one_to_one.next_step(found, asked=asked, paged=paged, order=ladder.ORDER, minutes=5, at=after(minute))
        if step.kind == "page":
            paged.append((after(minute), f"{one_to_one.PAGED}{asked[step.rung].because}"))
            seen.append((minute, step.rung))

    assert seen == [(5, 0), (10, 1), (15, 2), (20, 3), (25, 3), (30, 3)]


@pytest.mark.parametrize(
    ("why", "words", "assessed", "missing"),
    [
        ("lowered", "Calm, with a plan.", 2, ""),
        ("lowered", "Calm.", None, one_to_one.NOT_LOWERED),
        ("lowered", "Calm.", 3, one_to_one.NOT_LOWERED),
        ("family", "Her sister drives her to the emergency department.", 4, ""),
        ("family", " ", 4, one_to_one.NO_REASON),
        ("tired", "It is late.", 0, one_to_one.NO_REASON),
    ],
)
def test_what_a_decision_that_nobody_needs_to_stay_has_to_hold(why, words, assessed, missing):
    assert one_to_one.why_not_end(why, words=words, assessed=assessed) == missing


@pytest.mark.parametrize(
    ("here_at", "closes", "at"),
    [
        ("2026-10-31T22:00Z", time(21, 30), "2026-11-01T01:30Z"),
        ("2026-11-01T04:30Z", time(1, 30), "2026-11-01T05:30Z"),
        ("2026-11-01T05:15Z", time(1, 30), "2026-11-01T05:30Z"),
        ("2026-11-01T06:15Z", time(1, 30), "2026-11-01T06:30Z"),
        ("2026-03-08T05:30Z", time(2, 30), "2026-03-08T07:30Z"),
    ],
    ids=[
        "a usual day",
        "before the hour that comes twice",
        "in its first",
        "in its second",
        "an hour that is left out",
    ],
)
def test_closing_time_is_after_whoever_is_there_before_it_also_as_clocks_change(here_at, closes, at):
    here_at, at = datetime.fromisoformat(here_at), datetime.fromisoformat(at)
    closing = one_to_one.closing_of(here_at.astimezone(world.ZONE), closes).astimezone(UTC)

    assert closing == at > here_at
    assert one_to_one.duty_ends_at([closing, None], at=here_at) == at


def test_a_duty_that_is_over_ends_nothing():
    assert one_to_one.duty_ends_at([after(-1), NOW, None], at=NOW) is None

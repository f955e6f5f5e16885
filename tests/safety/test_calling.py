"""Whom a call from staff to staff asks first: rules, without a database."""

from datetime import UTC, date, datetime, timedelta

import pytest

from openiop.safety import calling, ladder, rungs
from openiop.safety.calling import Colleague

TODAY, BEFORE = date(2026, 11, 24), date(2026, 11, 20)
NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)
HAL = Colleague("Hal", False, "harbor", TODAY)
LIN = Colleague("Lin", False, "harbor", BEFORE)
ROSA = Colleague("Rosa", False, "hill", TODAY)
OKAFOR = Colleague("Okafor", True, None, TODAY)
VERA = Colleague("Vera")


def asked(*colleagues, site="harbor", only_site=False):
    people = calling.behind(colleagues, site=site, only_site=only_site, today=TODAY)
    chosen = calling.plan(climb_seconds=30, found_minutes=10)
    return [rung.who or "everybody" for rung in rungs.drawn(chosen, people)]


@pytest.mark.parametrize(
    ("colleagues", "site", "only_site", "rung_by_rung"),
    [
        ((HAL, LIN, ROSA, OKAFOR, VERA), "harbor", False, [("Hal",), ("Lin", "Vera"), ("Okafor",), "everybody"]),
        ((HAL, LIN, ROSA, OKAFOR, VERA), "hill", False, [("Rosa",), ("Vera",), ("Okafor",), "everybody"]),
        ((ROSA, OKAFOR), "harbor", False, [("Okafor",), "everybody"]),
        ((ROSA,), "harbor", False, ["everybody"]),
        ((HAL, ROSA, VERA), None, False, ["everybody"]),
        ((HAL, LIN, OKAFOR, VERA), "harbor", True, [("Hal", "Lin", "Vera"), ("Okafor",), "everybody"]),
        ((), "harbor", True, ["everybody"]),
    ],
    ids=["own site first", "the other site", "nobody there", "only others", "place unknown", "one site", "alone"],
)
def test_the_own_sites_people_are_asked_first_and_everybody_last(colleagues, site, only_site, rung_by_rung):
    assert asked(*colleagues, site=site, only_site=only_site) == rung_by_rung


def step(*, pages, at, taken=None):
    chosen = calling.plan(climb_seconds=30, found_minutes=10)
    people = calling.behind([HAL, LIN, OKAFOR], site="harbor", only_site=False, today=TODAY)
    drawn = rungs.drawn(chosen, people)
    paged = [ladder.Paged(NOW + timedelta(seconds=second), rung) for second, rung in pages]
    case = ladder.Case(NOW, drawn, paged, [NOW + timedelta(seconds=taken)] if taken else [])
    found = ladder.next_step(case, at=NOW + timedelta(seconds=at), deadlines=calling.deadlines(chosen))
    return found.kind, found.rung


@pytest.mark.parametrize(
    ("pages", "taken", "at", "expected"),
    [
        ([(0, 0)], None, 29, ("wait", None)),
        ([(0, 0)], None, 30, ("page", 1)),
        ([(0, 0), (30, 1)], None, 60, ("page", 2)),
        ([(0, 0), (30, 1), (60, 2)], None, 90, ("page", 3)),
        ([(0, 0), (30, 1), (60, 2), (90, 3)], None, 209, ("wait", None)),
        ([(0, 0), (30, 1), (60, 2), (90, 3)], None, 210, ("page", 3)),
        ([(0, 0)], 20, 599, ("wait", None)),
        ([(0, 0)], 20, 600, ("page", 1)),
    ],
)
def test_it_climbs_by_the_clinics_seconds_and_again_where_nobody_says_what_was_found(pages, taken, at, expected):
    assert step(pages=pages, taken=taken, at=at) == expected

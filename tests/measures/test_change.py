"""Reliable change, Jacobson and Truax, response, remission, baseline: worked examples from the literature."""

from datetime import date, timedelta

import pytest

from openiop.measures import change, norms
from openiop.measures.change import Dated, Pair, Reliability

ADMITTED = date(2026, 11, 2)


def day(number):
    return ADMITTED + timedelta(days=number)


def test_the_worked_example_of_jacobson_and_truax():
    example = Reliability(r=0.80, sd=7.5)

    assert example.sem == pytest.approx(3.354, abs=0.001)
    assert example.difference == pytest.approx(4.743, abs=0.001)
    assert change.index(32.5, 47.5, example) == pytest.approx(3.162, abs=0.001)


@pytest.mark.parametrize(
    ("code", "definition", "points"),
    [
        ("phq9", "computed", 5.40),
        ("gad7", "computed", 6.42),
        ("pcl5", "computed", 17.71),
        ("pcl5", "bovin", 21.95),
        ("phq9", "iapt", 6),
        ("gad7", "iapt", 4),
    ],
)
def test_how_many_points_a_change_needs(code, definition, points):
    assert norms.norms_of(code).definition(definition).points == pytest.approx(points, abs=0.005)


def test_both_definitions_agree_for_the_phq9_and_differ_for_the_gad7():
    phq9, gad7 = norms.norms_of("phq9"), norms.norms_of("gad7")

    assert change.whole_points(phq9.definition("computed").reliability) == phq9.definition("iapt").points == 6
    assert change.whole_points(gad7.definition("computed").reliability) == 7
    assert change.reliable_change(15, 10, points=gad7.definition("iapt").points) == "better"
    assert change.reliable_change(15, 10, points=gad7.definition("computed").points) == "none"


def test_every_fact_about_change_has_a_source_and_what_is_not_confirmed_says_so():
    facts = norms.norms_of("gad7").facts

    assert facts["matters"].trust == facts["prorate"].trust == "recalled"
    assert facts["caseness"].trust == "read" and facts["caseness"].value == 8


def test_a_choice_that_is_gone_falls_back_to_the_first():
    assert norms.norms_of("phq9").definition("nobody knows").code == "iapt"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"instrument": "x"}, "missing"),
        ({"instrument": "x", "reliable": []}, "no definition"),
        (
            {"instrument": "x", "reliable": [{"code": "a", "r": 1.2, "sd": 3, "source": "s", "trust": "read"}]},
            "between",
        ),
        ({"instrument": "x", "reliable": [{"code": "a", "points": 3, "source": " ", "trust": "read"}]}, "source"),
        ({"instrument": "x", "reliable": [{"code": "a", "points": 3, "source": "s", "trust": "sure"}]}, "source"),
    ],
)
def test_norms_that_lack_something_are_refused_by_name(data, says):
    with pytest.raises(norms.BadNorms, match=f"x.json.*{says}"):
        norms.parse(data, name="x.json")


@pytest.mark.parametrize(
    ("pre", "post", "way"), [(16, 10, "better"), (16, 11, "none"), (10, 16, "worse"), (10, 15, "none"), (9, 9, "none")]
)
def test_a_change_counts_from_the_point_where_noise_is_unlikely(pre, post, way):
    assert change.reliable_change(pre, post, points=6) == way


@pytest.mark.parametrize(
    ("pre", "post", "outcome"),
    [
        (16, 8, "recovered"),
        (16, 10, "improved"),
        (20, 12, "improved"),
        (9, 3, "improved"),
        (16, 14, "unchanged"),
        (12, 9, "unchanged"),
        (12, 18, "deteriorated"),
        (4, 10, "harmed"),
        (2, 9, "deteriorated"),
    ],
)
def test_the_five_outcomes(pre, post, outcome):
    assert change.outcome(pre, post, points=6, cut=10) == outcome


def test_the_three_cut_offs():
    clinical, functional = (16.0, 5.0), (4.0, 3.0)

    assert change.cut_off("a", clinical=clinical, functional=functional) == 6
    assert change.cut_off("b", clinical=clinical, functional=functional) == 10
    assert change.cut_off("c", clinical=clinical, functional=functional) == pytest.approx(8.5)


@pytest.mark.parametrize(
    ("pre", "post", "yes"), [(16, 8, True), (16, 9, False), (15, 7, True), (15, 8, False), (0, 0, False)]
)
def test_a_response_is_half_or_less(pre, post, yes):
    assert change.is_response(pre, post) is yes


def test_remission_and_what_people_notice():
    assert change.is_remission(4, below=5) and not change.is_remission(5, below=5)
    assert change.matters(12, 7, points=5) and not change.matters(12, 8, points=5)


@pytest.mark.parametrize(
    ("pairs", "improved", "recovered", "both"),
    [
        ([Pair(16, 8, 10, 6), Pair(12, 6, 8, 4)], True, True, True),
        ([Pair(16, 8, 10, 6), Pair(12, 9, 8, 4)], True, False, False),
        ([Pair(16, 8, 10, 6), Pair(5, 10, 8, 4)], False, False, False),
        ([Pair(11, 9, 10, 6), Pair(9, 7, 8, 4)], False, True, False),
        ([Pair(4, 4, 10, 6), Pair(3, 2, 8, 4)], False, None, None),
    ],
)
def test_recovery_as_the_nhs_counts_it(pairs, improved, recovered, both):
    assert change.reliable_improvement(pairs) is improved
    assert change.recovery(pairs) is recovered
    assert change.reliable_recovery(pairs) is both


@pytest.mark.parametrize(
    ("days", "first"),
    [([-8, -7, 0], -7), ([-8, 4], None), ([3, 10], 3), ([0, 1], 0), ([2, -1], -1), ([], None), ([-9, -8], None)],
)
def test_the_baseline_is_the_first_score_around_admission_and_never_another(days, first):
    scores = [Dated(day(number), 10 + number) for number in days]

    found = change.baseline(scores, admitted_on=ADMITTED)

    assert found == (None if first is None else Dated(day(first), 10 + first))

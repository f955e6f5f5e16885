"""The rules of a worksheet as tables: what may be told by which path, which clock runs, which guardian may be told."""

import json
from datetime import UTC, datetime

import pytest

from openiop.safety import reporting, states
from openiop.safety.reporting import Clocks, Done, Due, Telling, Within
from openiop.safety.states import BadStateFile

ZONE = "America/New_York"
FRIDAY = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)  # 3 pm in New York


@pytest.mark.parametrize(
    ("telling", "facts", "refusal"),
    [
        pytest.param(Telling("child_abuse", True), {"decided": False}, "report_was_decided", id="nobody decided"),
        pytest.param(Telling("child_abuse", True), {}, None, id="no Part 2 record: no path is asked for"),
        pytest.param(Telling("adult_abuse", False), {"part2": True}, None, id="Part 2, but nobody is identified"),
        pytest.param(Telling("adult_abuse", True), {"part2": True}, "part2_needs_a_path", id="Part 2 without a path"),
        pytest.param(
            Telling("child_abuse", True, "child_abuse_exception"),
            {"part2": True},
            None,
            id="first report of child abuse",
        ),
        pytest.param(
            Telling("child_abuse", True, "child_abuse_exception"),
            {"part2": True, "told_before": True},
            "exception_for_the_first_report_of_child_abuse",
            id="the exception ends with the first report",
        ),
        *(
            pytest.param(
                Telling(kind, True, "child_abuse_exception"),
                {"part2": True},
                "exception_for_the_first_report_of_child_abuse",
                id=f"the exception is not for {kind}",
            )
            for kind in ("adult_abuse", "harm_to_others", "harmed_at_home", "incident")
        ),
        pytest.param(
            Telling("harm_to_others", True, "privacy_decision"),
            {"part2": True},
            "privacy_officer_allowed_it",
            id="duty to warn before the privacy officer has decided",
        ),
        pytest.param(
            Telling("harm_to_others", True, "privacy_decision"), {"part2": True, "allowed": True}, None, id="and after"
        ),
        pytest.param(
            Telling("adult_abuse", True, "medical_emergency"),
            {"part2": True},
            "emergency_disclosure_is_noted",
            id="an emergency nobody noted",
        ),
        pytest.param(
            Telling("adult_abuse", True, "medical_emergency"),
            {"part2": True, "emergency_noted": True},
            None,
            id="noted",
        ),
        pytest.param(Telling("adult_abuse", True, "court_order"), {"part2": True}, "path_is_named", id="which order?"),
        pytest.param(
            Telling("adult_abuse", True, "court_order", "County court, 3 May"), {"part2": True}, None, id="that"
        ),
        pytest.param(
            Telling("adult_abuse", True, "consent", " "), {"part2": True}, "path_is_named", id="which consent?"
        ),
        pytest.param(Telling("adult_abuse", True, "consent", "signed 2 May"), {"part2": True}, None, id="that consent"),
        pytest.param(Telling("adult_abuse", True, "because"), {"part2": True}, "part2_needs_a_path", id="no such path"),
    ],
)
def test_what_may_be_told_by_which_path(telling, facts, refusal):
    known = {"decided": True, "part2": False, "told_before": False, "allowed": False, "emergency_noted": False} | facts

    assert reporting.why_not_told(telling, **known) == refusal


@pytest.mark.parametrize(
    ("within", "due_at"),
    [
        pytest.param(Within(0), FRIDAY, id="at once"),
        pytest.param(Within(48), datetime(2026, 11, 29, 20, tzinfo=UTC), id="48 hours run over a weekend"),
        pytest.param(
            Within(2, "working_days"), datetime(2026, 12, 2, 5, tzinfo=UTC), id="two working days end with Tuesday"
        ),
        pytest.param(Within(0, "working_days"), datetime(2026, 11, 28, 5, tzinfo=UTC), id="the same working day"),
    ],
)
def test_when_a_clock_runs_out(within, due_at):
    assert within.due_at(FRIDAY, zone=ZONE) == due_at


LATER = datetime(2026, 11, 27, 21, tzinfo=UTC)
NEW_YORK = Clocks(Within(0), Within(48, since="first_report"))
CALIFORNIA = Clocks(Within(0), Within(36))


@pytest.mark.parametrize(
    ("clocks", "done", "due"),
    [
        pytest.param(NEW_YORK, Done(), [Due("decide", FRIDAY)], id="first somebody decides"),
        pytest.param(None, Done(), [Due("decide", FRIDAY, known=False)], id="no rule known: now"),
        pytest.param(NEW_YORK, Done(decided=False), [], id="decided not to report"),
        pytest.param(NEW_YORK, Done(decided=True), [Due("first", FRIDAY)], id="then it is told"),
        pytest.param(
            NEW_YORK,
            Done(decided=True, first_at=LATER),
            [Due("written", datetime(2026, 11, 29, 21, tzinfo=UTC))],
            id="then in writing, counted from the first report",
        ),
        pytest.param(
            CALIFORNIA,
            Done(decided=True),
            [Due("first", FRIDAY), Due("written", datetime(2026, 11, 29, 8, tzinfo=UTC))],
            id="or counted from when it was learned",
        ),
        pytest.param(NEW_YORK, Done(decided=True, first_at=LATER, written_at=LATER), [], id="all told"),
        pytest.param(None, Done(decided=True, first_at=LATER), [], id="no second clock is invented"),
        pytest.param(NEW_YORK, Done(decided=False, follow_up_at=LATER), [Due("follow_up", LATER)], id="look again"),
        pytest.param(NEW_YORK, Done(closed=True), [], id="over"),
    ],
)
def test_what_is_due_on_a_worksheet(clocks, done, due):
    assert reporting.due_of_report(FRIDAY, clocks, done, zone=ZONE) == due


@pytest.mark.parametrize(
    ("done", "what"),
    [
        (Done(), ["acknowledge", "answer"]),
        (Done(acknowledged_at=LATER), ["answer"]),
        (Done(answered_at=LATER), []),
        (Done(answered_at=LATER, follow_up_at=LATER), ["follow_up"]),
        (Done(closed=True), []),
    ],
)
def test_what_is_due_to_somebody_who_complained(done, what):
    due = reporting.due_of_grievance(FRIDAY, done, acknowledge_days=2, answer_days=14, zone=ZONE)

    assert [one.what for one in due] == what


def test_a_grievance_is_due_by_the_end_of_the_last_day():
    due = reporting.due_of_grievance(FRIDAY, Done(), acknowledge_days=2, answer_days=14, zone=ZONE)

    assert [one.due_at for one in due] == [
        datetime(2026, 11, 30, 5, tzinfo=UTC),
        datetime(2026, 12, 12, 5, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({}, None),
        ({"age": 18}, "guardian_of_a_minor"),
        ({"age": 18, "minor_until": 19}, None),
        ({"implicated": True}, "guardian_is_not_implicated"),
        ({"implicated": True, "telling": "must"}, "guardian_is_not_implicated"),
        ({"telling": "minor_agrees"}, "minor_agreed"),
        ({"telling": "minor_agrees", "agreed": True}, None),
        ({"telling": "minor_agrees", "emergency": True}, None),
        ({"emergency": True, "implicated": True}, "guardian_is_not_implicated"),
        ({"emergency": True, "age": 18}, "guardian_of_a_minor"),
        ({"telling": "may"}, None),
    ],
)
def test_which_guardian_may_be_told(facts, refusal):
    known = {"age": 17, "minor_until": 18, "telling": "", "agreed": False, "emergency": False, "implicated": False}
    known |= facts

    assert reporting.why_not_tell_guardian(**known) == refusal


# --- the files of the states ---


def test_every_shipped_rule_names_its_source_and_the_day_it_was_read():
    rules = states.shipped()

    assert {("NY", "child_abuse"), ("CA", "child_abuse"), ("CA", "adult_abuse")} <= set(rules)
    assert all(rule.source and rule.read_on and rule.trust in states.TRUST for rule in rules.values())
    assert states.shipped_rule("TX", "child_abuse") is None


def whole():
    return json.loads((states.FOLDER / "ny.json").read_text())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source": " "}, "invented"),
        ({"agency": ""}, "invented"),
        ({"kind": "tax"}, "no kind"),
        ({"phone": "911"}, "ten digits"),
        ({"trust": "sure"}, "trust is one of"),
        ({"read_on": "27 Nov 2026"}, "a day"),
        ({"first": {"amount": -1, "unit": "hours", "since": "learned"}}, "whole number"),
        ({"first": {"amount": 1.5, "unit": "hours", "since": "learned"}}, "whole number"),
        ({"first": {"amount": 0, "unit": "hours", "since": "first_report"}}, "cannot begin"),
        ({"written": {"amount": 2, "unit": "weeks", "since": "learned"}}, "unit is hours"),
        ({"written": {"amount": 2}}, "its fields are"),
        ({"more": 1}, "its fields are"),
    ],
)
def test_a_state_file_with_anything_missing_or_impossible_is_refused(change, says, tmp_path):
    data = whole()
    data["rules"][0] |= change
    path = tmp_path / "ny.json"
    path.write_text(json.dumps(data))

    with pytest.raises(BadStateFile, match=says):
        states.load(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "nothing else"),
        ('{"state": "ZZ", "rules": []}', "no state"),
    ],
)
def test_a_file_that_is_no_state_is_refused(text, says, tmp_path):
    path = tmp_path / "zz.json"
    path.write_text(text)

    with pytest.raises(BadStateFile, match=says):
        states.load(path)


def test_two_rules_for_one_kind_are_refused():
    data = whole()
    data["rules"] *= 2

    assert states.faults_of(data) == ["child_abuse: two rules for one kind"]

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from openiop.schedule.attendance import (
    Block,
    Correction,
    Evidence,
    Question,
    RecordingFault,
    Stay,
    block_time,
    counted_time,
    in_force,
    status,
    stays,
    whole_minutes,
    without_stillness,
)

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests/cases/attendance.json").read_text(encoding="utf-8"))
ZONE = ZoneInfo(TABLE["evening"]["zone"])
PLACES = {"room": "virtual", "media": "virtual", "kiosk": "on_site", "desk": "on_site", "hand": "on_site"}


def at(clock):
    return datetime.fromisoformat(f"{TABLE['evening']['on']}T{clock}").replace(tzinfo=ZONE).astimezone(UTC)


BLOCKS = [Block(kind, at(begins), at(ends), counts) for kind, begins, ends, counts in TABLE["evening"]["blocks"]]
BEGINS_AT, ENDS_AT = BLOCKS[0].begins_at, BLOCKS[-1].ends_at


def signs(source, connection, first, last, ending):
    """Return the evidence of one line of the table; devices beat every fifteen seconds."""
    found = []
    if first is not None:
        found.append(Evidence(at(first), "in", source, connection, PLACES[source]))
    if source in {"room", "media"}:
        moment = at(first) + timedelta(seconds=15)
        while moment < at(last) or (ending == "killed" and moment == at(last)):
            found.append(Evidence(moment, "beat", source, connection, PLACES[source]))
            moment += timedelta(seconds=15)
    if ending == "out":
        found.append(Evidence(at(last), "out", source, connection, PLACES[source]))
    return found


def room(clock, kind, connection="laptop"):
    return Evidence(at(clock), kind, "room", connection, "virtual")


def stay(joined, left):
    return Stay(at(joined), at(left), "virtual", "room")


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_an_evening(case):
    evidence = [record for line in case["seen"] for record in signs(*line)]

    found = stays(evidence, closes_at=ENDS_AT)

    assert whole_minutes(counted_time(found, blocks=BLOCKS)) == case["minutes"]
    word = status(found, begins_at=BEGINS_AT, ends_at=ENDS_AT, late_after_minutes=5, left_early_minutes=5).word
    assert word == case["status"]


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_the_order_of_recording_does_not_matter(case):
    evidence = [record for line in case["seen"] for record in signs(*line)]

    assert stays(reversed(evidence), closes_at=ENDS_AT) == stays(evidence, closes_at=ENDS_AT)


def test_the_page_on_attendance_tells_the_same_figures():
    page = (ROOT / "docs/rules/attendance.md").read_text(encoding="utf-8")

    for case in TABLE["cases"]:
        assert f"| {case['name']} | {case['minutes']} | {case['status'].replace('_', ' ')} |" in page


def test_fourteen_minutes_late_to_an_hour_is_forty_six_minutes():
    present = [stay("18:14:00", "21:10:00")]

    assert block_time(present, begins_at=at("18:00:00"), ends_at=at("19:00:00")) == timedelta(minutes=46)


def test_beats_prove_presence_only_up_to_the_last_one():
    evidence = [room("18:00:00", "in"), room("18:00:50", "beat"), room("18:01:40", "beat"), room("18:30:00", "out")]

    assert stays(evidence, closes_at=ENDS_AT) == [stay("18:00:00", "18:01:40")]


def test_a_silence_of_a_minute_keeps_one_stay_and_a_second_more_splits_it():
    kept = [room("18:00:00", "in"), room("18:01:00", "beat")]
    split = [room("18:00:00", "in"), room("18:01:01", "beat")]

    assert len(stays(kept, closes_at=ENDS_AT)) == 1
    assert len(stays(split, closes_at=ENDS_AT)) == 2


def test_two_devices_are_two_stays():
    evidence = [room("18:00:00", "in", "laptop"), room("18:00:30", "out", "laptop")]
    evidence += [room("18:00:10", "in", "phone"), room("18:00:40", "out", "phone")]

    assert stays(evidence, closes_at=ENDS_AT) == [stay("18:00:00", "18:00:30"), stay("18:00:10", "18:00:40")]


def test_leaving_and_coming_back_on_one_connection_is_two_stays():
    evidence = [room("18:00:00", "in"), room("18:00:20", "out"), room("18:00:40", "in"), room("18:01:00", "out")]

    assert stays(evidence, closes_at=ENDS_AT) == [stay("18:00:00", "18:00:20"), stay("18:00:40", "18:01:00")]


def test_a_departure_without_an_arrival_is_a_recording_fault():
    with pytest.raises(RecordingFault, match="without having come"):
        stays([room("18:00:00", "out"), room("18:10:00", "in")], closes_at=ENDS_AT)


def test_a_gap_is_forgiven_only_between_two_signs_inside_the_block():
    before_and_after = [stay("17:50:00", "17:59:30"), stay("18:00:20", "19:00:00")]

    present = block_time(before_and_after, begins_at=at("18:00:00"), ends_at=at("19:00:00"))

    assert present == timedelta(minutes=59, seconds=40)


def test_a_stay_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="ends before it begins"):
        block_time([stay("18:10:00", "18:05:00")], begins_at=BEGINS_AT, ends_at=ENDS_AT)


@pytest.mark.parametrize(
    ("begins", "ends", "minutes"),
    [
        pytest.param("2026-03-08T01:00", "2026-03-08T04:00", 120, id="spring, one to four is two hours"),
        pytest.param(
            "2026-11-01T00:30", "2026-11-01T02:30", 180, id="autumn, half past midnight to half past two is three"
        ),
    ],
)
def test_a_night_with_a_clock_change_counts_elapsed_minutes(begins, ends, minutes):
    begins_at = datetime.fromisoformat(begins).replace(tzinfo=ZONE)
    ends_at = datetime.fromisoformat(ends).replace(tzinfo=ZONE)
    evidence = [Evidence(begins_at, "in", "kiosk", "arrival", "on_site")]

    found = stays(evidence, closes_at=ends_at)

    assert block_time(found, begins_at=begins_at, ends_at=ends_at) == timedelta(minutes=minutes)


def test_a_correction_replaces_what_was_found_and_the_last_one_holds():
    found = [stay("18:00:00", "19:00:00")]
    first = Correction(at("21:20:00"), (stay("18:00:00", "18:30:00"),))
    second = Correction(at("21:25:00"), (stay("18:00:00", "18:40:00"),))

    assert in_force(found, corrections=[]) == found
    assert in_force(found, corrections=[second, first]) == [stay("18:00:00", "18:40:00")]


def test_minutes_are_whole_minutes():
    assert whole_minutes(timedelta(minutes=59, seconds=59)) == 59
    assert whole_minutes(timedelta(minutes=60)) == 60


def told(present, cancelled_late=None):
    return status(
        present,
        begins_at=BEGINS_AT,
        ends_at=ENDS_AT,
        late_after_minutes=5,
        left_early_minutes=5,
        cancelled_late=cancelled_late,
    )


def test_late_and_left_early_is_late_with_both_flags():
    found = told([stay("18:20:00", "20:00:00")])

    assert (found.word, found.late, found.left_early) == ("late", True, True)
    assert (found.arrived_at, found.left_at) == (at("18:20:00"), at("20:00:00"))


def test_five_minutes_late_is_in_time_and_a_second_more_is_late():
    assert told([stay("18:05:00", "21:10:00")]).word == "attended"
    assert told([stay("18:05:01", "21:10:00")]).word == "late"


def test_leaving_five_minutes_early_is_attended_and_a_second_more_is_not():
    assert told([stay("18:00:00", "21:05:00")]).word == "attended"
    assert told([stay("18:00:00", "21:04:59")]).word == "left_early"


def test_a_late_cancellation_says_whether_it_was_excused():
    assert told([], cancelled_late="excused")[:4] == ("cancelled_late", False, False, True)
    assert told([], cancelled_late="unexcused").excused is False


def test_who_came_after_cancelling_came():
    assert told([stay("18:00:00", "21:10:00")], cancelled_late="excused").word == "attended"


# --- still with us? ---

STILL = json.loads((ROOT / "tests/cases/stillness.json").read_text(encoding="utf-8"))["cases"]


def questions(case):
    return [
        Question(at(asked), at(answered) if answered else None, timedelta(minutes=grace))
        for asked, answered, grace in case["questions"]
    ]


@pytest.mark.parametrize("case", STILL, ids=lambda case: case["name"])
def test_what_an_unanswered_question_takes_where_the_clinic_counts_it(case):
    present = [Stay(at("18:00:00"), at("19:00:00"), PLACES[case["source"]], case["source"])]

    counted = without_stillness(present, questions=questions(case))

    time = block_time(counted, begins_at=at("18:00:00"), ends_at=at("19:00:00"))
    assert whole_minutes(time) == case["minutes"]


@pytest.mark.parametrize("case", STILL, ids=lambda case: case["name"])
def test_a_question_never_adds_a_minute_and_never_takes_one_before_its_grace(case):
    present = [Stay(at("18:00:00"), at("19:00:00"), PLACES[case["source"]], case["source"])]
    asked = questions(case)

    counted = without_stillness(present, questions=asked)

    within = [stay for stay in counted if present[0].joined_at <= stay.joined_at <= stay.left_at <= present[0].left_at]
    assert within == counted
    for question in asked:
        until = min(question.asked_at + question.grace, question.answered_at or ENDS_AT)
        alone = without_stillness(present, questions=[question])
        before = block_time(alone, begins_at=min(question.asked_at, until), ends_at=until)
        whole = block_time(present, begins_at=min(question.asked_at, until), ends_at=until)
        assert before == whole


def test_a_second_device_that_is_only_seen_is_cut_as_well_and_an_arrival_at_the_kiosk_is_not():
    tab, telephone = stay("18:00:00", "19:00:00"), Stay(at("18:10:00"), at("18:50:00"), "virtual", "media")
    kiosk = Stay(at("18:00:00"), at("19:00:00"), "on_site", "kiosk")
    never = [Question(at("18:30:00"), None, timedelta(minutes=2))]

    assert without_stillness([tab, telephone], questions=never) == [
        stay("18:00:00", "18:32:00"),
        Stay(at("18:10:00"), at("18:32:00"), "virtual", "media"),
    ]
    assert kiosk in without_stillness([tab, kiosk], questions=never)


def test_the_page_on_staying_present_tells_the_same_figures():
    page = (ROOT / "docs/rules/present.md").read_text(encoding="utf-8")

    for case in STILL:
        assert f"| {case['name']} | {case['minutes']} |" in page

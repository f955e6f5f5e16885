"""Answers: kept one by one, told at once, never under another person, never twice."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.demo import world
from openiop.measures import answering
from openiop.measures.models import Answer, Cadence, Response
from openiop.people.access import acting
from openiop.programs.models import Track
from openiop.safety.models import Case, Flag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

TODAY = date(2026, 11, 24)
COUNTS = Path(__file__).parent.parent / "query_counts.json"


def say(person, item, value, *, code="phq9", key=None, day=TODAY, answered_at=world.NOW, at=world.NOW):
    return answering.answer(
        person,
        instrument=answering.newest(code),
        for_day=day,
        item=item,
        value=value,
        key=key or uuid4(),
        answered_at=answered_at,
        at=at,
    )


def today():
    """The one response that this test began: the past has its own."""
    return Response.objects.get(for_day=TODAY, started_at__gte=world.NOW)


def todays_answers():
    return Answer.objects.filter(received_at__gte=world.NOW)


def new_flags():
    return Flag.objects.filter(raised_at__gte=world.NOW)


def item_nine():
    return answering.newest("phq9").items[8].code


def items():
    return [item.code for item in answering.newest("phq9").items if item.scored]


def test_item_nine_raises_a_flag_at_any_total_though_the_form_is_then_abandoned(cast):
    with acting(cast["maya"]):
        taken = say(cast["maya"], item_nine(), 1)

        assert taken.flag is not None
        assert not today().completed_at
        assert Case.objects.open().get().pages.exists()


def test_item_nine_at_not_at_all_raises_nothing(cast):
    with acting(cast["maya"]):
        assert say(cast["maya"], item_nine(), 0).flag is None
        assert not new_flags().exists()


@pytest.mark.parametrize(("value", "raised"), [(0, False), (1, True), (2, True)])
def test_the_check_ins_safety_answer_raises_a_flag_unless_it_is_yes(cast, value, raised):
    with acting(cast["maya"]):
        say(cast["maya"], "safe_now", value, code="checkin")

        assert new_flags().exists() is raised


def test_a_corrected_tap_adds_evidence_and_removes_nothing(cast):
    with acting(cast["maya"]):
        say(cast["maya"], item_nine(), 2)
        say(cast["maya"], item_nine(), 0, answered_at=world.NOW + timedelta(seconds=5))

        assert todays_answers().count() == 2
        assert new_flags().count() == 1
        assert answering.current_answers(today())[item_nine()] == 0


def test_an_answer_sent_twice_is_kept_once_and_raises_one_flag(cast):
    key = uuid4()
    with acting(cast["maya"]):
        first, second = say(cast["maya"], item_nine(), 1, key=key), say(cast["maya"], item_nine(), 1, key=key)

        assert first.answer == second.answer and first.flag == second.flag
        assert (todays_answers().count(), new_flags().count()) == (1, 1)


def test_a_key_used_for_another_answer_is_refused_and_changes_nothing(cast):
    key = uuid4()
    with acting(cast["maya"]):
        say(cast["maya"], item_nine(), 0, key=key)
        with pytest.raises(answering.AlreadyGiven):
            say(cast["maya"], item_nine(), 3, key=key)

        assert todays_answers().count() == 1


def test_a_key_used_on_another_day_begins_nothing_on_this_one(cast):
    key, yesterday = uuid4(), TODAY - timedelta(days=1)
    with acting(cast["maya"]):
        say(cast["maya"], item_nine(), 0, key=key, day=yesterday)
        with pytest.raises(answering.AlreadyGiven):
            say(cast["maya"], item_nine(), 3, key=key)

        assert not Response.objects.filter(patient=cast["maya"], for_day=TODAY, started_at__gte=world.NOW).exists()


@pytest.mark.parametrize(("item", "value", "name"), [("mood", 4, "answer"), ("safe_now", 2, "crisis answer")])
def test_an_answer_asks_the_database_no_more_than_it_did(cast, client_for, item, value, name):
    maya = client_for(cast["maya"])
    address = f"/measures/checkin/1/{TODAY}/answers"

    def send(item, value):
        answer = {"key": str(uuid4()), "person": str(cast["maya"].pk), "item": item, "value": value}
        return maya.post(address, json.dumps(answer), content_type="application/json")

    send("mood", 3)
    with CaptureQueriesContext(connection) as asked:
        assert send(item, value).status_code == 201

    assert len(asked) <= json.loads(COUNTS.read_text())[name]


def test_out_of_order_the_newest_tap_counts(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "mood", 3, code="checkin", answered_at=world.NOW)
        say(cast["maya"], "mood", 8, code="checkin", answered_at=world.NOW - timedelta(minutes=3))

        assert answering.current_answers(today()) == {"mood": 3}


def test_an_answer_that_comes_after_midnight_stays_on_its_day(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "mood", 5, code="checkin", at=datetime(2026, 11, 25, 6, tzinfo=UTC))

        assert today().for_day == TODAY


@pytest.mark.parametrize("day", [TODAY + timedelta(days=1), TODAY - timedelta(days=15)])
def test_a_day_to_come_and_one_long_gone_are_refused_in_words(cast, day):
    with acting(cast["maya"]), pytest.raises(answering.NotTaken):
        say(cast["maya"], "mood", 5, code="checkin", day=day)


@pytest.mark.parametrize(
    ("code", "item", "value"),
    [("checkin", "safe_now", 1), ("phq9", "phq9_9", 3), ("checkin", "note", "I want to kill myself tonight")],
)
def test_a_danger_that_waited_on_a_device_for_weeks_is_told_when_it_comes_and_stays_on_its_day(cast, code, item, value):
    given = world.NOW - timedelta(days=40)
    with acting(cast["maya"]):
        taken = say(cast["maya"], item, value, code=code, day=TODAY - timedelta(days=40), answered_at=given)

        assert taken.flag.raised_at == world.NOW
        assert (taken.answer.response.for_day, taken.answer.answered_at) == (TODAY - timedelta(days=40), given)


def test_an_old_danger_from_a_device_is_saved_and_another_old_answer_stays_with_the_device(cast, client_for):
    maya = client_for(cast["maya"])

    assert post(maya, cast["maya"], day="2026-10-20").status_code == 201
    refused = post(maya, cast["maya"], item="mood", value="5", day="2026-10-20")

    assert (refused.status_code, refused.json()["because"]) == (400, "day")


def test_today_has_a_place_that_says_what_still_waits_on_the_device(cast, client_for):
    assert b"data-answers-status" in client_for(cast["maya"]).get("/today").content


@pytest.mark.parametrize(
    ("item", "value"), [("mood", 11), ("mood", "very"), ("nothing", 1), ("safe_now", 7), ("mood", "nan")]
)
def test_what_is_no_answer_is_refused_in_words(cast, item, value):
    with acting(cast["maya"]), pytest.raises(answering.NotTaken):
        say(cast["maya"], item, value, code="checkin")


def test_all_answers_make_a_total_and_a_band(cast):
    with acting(cast["maya"]):
        for code in items():
            say(cast["maya"], code, 1 if code != item_nine() else 0)
        response = today()

        assert (response.total, bool(response.band), bool(response.completed_at)) == (8, True, True)


def test_the_week_asks_again_when_its_days_have_passed(cast):
    with acting(cast["okafor"]):
        Cadence.objects.update_or_create(
            track=Track.objects.get(name="Adult evening"),
            instrument="phq9",
            defaults={"clinic_id": cast["okafor"].clinic_id, "every_days": 7},
        )
        Answer.objects.all()
    with acting(cast["theo"]):
        Response.objects.update_or_create(
            patient=cast["theo"],
            instrument="phq9",
            for_day=TODAY,
            defaults={
                "clinic_id": cast["theo"].clinic_id,
                "version": 1,
                "started_at": world.NOW,
                "completed_at": world.NOW,
            },
        )

        def asked(day):
            return {row.code: row.done for row in answering.due(cast["theo"], on=day)}

        assert asked(TODAY) == {"checkin": False, "phq9": True}
        assert asked(TODAY + timedelta(days=3)) == {"checkin": False}
        assert asked(TODAY + timedelta(days=7)) == {"checkin": False, "phq9": False}


# --- through the door a device uses ---


def post(client, person, *, item="safe_now", value="1", key=None, code="checkin", day="2026-11-24"):
    body = {
        "key": str(key or uuid4()),
        "person": str(person.pk),
        "item": item,
        "value": value,
        "answered_at": world.NOW.isoformat(),
    }
    return client.post(f"/measures/{code}/1/{day}/answers", json.dumps(body), content_type="application/json")


def test_a_device_sends_an_answer_and_hears_what_happens_next(cast, client_for):
    key = uuid4()
    reply = post(client_for(cast["maya"]), cast["maya"], key=key)

    assert reply.status_code == 201
    assert reply.json()["saved"] == str(key)
    assert "988" in reply.json()["flag_html"]


def test_an_answer_with_a_forged_patient_is_refused_and_nothing_is_kept(cast, client_for):
    reply = post(client_for(cast["maya"]), cast["theo"])

    assert reply.status_code == 409
    with acting(cast["okafor"]):
        assert not Answer.objects.filter(item="safe_now", received_at__gte=world.NOW).exists()


@pytest.mark.parametrize("body", ["", "[]", '{"key": 1}', '{"key": "x", "person": "y"}', "null"])
def test_what_cannot_be_read_is_answered_in_words(cast, client_for, body):
    reply = client_for(cast["maya"]).post(
        "/measures/checkin/1/2026-11-24/answers", body, content_type="application/json"
    )

    assert reply.status_code == 400
    assert reply.json()["error"]


def test_staff_answer_no_patients_questions(cast, client_for):
    assert post(client_for(cast["bea"]), cast["maya"]).status_code == 404


def test_without_javascript_the_form_keeps_what_it_can_and_asks_for_the_rest(cast, client_for):
    maya = client_for(cast["maya"])
    partly = maya.post("/check-in", {"mood": "4", "safe_now": "1"})
    assert partly.status_code == 422
    with acting(cast["maya"]):
        assert new_flags().exists()

    whole = maya.post(
        "/check-in", {"mood": "4", "sleep_hours": "5.5", "urges": "2", "safe_now": "1", "medication": "0", "note": ""}
    )
    assert whole.status_code == 200
    with acting(cast["maya"]):
        assert Response.objects.get(instrument="checkin", for_day=TODAY).completed_at
        assert new_flags().count() == 1


def test_the_therapist_reads_the_answers_and_the_front_desk_does_not(cast, client_for):
    with acting(cast["maya"]):
        response = say(cast["maya"], item_nine(), 1).answer.response
    url = f"/patients/{cast['maya'].pk}/measures"

    assert client_for(cast["marcus"]).get(url).status_code == 200
    assert client_for(cast["marcus"]).get(f"{url}/{response.pk}").status_code == 200
    assert client_for(cast["hal"]).get(url).status_code == 404
    assert client_for(cast["theo"]).get(url).status_code == 404


def test_without_javascript_one_question_at_a_time_is_saved_and_told_before_the_rest_is_answered(cast, client_for):
    maya = client_for(cast["maya"])
    assert b"so_far" in maya.get("/check-in").content

    went_on = maya.post("/check-in", {"mood": "4", "safe_now": "2", "so_far": "safe_now"})

    assert went_on.url == "/check-in#q-medication"
    with acting(cast["maya"]):
        assert new_flags().count() == 1
        assert not today().completed_at


def test_a_form_begun_before_midnight_and_finished_after_it_stays_on_its_day(cast, client_for, clock):
    maya = client_for(cast["maya"])
    with acting(cast["maya"]):
        say(cast["maya"], "safe_now", 2, code="checkin")
    clock.move_to(datetime(2026, 11, 25, 5, 10, tzinfo=UTC))  # ten past midnight in New York
    sent = {"mood": "4", "sleep_hours": "5", "urges": "2", "safe_now": "2", "medication": "0", "day": "2026-11-24"}

    assert maya.post("/check-in", sent).status_code == 200

    with acting(cast["maya"]):
        assert today().completed_at
        assert not Response.objects.filter(for_day=date(2026, 11, 25)).exists()
        assert new_flags().count() == 1


def test_a_form_left_open_by_one_person_and_sent_by_another_keeps_nothing_and_shows_nothing(cast, client_for):
    refused = client_for(cast["theo"]).post(
        "/check-in", {"person": str(cast["maya"].pk), "safe_now": "2", "note": "only for my team"}
    )

    assert refused.status_code == 409
    assert b"only for my team" not in refused.content
    with acting(cast["theo"]):
        assert not todays_answers().exists()
        assert not new_flags().exists()


def test_the_director_says_how_often_a_track_asks_and_a_new_rule_replaces_the_old(cast, client_for):
    director = client_for(cast["okafor"])
    with acting(cast["okafor"]):
        track = Track.objects.get(name="Adult evening")
    for days in ("14", "7"):
        agreed = {"track": track.pk, "instrument": "phq9", "moment": "every", "every_days": days, "source": "ours"}
        assert director.post("/tracks/measures", agreed).status_code == 302

    with acting(cast["okafor"]):
        assert Cadence.objects.get(track=track).every_days == 7
    assert client_for(cast["bea"]).get("/tracks/measures").status_code == 403
    assert director.post("/tracks/measures", {"track": track.pk, "every_days": "0"}).status_code == 422

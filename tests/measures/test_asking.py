"""What is asked for, by calendar, by a screen and by hand; what an answer leads to; who may still answer."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.measures import answering, asking, instruments
from openiop.measures.models import Answer, Assignment, Cadence, MayNotWithdraw, Moment, Response
from openiop.people.access import acting
from openiop.programs.models import Enrolment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

TODAY = date(2026, 11, 24)


def say(person, item, value, *, code, day=TODAY, at=world.NOW, **more):
    return answering.answer(
        person,
        instrument=answering.newest(code) if isinstance(code, str) else code,
        for_day=day,
        item=item,
        value=value,
        key=uuid4(),
        answered_at=more.pop("answered_at", at),
        at=at,
        **more,
    )


def asked_of(person):
    with acting(person):
        return {(row.instrument, row.asked_of): row for row in Assignment.objects.open().filter(patient=person)}


def due(person, on=TODAY):
    return {row.code: row.done for row in asking.due(person, on=on)}


# --- what an answer leads to ---


@pytest.mark.parametrize(
    ("code", "values", "next_one"),
    [("phq2", (2, 1), "phq9"), ("phq2", (2, 0), None), ("gad2", (0, 3), "gad7"), ("gad2", (1, 1), None)],
)
def test_a_positive_screen_asks_for_the_longer_measure_and_a_negative_one_for_nothing(cast, code, values, next_one):
    with acting(cast["ruth"]):
        for number, value in enumerate(values, 1):
            say(cast["ruth"], f"{code}_{number}", value, code=code)

    assert [each for each, _who in asked_of(cast["ruth"])] == ([next_one] if next_one else [])


def test_half_a_screen_asks_for_nothing(cast):
    with acting(cast["ruth"]):
        say(cast["ruth"], "phq2_1", 3, code="phq2")

    assert asked_of(cast["ruth"]) == {}


def test_what_a_screen_asked_for_stands_on_the_page_until_it_is_answered(cast):
    with acting(cast["ruth"]):
        for number in (1, 2):
            say(cast["ruth"], f"gad2_{number}", 3, code="gad2")
        assert due(cast["ruth"])["gad7"] is False

        for number in range(1, 8):
            say(cast["ruth"], f"gad7_{number}", 1, code="gad7")
        row = Assignment.objects.get(patient=cast["ruth"], instrument="gad7")

        assert row.answered == Response.objects.get(patient=cast["ruth"], instrument="gad7")
        assert "gad7" not in due(cast["ruth"], on=TODAY + timedelta(days=1))


def test_item_nine_asks_a_clinician_for_an_assessment_the_same_day_once(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_9", 1, code="phq9")
        say(cast["maya"], "phq9_9", 2, code="phq9", answered_at=world.NOW + timedelta(seconds=9))

    (asked,) = asked_of(cast["maya"]).items()
    assert asked[0] == ("asq", "staff")
    assert (asked[1].because, asked[1].due_on) == ("sign", TODAY)


def test_item_nine_at_not_at_all_asks_nobody(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_9", 0, code="phq9")

    assert asked_of(cast["maya"]) == {}


@pytest.mark.parametrize("code", ["asq", "cssrs"])
def test_only_a_clinicians_own_screen_answers_it(cast, code):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_9", 1, code="phq9")
        for number in (1, 2, 3, 4):
            say(cast["maya"], f"asq_{number}", 0, code="asq")
    assert ("asq", "staff") in asked_of(cast["maya"])

    with acting(cast["marcus"]):
        for number in (1, 2, 3, 4) if code == "asq" else (1, 2, 6):
            item = f"{code}_{number}"
            say(cast["maya"], item, 0, code=code, by=cast["marcus"], how="read_out")

    assert asked_of(cast["maya"]) == {}


def test_an_assessment_is_done_and_never_withdrawn(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_9", 1, code="phq9")
    with acting(cast["marcus"]), pytest.raises(MayNotWithdraw):
        Assignment.objects.get(patient=cast["maya"]).withdraw(by=cast["marcus"], at=world.NOW)


# --- flags, at the moment an item is saved ---


@pytest.mark.parametrize(
    ("who", "code", "item", "value", "tier"),
    [
        ("leo", "phqa", "phqa_9", 1, 1),
        ("leo", "phqa", "phqa_month", 1, 2),
        ("leo", "phqa", "phqa_ever", 1, 2),
        ("maya", "asq", "asq_3", 1, 2),
        ("maya", "asq", "asq_5", 1, 4),
        ("leo", "asq", "asq_1", 2, 2),
    ],
)
def test_a_flag_is_raised_though_the_form_is_then_abandoned(cast, who, code, item, value, tier):
    with acting(cast[who]):
        taken = say(cast[who], item, value, code=code)

        assert taken.flag.tier == tier
        assert taken.answer.response.completed_at is None


def test_an_adult_who_would_rather_not_answer_raises_none_until_staff_are_concerned(cast):
    with acting(cast["maya"]):
        assert say(cast["maya"], "asq_1", 2, code="asq").flag is None
    with acting(cast["marcus"]):
        taken = say(cast["maya"], "asq_concern", 1, code="asq", by=cast["marcus"], how="read_out")

    assert taken.flag.tier == 2


def test_a_positive_screen_that_was_abandoned_says_so(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "asq_1", 1, code="asq")
        response = Response.objects.get(patient=cast["maya"], instrument="asq")

        assert (response.band, response.completed_at) == ("positive_open", None)


# --- by calendar ---


def ask_theo(cast, moment, **more):
    with acting(cast["okafor"]):
        track = Enrolment.objects.get(patient=cast["theo"]).track
        rule = {"instrument": "gad7", "moment": moment, "every_days": 7, "source": "ours", **more}
        Cadence.agree(track, **rule, by=cast["okafor"], at=world.NOW)


def test_each_week_is_asked_until_the_first_group_and_what_was_missed_is_seen_by_staff(cast):
    ask_theo(cast, Moment.WEEKLY)
    with acting(cast["okafor"]):
        known = asking.history([cast["theo"]], on=TODAY)[cast["theo"].pk]
        first = min(day for day in known.episode.group_days if day > TODAY - timedelta(days=TODAY.isoweekday() % 7 + 1))

        assert {row.code for row in asking.due_of(known, on=first)} >= {"gad7"}
        assert "gad7" not in {row.code for row in asking.due_of(known, on=first + timedelta(days=1))}
        assert ("gad7", "weekly") in {(row.instrument, row.moment) for row in asking.late(known, on=first)}


def test_two_moments_of_one_measure_live_side_by_side_and_one_may_be_dropped(cast, client_for):
    ask_theo(cast, Moment.INTAKE)
    ask_theo(cast, Moment.DISCHARGE)
    with acting(cast["okafor"]):
        intake = Cadence.objects.get(instrument="gad7", moment="intake")

    client_for(cast["okafor"]).post(f"/tracks/measures/{intake.pk}/drop")

    with acting(cast["okafor"]):
        assert [row.moment for row in Cadence.objects.filter(instrument="gad7")] == ["discharge"]
    assert client_for(cast["bea"]).post(f"/tracks/measures/{intake.pk}/drop").status_code == 403


def test_the_list_of_what_is_asked_says_where_answers_overlap(cast, client_for):
    ask_theo(cast, Moment.EVERY, every_days=7)
    said = "looks back 14 days: answers overlap"
    assert said in client_for(cast["okafor"]).get("/tracks/measures").content.decode()

    ask_theo(cast, Moment.EVERY, every_days=14)
    assert said not in client_for(cast["okafor"]).get("/tracks/measures").content.decode()


def test_a_measure_whose_words_are_not_loaded_is_not_put_on_a_patients_page(cast, client_for):
    ask_theo(cast, Moment.EVERY, instrument="dast10")
    with acting(cast["theo"]):
        assert "dast10" not in due(cast["theo"])
    assert client_for(cast["theo"]).get("/measures/dast10").status_code == 404


# --- who may still answer ---


def discharge(cast, key, on):
    with acting(cast["okafor"]):
        Enrolment.objects.get(patient=cast[key]).end(on=on, reason="completed", by=cast["okafor"], at=world.NOW)


def test_after_the_end_questions_are_closed_in_words_and_nothing_is_begun(cast):
    discharge(cast, "theo", TODAY - timedelta(days=2))
    with acting(cast["theo"]):
        with pytest.raises(answering.NotTaken, match="finished the program"):
            say(cast["theo"], "mood", 4, code="checkin")

        assert not Response.objects.filter(patient=cast["theo"], for_day=TODAY).exists()
        assert due(cast["theo"]) == {}


def test_after_the_end_an_answer_that_must_be_told_is_kept_and_told_all_the_same(cast):
    discharge(cast, "theo", TODAY - timedelta(days=2))
    with acting(cast["theo"]):
        assert say(cast["theo"], "safe_now", 2, code="checkin").flag is not None


def test_a_follow_up_after_the_end_is_asked_and_taken(cast):
    ask_theo(cast, Moment.MONTH_1)
    with acting(cast["okafor"]):
        Enrolment.objects.filter(patient=cast["theo"]).update(during=(date(2026, 9, 1), date(2026, 10, 27)))
    with acting(cast["theo"]):
        assert due(cast["theo"]) == {"gad7": False}
        assert say(cast["theo"], "gad7_1", 1, code="gad7").answer


def test_what_was_asked_for_by_hand_is_taken_after_the_end_too(cast):
    discharge(cast, "theo", TODAY - timedelta(days=2))
    with acting(cast["marcus"]):
        Assignment.ask(
            cast["theo"], instrument="phq9", because="hand", on=TODAY, until=TODAY, by=cast["marcus"], at=world.NOW
        )
    with acting(cast["theo"]):
        assert say(cast["theo"], "phq9_1", 1, code="phq9").answer


# --- clocks and versions ---


@pytest.mark.parametrize("wrong_by", [timedelta(days=1), timedelta(days=-1)])
def test_a_device_whose_clock_is_a_day_wrong_loses_nothing_and_keeps_the_day_of_the_page(cast, wrong_by):
    with acting(cast["maya"]):
        taken = say(cast["maya"], "mood", 4, code="checkin", answered_at=world.NOW + wrong_by)

        assert taken.answer.response.for_day == TODAY
        assert taken.answer.answered_at <= world.NOW + timedelta(minutes=5)


def test_a_correction_counts_though_the_first_answer_came_from_a_clock_a_day_ahead(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "mood", 4, code="checkin", answered_at=world.NOW + timedelta(days=1))
        later = world.NOW + timedelta(minutes=6)
        say(cast["maya"], "mood", 7, code="checkin", answered_at=later, at=later)

        response = Response.objects.get(patient=cast["maya"], instrument="checkin", for_day=TODAY)
        assert answering.current_answers(response) == {"mood": 7}


def test_answers_for_another_version_than_was_begun_are_refused_in_words(cast, client_for):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_1", 1, code="phq9")
        Response.objects.filter(patient=cast["maya"], for_day=TODAY, instrument="phq9").update(version=7)
        with pytest.raises(answering.NotTaken, match="changed since you began"):
            say(cast["maya"], "phq9_2", 1, code="phq9")

        assert Answer.objects.filter(patient=cast["maya"], received_at__gte=world.NOW).count() == 1


def test_whoever_began_before_a_new_version_came_finishes_with_what_they_began(cast, client_for):
    first, newest = instruments.load("phq9.v1"), answering.newest("phq9")
    assert first.version < newest.version
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_1", 1, code=first)
    maya, url = client_for(cast["maya"]), "/measures/phq9"

    shown = maya.get(url).content.decode()
    sent = maya.post(url, {f"phq9_{number}": "0" for number in range(2, 10)} | {"phq9_1": "1"})

    assert f"/measures/phq9/{first.version}/" in shown
    assert sent.status_code == 200
    with acting(cast["maya"]):
        response = Response.objects.get(patient=cast["maya"], instrument="phq9", for_day=TODAY)
        assert (response.version, response.total) == (first.version, 1)


def test_a_person_who_reads_spanish_is_asked_about_death_in_spanish(cast, client_for):
    ruth = client_for(cast["ruth"])
    shown = ruth.get("/measures/phq9", headers={"Accept-Language": "es"}).content.decode()

    assert "Pensamientos de que estaría mejor muerto(a) o de lastimarse de alguna manera" in shown
    assert "Casi todos los días" in shown and "Nearly every day" not in shown


def test_staff_see_who_asked_and_take_it_back(cast, client_for):
    marcus, url = client_for(cast["marcus"]), f"/patients/{cast['maya'].pk}/measures"
    asked = {"instrument": "pcl5", "until": "2026-11-27"}

    assert marcus.post(f"{url}/ask", asked).status_code == 302
    assert b"PCL-5" in marcus.get(url).content
    row = asked_of(cast["maya"])[("pcl5", "patient")]
    assert marcus.post(f"{url}/asked/{row.pk}/withdraw").status_code == 302
    assert asked_of(cast["maya"]) == {}


@pytest.mark.parametrize(
    "asked", [{"instrument": "cssrs", "until": "2026-11-27"}, {"instrument": "pcl5", "until": "2026-11-01"}]
)
def test_what_cannot_be_asked_of_a_patient_is_refused_with_a_sentence(cast, client_for, asked):
    refused = client_for(cast["marcus"]).post(f"/patients/{cast['maya'].pk}/measures/ask", asked)

    assert refused.status_code == 422
    assert asked_of(cast["maya"]) == {}


def test_a_patient_and_somebody_without_the_patient_ask_for_nothing(cast, client_for):
    url, asked = f"/patients/{cast['maya'].pk}/measures/ask", {"instrument": "pcl5", "until": "2026-11-27"}

    assert client_for(cast["maya"]).post(url, asked).status_code == 404
    assert client_for(cast["hal"]).post(url, asked).status_code == 403
    assert asked_of(cast["maya"]) == {}

"""The assessment after an answer about death: done by a clinician, since then, with a result; by nothing less."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied

from openiop.demo import world
from openiop.measures import answering, assessing
from openiop.measures.models import Assignment, MayNotWithdraw, Response
from openiop.people.access import acting
from openiop.safety.models import Case, RiskAssessment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

TODAY = date(2026, 11, 24)
ALL_NO = {f"asq_{number}": 0 for number in (1, 2, 3, 4)}


def say(person, item, value, *, code, at=world.NOW, day=TODAY, **more):
    instrument = answering.newest(code)
    when = {"answered_at": at, "at": at, "for_day": day, "key": uuid4()}
    return answering.answer(person, instrument=instrument, item=item, value=value, **when, **more)


def item_nine(cast, **more):
    with acting(cast["maya"]):
        say(cast["maya"], "phq9_9", 1, code="phq9", **more)


def asq(cast, answers, *, by="marcus", **more):
    with acting(cast[by]):
        for item, value in answers.items():
            say(cast["maya"], item, value, code="asq", by=cast[by], how="read_out", **more)


def waits(cast, because="sign"):
    with acting(cast["okafor"]):
        open_rows = Assignment.objects.open().filter(patient=cast["maya"], asked_of=Assignment.STAFF)
        return open_rows.filter(because=because).exists()


@pytest.mark.parametrize(
    ("answers", "still"),
    [
        (ALL_NO, False),
        (ALL_NO | {"asq_1": 2}, True),
        (ALL_NO | {"asq_1": 2, "asq_concern": 0}, False),
        (ALL_NO | {"asq_1": 2, "asq_concern": 1}, False),
        ({f"asq_{number}": 2 for number in (1, 2, 3, 4)}, True),
        ({"asq_1": 0, "asq_2": 0}, True),
        (ALL_NO | {"asq_2": 1}, True),
    ],
)
def test_only_a_decided_result_is_an_assessment(cast, answers, still):
    item_nine(cast)

    asq(cast, answers)

    assert waits(cast) is still


def test_a_screen_about_a_day_before_the_evidence_is_none(cast):
    item_nine(cast)
    asq(cast, ALL_NO, day=TODAY - timedelta(days=1))
    assert waits(cast)

    asq(cast, ALL_NO)
    assert not waits(cast)


def test_what_intake_asked_is_none(cast):
    item_nine(cast)
    with acting(cast["okafor"]):
        cast["bea"].roles = ["intake"]
        cast["bea"].save(update_fields=["roles"])

    asq(cast, ALL_NO, by="bea")
    assert waits(cast)

    asq(cast, ALL_NO, at=world.NOW + timedelta(minutes=1))
    assert not waits(cast)


def test_a_morning_screen_is_none_and_the_same_answers_read_out_again_are_one(cast, client_for, clock):
    page = f"/patients/{cast['maya'].pk}/measures/enter/asq"
    sent = {"day": "2026-11-24", "how": "read_out"} | {item: str(value) for item, value in ALL_NO.items()}
    client_for(cast["marcus"]).post(page, sent)
    clock.move_to(world.NOW + timedelta(hours=1))
    item_nine(cast, at=world.NOW + timedelta(hours=1))

    asq(cast, {"asq_1": 0}, at=world.NOW + timedelta(hours=1))
    assert waits(cast)

    clock.move_to(world.NOW + timedelta(hours=2))
    client_for(cast["marcus"]).post(page, sent)
    assert not waits(cast)
    with acting(cast["okafor"]):
        row = Assignment.objects.get(patient=cast["maya"], asked_of=Assignment.STAFF)
        assert row.answered == Response.objects.get(patient=cast["maya"], instrument="asq", for_day=TODAY)


# --- a positive screen asks for a risk assessment, and only that is the answer ---

POSITIVE = ALL_NO | {"asq_2": 1, "asq_5": 0}
ACUTE = ALL_NO | {"asq_2": 1, "asq_5": 1}


def assessed(cast, *, by="marcus", at=world.NOW, level=2, **more):
    with acting(cast[by]):
        return assessing.assess(
            cast["maya"], level=level, plan="Call at nine.", by=cast[by], at=at, **{"seen_at": at, **more}
        )


def cssrs(cast, answers):
    with acting(cast["marcus"]):
        for item, value in answers.items():
            say(cast["maya"], item, value, code="cssrs", by=cast["marcus"], how="paper", among=answers)


@pytest.mark.parametrize(
    ("answers", "asks", "tier"),
    [
        pytest.param(ALL_NO, False, None, id="negative"),
        pytest.param(POSITIVE, True, 2, id="non-acute positive"),
        pytest.param(ACUTE, True, 4, id="acute positive: imminent"),
        pytest.param({"asq_3": 1}, True, 2, id="abandoned after a yes"),
        pytest.param(ALL_NO | {"asq_1": 2}, False, None, id="an adult's refusal, before staff said more"),
        pytest.param(ALL_NO | {"asq_1": 2, "asq_concern": 1}, True, 2, id="a refusal that staff are concerned about"),
    ],
)
def test_a_positive_asq_asks_a_clinician_for_a_risk_assessment_the_same_day(cast, answers, asks, tier):
    asq(cast, answers)

    assert waits(cast, "risk") is asks
    with acting(cast["okafor"]):
        case = Case.objects.open().filter(patient=cast["maya"]).first()
        assert (case.tier if case else None) == tier


@pytest.mark.parametrize(
    ("answers", "asks"),
    [
        ({"cssrs_1": 1, "cssrs_2": 0, "cssrs_6": 0}, False),
        ({"cssrs_1": 0, "cssrs_2": 0, "cssrs_6": 1, "cssrs_6_recent": 0}, True),
        ({"cssrs_1": 1, "cssrs_2": 1, "cssrs_3": 1}, True),
        ({"cssrs_1": 1, "cssrs_2": 1, "cssrs_3": 0, "cssrs_4": 1}, True),
    ],
)
def test_a_c_ssrs_from_moderate_up_asks_for_one_too(cast, answers, asks):
    cssrs(cast, answers)

    assert waits(cast, "risk") is asks


def test_another_positive_screen_does_not_take_the_place_of_the_assessment(cast):
    item_nine(cast)
    asq(cast, POSITIVE)
    assert not waits(cast)

    cssrs(cast, {"cssrs_1": 1, "cssrs_2": 1, "cssrs_3": 1, "cssrs_4": 0, "cssrs_5": 0, "cssrs_6": 0})
    assert waits(cast, "risk")

    row = assessed(cast)
    assert not waits(cast, "risk")
    with acting(cast["okafor"]):
        assert Assignment.objects.get(patient=cast["maya"], because="risk").assessed == row


def test_a_clinicians_risk_assessment_does_the_same_day_task_of_question_nine(cast):
    item_nine(cast)

    row = assessed(cast, level=1)

    assert not waits(cast)
    with acting(cast["okafor"]):
        assert Assignment.objects.get(patient=cast["maya"], because="sign").assessed == row
    item_nine(cast, at=world.NOW + timedelta(minutes=5))
    assert waits(cast)  # what is said after it asks anew


@pytest.mark.parametrize(
    ("seen_after", "still"),
    [
        pytest.param(timedelta(minutes=-5), True, id="the page was opened before the answer"),
        pytest.param(timedelta(), False, id="the page showed it"),
        pytest.param(None, True, id="nobody knows what the page showed"),
    ],
)
def test_an_answer_that_nobody_had_seen_stays_asked_for(cast, seen_after, still):
    item_nine(cast)

    assessed(cast, at=world.NOW + timedelta(minutes=1), seen_at=None if seen_after is None else world.NOW + seen_after)

    assert waits(cast) is still


def test_a_graver_answer_while_the_page_was_open_asks_anew_though_the_first_waits_still(cast):
    item_nine(cast)
    item_nine(cast, at=world.NOW + timedelta(minutes=5))

    assessed(cast, at=world.NOW + timedelta(minutes=6), seen_at=world.NOW + timedelta(minutes=1))

    assert waits(cast)


def test_a_page_that_says_it_was_seen_later_than_now_does_nothing_that_is_asked_after_now(cast):
    item_nine(cast, at=world.NOW + timedelta(minutes=5))

    assessed(cast, seen_at=world.NOW + timedelta(hours=1))

    assert waits(cast)


@pytest.mark.parametrize("key", ["rosa", "hal", "maya"])
def test_nobody_elses_assessment_does_it(cast, key):
    item_nine(cast)

    with pytest.raises(PermissionDenied):
        assessed(cast, by=key)

    assert waits(cast)


def test_what_was_asked_of_a_clinician_is_not_withdrawn(cast):
    asq(cast, POSITIVE)
    with acting(cast["marcus"]):
        row = Assignment.objects.get(patient=cast["maya"], because="risk")
        with pytest.raises(MayNotWithdraw):
            row.withdraw(by=cast["marcus"], at=world.NOW)


# --- the screen flows into the form ---

SAID = {"level": "3", "plan": "Stays with us until her brother is here."}


def form(cast, client_for, **said):
    client = client_for(cast["marcus"])
    address = f"/patients/{cast['maya'].pk}/assessments"
    return client.post(address, said) if said else client.get(address)


def words(answer):
    return " ".join(answer.content.decode().split())


def test_a_paper_c_ssrs_stands_in_the_form_with_its_level_and_goes_in_as_codes(cast, client_for):
    cssrs(cast, {"cssrs_1": 1, "cssrs_2": 1, "cssrs_3": 1, "cssrs_4": 1, "cssrs_5": 0, "cssrs_6": 0})
    with acting(cast["okafor"]):
        screen = Response.objects.get(patient=cast["maya"], instrument="cssrs")

    shown = words(form(cast, client_for))
    assert "C-SSRS Screener, Nov 24: High. Calls for: high. (Marcus" in shown
    assert re.search(f'name="taken" value="{screen.pk}"[^>]* checked', shown)

    assert form(cast, client_for, taken=str(screen.pk), **SAID).status_code == 302
    with acting(cast["marcus"]):
        row = RiskAssessment.objects.get(patient=cast["maya"])
    assert row.screened == 3
    assert row.codes[:2] == ["93374-7 LA9193-9", "93246-7 yes"]
    assert "What the screen calls for" in words(form(cast, client_for))
    assert str(screen.pk) not in words(form(cast, client_for)), "a screen is offered once"


def test_a_level_below_the_screen_wants_its_reason_here_too(cast, client_for):
    asq(cast, ACUTE)
    with acting(cast["okafor"]):
        screen = Response.objects.get(patient=cast["maya"], instrument="asq")

    refused = form(cast, client_for, taken=str(screen.pk), **SAID)

    assert refused.status_code == 422
    assert "Please say why." in words(refused)
    assert waits(cast, "risk")


def shown_at(answer):
    return re.search(r'name="seen_at" value="([^"]+)"', words(answer)).group(1)


def test_an_answer_given_while_the_form_was_open_still_waits_and_the_clinician_is_told(cast, client_for, clock):
    page = form(cast, client_for)
    clock.move_to(world.NOW + timedelta(minutes=5))
    item_nine(cast, at=world.NOW + timedelta(minutes=5))
    clock.move_to(world.NOW + timedelta(minutes=6))

    client = client_for(cast["marcus"])
    address = f"/patients/{cast['maya'].pk}/assessments"
    kept = client.post(address, {**SAID, "seen_at": shown_at(page)}, follow=True)

    assert "It still waits for you." in words(kept)
    assert waits(cast)
    done = client.post(address, {**SAID, "seen_at": shown_at(client.get(address))}, follow=True)
    assert "It still waits for you." not in words(done)
    assert not waits(cast)


@pytest.mark.parametrize("seen_at", [None, "", "yesterday", "2026-13-45T99:99", "2026-11-24T17:48"])
def test_a_page_that_does_not_say_when_it_was_shown_is_kept_and_does_nothing_that_waits(cast, client_for, seen_at):
    item_nine(cast)

    answer = form(cast, client_for, **SAID, **({} if seen_at is None else {"seen_at": seen_at}))

    assert answer.status_code == 302
    assert waits(cast)


def test_somebody_elses_screen_is_no_choice(cast, client_for):
    with acting(cast["marcus"]):
        for item, value in POSITIVE.items():
            say(cast["leo"], item, value, code="asq", by=cast["marcus"], how="read_out")
        other = Response.objects.get(patient=cast["leo"], instrument="asq")

    assert form(cast, client_for, taken=str(other.pk), **SAID).status_code == 422


def test_a_screen_without_a_decided_result_is_not_offered(cast, client_for):
    asq(cast, ALL_NO | {"asq_1": 2})

    assert "Screen that this assessment begins with" not in words(form(cast, client_for))

"""Measures read out by staff or copied from paper: kept with who and how, told as a patient's own answers are."""

import json
from datetime import date
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openiop.demo import world
from openiop.measures.models import Answer, LicensedWords, Response
from openiop.people.access import acting
from openiop.safety.models import Flag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

TODAY = date(2026, 11, 24)
# Invented words, in place of the licensed ones.
WORDS = {
    "instrument": "cssrs",
    "version": 1,
    "permission": "Test registration of November 1",
    "languages": ["en"],
    "items": {
        code: {"en": f"Licensed words of {code}"}
        for code in ("cssrs_1", "cssrs_2", "cssrs_3", "cssrs_4", "cssrs_5", "cssrs_6", "cssrs_6_recent")
    },
}


def enter(browser, patient, code, answers, *, day="2026-11-24", how="read_out"):
    return browser.post(f"/patients/{patient.pk}/measures/enter/{code}", {"day": day, "how": how, **answers})


def response_of(cast, key, code, day=TODAY):
    with acting(cast["okafor"]):
        return Response.objects.get(patient=cast[key], instrument=code, for_day=day)


def flags_of(cast, key):
    with acting(cast["okafor"]):
        return sorted(Flag.objects.filter(patient=cast[key], raised_at__gte=world.NOW).values_list("tier", flat=True))


def load(browser, words, code="cssrs"):
    content = words if isinstance(words, bytes) else json.dumps(words).encode()
    return browser.post(f"/instruments/{code}/words", {"file": SimpleUploadedFile("words.json", content)})


def test_what_was_read_out_is_kept_with_who_and_how_and_scored(cast, client_for):
    answers = {f"gad7_{number}": "2" for number in range(1, 8)}

    assert enter(client_for(cast["marcus"]), cast["maya"], "gad7", answers, how="paper").status_code == 302

    response = response_of(cast, "maya", "gad7")
    assert (response.total, response.band) == (14, "moderate")
    with acting(cast["okafor"]):
        assert {(row.by_id, row.how) for row in response.answers.all()} == {(cast["marcus"].pk, "paper")}


def test_item_nine_on_paper_is_told_though_the_rest_was_left_empty(cast, client_for):
    assert enter(client_for(cast["marcus"]), cast["maya"], "phq9", {"phq9_9": "2"}, how="paper").status_code == 302

    assert flags_of(cast, "maya") == [2]
    assert response_of(cast, "maya", "phq9").completed_at is None


def test_the_page_sent_twice_keeps_each_answer_once(cast, client_for):
    sent = {"phq9_9": "1", "key-phq9_9": str(uuid4()), "phq9_1": "2", "key-phq9_1": str(uuid4())}
    marcus = client_for(cast["marcus"])
    enter(marcus, cast["maya"], "phq9", sent)
    enter(marcus, cast["maya"], "phq9", sent)

    with acting(cast["okafor"]):
        assert Answer.objects.filter(patient=cast["maya"], received_at__gte=world.NOW).count() == 2
    assert flags_of(cast, "maya") == [1]


@pytest.mark.parametrize("day", ["2026-11-25", "2026-11-01", "soon"])
def test_a_day_that_cannot_be_is_refused_and_what_was_filled_in_is_still_there(cast, client_for, day):
    refused = enter(client_for(cast["marcus"]), cast["maya"], "gad7", {"gad7_1": "3"}, day=day)

    assert refused.status_code == 422
    assert b'id="gad7_1-3" name="gad7_1" value="3" checked' in refused.content


def test_what_is_no_answer_is_passed_over_and_the_rest_is_kept(cast, client_for):
    enter(client_for(cast["marcus"]), cast["maya"], "gad7", {"gad7_1": "3", "gad7_2": "9"})

    with acting(cast["okafor"]):
        assert [row.item for row in response_of(cast, "maya", "gad7").answers.all()] == ["gad7_1"]


def test_only_those_who_care_for_the_patient_write_down_their_answers(cast, client_for):
    answers = {"phq9_9": "2"}

    assert enter(client_for(cast["hal"]), cast["maya"], "phq9", answers).status_code == 403
    assert enter(client_for(cast["rosa"]), cast["maya"], "phq9", answers).status_code == 403
    assert enter(client_for(cast["maya"]), cast["maya"], "phq9", answers).status_code == 404
    assert flags_of(cast, "maya") == []


# --- the Columbia screener: words loaded by the clinic, triage ours ---


def test_without_its_words_the_columbia_screener_cannot_be_asked(cast, client_for):
    shown = client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/measures/enter/cssrs")

    assert shown.status_code == 200
    assert b"Its words are not loaded" in shown.content and b"cssrs_1-0" not in shown.content


def test_with_them_it_is_asked_in_them(cast, client_for):
    assert load(client_for(cast["okafor"]), WORDS).status_code == 302

    shown = client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/measures/enter/cssrs")
    assert b"Licensed words of cssrs_4" in shown.content
    assert b'data-asked-if="cssrs_2=1"' in shown.content


def test_patients_do_not_answer_it_by_themselves(cast, client_for):
    load(client_for(cast["okafor"]), WORDS)
    maya = client_for(cast["maya"])

    assert maya.get("/measures/cssrs").status_code == 404
    sent = {"key": str(uuid4()), "person": str(cast["maya"].pk), "item": "cssrs_1", "value": 1}
    refused = maya.post("/measures/cssrs/1/2026-11-24/answers", json.dumps(sent), content_type="application/json")
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("said", "band", "tiers"),
    [
        ({"1": 0, "2": 0, "6": 0}, "none", []),
        ({"1": 1, "2": 0, "6": 0}, "low", [1]),
        ({"1": 0, "2": 0, "6": 1, "6_recent": 0}, "moderate", [2]),
        ({"1": 0, "2": 0, "6": 1, "6_recent": 1}, "high", [3, 3]),
        ({"1": 0, "2": 0, "6": 1}, "high", [3]),
        ({"1": 0, "2": 1, "3": 0, "4": 1, "5": 0, "6": 0}, "high", [1, 3]),
    ],
)
def test_the_triage_is_told_for_what_the_answers_say_together(cast, client_for, said, band, tiers):
    load(client_for(cast["okafor"]), WORDS)

    enter(client_for(cast["marcus"]), cast["maya"], "cssrs", {f"cssrs_{n}": str(value) for n, value in said.items()})

    assert response_of(cast, "maya", "cssrs").band == band
    assert flags_of(cast, "maya") == tiers


def test_an_answer_to_a_question_that_was_not_asked_is_not_kept(cast, client_for):
    load(client_for(cast["okafor"]), WORDS)

    enter(client_for(cast["marcus"]), cast["maya"], "cssrs", {"cssrs_1": "0", "cssrs_2": "0", "cssrs_4": "1"})

    assert flags_of(cast, "maya") == []


def without(*keys, **changes):
    return {key: value for key, value in WORDS.items() if key not in keys} | changes


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (b"no json", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "one object"),
        (without("permission"), "permission"),
        (without(version=2), "another instrument or version"),
        (without(instrument="asq"), "another instrument or version"),
        (without(languages=["es"]), "English among them"),
        (without("items"), "Add items"),
        (without(items={key: row for key, row in WORDS["items"].items() if key != "cssrs_5"}), "cssrs_5"),
        (without(items={**WORDS["items"], "cssrs_9": {"en": "x"}}), "no question cssrs_9"),
        (without(languages=["en", "es"]), "cssrs_1"),
        (b'{"a": "' + b"x" * 200_000 + b'"}', "too large"),
    ],
)
def test_a_file_of_words_that_cannot_be_used_is_refused_in_a_sentence(cast, client_for, words, says):
    refused = load(client_for(cast["okafor"]), words)

    assert refused.status_code == 422
    assert says in refused.content.decode()
    with acting(cast["okafor"]):
        assert not LicensedWords.objects.exists()


def test_only_a_director_loads_words_and_only_where_they_are_not_ours(cast, client_for):
    assert load(client_for(cast["marcus"]), WORDS).status_code == 403
    assert load(client_for(cast["maya"]), WORDS).status_code == 404
    assert load(client_for(cast["okafor"]), WORDS, code="phq9").status_code == 404


def test_the_list_of_measures_names_licence_source_and_what_is_unconfirmed(cast, client_for):
    shown = client_for(cast["bea"]).get("/instruments").content.decode()

    assert "No permission required" in shown and "camcops" in shown
    assert "unconfirmed" in shown and "words not loaded" in shown
    assert "unconfirmed" in client_for(cast["bea"]).get("/instruments/gad7").content.decode()


def test_the_director_chooses_how_change_is_read_and_how_much_may_be_missing(cast, client_for):
    director = client_for(cast["okafor"])
    chosen = {"definition": "computed", "prorate_up_to": "1", "source": "Clinical lead, November"}

    assert director.post("/instruments/gad7/reading", chosen).status_code == 302
    assert "6.4" in director.get("/instruments/gad7").content.decode()
    assert director.post("/instruments/gad7/reading", chosen | {"prorate_up_to": "2"}).status_code == 422
    assert client_for(cast["bea"]).post("/instruments/gad7/reading", chosen).status_code == 403

    enter(client_for(cast["marcus"]), cast["maya"], "gad7", {f"gad7_{number}": "2" for number in range(1, 7)})
    response = response_of(cast, "maya", "gad7")
    assert (response.total, response.prorated, response.completed_at) == (14, True, None)


def test_no_days_answers_are_kept_as_another_days(cast, client_for):
    marcus, maya = client_for(cast["marcus"]), client_for(cast["maya"])
    sent = {"key": str(uuid4()), "person": str(cast["maya"].pk), "item": "gad7_1", "value": 3}
    maya.post("/measures/gad7/1/2026-11-24/answers", json.dumps(sent), content_type="application/json")

    shown = marcus.get(f"/patients/{cast['maya'].pk}/measures/enter/gad7").content.decode()

    assert 'name="gad7_1" value="3"' in shown
    assert 'name="gad7_1" value="3" checked' not in shown

"""Measures whose words belong to somebody else: their scoring is ours, a clinic loads the words it was allowed."""

import json
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openiop.measures import instruments, scoring
from openiop.measures.instruments import BadInstrument, load, parse
from openiop.measures.models import LicensedWords, Response
from openiop.people.access import acting

PACKS = ("audit", "dast10", "k10", "promis_dep4a", "promis_dep8a", "pss10")
TODAY = date(2026, 11, 24)


def all_at(code, value, **others):
    instrument = load(f"{code}.v1")
    answers = {item.code: value for item in instrument.items} | {f"{code}_{n}": v for n, v in others.items()}
    return scoring.score(instrument, answers)


# --- the traps of their scoring ---


def test_the_dast_10_counts_a_no_to_question_three():
    assert (all_at("dast10", 0).total, all_at("dast10", 0).band) == (1, "low")
    assert all_at("dast10", 0, **{"3": 1}).total == 0
    assert all_at("dast10", 1).total == 9 and all_at("dast10", 1, **{"3": 0}).total == 10


def test_the_last_two_questions_of_the_audit_count_two_for_each_step():
    assert all_at("audit", 0, **{"9": 2, "10": 2}).total == 8
    assert all_at("audit", 0, **{"9": 1}).total == 2
    assert all_at("audit", 0, **{str(n): 4 for n in range(1, 9)} | {"9": 2, "10": 2}).total == 40


def test_every_k10_answered_lowest_is_ten_and_not_nought():
    assert (all_at("k10", 1).total, all_at("k10", 5).total) == (10, 50)
    assert all_at("k10", 2).band == "mild"
    with pytest.raises(scoring.NotAnAnswer):
        all_at("k10", 0)


def test_four_questions_of_the_pss_10_count_the_other_way_round_and_no_cut_off_is_claimed():
    assert (all_at("pss10", 0).total, all_at("pss10", 4).total) == (16, 24)
    assert all_at("pss10", 0).band is None


@pytest.mark.parametrize(
    ("code", "total", "t"),
    [
        ("promis_dep4a", 4, 41.0),
        ("promis_dep4a", 12, 62.2),
        ("promis_dep4a", 20, 79.4),
        ("promis_dep8a", 8, 38.2),
        ("promis_dep8a", 24, 62.1),
        ("promis_dep8a", 40, 81.3),
    ],
)
def test_a_promis_total_becomes_the_t_of_its_own_form(code, total, t):
    assert scoring.standard_score(load(f"{code}.v1"), total) == t


def test_with_an_answer_missing_promis_has_no_total_and_no_t_whatever_a_clinic_allows():
    instrument = load("promis_dep4a.v1")
    three = {f"promis_dep4a_{number}": 5 for number in (1, 2, 3)}

    found = scoring.score(instrument, three, prorate_up_to=4)

    assert (found.total, found.missing) == (None, ("promis_dep4a_4",))
    assert scoring.standard_score(instrument, found.total) is None


# --- the files ---


@pytest.mark.parametrize("code", PACKS)
def test_no_word_of_theirs_is_shipped(code):
    instrument = load(f"{code}.v1")

    assert not any(item.text for item in instrument.items) and not instrument.has_words
    assert {option.code for item in instrument.items for option in item.options if option.worded} <= {"no", "yes"}
    assert instrument.terms in {"non_commercial", "permission"}


def changed(change):
    data = json.loads((instruments.FOLDER / "promis_dep4a.v1.json").read_text(encoding="utf-8"))
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["score"]["converted"]["table"].pop("9"), "each total once"),
        (lambda d: d["score"]["converted"].update(trust="sure"), "source and its trust"),
        (lambda d: d.update(terms="cheap"), "terms are one of"),
        (lambda d: d.update(words="shipped"), "terms are one of"),
    ],
)
def test_a_contradiction_in_such_a_file_is_named(change, says):
    with pytest.raises(BadInstrument, match=says):
        parse(changed(change))


# --- a clinic loads the words ---


def words_of(code, **more):
    return {
        "instrument": code,
        "version": 1,
        "permission": "Clinical lead, November 1",
        "languages": ["en"],
        "items": {item.code: {"en": f"Words of {item.code}"} for item in load(f"{code}.v1").items},
    } | more


def give(browser, code, words):
    return browser.post(
        f"/instruments/{code}/words", {"file": SimpleUploadedFile("words.json", json.dumps(words).encode())}
    )


ANSWERS = {
    "*": {str(number): {"en": f"Answer {number}"} for number in range(5)},
    "audit_2": {"0": {"en": "1 or 2"}} | {str(number): {"en": f"Drinks {number}"} for number in range(1, 5)},
}


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_words_free_for_non_commercial_use_are_taken_from_a_clinic_that_says_its_use_is_that(cast, client_for):
    director = client_for(cast["okafor"])

    refused = give(director, "dast10", words_of("dast10"))
    assert refused.status_code == 422 and "non-commercial use only" in refused.content.decode()
    with acting(cast["okafor"]):
        assert not LicensedWords.objects.exists()

    assert give(director, "dast10", words_of("dast10", non_commercial=True)).status_code == 302
    assert "Words of dast10_3" in director.get("/instruments/dast10").content.decode()
    assert "for non-commercial use only" in director.get("/instruments").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("options", [{}, {"options": {"*": {"0": {"en": "Answer 0"}}}}, {"options": ["Answer 0"]}])
def test_words_of_answers_that_are_missing_are_named(cast, client_for, options):
    refused = give(client_for(cast["okafor"]), "audit", words_of("audit", non_commercial=True, **options))

    assert refused.status_code == 422 and "audit_1, " in refused.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_one_to_two_drinks_is_the_first_answer_of_the_audit_and_none_to_two_that_of_the_audit_c(cast, client_for):
    give(client_for(cast["okafor"]), "audit", words_of("audit", non_commercial=True, options=ANSWERS))
    marcus = client_for(cast["marcus"])

    audit = marcus.get(f"/patients/{cast['maya'].pk}/measures/enter/audit").content.decode()
    audit_c = marcus.get(f"/patients/{cast['maya'].pk}/measures/enter/auditc").content.decode()

    assert "1 or 2" in audit and "Answer 3" in audit and "0, 1, or 2" not in audit
    assert "0, 1, or 2" in audit_c
    for code in ("audit", "auditc"):
        assert load(f"{code}.v1").item(f"{code}_2").score_of(0) == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_nobody_is_asked_before_the_words_are_there_and_afterwards_the_score_says_its_t(cast, client_for):
    marcus, url = client_for(cast["marcus"]), f"/patients/{cast['maya'].pk}/measures"
    asked = {"instrument": "promis_dep4a", "until": "2026-11-27"}
    assert marcus.post(f"{url}/ask", asked).status_code == 422
    assert client_for(cast["maya"]).get("/measures/promis_dep4a").status_code == 404

    answers = {"*": {str(number): {"en": f"Answer {number}"} for number in range(1, 6)}}
    give(client_for(cast["okafor"]), "promis_dep4a", words_of("promis_dep4a", options=answers))
    assert marcus.post(f"{url}/ask", asked).status_code == 302
    maya = client_for(cast["maya"])
    assert "Words of promis_dep4a_2" in maya.get("/measures/promis_dep4a").content.decode()
    maya.post("/measures/promis_dep4a", {f"promis_dep4a_{number}": "3" for number in range(1, 5)})

    with acting(cast["okafor"]):
        response = Response.objects.get(patient=cast["maya"], instrument="promis_dep4a", for_day=TODAY)
    assert response.total == 12
    assert "T 62.2" in marcus.get(f"{url}/{response.pk}").content.decode()
    assert "T 62.2" in marcus.get(f"{url}/trend/promis_dep4a").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_words_that_ship_unconfirmed_give_way_to_the_clinics_own_form(cast, client_for):
    director, maya = client_for(cast["okafor"]), client_for(cast["maya"])
    assert "how many days did you drink ANY alcohol" in maya.get("/measures/bam").content.decode()
    assert "unconfirmed" in director.get("/instruments/bam").content.decode()

    own = {"items": {item.code: {"en": f"Our form’s {item.code}"} for item in load("bam.v2").items}, "version": 2}
    assert give(director, "bam", words_of("bam", **own)).status_code == 302

    shown = maya.get("/measures/bam").content.decode()
    assert "Our form’s bam_4" in shown and "ANY alcohol" not in shown
    assert give(client_for(cast["marcus"]), "bam", words_of("bam", **own)).status_code == 403
    assert give(director, "phq9", words_of("phq9")).status_code == 404

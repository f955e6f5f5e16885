"""Free text is searched the moment it is saved; what is found is for a person to read, and a miss lowers nothing."""

import json
from collections import Counter
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import transaction

from openiop.demo import world
from openiop.measures import answering
from openiop.measures.models import OwnPhrase, PhraseOff
from openiop.measures.phrases import own
from openiop.measures.phrases.figures import HALVES, Figures, figures, labelled
from openiop.measures.phrases.matching import Phrase, find, worst
from openiop.measures.phrases.shipped import shipped
from openiop.people.access import acting
from openiop.people.models import Tie
from openiop.safety import ladder
from openiop.safety.models import HARMED, Case, Flag, acknowledge, raise_flag
from openiop.safety.told import told

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def phrase(words, *, category="suicide", tier=2):
    return Phrase("x001", "en", category, tier, words, "because")


def says(text, words, **more):
    return bool(find(text, [phrase(words, **more)]))


# --- how words are compared ---


@pytest.mark.parametrize(
    "text",
    [
        "I want to die",
        "I WANT TO DIE!!!",
        "i want to diiiiie",
        "i w4nt to d1e",
        "iwanttodie",
        "Nothing helps. I want to die.",
        "I was happy as a child, and now I want to die",
        "Not sleeping, and I want to die",
        "didn't show up to work, I want to die",
        "I can't stop thinking that I want to die",
        "I won't lie I want to die",
    ],
)
def test_a_phrase_is_found_however_a_hand_in_distress_writes_it(text):
    assert says(text, "want to die") or says(text, "i want to die")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("me kiero matar", "me quiero matar"),
        ("quitarme la BIDA", "quitarme la vida"),
        ("una sobredósis", "sobredosis"),
        ("suicde again", "suicide"),
    ],
)
def test_sound_accents_and_one_slip_are_forgiven(text, words):
    assert says(text, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't want to kill myself", "kill myself"),
        ("no thoughts of suicide today", "thoughts ... suicide"),
        ("No pienso en suicidarme", "suicidarme"),
        ("nada de ideas suicidas", "ideas suicidas"),
        ("when I was a kid I wanted to die", "wanted to die"),
        ("I tried to kill myself in 2016", "kill myself"),
        ("hace muchos años quise morir", "quise morir"),
        ("I'm dying of boredom", "dying"),
        ('the song goes "I want to die"', "want to die"),
        ("we watched a film about suicide", "suicide"),
        ("my cousin's suicide, my cousin overdosed", "overdosed"),
    ],
)
def test_a_not_the_past_a_song_or_somebody_else_keep_a_phrase_from_counting(text, words):
    assert not says(text, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't want to live", "dont want to live"),
        ("I used to be fine but I want to die", "want to die"),
        ("I wanted to die in 2016 and the thought is back again, I want to die", "want to die"),
        ("he said “I will kill you”", "kill you"),
        ("I saw a movie and I want to die", "i want to die"),
    ],
)
def test_the_guards_let_through_what_is_meant_now(text, words):
    assert says(text, words)


def test_a_number_a_gap_and_an_open_end_are_what_the_page_says_they_are():
    assert says("I have taken 20 of my pills", "taken # ... pills")
    assert says("driving my car into a tree", "driv* my car ... tree")
    assert not says("taken my pills", "taken # ... pills")
    assert not says("kill time and later wash the whole car myself", "kill ... myself")


def test_of_several_phrases_the_most_urgent_is_told():
    later = phrase("took too many", tier=4)._replace(code="x002")
    found = find("I want to die. I took too many pills.", [phrase("want to die"), later])

    assert worst(found).phrase.tier == 4
    assert worst(found).said == "I took too many pills."


@pytest.mark.parametrize("text", ["", "   ", "\n", "…", "12", "!!!", "***", "ñ" * 2000, "a" * 2000, "' ' '", "\x00"])
def test_no_text_breaks_the_search(text):
    assert find(text, shipped()) == []


# --- the list and its figures ---


def test_every_phrase_has_a_code_of_its_own_a_category_a_tier_and_a_reason():
    assert len({one.code for one in shipped()}) == len(shipped()) > 300
    assert all(one.category in dict(own.CATEGORIES) and 1 <= one.tier <= 4 and one.why for one in shipped())


def test_at_least_six_hundred_messages_are_dealt_evenly_by_language_and_category():
    halves = [Counter((m.language, m.category, m.tell) for m in labelled(half)) for half in HALVES]

    assert sum(sum(half.values()) for half in halves) >= 600
    assert not {m.text for m in labelled(HALVES[0])} & {m.text for m in labelled(HALVES[1])}
    assert all(abs(halves[0][key] - halves[1][key]) <= 1 for key in halves[0] | halves[1])


def test_the_page_on_phrases_is_what_the_command_measures():
    measured = StringIO()
    call_command("phrase_figures", stdout=measured)

    assert (ROOT / "docs/rules/phrases.md").read_text(encoding="utf-8") == measured.getvalue()


def test_figures_count_what_was_told_and_what_was_not():
    messages = labelled("development")[:3]
    told_of = [(messages[0]._replace(tell=True), True), (messages[1]._replace(tell=True), False),
               (messages[2]._replace(tell=False), True)]  # fmt: skip

    assert figures(told_of) == Figures(caught=1, missed=1, alarmed=1, quiet=0)
    assert figures(told_of).specificity.value == 0


# --- told the moment it is saved ---


def write(person, text, *, key=None, item="note", at=world.NOW):
    return answering.answer(
        person,
        instrument=answering.newest("checkin"),
        for_day=TODAY,
        item=item,
        value=text,
        key=key or uuid4(),
        answered_at=at,
        at=at,
    )


def new_flags():
    return Flag.objects.filter(raised_at__gte=world.NOW)


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_words_of_danger_in_the_check_in_call_people_in_the_same_transaction(cast):
    with acting(cast["maya"]):
        taken = write(cast["maya"], "Long day. I want to kill myself.")

        flag = new_flags().get()
        assert taken.flag == flag
        assert (flag.value, flag.tier) == ("I want to kill myself.", 3)
        assert flag.case.pages.exists()


def test_without_the_words_there_is_no_flag_and_without_the_commit_no_words(cast):
    with acting(cast["maya"]):
        with transaction.atomic():
            write(cast["maya"], "quiero morirme")
            transaction.set_rollback(True)

        assert not new_flags().exists()


def test_ordinary_words_raise_nothing_and_lower_nothing(cast):
    with acting(cast["maya"]):
        before = write(cast["maya"], 1, item="safe_now").flag.case
        write(cast["maya"], "All good, the walk helped.")

        before.refresh_from_db()
        assert (before.tier, before.closed_at, new_flags().count()) == (2, None, 1)


def test_the_same_words_sent_twice_raise_one_flag(cast):
    key = uuid4()
    with acting(cast["maya"]):
        assert write(cast["maya"], "I want to die", key=key).flag == write(cast["maya"], "I want to die", key=key).flag
        assert new_flags().count() == 1


def test_a_clinics_own_phrase_is_listened_for_until_it_is_ended(cast):
    with acting(cast["okafor"]):
        row = own.add(
            "blue envelope", language="en", category="farewell", tier=3, why="Our code", by=cast["okafor"], at=world.NOW
        )
    with acting(cast["maya"]):
        assert write(cast["maya"], "I have the blue envelope ready").flag.tier == 3
    with acting(cast["okafor"]):
        row.end(by=cast["okafor"], at=world.NOW)
    with acting(cast["maya"]):
        assert write(cast["maya"], "the blue envelope again").flag is None


def test_a_phrase_switched_off_is_not_listened_for_and_others_are(cast):
    text = "kms"
    codes = [found.phrase.code for found in find(text, shipped())]
    with acting(cast["okafor"]):
        for code in codes:
            own.switch_off(code, because="It is a boat's name here", by=cast["okafor"], at=world.NOW)
    with acting(cast["maya"]):
        assert write(cast["maya"], text).flag is None
        assert write(cast["maya"], "I want to kill myself").flag
    with acting(cast["okafor"]):
        own.switch_on(codes[0], by=cast["okafor"], at=world.NOW)
        assert {row.ended_by for row in PhraseOff.objects.filter(code=codes[0])} == {cast["okafor"]}
    with acting(cast["maya"]):
        assert write(cast["maya"], text + " ").flag


# --- being harmed is private ---


def test_being_harmed_calls_people_and_the_patients_own_pages_look_as_on_any_other_day(cast, client_for):
    maya = client_for(cast["maya"])
    sent = {"key": str(uuid4()), "person": str(cast["maya"].pk), "item": "note", "value": "my husband hit me again"}

    reply = maya.post(f"/measures/checkin/1/{TODAY}/answers", json.dumps(sent), content_type="application/json")

    assert reply.status_code == 201 and "flag_html" not in reply.json()
    with acting(cast["okafor"]):
        flag = new_flags().get()
        assert flag.kind == HARMED and flag.case.pages.exists()
        assert told(cast["maya"], at=world.NOW).state == ""
    assert "your answer" not in maya.get("/today").content.decode().lower()


def test_beside_another_danger_the_pages_speak_of_that_one(cast):
    with acting(cast["maya"]):
        taken = write(cast["maya"], "He hits me. I want to kill myself.")

        assert taken.flag.kind == ""
        assert {flag.kind for flag in new_flags()} == {"", HARMED}
        assert told(cast["maya"], at=world.NOW).state == "sent"


@pytest.mark.parametrize(
    "text", ["He hits me every night and I want to kill myself", "He hits me. He hits me and I want to kill myself."]
)
def test_a_sentence_that_says_both_is_copied_to_the_private_flag_alone(cast, client_for, text):
    with acting(cast["maya"]):
        ordinary = write(cast["maya"], text).flag
        private = new_flags().get(kind=HARMED)

    assert (ordinary.kind, ordinary.tier) == ("", 3)
    assert "kill" in ordinary.value and "hits" not in ordinary.value and "night" not in ordinary.value
    assert "He hits me" in private.value
    assert "hits me" not in client_for(cast["okafor"]).get("/rail").content.decode()


def test_a_private_flag_beside_an_ordinary_one_changes_nothing_that_the_pages_say(cast):
    with acting(cast["maya"]):
        case = write(cast["maya"], 1, item="safe_now").flag.case
        assert told(cast["maya"], at=world.NOW).state == "sent"
    with acting(cast["bea"]):
        acknowledge(case, by=cast["bea"], at=world.NOW + timedelta(minutes=1))
    later = world.NOW + timedelta(minutes=2)
    with acting(cast["maya"]):
        before = told(cast["maya"], at=later)
        raise_flag(
            cast["maya"],
            key="private",
            evidence=ladder.Evidence("words_found", 3),
            label="l",
            value="v",
            kind=HARMED,
            at=later,
        )
        case.refresh_from_db()
        assert (case.tier, case.since) == (3, later)
        after = told(cast["maya"], at=later)

    assert (before.state, before.who) == ("somebody_has_it", "Bea")
    assert after == before


def test_an_ordinary_flag_after_a_private_one_is_told_as_if_it_were_the_first(cast):
    with acting(cast["maya"]):
        case = write(cast["maya"], "my husband hit me again") and new_flags().get().case
    with acting(cast["bea"]):
        acknowledge(case, by=cast["bea"], at=world.NOW + timedelta(minutes=1))
    later = world.NOW + timedelta(minutes=2)
    with acting(cast["maya"]):
        raise_flag(
            cast["maya"], key="ordinary", evidence=ladder.Evidence("words_found", 1), label="l", value="v", at=later
        )
        now = told(cast["maya"], at=later)

    assert (now.state, now.who) == ("sent", "")


def test_the_rail_names_no_private_words_and_the_case_shows_them_to_whoever_took_it(cast, client_for):
    with acting(cast["maya"]):
        write(cast["maya"], "my husband hit me again")
        case = Case.objects.open().get(patient=cast["maya"])
    rail = client_for(cast["okafor"]).get("/rail").content.decode()
    assert "private matter" in rail and "husband" not in rail
    assert "tel:" not in rail, "whoever harms her may answer it"
    assert "husband" in client_for(cast["okafor"]).get(f"/cases/{case.pk}").content.decode()

    with acting(cast["bea"]):
        Tie.objects.filter(staff=cast["bea"], patient=cast["maya"]).update(ends_at=world.NOW)
    untied = client_for(cast["bea"])
    assert "husband" not in untied.get(f"/cases/{case.pk}").content.decode()
    with acting(cast["bea"]):
        acknowledge(case, by=cast["bea"], at=world.NOW)
    assert "husband" in untied.get(f"/cases/{case.pk}").content.decode()


# --- the page ---


def test_a_director_adds_and_switches_off_and_a_therapist_only_reads(cast, client_for):
    director, therapist = client_for(cast["okafor"]), client_for(cast["marcus"])
    new = {
        "own-language": "en",
        "own-category": "suicide",
        "own-tier": "2",
        "own-words": "blue door",
        "own-why": "Ours",
    }

    assert therapist.get("/phrases").status_code == 200
    assert therapist.post("/phrases/own", new).status_code == 403
    assert therapist.post("/phrases/off", {"code": "en001", "because": "x"}).status_code == 403
    assert director.post("/phrases/own", new).status_code == 302
    assert director.post("/phrases/own", new).status_code == 422, "the same words twice"
    assert director.post("/phrases/own", new | {"own-words": "... a|*"}).status_code == 422
    assert director.post("/phrases/off", {"code": "en001", "because": ""}).status_code == 302
    with acting(cast["okafor"]):
        assert OwnPhrase.objects.filter(ended_at=None).count() == 1
        assert not PhraseOff.objects.exists(), "not without a reason"


def test_another_clinics_phrases_are_nobodys_here(cast):
    with acting(cast["okafor"]):
        assert own.of_clinic(uuid4()) == shipped()

"""Check-ins made of blocks: what is asked, what reaches people, and what a shared device never shows again."""

import json
from datetime import date
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.measures import answering, blocks
from openiop.measures.blocks import assembled
from openiop.measures.models import CheckInForm, Response
from openiop.people.access import acting
from openiop.safety.models import HARMED, Flag
from openiop.safety.told import told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

TODAY = date(2026, 11, 24)
ALL = [block.key for block in blocks.shipped()]


def choose(cast, *keys, moment=assembled.DAILY):
    with acting(cast["okafor"]):
        return assembled.choose(moment, keys, by=cast["okafor"], at=world.NOW)


def say(person, item, value, *, code=assembled.DAILY):
    return answering.answer(
        person,
        instrument=assembled.current(code, person, day=TODAY),
        for_day=TODAY,
        item=item,
        value=value,
        key=uuid4(),
        answered_at=world.NOW,
        at=world.NOW,
    )


def new_flags():
    return Flag.objects.filter(raised_at__gte=world.NOW).order_by("pk")


def test_every_block_is_as_shipped_and_makes_a_sound_check_in_in_both_languages():
    whole = blocks.assemble("checkin", 101, assembled.TITLES["checkin"], ALL)

    assert len(ALL) == 10
    assert {item.code for item in whole.items} >= {"mood", "urges", "sleep_hours", "medication", "safe_now", "note"}
    assert all(block.key and blocks.assemble("x", 1, block.title, [block.key]).items for block in blocks.shipped())
    assert [item.code for item in whole.items if item.private] == ["near", "reach"]


def test_until_a_clinic_chooses_the_shipped_check_in_is_asked(cast):
    with acting(cast["maya"]):
        assert assembled.current("checkin", cast["maya"], day=TODAY).key == "checkin.v1"


def test_what_the_director_chose_is_asked_from_then_on_in_the_blocks_own_order(cast):
    choose(cast, "wins.v1", "self_harm.v1", "mood.v1")
    with acting(cast["maya"]):
        found = assembled.current("checkin", cast["maya"], day=TODAY)

        assert [item.code for item in found.items] == ["mood", "safe_now", "self_harm", "wins"]
        assert found.version == 101


@pytest.mark.parametrize(
    ("moment", "keys"), [("checkin", ["mood.v1"]), ("checkin", []), ("before", ["nonsense.v1"]), ("noon", ALL)]
)
def test_the_daily_check_in_keeps_its_safety_question_and_nothing_unknown_is_asked(cast, moment, keys):
    with pytest.raises(assembled.NotAForm):
        choose(cast, *keys, moment=moment)


def test_whoever_began_today_finishes_with_what_they_began(cast):
    first = choose(cast, "mood.v1", "self_harm.v1")
    with acting(cast["maya"]):
        say(cast["maya"], "mood", 4)
    choose(cast, "anxiety.v1", "self_harm.v1")
    with acting(cast["maya"]):
        assert assembled.current("checkin", cast["maya"], day=TODAY) == first.instrument
        say(cast["maya"], "safe_now", 0)
        assert assembled.current("checkin", cast["maya"], day=date(2026, 11, 25)).version == 102


def test_a_chosen_form_is_never_changed(cast):
    from django.db import Error, transaction

    made = choose(cast, "self_harm.v1")
    with acting(cast["okafor"]), pytest.raises(Error), transaction.atomic():
        CheckInForm.objects.filter(pk=made.pk).update(blocks=[])


@pytest.mark.parametrize(("item", "value", "tier"), [("safe_now", 2, 4), ("self_harm", 1, 2), ("self_harm", 2, 3)])
def test_the_safety_answers_of_a_block_call_people(cast, item, value, tier):
    choose(cast, *ALL)
    with acting(cast["maya"]):
        flag = say(cast["maya"], item, value).flag

        assert (flag.tier, flag.kind) == (tier, "")
        assert flag.case.pages.exists()


def test_before_a_group_is_asked_only_on_days_with_one_and_only_where_chosen(cast):
    with acting(cast["maya"]):
        assert assembled.BEFORE not in [row.code for row in answering.due(cast["maya"], on=TODAY)]
    choose(cast, "mood.v1", "note.v1", moment=assembled.BEFORE)
    with acting(cast["maya"]):
        assert assembled.BEFORE in [row.code for row in answering.due(cast["maya"], on=TODAY)]
        assert assembled.BEFORE not in [row.code for row in answering.due(cast["maya"], on=date(2027, 3, 7))]
        say(cast["maya"], "note", "I want to die", code=assembled.BEFORE)
        assert new_flags().count() == 1
    choose(cast, moment=assembled.BEFORE)
    with acting(cast["maya"]):
        assert assembled.BEFORE not in [row.code for row in answering.due(cast["maya"], on=TODAY)]


# --- being harmed at home ---


@pytest.mark.parametrize(("value", "tiers"), [(0, []), (1, [1]), (2, [2])])
def test_being_harmed_raises_a_private_flag_and_the_patients_pages_say_nothing(cast, value, tiers):
    choose(cast, *ALL)
    with acting(cast["maya"]):
        assert say(cast["maya"], "near", value).flag is None
        assert [(flag.tier, flag.kind) for flag in new_flags()] == [(tier, HARMED) for tier in tiers]
        assert told(cast["maya"], at=world.NOW).state == ""


@pytest.mark.parametrize("order", [["near", "reach"], ["reach", "near"]])
def test_how_it_is_safe_to_reach_them_stands_in_the_case_whichever_was_answered_first(cast, order):
    choose(cast, *ALL)
    with acting(cast["maya"]):
        for item in order:
            say(cast["maya"], item, {"near": 2, "reach": 2}[item])

        assert {flag.value for flag in new_flags()} == {"Yes", "Call, but ask first if I can talk freely"}
        assert len({flag.case_id for flag in new_flags()}) == 1


def test_how_to_reach_somebody_alone_raises_nothing(cast):
    choose(cast, *ALL)
    with acting(cast["maya"]):
        say(cast["maya"], "reach", 3)

        assert not new_flags().exists()


def test_the_page_opened_again_shows_what_was_answered_but_never_who_harms_them(cast, client_for):
    choose(cast, *ALL)
    maya = client_for(cast["maya"])
    with acting(cast["maya"]):
        say(cast["maya"], "mood", 7)
        say(cast["maya"], "near", 2)
        say(cast["maya"], "reach", 1)

    page = maya.get("/check-in")

    assert 'id="mood-7" name="mood" value="7" checked' in page.content.decode()
    assert 'name="near" value="2" checked' not in page.content.decode()
    assert 'name="reach" value="1" checked' not in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    near = page.content.decode().split('id="q-near"')[1].split(">")[0]
    assert "data-urgent" not in near, "a page that shouts would tell whoever looks on"


def test_sent_by_itself_a_private_answer_gets_the_same_reply_as_any_other(cast, client_for):
    choose(cast, *ALL)
    maya = client_for(cast["maya"])
    replies = []
    for item, value in (("mood", 5), ("near", 2)):
        sent = {"key": str(uuid4()), "person": str(cast["maya"].pk), "item": item, "value": value}
        reply = maya.post(f"/measures/checkin/101/{TODAY}/answers", json.dumps(sent), content_type="application/json")
        replies.append((reply.status_code, set(reply.json())))

    assert replies == [(201, {"saved"}), (201, {"saved"})]


def test_the_whole_form_works_without_scripts(cast, client_for):
    choose(cast, "mood.v1", "self_harm.v1", "home.v1")
    maya = client_for(cast["maya"])
    form = {
        "person": str(cast["maya"].pk),
        "day": str(TODAY),
        "mood": "5",
        "safe_now": "0",
        "self_harm": "0",
        "near": "2",
    }

    missing = maya.post("/check-in", {**form, "mood": ""})
    done = maya.post("/check-in", form)

    assert missing.status_code == 422 and done.status_code == 200
    assert "Your answer has been sent" not in done.content.decode()
    with acting(cast["maya"]):
        assert new_flags().get().kind == HARMED
        assert Response.objects.get(patient=cast["maya"], for_day=TODAY, version=101).completed_at


# --- the page ---


def test_a_director_puts_a_check_in_together_and_looks_at_it_as_a_patient(cast, client_for):
    director = client_for(cast["okafor"])

    assert director.post("/check-ins", {"moment": "checkin", "blocks": ["mood.v1"]}).status_code == 422
    assert director.post("/check-ins", {"moment": "checkin", "blocks": ["mood.v1", "self_harm.v1"]}).status_code == 302
    page = director.get("/check-ins/preview?moment=checkin&blocks=home.v1&blocks=wins.v1&language=es").content.decode()
    assert "¿Hay alguien cerca de usted" in page and "¿Qué salió bien" in page
    assert director.get("/check-ins/preview?blocks=nonsense").status_code == 404
    with acting(cast["okafor"]):
        assert CheckInForm.objects.count() == 1


def test_nobody_but_the_director_chooses(cast, client_for):
    for who in ("marcus", "hal", "rosa", "maya"):
        reply = client_for(cast[who]).post("/check-ins", {"moment": "checkin", "blocks": ALL})
        assert reply.status_code in (403, 404)
    with acting(cast["okafor"]):
        assert not CheckInForm.objects.exists()


def test_staff_read_a_check_in_in_the_words_it_was_asked_in(cast, client_for):
    choose(cast, "substances.v1", "self_harm.v1")
    with acting(cast["maya"]):
        row = say(cast["maya"], "substances", 2).answer.response
    director = client_for(cast["okafor"])

    assert "alcohol or used anything" in director.get(f"/patients/{cast['maya'].pk}/measures/{row.pk}").content.decode()
    assert director.get(f"/patients/{cast['maya'].pk}/measures").status_code == 200


def waited(person, item, value):
    """What a device without a line was asked in the shipped words, sent now."""
    return answering.answer(
        person,
        instrument=assembled.newest_shipped(assembled.DAILY),
        for_day=TODAY,
        item=item,
        value=value,
        key=uuid4(),
        answered_at=world.NOW,
        at=world.NOW,
    )


def test_a_danger_that_waited_on_a_device_is_told_though_the_questions_have_changed(cast):
    choose(cast, "mood.v1", "self_harm.v1")
    with acting(cast["maya"]):
        say(cast["maya"], "mood", 3)
        flag = waited(cast["maya"], "safe_now", 2).flag

        assert (flag.reason, flag.tier) == ("safe_now", 4)
        assert Response.objects.get(patient=cast["maya"], for_day=TODAY).answers.filter(item="safe_now").exists()


def test_what_is_no_danger_is_not_mixed_into_other_questions_and_nothing_is_kept(cast):
    choose(cast, "mood.v1", "self_harm.v1")
    with acting(cast["maya"]):
        say(cast["maya"], "mood", 3)
        with pytest.raises(answering.NotTaken, match="changed since you began"):
            waited(cast["maya"], "sleep_hours", 6)

        assert Response.objects.get(patient=cast["maya"], for_day=TODAY).answers.count() == 1

"""A patient's complaint: heard where it speaks of danger, and betrayed to nobody by what it calls people for."""

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety.models import HARMED, Flag, Page, RestrictedFlag, implicate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

DANGER = "Dr. Okafor laughed at me. I want to kill myself tonight."
HARM = "Nobody listens here. My brother beats me when he drinks."


def complain(client, words, **more):
    return client.post("/me/grievances", {"words": words} | more)


def flags(cast):
    with acting(cast["okafor"]):
        return list(Flag.objects.filter(raised_at__gte=world.NOW).select_related("case").order_by("key"))


def test_words_of_danger_in_a_complaint_call_people_and_the_person_reads_so(cast, client_for):
    maya = client_for(cast["maya"])
    reply = complain(maya, DANGER)

    assert (reply.status_code, reply.headers["Location"]) == (302, "/help")
    (flag,) = flags(cast)
    assert flag.tier >= 3
    with acting(cast["okafor"]):
        assert Page.objects.filter(case=flag.case).exists()
    assert "Your answer has been sent to your team" in maya.get("/help").text


def test_the_flag_says_that_something_was_written_and_no_word_of_the_complaint(cast, client_for):
    complain(client_for(cast["maya"]), DANGER, about=[cast["okafor"].pk])

    (flag,) = flags(cast)
    assert flag.label == "Written to the clinic (Suicide)"
    case = client_for(cast["okafor"]).get(f"/cases/{flag.case_id}").text
    for text in (flag.label, flag.value, case):
        assert "laughed" not in text
        assert "kill myself" not in text


def test_being_harmed_goes_the_private_way_and_the_pages_stay_as_on_any_day(cast, client_for):
    maya = client_for(cast["maya"])
    reply = complain(maya, HARM)

    assert reply.headers["Location"] == "/me/grievances"
    (flag,) = flags(cast)
    assert flag.kind == HARMED
    assert "brother" not in flag.label + flag.value
    assert "Your answer has been sent" not in maya.get("/help").text


def test_an_ordinary_complaint_calls_nobody(cast, client_for):
    assert complain(client_for(cast["maya"]), "Nobody called me back.").headers["Location"] == "/me/grievances"
    assert flags(cast) == []


def test_the_complaint_itself_is_kept_whole_for_those_who_may_read_it(cast, client_for):
    complain(client_for(cast["maya"]), DANGER, about=[cast["okafor"].pk])

    with acting(cast["vera"]):
        assert RestrictedFlag.objects.get().words == DANGER
    with acting(cast["okafor"]):
        assert not RestrictedFlag.objects.exists()


def everybody(cast):
    return [cast[key].pk for key in ("okafor", "vera", "bea", "marcus", "lin", "rosa", "hal")]


def test_a_complaint_that_nobody_could_read_is_not_called_sent_and_says_where_to_turn(cast, client_for):
    reply = complain(client_for(cast["maya"]), "They all laughed.", about=everybody(cast))

    assert reply.status_code == 422
    assert "Nobody here would be left to read this, so it was not kept." in reply.text
    assert "the state agency that licenses it" in reply.text
    assert "They all laughed." in reply.text
    with acting(cast["maya"]):
        assert not RestrictedFlag.objects.exists()


def test_words_of_danger_are_heard_where_nobody_could_read_the_complaint(cast, client_for):
    reply = complain(client_for(cast["maya"]), DANGER, about=everybody(cast))

    assert reply.status_code == 422
    assert "Your answer has been sent to your team" in reply.text
    (flag,) = flags(cast)
    assert "laughed" not in flag.label + flag.value


def test_a_complaint_whose_last_reader_was_named_later_says_that_nobody_reads_it(cast, client_for):
    complain(client_for(cast["maya"]), "Nobody called.", about=[cast["okafor"].pk, cast["vera"].pk])
    for key in ("bea", "marcus"):
        with acting(cast[key]):
            implicate(RestrictedFlag.objects.get(), person=cast[key], by=cast[key], at=world.NOW)

    page = client_for(cast["maya"]).get("/me/grievances").text
    assert "Nobody here can read this now." in page
    assert "Read by:" not in page

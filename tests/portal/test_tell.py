"""Something is wrong: from every page of a patient's, to whom they choose, and never to fewer than without them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Tie
from openiop.safety import ladder
from openiop.safety.models import HARMED, Flag, Page, acknowledge, rungs_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def press(client, how_soon=2, who="anyone", words="", key=None):
    return client.post("/tell", {"how_soon": how_soon, "who": who, "words": words, "key": key or uuid4()})


def new_flags(cast):
    with acting(cast["okafor"]):
        return list(Flag.objects.filter(raised_at__gte=world.NOW).select_related("case").order_by("key"))


def paged(cast):
    with acting(cast["okafor"]):
        return set(Page.objects.filter(made_at__gte=world.NOW).values_list("to__called", "because"))


@pytest.mark.parametrize("path", ["/today", "/week", "/me", "/help", "/check-in", "/tell"])
def test_the_way_to_it_stands_on_every_page_of_a_patients(cast, client_for, path):
    assert 'href="/tell"' in client_for(cast["maya"]).get(path).content.decode()


@pytest.mark.parametrize("tier", [1, 2, 3, 4])
def test_how_soon_the_person_says_is_how_soon_people_are_called(cast, client_for, tier):
    reply = press(client_for(cast["maya"]), how_soon=tier)

    assert (reply.status_code, reply.headers["Location"]) == (302, "/help")
    (flag,) = new_flags(cast)
    assert flag.tier == tier and paged(cast)


def test_the_person_is_told_what_is_true_as_for_any_other_flag(cast, client_for):
    maya = client_for(cast["maya"])
    press(maya)

    assert "Your answer has been sent to your team" in maya.get("/help").content.decode()
    with acting(cast["bea"]):
        acknowledge(new_flags(cast)[0].case, by=cast["bea"], at=world.NOW)
    assert "Bea has seen your answer" in maya.get("/tell").content.decode()


def test_whoever_is_live_with_the_person_is_called_first_whatever_was_chosen(cast, client_for):
    with acting(cast["okafor"]):
        Tie.knot(staff=cast["bea"], patient=cast["maya"], role="live", because="test", at=world.NOW)

    press(client_for(cast["maya"]), who="therapist")

    assert ("Bea", ladder.LIVE) in paged(cast)
    assert ("Marcus", ladder.ASKED_FOR) in paged(cast)


def test_naming_somebody_adds_them_and_takes_nobody_away(cast, client_for):
    press(client_for(cast["maya"]), who="anyone")
    without = paged(cast)
    press(client_for(cast["leo"]), who="on_call")

    assert {because for _name, because in without} <= {because for _name, because in paged(cast)}


def test_somebody_named_does_not_use_up_a_rung_of_the_ladder(cast, client_for):
    press(client_for(cast["maya"]), who="on_call", how_soon=4)
    case = new_flags(cast)[0].case
    with acting(cast["okafor"]):
        case.refresh_from_db()
        standing = case.on_the_ladder(rungs_for(cast["maya"], at=world.NOW))
        later = ladder.next_step(standing, at=world.NOW + timedelta(hours=1), deadlines=case.deadlines)

    assert [page.rung for page in standing.paged] == [0]
    assert (later.kind, later.rung) == ("page", 1)


def test_pressed_twice_by_the_same_form_it_is_one_flag(cast, client_for):
    maya, key = client_for(cast["maya"]), uuid4()
    press(maya, key=key)
    press(maya, key=key)

    assert len(new_flags(cast)) == 1


def test_pressed_twice_while_the_worker_is_late_it_is_kept_and_the_look_stays_overdue(cast, client_for, clock):
    maya, key = client_for(cast["maya"]), uuid4()
    for later in (timedelta(0), timedelta(seconds=10)):
        clock.move_to(world.NOW + later)
        assert press(maya, who="on_call", key=key).status_code == 302

    (flag,) = new_flags(cast)
    assert flag.case.next_step_at == world.NOW


def test_said_again_while_the_worker_is_late_both_are_kept(cast, client_for, clock):
    maya = client_for(cast["maya"])
    for later, words in ((timedelta(0), "I feel odd"), (timedelta(minutes=3), "it gets worse")):
        clock.move_to(world.NOW + later)
        assert press(maya, words=words).status_code == 302

    assert {flag.value for flag in new_flags(cast)} == {"I feel odd", "it gets worse"}


def test_the_words_are_for_people_to_read_and_are_listened_to(cast, client_for):
    press(client_for(cast["maya"]), how_soon=1, words="I want to kill myself")

    pressed, heard = new_flags(cast)
    assert (pressed.tier, pressed.value) == (1, "I want to kill myself")
    assert heard.tier == 3 and heard.case_id == pressed.case_id


def test_words_about_being_harmed_stand_in_the_private_flag_alone(cast, client_for):
    press(client_for(cast["maya"]), words="my husband hit me")

    pressed, heard = new_flags(cast)
    assert "husband" not in pressed.value and pressed.kind == ""
    assert (heard.kind, heard.value) == (HARMED, "my husband hit me")
    assert "husband" not in client_for(cast["okafor"]).get("/rail").content.decode()


def test_a_form_without_an_answer_says_what_is_missing_and_keeps_the_words(cast, client_for):
    reply = client_for(cast["maya"]).post("/tell", {"words": "I feel odd", "who": "anyone", "key": uuid4()})

    assert reply.status_code == 422 and "I feel odd" in reply.content.decode()
    assert not new_flags(cast)


@pytest.mark.parametrize("who", ["therapist", "somebody else", ""])
def test_whoever_cannot_be_named_any_more_holds_nothing_up(cast, client_for, who):
    with acting(cast["okafor"]):
        Tie.objects.filter(patient=cast["maya"], role="primary").update(ends_at=world.NOW)

    assert press(client_for(cast["maya"]), who=who, words="please").status_code == 302
    (flag,) = new_flags(cast)
    assert flag.value == "please" and paged(cast)


@pytest.mark.parametrize("words", ["a\r\n" * 1500, "so tired " * 400, "odd\0"])
def test_words_that_are_too_long_are_cut_and_call_people_all_the_same(cast, client_for, words):
    assert press(client_for(cast["maya"]), words=words).status_code == 302
    (flag,) = new_flags(cast)
    assert flag.value.startswith(words[:1]) and len(flag.value) <= 2000 and paged(cast)


@pytest.mark.parametrize("who", ["bea", "hal"])
def test_it_is_not_there_for_staff(cast, client_for, who):
    assert client_for(cast[who]).get("/tell").status_code == 404
    assert press(client_for(cast[who])).status_code == 404
    assert not new_flags(cast)

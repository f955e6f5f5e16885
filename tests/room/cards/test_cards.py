"""Skills cards: shown to everybody in the group, kept by one person, and nobody else's business then."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.http import Http404
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, state
from openiop.room.cards import library, showing
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_breakout_sockets import in_the_group
from tests.room.test_consumers import media, people, tabs  # noqa: F401 (fixtures)
from tests.room.test_signals import quiet

CARDS = library.all_cards()


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_every_card_is_whole_in_both_languages_and_names_its_source(card):
    english, spanish = card.words["en"], card.words["es"]

    assert len(english.steps) == len(spanish.steps) >= 3
    assert english.title != spanish.title and all(english.steps) and all(spanish.steps)
    assert bool(english.care) == bool(spanish.care)
    assert "Our own words" in card.source and card.version >= 1


@pytest.fixture
def inside(db, cast):
    """Bea leads, Sam is in the group, and Maya waits at the door."""
    bea = come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        seats["sam"] = admission.admit(seats["sam"], by=cast["bea"], at=world.NOW)
    return {**seats, "bea": bea}


def show(cast, code="stop"):
    with acting(cast["bea"]):
        showing.show(tonight(cast["bea"]), code, by=cast["bea"], at=world.NOW)


def card_of(person):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=world.NOW), at=world.NOW).card


def test_a_card_stands_beside_the_faces_of_everybody_inside_in_their_own_language(cast, inside):
    with acting(cast["sam"]):
        cast["sam"].choose_language("es")
    show(cast)

    assert card_of(cast["bea"]).title == CARDS["stop"].words["en"].title
    assert card_of(cast["sam"]).steps == list(CARDS["stop"].words["es"].steps)
    assert card_of(cast["maya"]) is None, "who waits is shown nothing"


def test_another_card_takes_its_place_and_put_away_it_is_gone(cast, inside):
    show(cast)
    show(cast, "tipp")
    assert card_of(cast["sam"]).card == "tipp"

    with acting(cast["bea"]):
        showing.put_away(tonight(cast["bea"]), by=cast["bea"], at=world.NOW)
    assert card_of(cast["sam"]) is None


def test_whoever_does_not_lead_shows_nothing_and_a_card_we_do_not_have_is_not_there(cast, inside):
    with acting(cast["sam"]), pytest.raises(PermissionDenied):
        showing.show(tonight(cast["sam"]), "stop", by=cast["sam"], at=world.NOW)
    with acting(cast["bea"]), pytest.raises(Http404):
        showing.show(tonight(cast["bea"]), "no-such-card", by=cast["bea"], at=world.NOW)


def test_a_patient_keeps_a_card_finds_it_afterwards_and_lets_it_go(cast, inside, client_for):
    show(cast)
    with acting(cast["sam"]):
        showing.keep(inside["sam"], "stop", by=cast["sam"], at=world.NOW)
        showing.keep(inside["sam"], "stop", by=cast["sam"], at=world.NOW)
    assert card_of(cast["sam"]).kept and not card_of(cast["bea"]).kept

    browser, step = client_for(cast["sam"]), CARDS["stop"].words["en"].steps[0]
    assert browser.get(reverse("skills")).content.decode().count(step) == 1
    assert reverse("skills") in browser.get(reverse("today")).content.decode()
    browser.post(reverse("skill-release", args=["stop"]))

    assert step not in browser.get(reverse("skills")).content.decode()
    assert reverse("skills") not in browser.get(reverse("today")).content.decode()


def test_only_a_card_that_was_shown_is_kept_and_only_by_a_patient_themselves(cast, inside):
    show(cast)
    with acting(cast["sam"]), pytest.raises(Http404):
        showing.keep(inside["sam"], "tipp", by=cast["sam"], at=world.NOW)
    with acting(cast["bea"]), pytest.raises(PermissionDenied):
        showing.keep(inside["bea"], "stop", by=cast["bea"], at=world.NOW)
    with acting(cast["maya"]), pytest.raises(PermissionDenied):
        showing.keep(inside["sam"], "stop", by=cast["maya"], at=world.NOW)


def test_what_somebody_keeps_the_database_shows_to_nobody_else(cast, inside):
    show(cast)
    with acting(cast["sam"]):
        showing.keep(inside["sam"], "stop", by=cast["sam"], at=world.NOW)

    for key, kept in (("sam", 1), ("maya", 0), ("bea", 0), ("okafor", 0)):
        with acting(cast[key]):
            assert rows("room_keptcard") == kept, key
    for key, shown in (("sam", 1), ("bea", 1), ("maya", 0)):
        with acting(cast[key]):
            assert rows("room_cardshown") == shown, key


def test_a_patient_cannot_write_a_card_for_the_group_past_the_verb(cast, inside):
    with acting(cast["sam"]), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO room_cardshown (id, clinic_id, session_id, code, by_id, at) "
            "VALUES (gen_random_uuid(), %s, %s, 'stop', %s, now())",
            [cast["sam"].clinic_id, inside["sam"].session_id, cast["sam"].pk],
        )


def rows(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


async def test_over_the_socket_only_whoever_leads_shows_and_keeping_wakes_nobody_else(people, media):  # noqa: F811
    _session, at = await in_the_group(people, "sam", "maya")
    bea, sam, maya = at["bea"], at["sam"], at["maya"]
    async with tabs(bea, sam, maya):
        block = (await bea.room(lambda room: room["lead"]))["lead"]["agenda"][0]["block"]
        for message in (
            {"type": "agenda_mark", "block": block},
            {"type": "card_show", "card": "stop"},
            {"type": "card_put_away"},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await bea.say(type="card_show", card="stop")
        for tab in (sam, maya):
            await tab.room(lambda room: room["card"])
        await quiet(maya)

        await sam.say(type="card_keep", card="stop")
        await sam.room(lambda room: room["card"]["kept"])

        assert await maya.socket.receive_nothing(timeout=1)
        await bea.say(type="card_put_away")
        await maya.room(lambda room: room["card"] is None)

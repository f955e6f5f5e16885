"""Who sits in which breakout room: the rules of docs/rules/breakouts.md, case by case."""

from collections import Counter
from itertools import product
from random import Random

import pytest

from openiop.room import assigning
from openiop.room.assigning import CannotAssign, Party


def party(key, *, with_=(), watched=False):
    return Party(key, frozenset({key, *with_}), watched)


def parties(keys, *, watched=""):
    return [party(key, watched=key in watched) for key in keys]


def apart(*pairs):
    return {frozenset(pair) for pair in pairs}


def sizes(found, rooms):
    return sorted((Counter(found.values())[n] for n in range(1, rooms + 1)), reverse=True)


@pytest.mark.parametrize(
    ("keys", "rooms", "kept_apart", "expected"),
    [
        pytest.param("", 2, [], [0, 0], id="nobody is here yet"),
        pytest.param("ABCDEF", 2, [], [3, 3], id="six in two rooms"),
        pytest.param("ABCDEFG", 3, [], [3, 2, 2], id="seven in three rooms"),
        pytest.param("ABCDEFGHIJKL", 6, [], [2] * 6, id="twelve in six rooms"),
        pytest.param("ABCD", 2, ["AB"], [2, 2], id="two kept apart are in two rooms"),
        pytest.param("ABCD", 2, ["AB", "CD", "AC"], [2, 2], id="a chain of three still fits two rooms"),
        pytest.param("ABC", 3, ["AB", "BC", "AC"], [1, 1, 1], id="three kept apart from each other need three rooms"),
        pytest.param("ABCD", 2, ["AB", "AC", "AD"], [3, 1], id="kept apart from all others: alone"),
        pytest.param("ABCDEF", 3, ["AB", "CD", "EF"], [2, 2, 2], id="three pairs kept apart"),
    ],
)  # fmt: skip
def test_people_are_spread_evenly_and_never_against_an_exclusion(keys, rooms, kept_apart, expected):
    found = assigning.spread(parties(keys), rooms=rooms, apart=apart(*kept_apart))

    assert sizes(found, rooms) == expected
    assert set(found) == set(keys)
    assert assigning.together(found, parties(keys), apart(*kept_apart)) == []


@pytest.mark.parametrize(
    ("keys", "rooms", "kept_apart"),
    [
        pytest.param("ABC", 2, ["AB", "BC", "AC"], id="three kept apart from each other in two rooms"),
        pytest.param("ABCDEFG", 6, [a + b for a, b in product("ABCDEFG", repeat=2) if a < b], id="seven in six"),
    ],
)
def test_what_cannot_be_done_is_said_with_whom_it_is_about(keys, rooms, kept_apart):
    with pytest.raises(CannotAssign) as refused:
        assigning.spread(parties(keys), rooms=rooms, apart=apart(*kept_apart))

    assert refused.value.why == "apart" and set(refused.value.keys) == set(keys)


def test_no_draw_of_a_thousand_puts_two_together_who_are_kept_apart():
    chance = Random(7)
    for _draw in range(1000):
        people = parties("ABCDEFGHIJ")
        kept = apart(*(chance.sample("ABCDEFGHIJ", 2) for _pair in range(chance.randrange(8))))
        rooms = chance.randrange(2, 7)
        try:
            found = assigning.spread(assigning.shuffled(people, below=chance.randrange), rooms=rooms, apart=kept)
        except CannotAssign:
            assert rooms < 4, "so few exclusions always leave a way with four rooms"
            continue
        assert assigning.together(found, people, kept) == []


def test_a_draw_is_by_chance():
    chance = Random(1)
    drawn = {
        tuple(sorted(assigning.spread(assigning.shuffled(parties("ABCDEF"), below=chance.randrange), rooms=2).items()))
        for _draw in range(200)
    }

    assert len(drawn) > 15, "there are twenty ways to draw three of six"


def test_half_a_group_kept_apart_from_the_other_half_is_placed_without_long_thought():
    kept = apart(*(a + b for a, b in product("ABCDEFGHIJKL", "MNOPQRSTUVWX")))
    found = assigning.spread(parties("ABCDEFGHIJKLMNOPQRSTUVWX"), rooms=6, apart=kept)

    assert sizes(found, 6) == [4] * 6


@pytest.mark.parametrize(
    ("staffed", "expected"),
    [
        pytest.param([], None, id="no room has staff: they stay in the group, with the facilitator"),
        pytest.param([2], 2, id="one room has staff: they go there"),
    ],
)
def test_a_person_under_watch_sits_only_where_staff_stay(staffed, expected):
    found = assigning.spread(parties("ABCDE", watched="C"), rooms=2, staffed=staffed)

    assert found.get("C") == expected
    assert assigning.unattended(found, parties("ABCDE", watched="C"), staffed) == []


def test_a_person_under_watch_in_a_room_without_staff_is_named():
    people = parties("ABC", watched="B")

    assert assigning.unattended({"A": 1, "B": 1, "C": 2}, people, staffed=[2]) == ["B"]
    assert assigning.unattended({"A": 1, "B": 1, "C": 2}, people, staffed=[1]) == []


@pytest.mark.parametrize(
    ("keys", "wanted", "kept_apart", "expected"),
    [
        pytest.param("ABCD", {"A": 2, "B": 2, "C": 1, "D": 1}, [], {"A": 2, "B": 2, "C": 1, "D": 1}, id="the same"),
        pytest.param("ABC", {"A": 2, "B": 1}, [], {"A": 2, "B": 1, "C": 1}, id="and somebody new"),
        pytest.param("ABC", {"A": 1, "B": 1, "C": 1}, [], {"A": 1, "B": 1, "C": 1}, id="uneven, because it was so"),
        pytest.param("ABC", {"A": 1, "B": 1, "C": 2}, ["AB"], {"A": 1, "B": 2, "C": 2}, id="kept apart since then"),
        pytest.param("AB", {"A": 4, "B": 1}, [], {"A": 2, "B": 1}, id="a room that there is no longer"),
    ],
)  # fmt: skip
def test_as_last_time(keys, wanted, kept_apart, expected):
    assert assigning.spread(parties(keys), rooms=2, apart=apart(*kept_apart), wanted=wanted) == expected


@pytest.mark.parametrize(
    ("people", "rooms"),
    [(4, 2), (5, 2), (6, 3), (7, 3), (12, 6), (13, 6)],
)
def test_pairs_leave_nobody_alone(people, rooms):
    assert assigning.pair_rooms(people) == rooms
    found = assigning.spread(parties("ABCDEFGHIJKLM"[:people]), rooms=rooms)
    assert set(sizes(found, rooms)) <= {2, 3} and sizes(found, rooms).count(3) == people % 2


@pytest.mark.parametrize(("people", "why"), [(1, "too_few"), (3, "too_few"), (14, "too_many")])
def test_pairs_that_cannot_be_are_refused(people, why):
    with pytest.raises(CannotAssign) as refused:
        assigning.pair_rooms(people)
    assert refused.value.why == why


@pytest.mark.parametrize(
    ("newcomer", "rooms", "kept_apart", "staffed", "expected"),
    [
        pytest.param(party("Z"), {1: "AB", 2: "C"}, [], [], 2, id="the smallest"),
        pytest.param(party("Z"), {1: "A", 2: "B"}, [], [], 1, id="the first of equals"),
        pytest.param(party("Z"), {1: "AB", 2: "C"}, ["ZC"], [], 1, id="never against an exclusion"),
        pytest.param(party("Z"), {1: "AB", 2: "C"}, ["ZC", "ZA"], [], None, id="nowhere: they stay in the group"),
        pytest.param(party("Z", watched=True), {1: "AB", 2: "C"}, [], [1], 1, id="under watch: where staff stay"),
        pytest.param(party("Z", watched=True), {1: "AB", 2: "C"}, [], [], None, id="under watch, no staff: the group"),
    ],
)  # fmt: skip
def test_late_arrivals(newcomer, rooms, kept_apart, staffed, expected):
    there = {n: parties(keys) for n, keys in rooms.items()}

    assert assigning.smallest(newcomer, there, apart=apart(*kept_apart), staffed=staffed) == expected


def test_whoever_sits_around_the_sites_device_is_kept_apart_too():
    device = party("device", with_=["theo", "jonah"])
    found = assigning.spread([device, party("ines"), party("sam")], rooms=2, apart=apart(("ines", "jonah")))

    assert found["device"] != found["ines"]

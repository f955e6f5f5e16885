"""Who sits in which breakout room: pure rules, without tables and clocks (docs/rules/breakouts.md).

A *party* is whatever is moved as one: a person at their own screen, or the site's device with everybody around it.
Rooms are numbers. Three things are never traded for anything: people kept apart do not share a room, a person under
watch (an open high or imminent safety case) sits only where staff stay, and a party has one room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

FEWEST, MOST = 2, 6
MOST_TRIES = 20_000

Key = Any  # anything that can be a key: ids in the room, letters in the tests
Pair = frozenset[Key]


@dataclass(frozen=True)
class Party:
    """`key` is the seat's; `people` those who come with it; `watched` whether one of them is under watch."""

    key: Key
    people: frozenset[Key] = field(default_factory=frozenset)
    watched: bool = False


class CannotAssign(Exception):
    """No assignment keeps every rule. `why` is "apart", "too_few" or "too_many"; `keys` are the parties it is about."""

    def __init__(self, why: str, keys: Collection[Key] = ()) -> None:
        super().__init__(why)
        self.why, self.keys = why, tuple(keys)


def spread(
    parties: Sequence[Party],
    *,
    rooms: int,
    apart: Collection[Pair] = (),
    staffed: Collection[int] = (),
    wanted: Mapping[Key, int] | None = None,
) -> dict[Key, int]:
    """Return a room, 1 to `rooms`, for each party: as even as the rules allow, else in the order given.

    `wanted` rooms (as last time) come first and even numbers second. Parties under watch have no room in the answer
    when no room is `staffed`: they stay in the group, with the facilitator. Raises CannotAssign("apart") when people
    kept apart would have to share a room.
    """
    placed = [party for party in parties if staffed or not party.watched]
    search = _Search(placed, rooms, _foes(placed, apart), frozenset(staffed), wanted or {})
    evenly = -(-len(placed) // rooms)
    for most in range(evenly, len(placed) + 1):
        found = search.place({}, most=most)
        if found is not None:
            return found
    if placed:
        raise CannotAssign("apart", [key for key, foes in search.foes.items() if foes])
    return {}


@dataclass
class _Search:
    """Place one party after the other and go back where it leads nowhere; whoever has the fewest rooms left is next."""

    parties: Sequence[Party]
    rooms: int
    foes: Mapping[Key, Collection[Key]]
    staffed: frozenset[int]
    wanted: Mapping[Key, int]
    tries: int = 0

    def place(self, done: dict[Key, int], *, most: int) -> dict[Key, int] | None:
        self.tries += 1
        left = [party for party in self.parties if party.key not in done]
        # A knot of exclusions that no clinic has must not hold up the room: then staff assign by hand.
        if not left or self.tries > MOST_TRIES:
            return None if left else done
        party = min(left, key=lambda party: self._turn(party, done))
        sizes, wanted = Counter(done.values()), self.wanted.get(party.key)
        for n in sorted(self._open_to(party, done), key=lambda n: (n != wanted, sizes[n], n)):
            if sizes[n] < most or n == wanted:
                found = self.place({**done, party.key: n}, most=most)
                if found is not None:
                    return found
        return None

    def _turn(self, party: Party, done: Mapping[Key, int]) -> tuple[bool, int, int]:
        wishes = self.wanted.get(party.key, 0) in range(1, self.rooms + 1)
        return not wishes, len(self._open_to(party, done)), -len(self.foes[party.key])

    def _open_to(self, party: Party, done: Mapping[Key, int]) -> list[int]:
        taken = {done[foe] for foe in self.foes[party.key] if foe in done}
        return [n for n in range(1, self.rooms + 1) if n not in taken and (not party.watched or n in self.staffed)]


def pair_rooms(parties: int) -> int:
    """Return how many rooms make pairs of so many parties; an odd one makes one room of three, and nobody sits alone.

    Raises CannotAssign: fewer than four give one pair, more than thirteen need more rooms than there are.
    """
    if parties < 2 * FEWEST:
        raise CannotAssign("too_few")
    if parties // 2 > MOST:
        raise CannotAssign("too_many")
    return parties // 2


def smallest(
    newcomer: Party,
    rooms: Mapping[int, Sequence[Party]],
    *,
    apart: Collection[Pair] = (),
    staffed: Collection[int] = (),
) -> int | None:
    """Return the room with the fewest parties that the newcomer may enter, the first of equals; None: there is none."""
    may = [n for n in rooms if may_enter(newcomer, rooms[n], apart=apart, is_staffed=n in staffed)]
    return min(may, key=lambda n: (len(rooms[n]), n), default=None)


def may_enter(newcomer: Party, there: Iterable[Party], *, apart: Collection[Pair], is_staffed: bool) -> bool:
    """May this party go into a room with those who are there?"""
    return (is_staffed or not newcomer.watched) and not any(_kept_apart(newcomer, other, apart) for other in there)


def together(assignment: Mapping[Key, Key], parties: Iterable[Party], apart: Collection[Pair]) -> list[Pair]:
    """Return the pairs of parties that share a room and must not."""
    seated = [party for party in parties if party.key in assignment]
    return [
        frozenset((one.key, other.key))
        for one, other in combinations(seated, 2)
        if assignment[one.key] == assignment[other.key] and _kept_apart(one, other, apart)
    ]


def unattended(assignment: Mapping[Key, int], parties: Iterable[Party], staffed: Collection[int]) -> list[Key]:
    """Return the parties under watch in a room without staff."""
    return [
        party.key
        for party in parties
        if party.watched and party.key in assignment and assignment[party.key] not in staffed
    ]


def shuffled(parties: Sequence[Party], *, below: Callable[[int], int]) -> list[Party]:
    """Return the parties in a random order (Fisher and Yates); `below(n)` draws one of 0 to n - 1."""
    order = list(parties)
    for last in range(len(order) - 1, 0, -1):
        drawn = below(last + 1)
        order[last], order[drawn] = order[drawn], order[last]
    return order


def _foes(parties: Sequence[Party], apart: Collection[Pair]) -> dict[Key, set[Key]]:
    foes: dict[Key, set[Key]] = {party.key: set() for party in parties}
    for one, other in combinations(parties, 2):
        if _kept_apart(one, other, apart):
            foes[one.key].add(other.key)
            foes[other.key].add(one.key)
    return foes


def _kept_apart(one: Party, other: Party, apart: Collection[Pair]) -> bool:
    return any(frozenset((a, b)) in apart for a in one.people for b in other.people)

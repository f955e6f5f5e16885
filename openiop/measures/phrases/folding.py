"""How words are folded before they are compared: a phrase need not be written in every way a hand may write it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

FUZZY_FROM = 6  # letters a word needs before one slip is forgiven
DIGITS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
WORD = re.compile(r"[a-z0-9@$!*]+")


def fold(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared. A comma or bracket ends a clause and stands as ","."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ñ", "n"))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = re.sub(r"[’'`´]", "", plain)
    plain = re.sub(r"[,:()–—/]+| - ", " , ", plain.replace("_", " "))
    plain = plain.replace("-", " ")
    words = []
    for raw in plain.split():
        if raw == ",":
            words.append(",")
            continue
        words += [_folded(word) for word in WORD.findall(raw) if word.strip("!*")]
    return tuple(words)


@lru_cache(maxsize=20_000)
def _folded(word: str) -> str:
    word = word.strip("!*")
    # Digits stand for letters only inside a word: "20 pills" keeps its number.
    if re.search("[a-z]", word) and re.search(r"[0-9@$!]", word):
        word = word.translate(DIGITS)
    return re.sub(r"(.)\1+", r"\1", word) if not word.isdigit() else word


@lru_cache(maxsize=20_000)
def _sound(word: str) -> str:
    """The word as Spanish and hurried spelling sound alike: b and v, s c and z, k q and c, a silent h, i and y, ll."""
    word = word.replace("ch", "%").replace("h", "").replace("qu", "k").replace("q", "k").replace("ph", "f")
    word = re.sub("c(?=[eiy])", "s", word).replace("c", "k").replace("z", "s").replace("v", "b")
    return re.sub(r"(.)\1+", r"\1", word.replace("y", "i"))


def same(word: str, wanted: str) -> bool:
    """Is `word` the wanted one, allowing for sound and, in longer words, one slip after the first letter?"""
    if wanted == "#":
        return word.isdigit()
    if wanted.endswith("*"):
        return word.startswith(wanted[:-1])
    if word == wanted:
        return True
    if len(wanted) < 4 or word in INNOCENT:
        return False
    if _sound(word) == _sound(wanted):
        return True
    return len(wanted) >= FUZZY_FROM and word[0] == wanted[0] and _one_slip(word, wanted)


# Ordinary words one slip away from a word of the list.
INNOCENT = frozenset(["contar", "contarme", "contarle", "contarte", "mover", "moverme", "morder", "charm"])


def _one_slip(word: str, wanted: str) -> bool:
    """One letter too many, too few, wrong, or two changed about."""
    if abs(len(word) - len(wanted)) > 1:
        return False
    head = 0
    while head < min(len(word), len(wanted)) and word[head] == wanted[head]:
        head += 1
    rest, other = word[head:], wanted[head:]
    return (
        rest[1:] == other
        or rest == other[1:]
        or rest[1:] == other[1:]
        or (rest[:2] == other[:2][::-1] and rest[2:] == other[2:])
    )

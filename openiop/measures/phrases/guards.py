"""When words of danger are not about danger now: a "not", long ago, somebody else, a song, a figure of speech.

Guards are modest and only ever keep a phrase from raising a flag by itself; no other flag is lowered by them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from openiop.measures.phrases.folding import fold
from openiop.measures.phrases.wording import places, within

BEFORE = 5  # words before a phrase in which a "not" counts


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(words))


def _marks(text: str) -> tuple[str, ...]:
    """Several wordings, written one after the other with a semicolon between."""
    return tuple(" ".join(mark.split()) for mark in text.split(";"))


# What each guard listens for, folded. They are part of the method and stand on the page beside the list.
NEGATIONS = _folded(
    "no not dont didnt doesnt havent hasnt hadnt isnt arent wasnt wont wouldnt aint never without zero none nobody"
    " denies neither nor nunca jamas sin cero nadie tampoco ni ninguna ningun"
)
NOT_A_NEGATION = _marks("""
    cant stop; couldnt stop; cannot stop; wont stop; dont know; not sure; not joking; not kidding; no dejo; no
    paro; no puedo dejar; no se; no puedo; no bromeo; no lie; wont lie; not lying; not going to lie; not gonna
    lie; no miento; why not; por que no; no longer can; cant; havent told
""")
NEGATING = ("nada de", "free of", "libre de")
BREAKS = _folded("and but because so though y e pero porque aunque") | {","}
RELATIVES = _folded(
    "uncle aunt cousin grandfather grandmother grandpa grandma father mother dad mom brother sister son daughter friend"
    " neighbor neighbors patient husband wife boyfriend girlfriend guy woman man girl character protagonist someone he"
    " she they they're somebody people tio tia primo prima abuelo abuela padre madre papa mama hermano hermana"
    " hijo hija"
    " amigo amiga vecino vecina paciente esposo esposa marido novio novia senor senora chica muchacho"
    " companera companero"
    " protagonista ella ellos alguien roommate"
)
FIRST_PERSON = _folded("i im ive id ill me my myself we yo me mi mis conmigo estoy tengo quiero voy pienso")
OWNERS = _folded("my mi mis me")
LONG_AGO = _marks("""
    used to; years ago; year ago; back then; when i was; as a kid; as a child; as a teenager; in high school; in
    college; last winter; last year; anniversary; i remember; my old life; previously; long before; hace * anos;
    hace anos; hace un ano; hace muchos; de nino; de nina; de adolescente; en la prepa; en la universidad; en
    aquel entonces; recuerdo; el ano pasado; antes pensaba; antes de venir; aniversario
""")
QUOTED = re.compile(r"[\"“”«»‘]|(?<!\w)'.+'(?!\w)")
YEAR = re.compile(r"\b(19|20)[0-9][0-9]\b")
AGAIN = _folded("again still now tonight otra ahora todavia sigo volvi volvio regresaron volvieron back")
OF_A_WORK = _folded(
    "song theme lyric lyrics line movie film show series book poem poster playlist album karaoke documentary"
    " character novel"
    " cancion letra pelicula serie libro poema corrido obra documental novela canta canto cante protagonista"
    " class training news meme clase curso noticias prevention prevencion"
)
FIGURES = _marks("""
    dying of; dying to; dying for; die laughing; died laughing; to die for; die for; dead tired; dead serious;
    could kill for; is killing me; are killing me; was killing me; killed it; killing it; nearly killed me; mom
    ... kill me; dad ... kill me; mother ... kill me; shoot me a; hanging in; overdosed on
    pizza|tacos|cake|chocolate|food|candy|coffee|netflix; sobredosis de
    tacos|pizza|pastel|cafe|chocolate|series; muero de
    risa|hambre|sueno|aburrimiento|verguenza|ganas|frio|calor|sed|amor|pena|nervios; mori|morir|morirme de
    risa|hambre|sueno|verguenza|frio|calor; muero por; muerto|muerta de cansancio|sueno|hambre|risa|frio;
    esta|estan matando; mataria por; mama ... matar; papa ... matar; me mata|matan; muero del susto; mato de
    ternura
""")


def figures_in(words: Sequence[str]) -> set[int]:
    """The places of the words that make up a figure of speech."""
    return {
        place
        for figure in within(words, FIGURES)
        for begin, end in places(words, figure)
        for place in range(begin, end)
    }


def guarded(words: Sequence[str], begin: int, end: int, *, sentence: str, category: str) -> bool:
    """Is the phrase that stands at words[begin:end] said to be absent, past, somebody else's, or a work's?"""
    first, last = _clause(words, begin, end)
    return (
        _negated(words, begin, end, clause_from=first)
        or _long_ago(words[first:last], words)
        or _of_a_work(words, begin, end, sentence)
        or _of_somebody_else(words, begin, end, category)
    )


def _clause(words: Sequence[str], begin: int, end: int) -> tuple[int, int]:
    """Where the clause around words[begin:end] begins and ends: at a comma, an "and", a "but"."""
    first = max((place + 1 for place in range(begin) if words[place] in BREAKS), default=0)
    last = min((place for place in range(end, len(words)) if words[place] in BREAKS), default=len(words))
    return first, last


def _negated(words: Sequence[str], begin: int, end: int, *, clause_from: int) -> bool:
    """A "not" shortly before, in the same clause, unless the phrase brings its own or it belongs to "can't stop"."""
    if NEGATIONS & set(words[begin:end]):
        return False
    said = " ".join(words[max(clause_from, begin - BEFORE) : begin + 2])
    for harmless in NOT_A_NEGATION:
        said = _mark(harmless).sub(" ", said)
    return bool(NEGATIONS & set(said.split())) or any(_mark(each).search(said) for each in NEGATING)


def _long_ago(clause: Sequence[str], words: Sequence[str]) -> bool:
    said = " ".join(clause)
    if not YEAR.search(said) and not any(_mark(mark).search(said) for mark in LONG_AGO):
        return False
    return not AGAIN & set(words)


@cache
def _mark(words: str) -> re.Pattern[str]:
    """Some words, folded like the text; `*` is any one word."""
    parts = [r"\S+" if word == "*" else re.escape("".join(fold(word))) for word in words.split()]
    return re.compile(r"(?<!\S)" + r"\s".join(parts) + r"(?!\S)")


def _of_a_work(words: Sequence[str], begin: int, end: int, sentence: str) -> bool:
    """A title, a lyric, a film, a course: quoted, or told without an "I". Quotation marks alone say nothing."""
    if not OF_A_WORK & set(words):
        return False
    return bool(QUOTED.search(sentence)) or not FIRST_PERSON & set(words[begin:end])


def _of_somebody_else(words: Sequence[str], begin: int, end: int, category: str) -> bool:
    """Somebody else is the one who did it, for phrases about oneself that name no "I" of their own."""
    if category in ("other_person", "harmed", "harm_others") or FIRST_PERSON & set(words[begin:end]):
        return False
    for word in reversed(words[:begin]):
        if word in RELATIVES:
            return True
        if word in FIRST_PERSON - OWNERS:
            return False
    return False

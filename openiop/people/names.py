"""Finding people by name, whatever accents the one who types leaves out."""

import unicodedata

from django.db.models import Expression, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat

from openiop.people.models import Person


class Plain(Func):
    """Lower case without accents: "Núñez" → "nunez". PostgreSQL does it by itself, without an extension."""

    template = r"lower(regexp_replace(normalize(%(expressions)s, NFD), '[\u0300-\u036f]', '', 'g'))"
    output_field = TextField()


def plain(text: str) -> str:
    """The same in Python, for the words that were typed."""
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign)).lower()


def matching(people: QuerySet[Person], words: str) -> QuerySet[Person]:
    """Return those whose names hold every word, in any order and script."""
    name: Expression = Concat(
        F("given_name"), Value(" "), F("called"), Value(" "), F("family_name"), output_field=TextField()
    )
    holds = Q()
    for word in plain(words).split():
        holds &= Q(plain_name__contains=word)
    return people.annotate(plain_name=Plain(name)).filter(holds)

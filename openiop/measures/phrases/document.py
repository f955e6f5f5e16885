"""docs/rules/phrases.md: what is said of the phrase list, with its figures measured anew each time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from openiop.lib.estimates import Share
from openiop.measures.phrases.figures import Figures, Message, figures, labelled, measured
from openiop.measures.phrases.shipped import VERSION, shipped

LANGUAGES = {"en": "English", "es": "Spanish"}


class Row(NamedTuple):
    """One line of the tables: which messages, and what became of them."""

    named: str
    figures: Figures


@cache
def rows(half: str) -> tuple[Row, ...]:
    """Return the shipped list's figures on one half: all, then by language."""
    results = measured(labelled(half), shipped())
    found = [Row("both languages", figures(results))]
    for code, named in LANGUAGES.items():
        mine = [(message, told) for message, told in results if message.language == code]
        found.append(Row(named, figures(mine)))
    return tuple(found)


@cache
def categories(half: str) -> tuple[tuple[str, str, bool, Share], ...]:
    """Return language, category, whether it should be told, and the share that was handled rightly."""
    results = measured(labelled(half), shipped())
    keys = dict.fromkeys((message.language, message.category, message.tell) for message, _told in results)
    return tuple((*key, _rightly(results, key)) for key in sorted(keys, key=lambda key: (key[0], not key[2], key[1])))


def _rightly(results: Sequence[tuple[Message, bool]], key: tuple[str, str, bool]) -> Share:
    mine = [(message, told) for message, told in results if (message.language, message.category) == key[:2]]
    return Share(sum(message.tell == told for message, told in mine), len(mine))


def text() -> str:
    """Return the page."""
    sizes = {half: len(labelled(half)) for half in ("development", "held_out")}
    return (
        (Path(__file__).parent / "page.md")
        .read_text(encoding="utf-8")
        .format(
            version=VERSION,
            phrases=len(shipped()),
            english=sum(phrase.language == "en" for phrase in shipped()),
            spanish=sum(phrase.language == "es" for phrase in shipped()),
            messages=sum(sizes.values()),
            development=sizes["development"],
            held_out=sizes["held_out"],
            held=_table(rows("held_out")),
            dev=_table(rows("development")),
            by_category=_categories(categories("held_out")),
        )
    )


def _table(found: Sequence[Row]) -> str:
    columns = ["", "sensitivity", "specificity", "positive predictive value", "negative predictive value"]
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    lines = [
        f"| {row.named} | {said(row.figures.sensitivity)} | {said(row.figures.specificity)} |"
        f" {said(row.figures.predictive_value)} | {said(row.figures.negative_predictive_value)} |"
        for row in found
    ]
    return head + "\n".join(lines)


def _categories(found: Sequence[tuple[str, str, bool, Share]]) -> str:
    head = "| language | category | should be | handled so |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| {LANGUAGES[language]} | {category} | {'told' if tell else 'left alone'} | {said(share)} |"
        for language, category, tell, share in found
    )


def said(share: Share) -> str:
    """ "0.87 (0.81–0.91), 150 of 173": the share with its interval, then what was counted."""
    if share.value is None or share.interval is None:
        return "–"
    low, high = share.interval
    return f"{share.value:.2f} ({low:.2f}–{high:.2f}), {share.part} of {share.whole}"

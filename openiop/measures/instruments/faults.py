"""What is wrong with an instrument, each fault as a sentence that names the item and what to do."""

from collections.abc import Iterator, Sequence

from openiop.measures.instruments.loinc import loinc_is_valid
from openiop.measures.instruments.shape import KINDS, METHODS, RULES, TERMS, TRUST, WHO_ASKS, Instrument, Item, Words


def faults_of(instrument: Instrument) -> list[str]:
    """Return every fault, in reading order; none for an instrument that may be used."""
    return [
        *_of_head(instrument),
        *_of_words(instrument),
        *_of_codes(instrument),
        *(fault for item in instrument.items for fault in _of_item(item, instrument)),
        *_of_score(instrument),
        *_of_bands(instrument),
        *_of_parts(instrument),
    ]


def _of_head(instrument: Instrument) -> Iterator[str]:
    if not (isinstance(instrument.version, int) and instrument.version >= 1):
        yield "the version is a whole number from 1"
    if not instrument.licence.strip() or not instrument.source.strip():
        yield "licence and source must be named"
    if not instrument.items:
        yield "no items: an instrument asks something"
    if not instrument.asked_by or not instrument.asked_by <= WHO_ASKS:
        yield f"asked_by names some of {sorted(WHO_ASKS)}"
    if instrument.words not in {"shipped", "clinic"} or instrument.words_trust not in TRUST:
        yield "words are 'shipped' or the 'clinic'’s, and words_trust says how far they may be believed"
    if instrument.terms not in TERMS or (instrument.words == "shipped") != (instrument.terms == "free"):
        yield f"terms are one of {sorted(TERMS)}; what ships with its words is free"


def _of_words(instrument: Instrument) -> list[str]:
    """Every text stands in every language the instrument claims, so that no page mixes two."""
    wanted = set(instrument.languages)
    if "en" not in wanted:
        return ["languages: English is the language everything falls back to; add it"]
    if instrument.words == "clinic" and any(item.text for item in instrument.items if not item.staff_only):
        return ["the text belongs to its owner: take it out of this file, and let each clinic load its own"]
    return [
        f"{where}: languages {sorted(words)} instead of {sorted(wanted)}; complete the text {words.get('en', '')!r}"
        for where, words in _texts(instrument)
        if {*words} != wanted or not all(text.strip() for text in words.values())
    ]


def _texts(instrument: Instrument) -> Iterator[tuple[str, Words]]:
    yield "title", instrument.title
    named = [("stem", instrument.stem), ("note", instrument.note)]
    named += [(f"band {band.code}", band.text) for band in instrument.bands]
    named += [(f"result {result.code}", result.text) for result in instrument.results]
    named += [(f"subscore {part.code}", part.text) for part in instrument.subscores]
    for item in instrument.items:
        worded = [option for option in item.options if option.worded or instrument.words == "shipped"]
        own = [item.least_text, item.most_text, *(option.text if option.worded else {} for option in worded)]
        if instrument.words == "shipped" or item.staff_only:
            own.append(item.text)
        named += [(f"item {item.code}", words) for words in own]
    yield from ((where, words) for where, words in named if words is not None)


def _of_codes(instrument: Instrument) -> list[str]:
    codes = [item.code for item in instrument.items]
    faults = [f"item {code} is there twice: give each its own code" for code in _twice(codes)]
    loincs = [("panel", instrument.panel_loinc), ("total", instrument.total_loinc)]
    loincs += [(f"result {result.code}", result.loinc) for result in instrument.results]
    for item in instrument.items:
        loincs += [(f"item {item.code}", code) for code in (item.loinc, *(option.loinc for option in item.options))]
    return faults + [
        f"{where}: not a LOINC code: {code}, its check digit is wrong; look it up again"
        for where, code in loincs
        if code is not None and not loinc_is_valid(code)
    ]


def _twice(codes: Sequence[str]) -> list[str]:
    return sorted({code for code in codes if codes.count(code) > 1})


def _of_item(item: Item, instrument: Instrument) -> Iterator[str]:
    where, values = f"item {item.code}", [option.value for option in item.options]
    if item.kind not in KINDS:
        yield f"{where}: no such kind {item.kind}; one of {sorted(KINDS)}"
    if item.kind == "choice" and (not values or values != list(range(values[0], values[0] + len(values)))):
        yield f"{where}: values must count up by one, without gaps and none twice: {values}"
    if item.kind != "choice" and item.scored:
        yield f"{where}: only required choices are scored"
    if _twice([option.code for option in item.options]):
        yield f"{where}: two options of one code"
    if item.kind in {"scale", "number"}:
        bounds = (item.least, item.most, item.step)
        if any(bound is None for bound in bounds) or not (item.least < item.most and item.step > 0):  # type: ignore[operator]
            yield f"{where}: least, most and step do not fit: {bounds}"
    if item.kind == "text" and not item.most:
        yield f"{where}: a text needs a greatest length"
    if item.safety and not {*item.safety.values, *item.safety.youth_values} <= set(values):
        yield f"{where}: a flag for an answer that cannot be given"
    yield from _of_conditions(item, instrument)


def _of_conditions(item: Item, instrument: Instrument) -> Iterator[str]:
    """An item may depend on items before it only, or nobody could ever reach it."""
    before: dict[str, set[int]] = {}
    for each in instrument.items:
        if each.code == item.code:
            break
        before[each.code] = {option.value for option in each.options}
    for condition in item.asked_if:
        if not condition.values or not condition.values <= before.get(condition.item, set()):
            yield f"item {item.code}: asked_if names an answer that no earlier item has: {condition.item}"
    if item.scored and item.asked_if:
        yield f"item {item.code}: a scored item is asked of everybody"


def _of_score(instrument: Instrument) -> list[str]:
    scored = [item for item in instrument.items if item.scored]
    if instrument.method not in METHODS:
        return [f"no such way to score: {instrument.method}"]
    if instrument.method == "rule" and (instrument.rule not in RULES or not instrument.results):
        return [f"a rule is one of {sorted(RULES)} and has results"]
    if instrument.method != "sum":
        return ["items are scored, but there is no score"] if scored or instrument.bands else []
    if not scored or any(item.kind != "choice" or not item.required for item in scored):
        return ["a sum is of required choices"]
    least = sum(min(option.score for option in item.options) for item in scored)
    most = sum(max(option.score for option in item.options) for item in scored)
    if (instrument.least_total, instrument.most_total) != (least, most):
        return [f"totals reach from {least} to {most}: write that as least and most of the score"]
    return _of_conversion(instrument)


def _of_conversion(instrument: Instrument) -> list[str]:
    conversion = instrument.conversion
    if conversion is None:
        return []
    if list(conversion.table) != list(range(instrument.least_total or 0, (instrument.most_total or 0) + 1)):
        return ["the table of standard scores needs each total once, in order"]
    return (
        [] if conversion.source and conversion.trust in TRUST else ["the standard scores need a source and its trust"]
    )


def _of_bands(instrument: Instrument) -> Iterator[str]:
    if not instrument.bands or instrument.method != "sum":
        return
    covered = [total for band in instrument.bands for total in range(band.least, band.most + 1)]
    if covered != list(range(instrument.least_total or 0, (instrument.most_total or 0) + 1)):
        yield "the bands leave a gap or overlap: each total belongs to exactly one"
    if not instrument.bands_source or instrument.bands_trust not in TRUST:
        yield "the bands need a source and how far to trust it"


def _of_parts(instrument: Instrument) -> Iterator[str]:
    codes = {item.code for item in instrument.items}
    made_of = [(part.code, part.items) for part in instrument.subscores]
    made_of += [(each.code, each.items) for each in instrument.criteria]
    for code, items in made_of:
        if not items or not set(items) <= codes or _twice(items):
            yield f"{code}: made of items that are not there, or of one twice"
    for code in _twice([part.code for part in instrument.subscores]):
        yield f"subscore {code} is there twice"
    if instrument.subscores and (not instrument.subscores_source or instrument.subscores_trust not in TRUST):
        yield "the subscores need a source and how far to trust it"
    if instrument.criteria and (not instrument.criteria_source or instrument.criteria_trust not in TRUST):
        yield "the criteria need a source and how far to trust it"
    for step in instrument.leads_to:
        if not step.source or step.trust not in TRUST:
            yield f"leads_to {step.instrument} needs a source and how far to trust it"

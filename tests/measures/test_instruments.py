import copy
import hashlib
import json

import pytest

from openiop.measures import instruments
from openiop.measures.instruments import (
    BadInstrument,
    all_instruments,
    in_language,
    load,
    loinc_is_valid,
    parse,
    shipped,
)

# What was shipped, written down a second time: changing a file and its sum together is still seen here.
FROZEN = {
    "checkin.v1.json": "599c23bc6e2b5b93e92966b8e8d5b99183466e549141a51c8bfec9dae4a0bdde",
    "phq9.v1.json": "d3263ef34a87550b5cbc3e8b51877e283bc7909732bb959ea8cf4d04c6be321d",
}


def data(key):
    return json.loads((instruments.FOLDER / f"{key}.json").read_text(encoding="utf-8"))


def changed(key, change):
    copied = copy.deepcopy(data(key))
    change(copied)
    return copied


@pytest.mark.parametrize("name", sorted(FROZEN))
def test_a_shipped_instrument_never_changes(name):
    assert hashlib.sha256((instruments.FOLDER / name).read_bytes()).hexdigest() == FROZEN[name]


def test_every_instrument_in_the_folder_is_shipped_and_frozen():
    assert {path.name for path in instruments.FOLDER.glob("*.json")} == set(shipped()) == set(FROZEN)


def test_a_file_changed_after_shipping_is_refused(tmp_path, monkeypatch):
    original = instruments.FOLDER
    words = (original / "phq9.v1.json").read_text(encoding="utf-8").replace("Little interest", "Little joy")
    (tmp_path / "phq9.v1.json").write_text(words, encoding="utf-8")
    (tmp_path / "SHA256SUMS").write_bytes((original / "SHA256SUMS").read_bytes())
    monkeypatch.setattr(instruments, "FOLDER", tmp_path)
    load.cache_clear()

    with pytest.raises(BadInstrument, match="changed after it was shipped"):
        load("phq9.v1")


def test_every_shipped_instrument_loads():
    assert set(all_instruments()) == {"checkin.v1", "phq9.v1"}


def test_an_instrument_that_does_not_exist_is_not_found():
    with pytest.raises(KeyError):
        load("phq9.v99")


def test_phq9_says_what_it_must():
    phq9 = load("phq9.v1")

    assert phq9.stem["en"] == (
        "Over the last 2 weeks, how often have you been bothered by any of the following problems?"
    )
    assert phq9.item("phq9_1").text["en"] == "Little interest or pleasure in doing things"
    assert phq9.item("phq9_9").text["en"] == (
        "Thoughts that you would be better off dead or of hurting yourself in some way"
    )
    options = [option.text["en"] for option in phq9.item("phq9_9").options]
    assert options == ["Not at all", "Several days", "More than half the days", "Nearly every day"]
    assert (phq9.panel_loinc, phq9.total_loinc, phq9.item("phq9_9").loinc) == ("44249-1", "44261-6", "44260-8")
    assert "No permission required" in phq9.licence


def test_phq9_is_shown_in_english_where_no_licensed_translation_is_shipped():
    phq9, checkin = load("phq9.v1"), load("checkin.v1")

    assert in_language(phq9.item("phq9_1").text, "es") == "Little interest or pleasure in doing things"
    assert in_language(checkin.item("safe_now").text, "es-us") == "¿Está a salvo en este momento?"


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("44249-1", True),
        ("44261-6", True),
        ("69737-5", True),
        ("93373-9", True),
        ("LA6568-5", True),
        ("LA9194-7", True),
        ("77040-1", False),
        ("77041-9", False),
        ("LA6568-6", False),
        ("44249", False),
        ("", False),
        ("LA-5", False),
    ],
)
def test_a_loinc_code_carries_its_check_digit(code, valid):
    assert loinc_is_valid(code) is valid


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["items"][1].update(code="phq9_1"), "twice"),
        (lambda d: d["items"][0].update(loinc="77040-1"), "not a LOINC code: 77040-1"),
        (lambda d: d["option_sets"]["frequency"].pop(1), "count up by one"),
        (lambda d: d["bands"]["rows"].pop(2), "gap"),
        (lambda d: d["score"].update(most=30), "from 0 to 27"),
        (lambda d: d.update(languages=["en", "es"]), "languages"),
        (lambda d: d.update(licence=" "), "licence"),
        (lambda d: d["items"][8]["safety"]["values"].update({"4": 4}), "cannot be given"),
        (lambda d: d["items"][0].update(required=False), "required choices"),
        (lambda d: d.pop("items"), "missing"),
        (lambda d: d["items"][0].update(options="nowhere"), "missing"),
        (lambda d: d.update(version=0), "version"),
    ],
)
def test_a_contradiction_in_a_file_is_named(change, says):
    with pytest.raises(BadInstrument, match=says):
        parse(changed("phq9.v1", change))


def test_a_scale_without_an_upper_end_is_refused():
    with pytest.raises(BadInstrument, match="mood"):
        parse(changed("checkin.v1", lambda d: d["items"][0].pop("most")))

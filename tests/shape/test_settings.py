"""The page about settings says what there is: nothing is missing, nothing is there no more."""

import re
from pathlib import Path

import pytest

from openiop.lib import env

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations" / "settings.md").read_text()
NAME = re.compile(r"\b(?:OPENIOP_[A-Z_]*[A-Z]|DATABASE_(?:[A-Z]+_)?URL)\b")


def read_by_the_code() -> set[str]:
    files = [*ROOT.glob("config/*.py"), *ROOT.glob("openiop/**/*.py"), *ROOT.glob("bin/*"), ROOT / "manage.py"]
    return {name for path in files if path.is_file() for name in NAME.findall(path.read_text())}


def documented() -> set[str]:
    return set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))


def test_every_variable_has_its_line():
    assert len(read_by_the_code()) > 15
    assert read_by_the_code() - documented() == set()


def test_no_line_speaks_of_a_variable_that_is_gone():
    assert documented() - read_by_the_code() == set()


@pytest.mark.parametrize(
    ("value", "ask"),
    [
        ("maybe", lambda: env.flag("OPENIOP_TRY", default=False)),
        ("many", lambda: env.number("OPENIOP_TRY", 3)),
        ("blue", lambda: env.choice("OPENIOP_TRY", ("red", "green"), "red")),
    ],
)
def test_a_value_that_cannot_be_read_stops_the_start_and_names_its_variable(monkeypatch, value, ask):
    monkeypatch.setenv("OPENIOP_TRY", value)

    with pytest.raises(env.BadEnvironment, match="OPENIOP_TRY"):
        ask()

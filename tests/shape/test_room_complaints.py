"""What users of other rooms complain of: each of the 31 is held here by tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rules" / "room-complaints.md"
ROWS = re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of a file; in TypeScript whatever is written as a name, for a table of cases names them too."""
    text = (ROOT / path).read_text()
    if path.endswith(".test.ts"):
        return frozenset(
            re.findall(r'^(?:test\(|  \[)"([^"\n]+)"', text, re.MULTILINE) + re.findall(r'^    "([^"\n]+)"', text, re.M)
        )
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.parse(text).body if isinstance(node, functions))


def test_all_of_them_are_there_once_in_order_each_with_its_source():
    assert [int(number) for number, _complaint, _held in ROWS] == list(range(1, 32))
    assert all(re.search(r"\(.*#\d+.*\)$", complaint) for _number, complaint, _held in ROWS)


@pytest.mark.parametrize(("number", "_complaint", "held"), ROWS, ids=[row[0] for row in ROWS])
def test_every_test_that_holds_one_is_there_by_its_name(number: str, _complaint: str, held: str):
    named = re.findall(r"`([^`]+)::([^`]+)`", held)
    assert named, f"nothing holds {number}"
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_a_decision_that_something_is_left_out_is_there():
    pages = re.findall(r"docs/decisions/[\w-]+\.md", PAGE.read_text())
    assert pages and all((ROOT / page).is_file() for page in pages)


def test_a_name_that_nobody_wrote_is_noticed():
    assert "test_that_is_not_there" not in names_in("tests/room/test_breakouts.py")
    assert "who has waited" not in names_in("frontend/room/breakouts.test.ts"), "a part of a name is none"

"""The default is no: a view says who may come in, or it is on the list of public pages."""

import json
from pathlib import Path

from tests.shape.pages import ours

PUBLIC = Path(__file__).parent / "public_pages.json"


def test_every_view_of_ours_has_a_door():
    assert [page.key for page in ours() if not getattr(page.view, "door", "")] == []


def test_what_is_open_to_everybody_is_listed_with_its_reason():
    found = {page.key: page.view.door.removeprefix("public: ") for page in ours() if page.view.door[:6] == "public"}

    assert found == json.loads(PUBLIC.read_text())


def test_every_url_of_ours_has_a_name():
    assert [page.route for page in ours() if not page.name] == []

"""What each kind of session asks, in one table; and the form that reads it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from openiop.demo import world
from openiop.people.access import acting
from openiop.schedule import kinds
from openiop.schedule.kinds import Rule
from openiop.schedule.models import CareSession, Kind
from tests.schedule.test_setting_up import blocks, okafor  # noqa: F401


def test_every_kind_but_a_break_has_its_rule():
    assert set(kinds.RULES) == set(Kind.values) - {"break"}


@pytest.mark.parametrize(
    "of, rule",
    [
        (["group", "break", "skills"], Rule()),
        (["education", "individual"], Rule(most_patients=1)),
        (["family", "break"], Rule(most_patients=1, supporters=True)),
        (["family", "group"], Rule(most_patients=1)),
        (["education", "break"], Rule(muted_on_entry=True)),
        (["couple"], Rule(most_patients=2, asked_alone=True)),
        (["couple", "group"], Rule(most_patients=2, asked_alone=True)),
        (["break"], Rule()),
    ],
    ids=str,
)
def test_a_session_asks_what_the_narrowest_of_its_blocks_asks(of, rule):
    assert kinds.rule_for(of) == rule


@pytest.mark.parametrize(
    "on, muted",
    [
        ("group", False),
        ("education", True),
        ("skills", False),
        (None, False),  # before it begins: the first block is a process group
        ("break", True),  # what comes after the break is taught
        ("over", False),
    ],
)
def test_whoever_comes_into_what_is_taught_listens_first(on, muted):
    at = world.NOW
    plan = [
        SimpleNamespace(kind=kind, begins_at=at + timedelta(minutes=n))
        for n, kind in enumerate(["group", "break", "education", "skills"])
    ]
    minute = {None: -1, "over": 9}.get(on)
    here = next((block for block in plan if block.kind == on), None)
    coming = here.begins_at if here else at + timedelta(minutes=minute)

    assert kinds.enters_muted(plan, here, at=coming) is muted


def said(cast, session, *, kind, places):
    return {
        "track": session.track_id,
        "name": "By two",
        "on": "2026-11-25",
        "starts": "09:00",
        "zone": "America/New_York",
        "modality": "virtual",
        "room": "",
        "facilitators": [cast["marcus"].pk],
        "capacity": places,
    } | blocks((kind, "", 50))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind, too_many, sentence",
    [("couple", 3, "at most: 2")]
    + [(kind, 2, "at most: 1") for kind in ("individual", "family", "intake", "medication", "crisis")],
)
def test_the_form_gives_a_session_no_more_places_than_its_kind_has(cast, okafor, tonight, kind, too_many, sentence):  # noqa: F811
    refused = okafor.post("/sessions/new", said(cast, tonight, kind=kind, places=too_many))
    assert refused.status_code == 422 and sentence in refused.content.decode()

    assert okafor.post("/sessions/new", said(cast, tonight, kind=kind, places=too_many - 1)).status_code == 302
    with acting(cast["okafor"]):
        assert CareSession.objects.get(name="By two").capacity == too_many - 1

"""The survey: the same questions at home and on site, read for danger, and shown to directors without anybody in it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from openiop.demo import world
from openiop.measures import answering, asking, survey
from openiop.measures.models import Cadence, Moment, Response
from openiop.measures.survey import Share, part, share
from openiop.people.access import acting
from openiop.programs.models import Enrolment
from openiop.safety.models import Flag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

TODAY = world.NOW.astimezone(world.ZONE).date()
ITEMS = ["understood", "helpful", "felt_safe", "works", "convenient", "recommend"]


def say(person, item, value, *, day=TODAY):
    when = {"answered_at": world.NOW, "at": world.NOW, "for_day": day, "key": uuid4()}
    return answering.answer(person, instrument=asking.newest("survey"), item=item, value=value, **when)


def answer_all(person, value=3, *, day=TODAY):
    with acting(person):
        for item in ITEMS:
            say(person, item, value, day=day)


def begun(cast, key, days_ago):
    with acting(cast["okafor"]):
        row = Enrolment.objects.get(patient=cast[key], during__contains=TODAY)
        row.during = (TODAY - timedelta(days=days_ago), None)
        row.save(update_fields=["during"])
        Cadence.agree(
            row.track, instrument="survey", moment=Moment.HALF_WAY, every_days=7, source="ours", by=cast["okafor"],
            at=world.NOW,
        )  # fmt: skip


def due(cast, key):
    with acting(cast[key]):
        return "survey" in [row.code for row in asking.due(cast[key], on=TODAY) if not row.done]


@pytest.mark.parametrize(("days", "asked"), [(24, False), (28, True), (36, False)])
def test_it_is_asked_half_way_by_the_calendar(cast, days, asked):
    begun(cast, "maya", days)

    assert due(cast, "maya") is asked


def test_once_answered_it_is_done_and_counts_as_no_measure_of_how_somebody_is(cast):
    begun(cast, "maya", 28)
    answer_all(cast["maya"])

    assert not due(cast, "maya")
    assert "survey" in asking.NO_MEASURES
    with acting(cast["maya"]):
        row = Response.objects.get(patient=cast["maya"], instrument="survey")
    assert (row.total, row.completed_at is not None) == (None, True)


def test_its_free_line_is_read_for_danger(cast):
    with acting(cast["maya"]):
        say(cast["maya"], "note", "It helps a bit but I want to kill myself")
    with acting(cast["marcus"]):
        assert Flag.objects.filter(patient=cast["maya"], reason="words_found").exists()


def test_the_words_are_the_same_for_home_and_site_and_ours_in_both_languages():
    instrument = asking.newest("survey")
    assert instrument.licence == "Apache-2.0: our own words"
    assert all({"en", "es"} <= set(item.text) for item in instrument.items)
    assert [item.code for item in instrument.items] == [*ITEMS, "note"]


def test_a_share_is_of_those_who_said_mostly_or_fully_with_its_interval():
    found = share([3] * 8 + [2] * 2 + [1, 0])
    assert (found.n, found.agreed) == (12, 10)
    assert (round(found.low, 3), round(found.high, 3)) == (0.552, 0.953)  # Wilson 1927, by hand


@pytest.mark.parametrize(("people", "shown"), [(10, False), (11, True)])
def test_of_few_people_nothing_is_shown_not_even_how_many(people, shown):
    found = part("virtual", [dict.fromkeys(ITEMS, 3)] * people, items=ITEMS)
    assert (found.n, bool(found.shares)) == ((11, True) if shown else (None, False))
    assert not shown or found.shares["helpful"] == Share(11, 11, found.shares["helpful"].low, 1.0)


def test_each_person_counts_once_with_their_newest_answers(cast, monkeypatch):
    monkeypatch.setattr(survey, "SMALLEST", 2)
    answer_all(cast["maya"], 0, day=TODAY - timedelta(days=3))
    answer_all(cast["maya"], 3)
    answer_all(cast["leo"], 3)
    with acting(cast["okafor"]):
        Enrolment.objects.filter(patient__in=[cast["maya"], cast["leo"]]).update(modality="virtual")
        (only,) = survey.results(cast["okafor"].clinic, on=TODAY)
    assert (only.modality, only.n, only.shares["recommend"].agreed) == ("virtual", 2, 2)


def test_the_directors_page_has_no_names_and_nothing_of_few_people(cast, client_for):
    answer_all(cast["maya"])
    with acting(cast["maya"]):
        say(cast["maya"], "note", "More chairs")

    shown = client_for(cast["okafor"]).get("/survey").content.decode()

    assert "Fewer than 11 people" in shown
    assert "Maya" not in shown and "More chairs" not in shown
    for key in ("marcus", "bea", "hal", "maya"):
        assert client_for(cast[key]).get("/survey").status_code in (403, 404)

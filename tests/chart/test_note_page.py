"""The group's note on its page: opened, written, signed, and then only read."""

import pytest
from django.urls import reverse

from openiop.chart.models import GroupNote, NotePart, Participation, Progress, Risk
from openiop.people.access import acting
from openiop.schedule.models import RosterEntry
from tests.chart.group_note import Page, entry_of, parts_of, signed_part

pytestmark = pytest.mark.django_db


# --- the page ---


def test_the_note_opens_when_the_session_has_begun(tonight, cast, client_for, clock):
    client = client_for(cast["bea"])
    before = client.get(reverse("note", args=[tonight.pk])).content.decode()
    clock.move_to(tonight.begins_at)
    begun = client.get(reverse("note", args=[tonight.pk])).content.decode()

    assert "opens when the group begins" in before
    assert "data-autosave" not in before
    assert "data-autosave" in begun


def test_an_evening_is_written_and_signed_through_the_page(over, cast, client_for):
    page = Page(client_for(cast["bea"]), over)
    assert page.fields["group-present"] == "6"
    assert page.fields["group-place"].startswith("Room 2, Harbor Street")
    assert page.html.count('data-missing="risk"') == 6

    page.type("group", topic="Opposite action", intervention="Pairs")
    page.type("all", participation=Participation.ACTIVE.value, affect="Low or sad", progress=Progress.SOME.value)
    page.type("all", next_step="Diary card every evening")
    assert page.post("note-part", fill="1").status_code == 302
    page.load()
    with acting(cast["bea"]):
        keys = {key: entry_of(over, cast[key]) for key in ("maya", "theo", "priya", "sam", "ines", "jonah")}
    for key, entry in keys.items():
        page.type(entry, risk=Risk.NONE.value, response=f"Something about {key} alone: {len(key)}")
    page.sign()
    page.load_read_only = page.client.get(reverse("note", args=[over.pk])).content.decode()

    assert "data-missing" not in page.load_read_only
    assert page.load_read_only.count("data-signed-part") == 6
    with acting(cast["bea"]):
        assert parts_of(over).signed().count() == 6
        assert GroupNote.objects.get(session=over).signed_at is not None


def test_a_signed_part_can_no_longer_be_written_through_the_page(over, cast, client_for):
    page = Page(client_for(cast["bea"]), over)
    with acting(cast["bea"]):
        part = signed_part(over, cast)
    page.type(str(part.entry_id), response="Other words")

    page.autosave()

    with acting(cast["bea"]):
        assert NotePart.objects.get(pk=part.pk).response == "Maya named one thing that helped"


def test_the_page_asks_the_database_the_same_number_of_times_for_one_person_and_for_six(
    over, cast, client_for, django_assert_max_num_queries
):
    client = client_for(cast["bea"])
    url = reverse("note", args=[over.pk])
    client.get(url)
    with django_assert_max_num_queries(60) as six:
        client.get(url)
    with acting(cast["okafor"]):
        RosterEntry.objects.filter(session=over).exclude(patient=cast["maya"]).update(stands=False)
    with django_assert_max_num_queries(60) as one:
        client.get(url)

    assert len(six.captured_queries) == len(one.captured_queries)

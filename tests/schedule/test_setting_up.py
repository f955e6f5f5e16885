"""Setting up a clinic through its pages alone: site, room, series, days, places; nothing typed is lost."""

from datetime import date, time

import pytest

from openiop.people.access import acting
from openiop.people.models import Site
from openiop.programs.models import Enrolment
from openiop.schedule.models import CareSession, NotTogether, Series, SeriesException, SeriesMember

pytestmark = pytest.mark.django_db


@pytest.fixture
def okafor(cast, client_for, clock):
    return client_for(cast["okafor"])


def blocks(*rows):
    """The form's rows of (kind, title, minutes)."""
    said = {"blocks-TOTAL_FORMS": len(rows), "blocks-INITIAL_FORMS": 0}
    for n, (kind, title, minutes) in enumerate(rows):
        said |= {f"blocks-{n}-kind": kind, f"blocks-{n}-title": title, f"blocks-{n}-minutes": minutes}
    return said


@pytest.fixture
def series_said(cast, tonight):
    """A short demonstration series, as the form would send it."""
    return {
        "track": tonight.track_id,
        "name": "Short group",
        "weekdays": ["WE", "FR"],
        "every_weeks": "1",
        "starts": "10:00",
        "also_starts": "",
        "zone": "America/New_York",
        "first_on": "2026-12-02",
        "until": "",
        "modality": "hybrid",
        "room": tonight.room_id,
        "facilitators": [cast["bea"].pk],
        "capacity": "8",
        "bring": "Headphones",
        "rrule": "",
    } | blocks(("group", "Opening", 1), ("break", "", 1), ("skills", "", 1))


def test_a_site_and_its_rooms(cast, okafor):
    okafor.post("/sites/new", {"name": "North", "address": "9 North Road", "state": "VT", "phone": ""})
    with acting(cast["okafor"]):
        site = Site.objects.get(name="North")
    okafor.post("/rooms/new", {"site": site.pk, "name": "Room 9", "seats": "8"})

    page = okafor.get("/sites").content.decode()
    assert "9 North Road, VT" in page and "Room 9" in page and "8 seats" in page


def test_a_series_of_three_minutes_on_chosen_days(cast, okafor, series_said):
    assert okafor.post("/series/new", series_said).status_code == 302

    with acting(cast["okafor"]):
        series = Series.objects.get(name="Short group")
        assert series.rrule == "FREQ=WEEKLY;BYDAY=WE,FR"
        assert [(block["kind"], block["title"], block["minutes"]) for block in series.blocks] == [
            ("group", "Opening", 1),
            ("break", "Break", 1),
            ("skills", "Skills group", 1),
        ]
        assert [person.pk for person in series.facilitators.all()] == [cast["bea"].pk]


def test_several_starts_a_day_become_a_series_each(cast, okafor, series_said):
    okafor.post("/series/new", series_said | {"also_starts": "14:00, 16:30"})

    with acting(cast["okafor"]):
        starts = set(Series.objects.filter(name__startswith="Short group").values_list("name", "starts"))
    assert starts == {
        ("Short group 10:00", time(10)),
        ("Short group 14:00", time(14)),
        ("Short group 16:30", time(16, 30)),
    }


def test_a_rule_of_its_own_wins_over_the_weekdays(cast, okafor, series_said):
    okafor.post("/series/new", series_said | {"rrule": "FREQ=MONTHLY;BYDAY=1TU"})

    with acting(cast["okafor"]):
        assert Series.objects.get(name="Short group").rrule == "FREQ=MONTHLY;BYDAY=1TU"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rrule": "every other tuesday"}, "We cannot read this rule."),
        ({"rrule": "FREQ=WEEKLY;UNTIL=20270101"}, "We cannot read this rule."),
        ({"weekdays": []}, "Choose at least one day."),
        ({"also_starts": "ten o'clock"}, "Write times like 14:00"),
        ({"until": "2026-12-01"}, "The last day is before the first."),
        ({"modality": "on_site", "room": ""}, "A session on site needs a room."),
        ({"blocks-0-minutes": "", "blocks-2-minutes": "", "blocks-0-title": ""}, "at least one block"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(cast, okafor, series_said, wrong, said):
    page = okafor.post("/series/new", series_said | wrong)

    assert page.status_code == 422
    assert said in page.content.decode()
    assert 'value="Short group"' in page.content.decode() and 'value="Headphones"' in page.content.decode()
    with acting(cast["okafor"]):
        assert not Series.objects.filter(name="Short group").exists()


def test_a_block_is_added_moved_up_and_taken_out_without_losing_the_rest(okafor, series_said):
    def rows(page):
        return [
            page.split(f'name="blocks-{n}-minutes" value="')[1].split('"')[0]
            for n in range(page.count('-minutes" value='))
        ]

    said = series_said | blocks(("group", "Opening", 11), ("skills", "", 22))
    added = okafor.post("/series/new", said | {"rows": "add"}).content.decode()
    moved = okafor.post("/series/new", said | {"rows": "up-1"}).content.decode()
    gone = okafor.post("/series/new", said | {"rows": "out-0"}).content.decode()

    assert "blocks-2-kind" in added and 'value="Headphones"' in added and "Please look at this again" not in added
    assert rows(moved) == ["22", "11"]
    assert rows(gone) == ["22"]


def test_the_days_are_shown_before_they_are_made(cast, okafor, tonight, series_said):
    okafor.post("/series/new", series_said)
    with acting(cast["okafor"]):
        series = Series.objects.get(name="Short group")
        SeriesException.objects.create(clinic_id=series.clinic_id, series=series, on=date(2026, 12, 4))

    shown = okafor.get(f"/series/{series.pk}/sessions?until=2026-12-11").content.decode()
    with acting(cast["okafor"]):
        assert not series.sessions.exists()
    okafor.post(f"/series/{series.pk}/sessions", {"until": "2026-12-11"})

    assert "3 sessions are new." in shown and "no session" in shown
    with acting(cast["okafor"]):
        assert [session.begins_on.day for session in series.sessions.in_order()] == [2, 9, 11]


def test_days_that_are_over_are_not_planned_any_more(cast, okafor, tonight, series_said):
    okafor.post("/series/new", series_said | {"first_on": "2026-11-11", "starts": "08:00"})
    with acting(cast["okafor"]):
        series = Series.objects.get(name="Short group")

    okafor.post(f"/series/{series.pk}/sessions", {"until": "2026-11-27"})

    with acting(cast["okafor"]):
        assert [session.begins_on.day for session in series.sessions.in_order()] == [25, 27]


def test_sessions_are_not_planned_for_years(okafor, tonight):
    page = okafor.get(f"/series/{tonight.series_id}/sessions?until=2036-01-01")

    assert page.status_code == 422
    assert "Not further than" in page.content.decode()


def test_a_clash_is_said_with_its_day_and_nothing_is_planned(cast, okafor, tonight, series_said):
    okafor.post("/series/new", series_said | {"weekdays": ["TU"], "starts": "18:30", "first_on": "2026-11-24"})
    with acting(cast["okafor"]):
        series = Series.objects.get(name="Short group")

    page = okafor.post(f"/series/{series.pk}/sessions", {"until": "2026-12-11"})

    assert page.status_code == 422
    assert "Tue, Nov 24: That room is already booked at that time." in page.content.decode()
    with acting(cast["okafor"]):
        assert not series.sessions.exists()


def test_a_member_is_added_to_a_series_and_a_clash_is_said_at_the_field(cast, okafor, tonight):
    leo = okafor.post(
        f"/series/{tonight.series_id}/members", {"place-patient": cast["leo"].pk, "place-modality": "virtual"}
    )

    assert leo.status_code == 422
    assert "Adolescents and adults are never in one group." in leo.content.decode()
    with acting(cast["okafor"]):
        assert not SeriesMember.objects.filter(patient=cast["leo"]).exists()


def test_a_lasting_place_ends_and_coming_sessions_are_free(cast, okafor, tonight):
    with acting(cast["okafor"]):
        member = tonight.series.members.get(patient=cast["sam"])

    okafor.post(f"/members/{member.pk}/end")

    with acting(cast["okafor"]):
        assert not tonight.roster.standing().filter(patient=cast["sam"]).exists()


def test_a_day_is_moved_through_the_page_and_its_session_with_it(cast, okafor, tonight):
    okafor.post(
        f"/series/{tonight.series_id}/days",
        {"day-on": "2026-11-24", "day-what": "move", "day-to_on": "2026-11-25", "day-to_time": "17:00"},
    )

    with acting(cast["okafor"]):
        tonight.refresh_from_db()
        assert tonight.begins_on == date(2026, 11, 25)
    wrong = okafor.post(f"/series/{tonight.series_id}/days", {"day-on": "2026-11-25", "day-what": "skip"})
    assert "does not meet on that day" in wrong.content.decode()


def test_a_single_session_is_planned(cast, okafor, tonight):
    said = {
        "track": tonight.track_id,
        "name": "Individual",
        "on": "2026-11-25",
        "starts": "09:00",
        "zone": "America/New_York",
        "modality": "virtual",
        "room": "",
        "facilitators": [cast["marcus"].pk],
        "capacity": "1",
    } | blocks(("individual", "", 50))

    okafor.post("/sessions/new", said)
    clash = okafor.post("/sessions/new", said | {"name": "At the same time"})

    with acting(cast["okafor"]):
        assert CareSession.objects.get(name="Individual").minutes == 50
    assert clash.status_code == 422
    assert "already leads something at that time" in clash.content.decode()


def test_two_people_are_kept_apart_and_present_clashes_are_shown(cast, okafor, tonight):
    page = okafor.post(
        "/not-together", {"first": cast["ines"].pk, "second": cast["jonah"].pk, "reason": "a separation"}, follow=True
    ).content.decode()

    assert "Both have a place in Evening group" in page
    with acting(cast["okafor"]):
        assert NotTogether.objects.get().reason == "a separation"


@pytest.mark.parametrize("who", ["bea", "hal", "rosa", "vera"])
def test_only_the_director_and_intake_see_who_is_kept_apart(cast, client_for, clock, who):
    assert client_for(cast[who]).get("/not-together").status_code == 403


def test_an_enrolment_ends_with_its_reason_and_later_places_are_free(cast, okafor, tonight):
    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=cast["sam"])

    too_early = okafor.post(f"/enrolments/{enrolment.pk}/end", {"on": "2026-01-01", "reason": "completed"})
    okafor.post(f"/enrolments/{enrolment.pk}/end", {"on": "2026-11-24", "reason": "completed"})

    assert too_early.status_code == 422
    with acting(cast["okafor"]):
        enrolment.refresh_from_db()
        assert enrolment.during.upper == date(2026, 11, 25)
        assert enrolment.end_reason == "completed"
        assert tonight.roster.standing().filter(patient=cast["sam"]).exists()
        assert not tonight.series.members.filter(patient=cast["sam"]).exists()


@pytest.mark.parametrize("path", ["/sites", "/series/new", "/sessions/new", "/enrolments/new"])
def test_a_facilitator_sets_nothing_up(cast, client_for, clock, path):
    assert client_for(cast["bea"]).get(path).status_code == 403


def test_a_facilitator_may_look_at_a_series_and_not_change_it(cast, client_for, tonight):
    bea = client_for(cast["bea"])

    assert bea.get(f"/series/{tonight.series_id}").status_code == 200
    assert bea.get(f"/series/{tonight.series_id}?change").status_code == 403
    assert bea.post(f"/series/{tonight.series_id}", {}).status_code == 403

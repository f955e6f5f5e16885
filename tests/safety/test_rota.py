"""Hours that nobody covers are found ahead and are an alarm of their own; shifts change hands in both names."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from openiop.demo import world
from openiop.lib.intervals import Span
from openiop.messaging.models import Delivery
from openiop.people.access import System, acting
from openiop.safety import gaps, jobs, ladder
from openiop.safety.models import (
    ClosedDay,
    NotOnOffer,
    OnCallShift,
    Page,
    RotaAlarm,
    accept_shift,
    gaps_ahead,
    offer_shift,
    raise_flag,
    staff_are_here,
    take_back,
)

NOW = world.NOW
HOUR = timedelta(hours=1)
DAY_HOURS = {"opens": time(8), "closes": time(20), "zone": "America/New_York"}


def utc(day, hour, month=11):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def nights(begins_at, ends_at, *, closed=()):
    found = gaps.out_of_hours(**DAY_HOURS, closed=closed, begins_at=begins_at, ends_at=ends_at)
    return [(span.begins_at, (span.ends_at - span.begins_at) / HOUR) for span in found]


# --- the rule ---


def test_out_of_hours_is_the_night_in_the_clinics_own_zone():
    assert nights(utc(24, 17), utc(25, 17)) == [(utc(25, 1), 12.0)]


def test_the_night_of_the_autumn_change_is_an_hour_longer_and_that_of_spring_an_hour_shorter():
    assert nights(utc(31, 17, month=10), utc(1, 17)) == [(utc(1, 0), 13.0)]
    assert nights(utc(7, 17, month=3), utc(8, 17, month=3)) == [(utc(8, 1, month=3), 11.0)]


def test_a_day_on_which_the_clinic_is_closed_is_out_of_hours_as_a_whole():
    assert nights(utc(25, 17), utc(27, 17), closed={date(2026, 11, 26)}) == [(utc(26, 1), 36.0)]


@pytest.mark.parametrize(
    ("shifts", "left"),
    [
        ([], [(20, 32)]),
        ([(18, 40)], []),
        ([(20, 24), (26, 32)], [(24, 26)]),
        ([(22, 23)], [(20, 22), (23, 32)]),
        ([(10, 21), (21, 30)], [(30, 32)]),
    ],
)
def test_what_no_shift_covers_is_a_gap(shifts, left):
    start = utc(24, 0)
    night = (start + 20 * HOUR, start + 32 * HOUR)

    found = gaps.gaps([night], [(start + begins * HOUR, start + ends * HOUR) for begins, ends in shifts])

    assert found == [Span(start + begins * HOUR, start + ends * HOUR) for begins, ends in left]


@pytest.mark.parametrize(
    ("hours", "number"), [(-25, None), (-24, 0), (-1, 0), (0, 1), (3, 1), (4, 2), (11, 3), (12, None)]
)
def test_a_gap_is_told_a_day_ahead_as_it_begins_and_every_four_hours(hours, number):
    gap = Span(utc(25, 1), utc(25, 13))

    assert gaps.alarm_number(gap, at=gap.begins_at + hours * HOUR) == number


# --- the alarm ---


@pytest.fixture
def people(committed):
    people = world.cast()
    with acting(people["okafor"]):
        OnCallShift.objects.all().delete()
    return people


def test_nobody_on_call_is_an_alarm_to_the_director_told_once_by_two_workers_and_again_later(people, worker, together):
    closing = NOW.replace(hour=2, minute=30) + timedelta(days=1)  # 9:30 pm in New York
    with worker():
        together(lambda: jobs.watch_the_rota(NOW), lambda: jobs.watch_the_rota(NOW))
        jobs.watch_the_rota(closing)
        jobs.watch_the_rota(closing + HOUR)

        with acting(System(people["maya"].clinic_id)):
            tonight = RotaAlarm.objects.filter(gap_begins_at=closing).order_by("number")
            assert list(tonight.values_list("number", flat=True)) == [0, 1]
            assert RotaAlarm.objects.count() == 3  # and tomorrow night's, a day ahead
            told = Delivery.objects.filter(because__startswith="rota ")
            assert {row.to_id for row in told} == {people["okafor"].pk}
            assert {row.body for row in told} == {"The rota needs you. Open the desk."}
            assert told.filter(way="email").count() == 3


@pytest.mark.parametrize("weeks", [3, 60])
def test_a_closure_of_weeks_without_anybody_is_one_alarm_every_four_hours_and_not_one_a_look(people, worker, weeks):
    clinic_id = people["okafor"].clinic_id
    with acting(people["okafor"]):
        days = [NOW.date() + timedelta(days=day) for day in range(-7 * weeks, 7)]
        ClosedDay.objects.bulk_create(ClosedDay(clinic_id=clinic_id, on=day, name="Closed") for day in days)
    with worker():
        told = [jobs.watch_the_rota(NOW + minute * timedelta(minutes=1)) for minute in (0, 1, 2, 239, 240, 241)]

    assert told[0] == 1 and sum(told) == 2


def test_a_rota_with_a_hole_still_pages_somebody(people):
    night = NOW + timedelta(hours=6)
    with acting(people["maya"]):
        evidence = ladder.Evidence("safe_now", "no")
        raise_flag(people["maya"], key="k", evidence=evidence, label="l", value="v", at=night)

    with acting(people["okafor"]):
        assert [page.to for page in Page.objects.all()] == [people["okafor"]]


# --- holidays, swaps, the page ---


@pytest.mark.django_db
def test_on_a_closed_day_nobody_counts_as_here_and_the_whole_day_wants_somebody_on_call(cast):
    director = cast["okafor"]
    noon = NOW.replace(hour=17) + timedelta(days=2)
    with acting(director):
        assert staff_are_here(director.clinic, at=noon)
        ClosedDay.objects.create(clinic_id=director.clinic_id, on=date(2026, 11, 26), name="Thanksgiving")
        assert not staff_are_here(director.clinic, at=noon)
        assert gaps_ahead(director.clinic, at=NOW) == []  # Ada is on call all month

        OnCallShift.objects.all().delete()
        assert max(gap.ends_at - gap.begins_at for gap in gaps_ahead(director.clinic, at=NOW)) > (26 * HOUR)


@pytest.mark.django_db
def test_somebody_who_left_covers_no_hour(cast):
    with acting(cast["okafor"]):
        OnCallShift.objects.update(staff=cast["marcus"])
        assert gaps_ahead(cast["okafor"].clinic, at=NOW) == []
        cast["marcus"].active = False
        cast["marcus"].save(update_fields=["active"])
        assert gaps_ahead(cast["okafor"].clinic, at=NOW)


def shift_of(person):
    return OnCallShift.objects.get(staff=person, during__contains=NOW)


@pytest.mark.django_db
def test_a_shift_that_runs_changes_hands_from_now_on_and_what_was_stays_written(cast):
    with acting(cast["okafor"]):
        offer = offer_shift(shift_of(cast["okafor"]), by=cast["okafor"], at=NOW)
        assert offer_shift(shift_of(cast["okafor"]), by=cast["okafor"], at=NOW) == offer
    with acting(cast["bea"]):
        taken = accept_shift(offer, by=cast["bea"], at=NOW)
        assert (taken.staff, taken.during.lower) == (cast["bea"], NOW)
        before = OnCallShift.objects.get(pk=offer.shift_id)
        assert (before.staff, before.during.upper) == (cast["okafor"], NOW)
        with pytest.raises(NotOnOffer):
            accept_shift(offer, by=cast["bea"], at=NOW)


@pytest.mark.django_db
def test_nobody_gives_away_anothers_shift_and_only_clinicians_accept(cast):
    with acting(cast["marcus"]), pytest.raises(PermissionDenied):
        offer_shift(shift_of(cast["okafor"]), by=cast["marcus"], at=NOW)
    with acting(cast["okafor"]):
        offer = offer_shift(shift_of(cast["okafor"]), by=cast["okafor"], at=NOW)
    with acting(cast["hal"]), pytest.raises(PermissionDenied):
        accept_shift(offer, by=cast["hal"], at=NOW)
    with acting(cast["bea"]), pytest.raises(PermissionDenied):
        take_back(offer, by=cast["bea"], at=NOW)
    with acting(cast["okafor"]):
        take_back(offer, by=cast["okafor"], at=NOW)
    with acting(cast["bea"]), pytest.raises(NotOnOffer):
        accept_shift(offer, by=cast["bea"], at=NOW)


def text(response):
    return " ".join(response.content.decode().split())


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_the_rota_shows_gaps_ahead_and_the_directors_rail_does_too(cast, client_for):
    director = client_for(cast["okafor"])
    assert "Nobody is on call" not in text(director.get(reverse("on-call")))
    with acting(cast["okafor"]):
        OnCallShift.objects.all().delete()

    assert "from Tue Nov 24, 9:30 p.m. until Wed Nov 25, 8:00 a.m." in text(director.get(reverse("on-call")))
    assert "Open the rota" in text(director.get(reverse("rail")))
    assert "Open the rota" not in text(client_for(cast["bea"]).get(reverse("rail")))


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_a_shift_is_offered_and_accepted_on_the_page(cast, client_for):
    with acting(cast["okafor"]):
        shift = shift_of(cast["okafor"])
    client_for(cast["okafor"]).post(reverse("shift-offer", args=[shift.pk]))
    bea = client_for(cast["bea"])
    assert "on offer" in text(bea.get(reverse("on-call")))

    bea.post(reverse("shift-answer", args=[shift.pk, "accept"]))

    with acting(cast["bea"]):
        assert OnCallShift.objects.filter(staff=cast["bea"], rung=1, during__contains=NOW).exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_only_the_director_closes_a_day_and_a_patient_reaches_nothing_of_the_rota(cast, client_for):
    day = {"on": "2026-11-26", "name": "Thanksgiving"}
    with acting(cast["okafor"]):
        shift = shift_of(cast["okafor"])
    patient = client_for(cast["maya"])

    assert client_for(cast["bea"]).post(reverse("closed-day-add"), day).status_code == 403
    assert client_for(cast["okafor"]).post(reverse("closed-day-add"), day).status_code == 302
    again = client_for(cast["okafor"]).post(reverse("closed-day-add"), day)
    assert "This day is on the list already." in text(again)
    assert patient.post(reverse("closed-day-add"), day).status_code == 404
    assert patient.post(reverse("shift-offer", args=[shift.pk])).status_code == 404
    assert patient.post(reverse("shift-answer", args=[shift.pk, "accept"])).status_code == 404

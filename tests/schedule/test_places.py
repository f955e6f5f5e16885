"""What must never be: two things at once, one place too many, and people together who are kept apart."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from openiop.lib.refusals import Refused, spoken
from openiop.people.access import acting
from openiop.people.models import Person, Tie
from openiop.programs.models import Enrolment, Track
from openiop.schedule import planning
from openiop.schedule.models import CareSession, HasBegun, NotTogether, Room, RosterEntry, Series, SeriesFacilitator
from tests.schedule.conftest import BEGINS

pytestmark = pytest.mark.django_db

ONE_HOUR = [{"kind": "group", "title": "Group", "minutes": 60}]
NEW_YORK = ZoneInfo("America/New_York")


def another(session, *, at=BEGINS, staff=(), room=None, capacity=10, track=None):
    """Plan another hour-long session."""
    return CareSession.plan(
        track=track or session.track,
        name="Another group",
        begins_at=at,
        blocks=ONE_HOUR,
        modality="hybrid",
        room=room,
        capacity=capacity,
        staff=staff,
        zone=session.zone,
    )


def test_a_room_is_not_booked_twice(cast, tonight):
    with acting(cast["okafor"]), pytest.raises(Refused, match="room is already booked"), spoken():
        another(tonight, room=tonight.room)


def test_a_room_is_free_again_right_after_the_session(cast, tonight):
    with acting(cast["okafor"]), spoken():
        assert another(tonight, at=tonight.ends_at, room=tonight.room).room == tonight.room


def test_nobody_leads_two_sessions_at_once(cast, tonight):
    with acting(cast["okafor"]), pytest.raises(Refused, match="already leads something"), spoken():
        another(tonight, staff=[cast["bea"]])


def test_a_patient_is_in_one_place_at_a_time(cast, tonight):
    with acting(cast["okafor"]):
        other = another(tonight)
        with pytest.raises(Refused, match="already has something at that time"), spoken():
            planning.put_on_roster(other, cast["maya"], modality="virtual", by=cast["okafor"], at=BEGINS)


def test_a_place_that_was_cancelled_leaves_the_patient_free(cast, tonight, entry_of):
    entry = entry_of("maya")
    with acting(cast["okafor"]):
        entry.cancel(excused=True, by=cast["okafor"], at=BEGINS)
        other = another(tonight)
        with spoken():
            planning.put_on_roster(other, cast["maya"], modality="virtual", by=cast["okafor"], at=BEGINS)

        assert RosterEntry.objects.standing().filter(session=other, patient=cast["maya"]).exists()


def test_who_cancelled_may_have_the_place_again(cast, tonight, entry_of):
    entry = entry_of("maya")
    with acting(cast["okafor"]):
        entry.cancel(excused=False, by=cast["okafor"], at=BEGINS)
        planning.put_on_roster(tonight, cast["maya"], modality="virtual", by=cast["okafor"], at=BEGINS)

        entry.refresh_from_db()
        assert (entry.stands, entry.status, entry.excused) == (True, "", None)


def test_a_full_session_takes_nobody_else(cast, tonight):
    with acting(cast["okafor"]):
        tomorrow = another(tonight, at=BEGINS + timedelta(days=1), capacity=1)
        planning.put_on_roster(tomorrow, cast["maya"], modality="virtual", by=cast["okafor"], at=BEGINS)
        with pytest.raises(Refused, match="Every place is taken"), spoken():
            planning.put_on_roster(tomorrow, cast["theo"], modality="on_site", by=cast["okafor"], at=BEGINS)


def test_people_kept_apart_are_not_put_in_one_session_and_nobody_reads_why(cast, tonight):
    with acting(cast["okafor"]):
        tomorrow = another(tonight, at=BEGINS + timedelta(days=1))
        planning.put_on_roster(tomorrow, cast["ines"], modality="virtual", by=cast["okafor"], at=BEGINS)
        NotTogether.objects.create(
            clinic_id=tonight.clinic_id, first=cast["jonah"], second=cast["ines"], reason="a separation"
        )
        with pytest.raises(Refused) as refused, spoken():
            planning.put_on_roster(tomorrow, cast["jonah"], modality="on_site", by=cast["okafor"], at=BEGINS)

    assert "Ines" not in str(refused.value) and "separation" not in str(refused.value)


def test_an_adolescent_never_shares_a_group_with_adults(cast, tonight):
    with acting(cast["okafor"]):
        tomorrow = another(tonight, at=BEGINS + timedelta(days=1))
        with pytest.raises(Refused, match="Adolescents and adults are never in one group"), spoken():
            planning.put_on_roster(tomorrow, cast["leo"], modality="virtual", by=cast["okafor"], at=BEGINS)


def test_an_adolescent_has_a_place_in_a_group_of_their_own(cast, tonight):
    with acting(cast["okafor"]), spoken():
        youth = Track.objects.get(audience="adolescent")
        afternoon = another(tonight, track=youth)

        assert planning.put_on_roster(afternoon, cast["leo"], modality="virtual", by=cast["okafor"], at=BEGINS)


def test_an_enrolment_does_not_overlap_another(cast, tonight):
    with acting(cast["lin"]), pytest.raises(Refused, match="already enrolled in those days"), spoken():
        Enrolment.begin(
            cast["maya"],
            tonight.track,
            modality="virtual",
            therapist=cast["marcus"],
            first_on=date(2026, 12, 1),
            by=cast["lin"],
            at=BEGINS,
        )


def test_a_patient_who_is_not_enrolled_gets_no_place(cast, tonight, entry_of):
    with acting(cast["okafor"]):
        planning.end_enrolment(
            entry_of("maya").enrolment, on=date(2026, 11, 25), reason="completed", by=cast["lin"], at=BEGINS
        )
        later = another(tonight, at=BEGINS + timedelta(days=3))
        with pytest.raises(planning.NotEnrolled, match="Maya is not enrolled on Nov 27, 2026"):
            planning.put_on_roster(later, cast["maya"], modality="virtual", by=cast["okafor"], at=BEGINS)


def test_the_end_of_an_enrolment_frees_later_places_and_keeps_tonights(cast, tonight, entry_of):
    with acting(cast["okafor"]):
        planning.end_enrolment(
            entry_of("maya").enrolment, on=date(2026, 11, 24), reason="completed", by=cast["lin"], at=BEGINS
        )

        places = RosterEntry.objects.standing().filter(patient=cast["maya"], during__startswith__gte=BEGINS)
        assert [place.session for place in places] == [tonight]
        assert not tonight.series.members.filter(patient=cast["maya"]).exists()


def test_a_moved_session_moves_its_roster_and_its_staff(cast, tonight):
    with acting(cast["okafor"]), spoken():
        tonight.move(to=BEGINS + timedelta(days=1), by=cast["okafor"], at=BEGINS)

        begins = {entry.during.lower for entry in tonight.roster.all()} | {
            led.during.lower for led in tonight.staff.all()
        }
        assert begins == {BEGINS + timedelta(days=1)}
        assert tonight.blocks.first().begins_at == BEGINS + timedelta(days=1)


def test_a_session_does_not_move_onto_a_patients_other_session(cast, tonight):
    with acting(cast["okafor"]):
        later = another(tonight, at=BEGINS + timedelta(days=1))
        planning.put_on_roster(later, cast["maya"], modality="virtual", by=cast["okafor"], at=BEGINS)
        with pytest.raises(Refused, match="already has something"), spoken():
            tonight.move(to=BEGINS + timedelta(days=1), by=cast["okafor"], at=BEGINS)


def test_a_session_that_has_begun_stays_where_it_is(cast, tonight, is_here):
    with acting(cast["okafor"]):
        is_here(cast["maya"], 0, 1)
        with pytest.raises(HasBegun, match="has begun already"):
            tonight.move(to=BEGINS + timedelta(days=1), by=cast["okafor"], at=BEGINS)


def test_a_new_member_has_a_place_in_every_session_to_come_and_may_be_opened_by_who_leads(cast, tonight):
    with acting(cast["okafor"]):
        track = Track.objects.get(audience="adult")
        nora = Person.objects.create(
            clinic_id=tonight.clinic_id,
            kind="patient",
            given_name="Nora",
            family_name="Ибрагимова",
            called="Nora",
            born_on=date(1990, 1, 1),
        )
        Enrolment.begin(
            nora,
            track,
            modality="virtual",
            therapist=cast["marcus"],
            first_on=date(2026, 11, 20),
            by=cast["lin"],
            at=BEGINS,
        )
        planning.join(tonight.series, nora, modality="virtual", by=cast["lin"], at=BEGINS - timedelta(minutes=5))

        to_come = tonight.series.sessions.filter(during__startswith__gte=BEGINS)
        assert to_come.count() == nora_places(nora) > 3
        assert Tie.objects.in_force(BEGINS).filter(staff=cast["bea"], patient=nora).exists()


def nora_places(nora):
    return RosterEntry.objects.standing().filter(patient=nora).count()


def test_a_day_that_is_cancelled_frees_everybody(cast, tonight):
    with acting(cast["okafor"]):
        planning.skip(tonight.series, tonight.unfolded_on, reason="snow", by=cast["okafor"], at=BEGINS)

        tonight.refresh_from_db()
        assert tonight.cancelled_at is not None
        assert not tonight.roster.standing().exists()
        assert not planning.unfold(tonight.series, until=tonight.begins_on, by=cast["okafor"], at=BEGINS)


def test_a_day_that_moves_takes_its_session_along(cast, tonight):
    with acting(cast["okafor"]), spoken():
        planning.move_day(
            tonight.series,
            tonight.unfolded_on,
            to_on=date(2026, 11, 25),
            to_time=time(17),
            reason="",
            by=cast["okafor"],
            at=BEGINS,
        )

        tonight.refresh_from_db()
        assert tonight.begins_at == datetime(2026, 11, 25, 17, tzinfo=NEW_YORK)


@pytest.fixture
def across_the_change(cast, tonight):
    """A group on Saturdays and Sundays at six, unfolded over the spring change of 14 March 2027."""
    with acting(cast["okafor"]):
        series = Series.objects.create(
            clinic_id=tonight.clinic_id,
            track=tonight.track,
            name="Weekend",
            rrule="FREQ=WEEKLY;BYDAY=SA,SU",
            first_on=date(2027, 3, 13),
            starts=time(18),
            zone="America/New_York",
            blocks=ONE_HOUR,
        )
        SeriesFacilitator.objects.create(clinic_id=series.clinic_id, series=series, person=cast["marcus"])
        return planning.unfold(series, until=date(2027, 3, 14), by=cast["okafor"], at=BEGINS)


def test_six_in_the_evening_stays_six_when_the_clocks_change(across_the_change):
    saturday, sunday = across_the_change

    assert saturday.begins_at == datetime(2027, 3, 13, 23, tzinfo=UTC)
    assert sunday.begins_at == datetime(2027, 3, 14, 22, tzinfo=UTC)


def test_a_night_session_across_the_change_keeps_its_length(cast, tonight):
    with acting(cast["okafor"]):
        night = another(tonight, at=datetime(2027, 3, 14, 1, 30, tzinfo=NEW_YORK))

        assert night.ends_at - night.begins_at == timedelta(hours=1)
        assert night.ends_at.astimezone(NEW_YORK).time() == time(3, 30)


def test_a_series_that_clashes_is_refused_with_the_day_and_nothing_is_planned(cast, tonight):
    with acting(cast["okafor"]):
        clashing = Series.objects.create(
            clinic_id=tonight.clinic_id,
            track=tonight.track,
            name="Clash",
            rrule="FREQ=DAILY",
            first_on=date(2026, 11, 23),
            starts=time(18),
            zone="America/New_York",
            blocks=ONE_HOUR,
            room=Room.objects.get(),
        )
        with pytest.raises(planning.DayRefused, match="Tue, Nov 24: That room is already booked"):
            planning.unfold(clashing, until=date(2026, 11, 30), by=cast["okafor"], at=BEGINS)

        assert not clashing.sessions.exists()

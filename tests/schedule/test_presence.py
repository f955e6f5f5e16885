"""From signs of presence to minutes, through the verbs that room, kiosk, desk and chart use."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.people.access import acting
from openiop.safety.models import Whereabouts
from openiop.schedule import presence
from openiop.schedule.models import BlockMinutes, Correction, Evidence
from tests.schedule.conftest import BEGINS, ENDS

pytestmark = pytest.mark.django_db


def minutes(tonight, patient):
    """Return the counted minutes of the three blocks that count."""
    rows = BlockMinutes.objects.filter(entry__session=tonight, patient=patient, block__counts=True)
    return [row.seconds // 60 for row in rows.order_by("block__n")]


def close(tonight, cast, at=ENDS):
    return presence.close(tonight, by=cast["bea"], at=at)


def status(tonight, patient):
    return tonight.roster.get(patient=patient).status


def test_a_beat_is_one_insert(cast, tonight):
    with acting(cast["bea"]):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            presence.note(
                tonight, cast["maya"], kind="beat", source="room", connection="tab", place="virtual", at=BEGINS
            )

        assert [query["sql"].split()[0] for query in queries] == ["INSERT"]


@pytest.mark.parametrize("hours", [-2.1, 5.3])
def test_evidence_from_long_before_or_after_is_refused_in_words(cast, tonight, hours):
    with acting(cast["bea"]), pytest.raises(presence.OutsideTheSession, match="not within two hours"):
        presence.note(
            tonight,
            cast["maya"],
            kind="in",
            source="room",
            connection="tab",
            place="virtual",
            at=BEGINS + timedelta(hours=hours),
        )


def test_the_whole_evening_is_three_hours_and_breaks_do_not_count(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], -5, 200)
        close(tonight, cast)

        assert minutes(tonight, cast["maya"]) == [60, 60, 60]
        assert status(tonight, cast["maya"]) == "attended"


def test_coming_late_and_leaving_early_are_seen(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 20, 190)
        is_here(cast["priya"], 0, 150, leaves=True)
        close(tonight, cast)

        assert (minutes(tonight, cast["maya"]), status(tonight, cast["maya"])) == ([40, 60, 60], "late")
        assert (minutes(tonight, cast["priya"]), status(tonight, cast["priya"])) == ([60, 60, 20], "left_early")
        assert status(tonight, cast["ruth"]) == "absent"


def test_a_killed_tab_counts_until_its_last_beat(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 30)
        is_here(cast["maya"], 40, 190, connection="a new tab")
        close(tonight, cast)

        assert minutes(tonight, cast["maya"]) == [50, 60, 60]


def test_phone_and_laptop_at_once_count_once(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 60)
        is_here(cast["maya"], 0, 60, connection="phone")
        close(tonight, cast)

        assert minutes(tonight, cast["maya"]) == [60, 0, 0]


def test_contact_without_treatment_is_seen_and_not_counted(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 190, treatment=False)
        is_here(cast["priya"], 0, 60, treatment=False)
        is_here(cast["priya"], 65, 190)
        close(tonight, cast)

        assert minutes(tonight, cast["maya"]) == [0, 0, 0]
        assert not BlockMinutes.objects.filter(patient=cast["maya"], block__counts=True, treatment=True).exists()
        assert minutes(tonight, cast["priya"]) == [0, 60, 60]
        assert status(tonight, cast["maya"]) == "attended"


def test_arriving_on_site_also_says_where_the_person_is(cast, tonight):
    with acting(cast["hal"]):
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS)

        where = Whereabouts.latest(cast["theo"].pk, at=BEGINS)
        assert (where.place, where.address) == ("on_site", tonight.room.site.address)


def test_leaving_the_site_says_that_they_are_elsewhere(cast, tonight):
    with acting(cast["hal"]):
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS)
        presence.departure(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS + timedelta(hours=1))

        assert Whereabouts.latest(cast["theo"].pk, at=ENDS).place == "virtual"


def test_the_desk_may_end_a_stay_that_began_at_the_kiosk(cast, tonight, kiosk):
    with acting(cast["hal"]):
        presence.arrival(tonight, cast["theo"], source="kiosk", device=kiosk, at=BEGINS)
        presence.departure(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS + timedelta(minutes=30))
        close(tonight, cast)

        assert minutes(tonight, cast["theo"]) == [30, 0, 0]


def test_an_arrival_taken_back_leaves_no_minute_and_its_evidence(cast, tonight):
    with acting(cast["hal"]):
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS)
        presence.take_back(tonight, cast["theo"], by=cast["hal"], at=BEGINS + timedelta(minutes=3))
        close(tonight, cast)

        assert minutes(tonight, cast["theo"]) == [0, 0, 0]
        assert status(tonight, cast["theo"]) == "absent"
        assert Evidence.objects.filter(patient=cast["theo"]).count() == 2


def test_a_departure_taken_back_leaves_no_gap(cast, tonight):
    with acting(cast["hal"]):
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS)
        presence.departure(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS + timedelta(minutes=30))
        presence.take_back(tonight, cast["theo"], by=cast["hal"], at=BEGINS + timedelta(minutes=40))
        close(tonight, cast)

        assert minutes(tonight, cast["theo"]) == [60, 60, 60]


def test_contradicting_evidence_stops_nobody_elses_minutes(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 190)
        presence.departure(tonight, cast["theo"], source="hand", by=cast["bea"], at=BEGINS + timedelta(minutes=30))
        closing = close(tonight, cast)

        assert list(closing.faults) == [cast["theo"].pk]
        assert minutes(tonight, cast["theo"]) == []
        assert status(tonight, cast["theo"]) == ""
        assert minutes(tonight, cast["maya"]) == [60, 60, 60]


def test_a_device_that_goes_without_having_come_is_no_contradiction(cast, tonight):
    with acting(cast["bea"]):
        nothing = presence.note(
            tonight, cast["maya"], kind="out", source="room", connection="tab", place="virtual", at=BEGINS
        )
        closing = close(tonight, cast)

        assert nothing is None
        assert not closing.faults


def test_closing_twice_gives_the_same_and_late_evidence_is_counted_the_second_time(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 60)
        close(tonight, cast)
        first = list(BlockMinutes.objects.order_by("pk").values("pk", "seconds", "place"))
        close(tonight, cast)
        assert list(BlockMinutes.objects.order_by("pk").values("pk", "seconds", "place")) == first

        is_here(cast["maya"], 65, 125, connection="found later")
        close(tonight, cast)

        assert minutes(tonight, cast["maya"]) == [60, 60, 0]


def test_a_session_is_not_closed_before_it_begins(cast, tonight):
    with acting(cast["bea"]), pytest.raises(presence.NotYet, match="has not begun"):
        close(tonight, cast, at=BEGINS - timedelta(minutes=1))


def test_a_correction_wins_over_the_evidence_and_the_evidence_stays(cast, tonight, is_here, entry_of):
    entry = entry_of("maya")
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 30)
        close(tonight, cast)
        before = Evidence.objects.count()
        entry.session.refresh_from_db()
        skills = tonight.blocks.get(kind="skills")
        presence.correct(entry, skills, seconds=45 * 60, reason="by telephone", by=cast["bea"], at=ENDS)

        assert minutes(tonight, cast["maya"]) == [30, 45, 0]
        assert Evidence.objects.count() == before


def test_the_newest_correction_counts(cast, tonight, entry_of):
    entry = entry_of("maya")
    with acting(cast["bea"]):
        block = tonight.blocks.first()
        presence.correct(entry, block, seconds=600, reason="first thought", by=cast["bea"], at=ENDS)
        presence.correct(
            entry, block, seconds=1200, reason="asked again", by=cast["bea"], at=ENDS + timedelta(minutes=1)
        )
        close(tonight, cast)

        assert minutes(tonight, cast["maya"])[0] == 20
        assert Correction.objects.count() == 2
        assert status(tonight, cast["maya"]) == "attended"


def test_a_correction_is_never_longer_than_the_block_and_says_why(cast, tonight, entry_of):
    entry = entry_of("maya")
    with acting(cast["bea"]):
        block = tonight.blocks.first()
        with pytest.raises(presence.NoMinutes, match="longer than the block"):
            presence.correct(entry, block, seconds=3601, reason="x", by=cast["bea"], at=ENDS)
        with pytest.raises(presence.NoMinutes, match="say why"):
            presence.correct(entry, block, seconds=60, reason="  ", by=cast["bea"], at=ENDS)


def test_attested_minutes_are_neither_corrected_nor_counted_again(cast, tonight, is_here, entry_of):
    entry = entry_of("maya")
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 60)
        close(tonight, cast)
        presence.attest([entry], at=ENDS)
        is_here(cast["maya"], 65, 125, connection="found later")
        close(tonight, cast)
        entry.refresh_from_db()

        assert minutes(tonight, cast["maya"]) == [60, 0, 0]
        with pytest.raises(presence.NoMinutes, match="signed"):
            presence.correct(entry, tonight.blocks.first(), seconds=60, reason="x", by=cast["bea"], at=ENDS)


def test_who_cancelled_late_keeps_the_word_and_who_came_after_all_came(cast, tonight, is_here, entry_of):
    cancelled, came = entry_of("ruth"), entry_of("maya")
    with acting(cast["bea"]):
        cancelled.cancel(excused=True, by=cast["bea"], at=BEGINS - timedelta(hours=3))
        came.cancel(excused=False, by=cast["bea"], at=BEGINS - timedelta(hours=3))
        is_here(cast["maya"], 0, 190)
        close(tonight, cast)

        assert status(tonight, cast["ruth"]) == "cancelled_late"
        assert status(tonight, cast["maya"]) == "attended"


def test_the_place_is_where_most_of_the_block_was_spent(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 20, leaves=True)
        presence.arrival(tonight, cast["maya"], source="desk", by=cast["hal"], at=BEGINS + timedelta(minutes=25))
        close(tonight, cast)

        places = BlockMinutes.objects.filter(patient=cast["maya"], block__counts=True).order_by("block__n")
        assert [row.place for row in places] == ["on_site", "on_site", "on_site"]


def test_so_far_counts_the_person_in_the_chair_up_to_now(cast, tonight):
    with acting(cast["bea"]):
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS)
        so_far = presence.seconds_by_block(tonight, at=BEGINS + timedelta(minutes=10))

        first = tonight.blocks.first()
        assert so_far[cast["theo"].pk][first.pk] == 600


def test_evidence_is_only_added_to(cast, tonight, is_here):
    from django.db import ProgrammingError, transaction

    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 1)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Evidence.objects.update(at=ENDS)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Evidence.objects.all()._raw_delete("default")

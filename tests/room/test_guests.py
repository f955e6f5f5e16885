"""A patient's supporter in one meeting: the link, the consent behind it, and how they come in and go."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.http import Http404
from django.utils import timezone

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.people.support import LinkStands, NoConsent, SupporterConsent, SupporterLink
from openiop.programs.models import Enrolment
from openiop.room import admission, state
from openiop.room.models import Seat, SeatState
from openiop.schedule.models import Evidence
from tests.room.family import COOKIE, ana_by_link, ana_of, at_the_door, family_meeting, let_in, link_to, used
from tests.room.reach import rows
from tests.room.test_admission import AT_HOME
from tests.room.test_consumers import Tab, media, tabs  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


# --- the link ---


def test_a_link_opens_for_the_first_browser_and_for_no_second_one(cast, meeting):
    token = link_to(meeting, ana_of(cast), cast)

    assert used(token).called == "Ana"
    assert used(token, cookie="of another telephone") is None


def test_only_hashes_of_the_link_and_the_cookie_are_kept(cast, meeting):
    token = link_to(meeting, ana_of(cast), cast)
    used(token)
    with acting(cast["okafor"]):
        kept = str(rows("SELECT to_jsonb(l) FROM people_supporterlink l"))

    assert "token_hash" in kept and token not in kept and COOKIE not in kept


@pytest.mark.parametrize("given, may_know", [(False, ["meetings"]), (True, ["attendance", "plan"])])
def test_without_written_consent_to_meetings_there_is_no_link(cast, meeting, given, may_know):
    consent = ana_of(cast, given=given, may_know=may_know)
    with pytest.raises(NoConsent):
        link_to(meeting, consent, cast)


@pytest.mark.parametrize("opened", [False, True], ids=["not opened yet", "opened"])
def test_no_second_link_is_made_while_the_first_is_good(cast, meeting, opened):
    consent = ana_of(cast)
    first = link_to(meeting, consent, cast)
    if opened:
        used(first)
    with pytest.raises(LinkStands):
        link_to(meeting, consent, cast)

    assert used(first) is None if opened else used(first) is not None


def test_once_the_first_link_is_revoked_or_over_there_is_another(cast, meeting):
    consent = ana_of(cast)
    link_to(meeting, consent, cast)
    with acting(cast["okafor"]):
        SupporterLink.objects.get().revoke(by=cast["okafor"], at=world.NOW)
    link_to(meeting, consent, cast)

    assert used(link_to(meeting, consent, cast, at=meeting.ends_at + admission.CLOSES_AFTER)) is not None


def test_an_expired_a_revoked_and_a_forged_link_open_nothing(cast, meeting):
    consent = ana_of(cast)
    late = meeting.ends_at + admission.CLOSES_AFTER
    token = link_to(meeting, consent, cast)
    assert used(token, at=late) is None
    with acting(cast["okafor"]):
        SupporterLink.objects.get(consent=consent, revoked_at=None).revoke(by=cast["okafor"], at=world.NOW)
    assert used(token) is None
    assert used("a guess") is None


def test_a_link_follows_a_meeting_that_moves_and_ends_with_one_that_is_cancelled(cast, meeting):
    token = link_to(meeting, ana_of(cast), cast)
    with acting(cast["okafor"]):
        meeting.move(to=meeting.begins_at + timedelta(hours=2), by=cast["okafor"], at=world.NOW)
        assert SupporterLink.objects.get().ends_at == meeting.ends_at + admission.CLOSES_AFTER
        meeting.cancel(by=cast["okafor"], at=world.NOW)

    assert used(token) is None


def test_a_link_ends_when_the_patient_no_longer_comes(cast, meeting):
    token = link_to(meeting, ana_of(cast), cast)
    with acting(cast["okafor"]):
        meeting.roster.get().cancel(excused=True, by=cast["okafor"], at=world.NOW)

    assert used(token) is None


def test_a_link_of_one_supporter_cannot_be_given_to_another_in_the_database(cast, meeting):
    link_to(meeting, ana_of(cast), cast)
    other = ana_of(cast).supporter_id
    with acting(cast["okafor"]), pytest.raises(IntegrityError), transaction.atomic():
        SupporterLink.objects.filter().update(supporter_id=other)
        rows("SET CONSTRAINTS ALL IMMEDIATE")


def test_let_all_in_lets_a_supporter_in_too(cast, meeting):
    seat = at_the_door(ana_by_link(meeting, cast), meeting)
    with acting(cast["okafor"]):
        admission.ask(meeting, cast["okafor"], at=timezone.now())
        admission.admit_all(meeting, by=cast["okafor"], at=timezone.now())
        seat.refresh_from_db()

    assert seat.state == SeatState.ADMITTED


# --- consent ---


def test_a_patient_reads_gives_and_takes_back_their_own_consent_alone(cast, meeting):
    ana_of(cast, given=False)
    with acting(cast["leo"]):
        consent = SupporterConsent.objects.get()
        assert Person.objects.get(pk=consent.supporter_id).called == "Ana"
        consent.give(by=cast["leo"], at=world.NOW)
        assert consent.how == "page"
    with acting(cast["maya"]):
        assert not SupporterConsent.objects.exists()
        assert not Person.objects.filter(kind="supporter").exists()


def test_what_was_taken_back_stays_taken_back_and_what_was_agreed_to_is_not_widened(cast, meeting):
    consent = ana_of(cast)
    with acting(cast["okafor"]), pytest.raises(IntegrityError, match="another consent"), transaction.atomic():
        SupporterConsent.objects.filter(pk=consent.pk).update(may_know=["meetings", "plan"])
    with acting(cast["leo"]):
        consent.withdraw(by=cast["leo"], at=world.NOW)
        with pytest.raises(IntegrityError, match="another consent"), transaction.atomic():
            SupporterConsent.objects.filter(pk=consent.pk).update(withdrawn_at=None)


def test_a_consent_that_names_another_patient_is_refused(cast, meeting):
    with acting(cast["okafor"]), pytest.raises(IntegrityError, match="names a supporter"), transaction.atomic():
        SupporterConsent.ask(
            cast["leo"], cast["maya"], relation="friend", may_know=["plan"], by=cast["okafor"], at=world.NOW
        )


# --- in the room ---


def test_a_supporter_waits_until_a_facilitator_lets_them_in(cast, meeting):
    seat = at_the_door(ana_by_link(meeting, cast), meeting)
    assert (seat.role, seat.state) == ("supporter", SeatState.WAITING)

    assert let_in(seat, cast).state == SeatState.ADMITTED


def test_the_facilitator_reads_whom_they_come_for(cast, meeting):
    at_the_door(ana_by_link(meeting, cast), meeting)
    with acting(cast["okafor"]):
        seat = admission.ask(meeting, cast["okafor"], at=world.NOW)
        (waiting,) = state.room_for(seat, at=world.NOW).waiting

    assert (waiting.name, waiting.here_for, waiting.ready, waiting.door) == ("Ana", "Leo", True, "")


def test_who_waits_learns_of_nobody_and_who_is_in_reads_first_names(cast, meeting):
    ana = ana_by_link(meeting, cast)
    seat = at_the_door(ana, meeting)
    with acting(cast["leo"]):
        leo, _where = admission.tell_place(meeting, cast["leo"], answers={**AT_HOME, "headphones": True}, at=world.NOW)
    let_in(leo, cast)
    with acting(ana):
        assert state.room_for(seat, at=world.NOW).seats == []
    seat = let_in(seat, cast)
    with acting(ana):
        room = state.room_for(Seat.objects.get(pk=seat.pk), at=world.NOW)

    assert {(row.name, row.role) for row in room.seats} == {
        ("Ana", "supporter"),
        ("Leo", "patient"),
        ("Ada", "facilitator"),
    }
    assert "Castellan" not in room.model_dump_json() and room.lead is None


def test_after_the_consent_is_withdrawn_nobody_can_let_them_in(cast, meeting):
    seat = at_the_door(ana_by_link(meeting, cast), meeting)
    with acting(cast["leo"]):
        SupporterConsent.objects.get().withdraw(by=cast["leo"], at=world.NOW)
    with pytest.raises(admission.SomethingMissing):
        let_in(seat, cast)


def test_their_minutes_never_count_for_anybody(cast, meeting):
    ana = ana_by_link(meeting, cast)
    seat = let_in(at_the_door(ana, meeting), cast)
    with acting(ana):
        admission.beat(Seat.objects.select_related("person", "session").get(pk=seat.pk), at=world.NOW, receiving=True)
    with acting(cast["okafor"]):
        assert not Evidence.objects.filter(session=meeting).exists()
    with acting(ana), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        for patient in (ana, cast["leo"]):
            Evidence.objects.create(
                clinic_id=ana.clinic_id,
                session_id=meeting.pk,
                patient_id=patient.pk,
                at=world.NOW,
                kind="in",
                source="room",
                place="virtual",
            )


@pytest.mark.parametrize("kind", ["group", "skills", "education", "individual"])
def test_a_supporter_has_no_door_in_a_session_of_another_kind(cast, clock, kind):
    session = family_meeting(cast, blocks=[{"kind": kind, "title": "", "minutes": 50}])
    ana = ana_by_link(session, cast)
    with pytest.raises(Http404), acting(ana):
        admission.ask(session, ana, at=world.NOW)


def test_where_another_patient_is_expected_nobody_is_invited_or_let_in(cast, clock, client_for):
    session = family_meeting(cast, patient="theo", places=2, begins_at=world.NOW + timedelta(hours=5))
    ana = used(link_to(session, ana_of(cast, patient="theo"), cast))
    clock.move_to(session.begins_at)
    seat = at_the_door(ana, session)
    with acting(cast["okafor"]):
        session.put_on_roster(cast["sam"], Enrolment.objects.get(patient=cast["sam"]), modality="virtual")

    assert client_for(cast["okafor"]).get(f"/sessions/{session.pk}/supporters").status_code == 404
    with pytest.raises(admission.SomethingMissing):
        let_in(seat, cast)


def test_a_supporter_has_no_door_in_another_meeting_of_the_same_patient(cast, meeting):
    ana = ana_by_link(meeting, cast)
    other = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    with pytest.raises(Http404), acting(ana):
        admission.ask(other, ana, at=world.NOW)


def test_when_the_facilitator_ends_the_meeting_the_link_is_over(cast, meeting):
    ana = ana_by_link(meeting, cast)
    let_in(at_the_door(ana, meeting), cast)
    with acting(cast["okafor"]):
        admission.end(meeting, by=cast["okafor"], at=world.NOW)
    with pytest.raises(Http404), acting(ana):
        admission.check_still_comes(meeting, ana)

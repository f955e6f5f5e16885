"""A patient's supporter in one meeting: how they come in, what they may not see, and when it ends."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.http import Http404
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.people.support import LinkStands, NoConsent, SupporterConsent, SupporterLink
from openiop.programs.models import Enrolment
from openiop.room import admission, state
from openiop.room.leading import door, floor
from openiop.room.models import LiveRoom, Seat, SeatState
from openiop.schedule.models import CareSession, Evidence
from tests.room.family import COOKIE, ana_by_link, ana_of, family_meeting, link_to, used
from tests.room.test_admission import AT_HOME
from tests.room.test_consumers import Tab, media, tabs  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def meeting(cast, clock):
    return family_meeting(cast)


def rows(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def at_the_door(ana, session):
    with acting(ana):
        return admission.ask(session, ana, at=timezone.now())


def let_in(seat, cast):
    with acting(cast["okafor"]):
        admission.ask(seat.session, cast["okafor"], at=timezone.now())
        return admission.admit(seat, by=cast["okafor"], at=timezone.now())


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


# --- the lower lock ---


def what_is_seen(ana):
    """How many rows of each table the supporter's own queries reach, of those that show any."""
    with acting(ana):
        tables = [
            name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND rowsecurity")
        ]
        counts = {}
        for table in tables:
            try:
                with transaction.atomic():
                    counts[table] = rows(f'SELECT count(*) FROM "{table}"')[0][0]
            except DatabaseError:
                counts[table] = 0
    return {table: count for table, count in counts.items() if count}


def test_in_the_room_raw_queries_reach_this_meeting_and_their_own_seat_alone(cast, meeting):
    other = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    ana = ana_by_link(meeting, cast)
    let_in(at_the_door(ana, meeting), cast)

    assert what_is_seen(ana) == {
        "people_clinic": 1,
        "people_person": 1,
        "room_liveroom": 1,
        "room_seat": 1,
        "schedule_block": 1,
        "schedule_caresession": 1,
    }
    with acting(ana):
        assert rows("SELECT id FROM schedule_caresession") == [(meeting.pk,)] != [(other.pk,)]
        assert rows("SELECT called FROM people_person") == [("Ana",)]


def test_after_the_end_raw_queries_reach_their_own_name_and_seat_alone(cast, meeting):
    ana = ana_by_link(meeting, cast)
    seat = let_in(at_the_door(ana, meeting), cast)
    with acting(ana):
        assert len(rows("SELECT called FROM room_seats(%s)", meeting.pk)) == 2
    with acting(cast["leo"]):
        SupporterConsent.objects.get().withdraw(by=cast["leo"], at=world.NOW)

    assert what_is_seen(ana) == {"people_clinic": 1, "people_person": 1, "room_seat": 1}
    with acting(ana):
        assert rows("SELECT id FROM room_seat") == [(seat.pk,)]
        assert rows("SELECT called FROM room_seats(%s)", meeting.pk) == []
        assert rows("SELECT called FROM room_on_site(%s)", meeting.pk) == []
        assert rows("SELECT name FROM my_breakout(%s)", meeting.pk) == []
        assert rows("SELECT question FROM my_poll(%s)", meeting.pk) == []


def test_a_link_to_a_later_meeting_does_not_show_the_earlier_room_again(cast, meeting):
    ana = ana_by_link(meeting, cast)
    let_in(at_the_door(ana, meeting), cast)
    later = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    with acting(cast["okafor"]):
        consent = SupporterConsent.objects.get()
    again = used(link_to(later, consent, cast), cookie="the next one")
    assert again.pk == ana.pk
    with acting(again):
        assert rows("SELECT id FROM schedule_caresession") == [(later.pk,)]
        assert rows("SELECT called FROM room_seats(%s)", meeting.pk) == []
        assert not Seat.objects.exists()


def test_at_the_door_a_supporter_reads_that_it_is_locked_and_what_is_said_to_them(cast, meeting):
    seat = at_the_door(ana_by_link(meeting, cast), meeting)
    with acting(cast["okafor"]):
        admission.ask(meeting, cast["okafor"], at=world.NOW)
        door.lock(meeting, by=cast["okafor"], at=world.NOW)
        door.say(meeting, seat_id=seat.pk, preset="talk", text="", by=cast["okafor"], at=world.NOW)
        door.say(meeting, seat_id=None, preset="soon", text="", by=cast["okafor"], at=world.NOW)
    with acting(seat.person):
        told = state.room_for(seat, at=world.NOW).door

    assert told.locked and [said.preset for said in told.said] == ["talk", "soon"]


def test_a_supporter_is_asked_to_speak_and_the_question_goes_when_they_would_rather_not(cast, meeting):
    ana = ana_by_link(meeting, cast)
    seat = let_in(at_the_door(ana, meeting), cast)
    with acting(cast["okafor"]):
        floor.ask_to_speak(seat, by=cast["okafor"], at=world.NOW)
    with acting(ana):
        assert floor.asked(seat, at=world.NOW)
        floor.answered(seat)
        assert floor.asked(seat, at=world.NOW) is None


def test_a_supporter_reads_no_lock_and_no_words_of_another_meeting(cast, meeting):
    other = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    ana = ana_by_link(meeting, cast)
    at_the_door(ana, meeting)
    with acting(cast["okafor"]):
        for session in (meeting, other):
            admission.ask(session, cast["okafor"], at=world.NOW)
            door.lock(session, by=cast["okafor"], at=world.NOW)
            door.say(session, seat_id=None, preset="soon", text="", by=cast["okafor"], at=world.NOW)
    with acting(ana):
        for table in ("room_doorlock", "room_doormessage"):
            assert rows(f"SELECT session_id FROM {table}") == [(meeting.pk,)]
            assert rows(f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone") == [(0,)]


def test_a_supporter_changes_nothing_of_the_room_in_the_database(cast, meeting):
    ana = ana_by_link(meeting, cast)
    let_in(at_the_door(ana, meeting), cast)
    with acting(ana):
        assert LiveRoom.objects.update(ended_at=world.NOW) == 0
        assert CareSession.objects.update(name="x") == 0
        assert rows("WITH gone AS (DELETE FROM room_seat RETURNING 1) SELECT count(*) FROM gone") == [(0,)]


def test_every_table_that_the_web_reads_is_closed_to_supporters_by_name(cast):
    open_tables = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
        "AND c.relrowsecurity AND has_table_privilege('openiop_web', c.oid, 'SELECT') AND NOT EXISTS (SELECT 1 FROM "
        "pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'guests' AND NOT p.polpermissive)"
    )
    assert open_tables == []


# --- the socket ---


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_taking_the_consent_back_closes_the_open_room_at_once(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(family_meeting)(people)
    ana = await database_sync_to_async(ana_by_link)(session, people)
    led = await Tab(people["okafor"], session.pk).open()
    tab = await Tab(ana, session.pk, uuid4()).open()
    async with tabs(led):
        knocked = await led.room(lambda room: room["waiting"])
        await led.say(type="admit", seat=knocked["waiting"][0]["seat"])
        await tab.room(lambda room: room["me"]["state"] == "admitted")

        def take_back():
            with acting(people["leo"]):
                SupporterConsent.objects.get().withdraw(by=people["leo"], at=world.NOW)

        await database_sync_to_async(take_back)()

        assert (await tab.until(lambda message: message["type"] == "bye"))["reason"] == "refused"
        await tab.close()
        await led.room(lambda room: not any(seat["here"] for seat in room["seats"] if seat["role"] == "supporter"))


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_at_the_end_of_the_link_the_next_sign_of_life_closes_the_room(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(family_meeting)(people)
    ana = await database_sync_to_async(ana_by_link)(session, people)
    tab = await Tab(ana, session.pk, uuid4()).open()
    async with tabs(tab):
        await tab.room()
        clock.move_to(session.ends_at + admission.CLOSES_AFTER)
        await tab.say(type="beat")

        assert (await tab.until(lambda message: message["type"] == "bye"))["reason"] == "refused"


@pytest.mark.parametrize(
    "command",
    [
        {"type": "admit", "seat": "all"},
        {"type": "end"},
        {"type": "signal", "id": str(uuid4()), "kind": "word"},
        {"type": "encryption", "word": "transport"},
    ],
    ids=lambda command: command["type"],
)
@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_a_supporter_gives_no_facilitators_command_and_the_room_goes_on(committed, clock, media, command):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(family_meeting)(people)
    ana = await database_sync_to_async(ana_by_link)(session, people)
    tab = await Tab(ana, session.pk, uuid4()).open()
    async with tabs(tab):
        await tab.room()
        await tab.say(**command)

        assert (await tab.until(lambda message: message["type"] == "error"))["code"] == "not_allowed"
        await tab.say(type="beat")
        await tab.until(lambda message: message["type"] == "beat")


# --- the pages ---


def browser_with(cookie=None):
    client = Client(headers={"host": "localhost"})
    if cookie:
        client.cookies["openiop_supporter"] = cookie
    return client


def test_the_link_is_used_by_a_press_and_not_by_looking_at_it(cast, meeting, settings):
    settings.JANUS_WS = ["ws://127.0.0.1:1"]
    token = link_to(meeting, ana_of(cast), cast)
    scanner, ana = browser_with(), browser_with()
    assert scanner.get(f"/visit/{token}").status_code == 200

    came = ana.post(f"/visit/{token}")

    assert (came.status_code, came.headers["Location"]) == (302, f"/sessions/{meeting.pk}/room")
    cookie = came.cookies["openiop_supporter"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict"
    # A meeting that is moved takes the link along, and the browser must still hold the cookie then.
    assert parsedate_to_datetime(cookie["expires"]) > meeting.ends_at + timedelta(days=28)
    page = ana.get(came.headers["Location"])
    assert page.status_code == 200 and '"boardUrl": ""' in page.content.decode()
    assert ana.get(f"/visit/{token}").headers["Location"] == "/visit"
    assert "Ana" in ana.get("/visit").content.decode()


def test_a_supporter_reads_their_own_language_and_may_choose_another(cast, meeting):
    used(link_to(meeting, ana_of(cast), cast))
    ana = browser_with(COOKIE)
    assert "Ir a la reunión" in ana.get("/visit").content.decode()

    ana.post(reverse("set_language"), {"language": "en", "next": "/visit"})

    assert "Go to the meeting" in ana.get("/visit").content.decode()


def test_a_link_that_opens_nothing_says_the_same_whatever_the_reason(cast, meeting):
    consent = ana_of(cast)
    used_up = link_to(meeting, consent, cast)
    used(used_up)
    other = ana_of(cast)
    revoked = link_to(meeting, other, cast)
    with acting(cast["okafor"]):
        SupporterLink.objects.get(consent=other).revoke(by=cast["okafor"], at=world.NOW)
    pages = [browser_with().get(f"/visit/{token}") for token in (used_up, revoked, "forged")]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content.split(b"<main")[1].split(b"</main>")[0] for page in pages}) == 1
    assert b"ask whoever invited you" in pages[0].content
    assert not any(word in pages[0].content for word in (b"Leo", b"Ana", b"Harbor", b"Family"))


def test_once_the_link_is_over_every_address_leads_to_the_page_that_says_what_to_do(cast, meeting):
    consent = ana_of(cast)
    used(link_to(meeting, consent, cast))
    ana = browser_with(COOKIE)
    with acting(cast["leo"]):
        consent.withdraw(by=cast["leo"], at=world.NOW)

    assert ana.get(f"/sessions/{meeting.pk}/room").headers["Location"] == "/visit"
    assert ana.get("/visit").status_code == 404
    # Said once; then whoever shares the device finds the sign-in again.
    assert ana.get("/").headers["Location"].startswith("/account/login")


def test_another_meeting_and_every_record_are_closed_to_a_supporter(cast, meeting):
    other = family_meeting(cast, begins_at=meeting.ends_at + timedelta(minutes=5))
    used(link_to(meeting, ana_of(cast), cast))
    ana = browser_with(COOKIE)

    assert ana.get(f"/sessions/{other.pk}/room").headers["Location"] == "/visit"
    for path in ("/", "/me", f"/patients/{cast['leo'].pk}", f"/sessions/{meeting.pk}", "/desk"):
        assert ana.get(path).status_code in (302, 404), path
        assert ana.get(path, follow=True).status_code == 404, path


def test_staff_make_a_link_that_is_shown_once_and_revoke_it(cast, meeting, client_for):
    consent = ana_of(cast)
    okafor = client_for(cast["okafor"])
    page = f"/sessions/{meeting.pk}/supporters"
    assert "Ana Castellan" in okafor.get(page).content.decode()

    shown = okafor.post(f"{page}/{consent.pk}/link").content.decode()

    token = shown.split("/visit/")[1].split("<")[0]
    assert token not in okafor.get(page).content.decode()
    assert browser_with().get(f"/visit/{token}").status_code == 200
    assert "Revoke it first" in okafor.post(f"{page}/{consent.pk}/link", follow=True).content.decode()
    assert browser_with().get(f"/visit/{token}").status_code == 200
    okafor.post(f"{page}/{consent.pk}/revocation")
    assert browser_with().get(f"/visit/{token}").status_code == 404


def test_staff_who_do_not_lead_the_meeting_invite_nobody(cast, meeting, client_for):
    consent = ana_of(cast)
    for who, status in (("bea", 403), ("hal", 403), ("leo", 404)):
        browser = client_for(cast[who])
        assert browser.get(f"/sessions/{meeting.pk}/supporters").status_code == status
        assert browser.post(f"/sessions/{meeting.pk}/supporters/{consent.pk}/link").status_code == status
    with acting(cast["okafor"]):
        assert not SupporterLink.objects.exists()


def test_to_a_group_nobody_is_invited(cast, clock, client_for):
    session = family_meeting(cast, blocks=[{"kind": "group", "title": "", "minutes": 50}])

    assert client_for(cast["okafor"]).get(f"/sessions/{session.pk}/supporters").status_code == 404


def test_staff_name_a_supporter_and_the_patient_agrees_and_takes_it_back(cast, clock, client_for):
    staff, leo = client_for(cast["okafor"]), client_for(cast["leo"])
    said = {
        "given_name": "Ana",
        "family_name": "Castellan",
        "relation": "mother",
        "language": "es",
        "may_know": ["meetings", "attendance"],
    }
    assert staff.post(f"/patients/{cast['leo'].pk}/supporters", {**said, "may_know": []}).status_code == 422
    assert staff.post(f"/patients/{cast['leo'].pk}/supporters", said).status_code == 302
    assert "Ana Castellan" in leo.get("/me/supporters").content.decode()
    with acting(cast["leo"]):
        consent = SupporterConsent.objects.get()

    leo.post(f"/me/supporters/{consent.pk}/agreement")
    with acting(cast["leo"]):
        assert SupporterConsent.objects.given(world.NOW + timedelta(seconds=1)).exists()
    assert client_for(cast["maya"]).post(f"/me/supporters/{consent.pk}/withdrawal").status_code == 404
    leo.post(f"/me/supporters/{consent.pk}/withdrawal")
    with acting(cast["leo"]):
        assert not SupporterConsent.objects.standing().exists()

"""Two partners in one meeting: only after each was asked alone, and neither learns why it is not open."""

from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import override_settings

from openiop.demo import world
from openiop.measures.phrases.listening import listen
from openiop.people.access import acting
from openiop.people.models import Clinic, Person
from openiop.programs.models import Enrolment
from openiop.room import admission, breakouts, joint
from openiop.room.models import LiveRoom, Seat
from openiop.safety import ladder
from openiop.safety.models import HARMED, Flag, raise_flag
from openiop.safety.models.joint import JointScreen, states_of
from openiop.schedule import presence
from openiop.schedule.models import BlockMinutes, CareSession, OneDevice
from tests.room.test_admission import AT_HOME
from tests.room.test_consumers import Tab, media, tabs  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOT_OPEN = "This meeting is not open yet. The team will be in touch."
FOUND = "Neither fear nor control. Both want to come."


def couple_meeting(cast, *, begins_at=world.NOW + timedelta(days=7), begins_in=None):
    """Ines and Jonah, a couple, with Dr. Okafor; a week from tonight, when nobody has anything else."""
    with acting(cast["okafor"]):
        enrolments = {key: Enrolment.objects.get(patient=cast[key]) for key in ("ines", "jonah")}
        session = CareSession.plan(
            track=enrolments["ines"].track,
            name="Meeting",
            begins_at=begins_at + timedelta(hours=5),
            blocks=[{"kind": "couple", "title": "", "minutes": 50}],
            modality="virtual",
            room=None,
            capacity=2,
            staff=[cast["okafor"]],
            zone="America/New_York",
        )
        for key, enrolment in enrolments.items():
            session.put_on_roster(cast[key], enrolment, modality="virtual")
    return session


def ask_alone(cast, key, *, at, suitable=True, safe="yes"):
    with acting(cast["okafor"]):
        return JointScreen.record(
            cast[key], safe_at_home=safe, suitable=suitable, reasons=FOUND, by=cast["okafor"], at=at
        )


def not_safe(cast, key, *, at):
    """As at the door: I do not feel safe."""
    with acting(cast[key]):
        raise_flag(
            cast[key],
            key=f"door {at}",
            evidence=ladder.Evidence("safe_now", "no"),
            label="Said",
            value="not safe",
            at=at,
        )


@pytest.fixture
def meeting(cast, clock):
    session = couple_meeting(cast)
    clock.move_to(session.begins_at - timedelta(minutes=10))
    return session


@pytest.fixture
def now(meeting):
    return meeting.begins_at - timedelta(minutes=10)


def both_asked(cast, *, at):
    for key in ("ines", "jonah"):
        ask_alone(cast, key, at=at)


def at_the_door(cast, key, session, now):
    with acting(cast[key]):
        return admission.tell_place(session, cast[key], answers={**AT_HOME, "headphones": True}, at=now)[0]


def page_of(browser, session, path="door"):
    page = browser.get(f"/sessions/{session.pk}/{path}")
    return page.status_code, page.content.decode().split("<main")[1].split("</main>")[0]


def opens(cast, session, now):
    with acting(cast["okafor"]):
        return joint.may_open(session, at=now)


def title_of(browser, session):
    return browser.get(f"/sessions/{session.pk}/door").content.decode().split("<title>")[1].split("</title>")[0]


# --- when it may open ---


def test_it_opens_once_each_partner_was_asked_alone_and_found_safe(cast, meeting, now):
    assert not opens(cast, meeting, now)
    ask_alone(cast, "ines", at=now)
    assert not opens(cast, meeting, now)
    ask_alone(cast, "jonah", at=now)

    assert opens(cast, meeting, now)


def test_the_newest_answer_counts(cast, meeting, now):
    both_asked(cast, at=now - timedelta(days=2))
    ask_alone(cast, "jonah", at=now - timedelta(days=1), suitable=False, safe="not_sure")
    assert not opens(cast, meeting, now)
    ask_alone(cast, "jonah", at=now)

    assert opens(cast, meeting, now)


def test_it_is_asked_again_after_the_days_that_the_clinic_sets(cast, meeting, now):
    both_asked(cast, at=now - timedelta(days=10))
    assert opens(cast, meeting, now)
    with acting(cast["okafor"]):
        Clinic.objects.update(joint_screen_days=10)

    assert not opens(cast, meeting, now)


def test_who_says_that_they_are_not_safe_closes_it_until_asked_alone_again(cast, meeting, now):
    both_asked(cast, at=now - timedelta(days=1))
    not_safe(cast, "ines", at=now - timedelta(minutes=5))
    assert not opens(cast, meeting, now)
    with acting(cast["okafor"]):
        assert states_of([cast["ines"].pk, cast["jonah"].pk], at=now) == {
            cast["ines"].pk: "harm",
            cast["jonah"].pk: "suitable",
        }
    ask_alone(cast, "ines", at=now)

    assert opens(cast, meeting, now)


def test_who_says_privately_that_somebody_harms_them_closes_it_too(cast, meeting, now):
    both_asked(cast, at=now - timedelta(days=1))
    with acting(cast["jonah"]):
        raise_flag(
            cast["jonah"],
            key="private",
            evidence=ladder.Evidence("harmed_at_home", "rather_not_say"),
            label="x",
            value="y",
            at=now - timedelta(hours=1),
        )

    assert not opens(cast, meeting, now)


def test_who_writes_that_somebody_harms_them_closes_it_too(cast, meeting, now):
    both_asked(cast, at=now - timedelta(days=1))
    with acting(cast["ines"]):
        (flag,) = listen(cast["ines"], "my husband hit me again", key="a note", label="Note", at=now)
    assert flag.kind == HARMED

    assert not opens(cast, meeting, now)


def test_a_line_lost_on_a_private_case_is_no_new_word_about_home(cast, meeting, now):
    both_asked(cast, at=now - timedelta(days=1))
    with acting(cast["okafor"]):
        raise_flag(
            cast["ines"],
            key="line",
            evidence=ladder.Evidence("line_lost", "with_open_case"),
            label="x",
            value="y",
            kind=HARMED,
            at=now,
        )

    assert opens(cast, meeting, now)


def test_the_database_knows_every_reason_that_closes_it(cast):
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'joint_screen_state'")
        (said,) = cursor.fetchone()

    assert ladder.HARM and all(f"'{reason}'" in said for reason in ladder.HARM)


def test_another_worry_of_the_staff_closes_nothing(cast, meeting, now):
    both_asked(cast, at=now - timedelta(days=1))
    with acting(cast["okafor"]):
        raise_flag(
            cast["ines"], key="c", evidence=ladder.Evidence("staff_concern", 2), label="x", value="tired", at=now
        )
        assert Flag.objects.get(key="c").reason == "staff_concern"

    assert opens(cast, meeting, now)


def test_other_sessions_ask_for_nothing(cast, clock):
    with acting(cast["bea"]):
        session = CareSession.objects.visible_to(cast["bea"]).between(world.NOW, world.NOW + timedelta(hours=1)).get()
        assert joint.may_open(session, at=world.NOW)


# --- the database ---


@pytest.mark.parametrize("place", ["group", "contact"])
def test_the_database_opens_no_room_for_a_couple_before_each_was_asked(cast, meeting, now, place):
    ask_alone(cast, "ines", at=now)
    refused = pytest.raises(IntegrityError, match="asked alone first")
    with acting(cast["okafor"]), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO room_liveroom (id, clinic_id, session_id, place, media_room, media_secret, media_pin, "
            "instance, opened_at) VALUES (gen_random_uuid(), %s, %s, %s, 'a', 'b', 'c', '', %s)",
            [meeting.clinic_id, meeting.pk, place, now],
        )


def test_the_database_lets_no_partner_in_before_each_was_asked(cast, meeting, now):
    seat = {"clinic_id": meeting.clinic_id, "session": meeting, "person": cast["ines"], "asked_at": now}
    with acting(cast["okafor"]):
        with pytest.raises(IntegrityError, match="asked alone first"), transaction.atomic():
            Seat.objects.create(**seat, state="admitted", admitted_at=now)
        Seat.objects.create(**seat)
        with pytest.raises(IntegrityError, match="asked alone first"), transaction.atomic():
            Seat.objects.filter(session=meeting).update(state="admitted", admitted_at=now)


@pytest.mark.parametrize("safe, suitable, reasons", [("no", True, FOUND), ("not_sure", True, FOUND), ("yes", True, "")])
def test_the_database_refuses_a_finding_that_contradicts_itself(cast, now, safe, suitable, reasons):
    with acting(cast["okafor"]), pytest.raises(IntegrityError), transaction.atomic():
        JointScreen.record(
            cast["ines"], safe_at_home=safe, suitable=suitable, reasons=reasons, by=cast["okafor"], at=now
        )


@pytest.mark.parametrize("who", ["ines", "jonah", "hal", "rosa", "lin"])
def test_what_was_said_alone_is_for_clinicians_even_for_a_query_that_forgot(cast, meeting, now, who):
    ask_alone(cast, "ines", at=now)
    with acting(cast[who]):
        assert not JointScreen.objects.exists()
        assert states_of([cast["ines"].pk, cast["jonah"].pk], at=now) == {}
    with acting(cast["marcus"]):
        assert JointScreen.objects.get().reasons == FOUND


@pytest.mark.parametrize("who", ["ines", "hal"])
def test_nobody_but_a_clinician_records_it(cast, meeting, now, who):
    with acting(cast[who]), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        JointScreen.record(cast["ines"], safe_at_home="yes", suitable=True, reasons=FOUND, by=cast[who], at=now)


# --- the door ---


def test_the_partners_read_one_sentence_whatever_the_reason(cast, meeting, now, client_for, clock):
    pages, titles = [], set()
    jonah = client_for(cast["jonah"])

    def look():
        pages.extend(page_of(jonah, meeting, path) for path in ("door", "room", "door/place"))
        titles.add(title_of(jonah, meeting))

    look()  # nobody was asked
    ask_alone(cast, "ines", at=now, suitable=False, safe="no")
    look()  # she is not safe
    both_asked(cast, at=now)
    not_safe(cast, "ines", at=now)
    look()  # she said so at the door
    both_asked(cast, at=now)
    clock.move_to(meeting.begins_at - timedelta(hours=2))
    look()  # too early
    clock.move_to(now)
    with acting(cast["okafor"]):
        meeting.cancel(by=cast["okafor"], at=now)
        meeting.roster.update(stands=True)  # as seen by somebody whose page is older than the cancelling
    look()  # cancelled

    assert len(pages) == 15 and len(set(pages)) == 1 and len(titles) == 1
    assert NOT_OPEN in pages[0][1]
    assert not any(word in pages[0][1] for word in ("Ines", "asked", "alone", "safe", "cancel"))


def test_when_it_may_open_the_door_is_the_ordinary_one(cast, meeting, now, client_for):
    both_asked(cast, at=now)

    assert NOT_OPEN not in page_of(client_for(cast["jonah"]), meeting)[1]


def test_each_partner_can_always_say_that_they_are_not_safe(cast, meeting, now, client_for):
    ines = client_for(cast["ines"])

    assert ines.get(f"/sessions/{meeting.pk}/door/3").status_code == 200
    ines.post(f"/sessions/{meeting.pk}/door/3")
    with acting(cast["okafor"]):
        assert Flag.objects.get(patient=cast["ines"]).reason == "safe_now"


def test_staff_come_in_only_when_it_may_open_and_read_where_to_look(cast, meeting, now, client_for):
    okafor = client_for(cast["okafor"])
    assert "asked alone" in page_of(okafor, meeting, "room")[1]
    with acting(cast["okafor"]), pytest.raises(admission.NotNow):
        admission.ask(meeting, cast["okafor"], at=now)
    both_asked(cast, at=now)
    with acting(cast["okafor"]):
        admission.ask(meeting, cast["okafor"], at=now)
        assert LiveRoom.objects.filter(session=meeting, place="group").exists()


def test_who_waited_before_is_not_let_in_after_the_partner_said_something(cast, meeting, now):
    both_asked(cast, at=now - timedelta(hours=1))
    seat = at_the_door(cast, "jonah", meeting, now)
    not_safe(cast, "ines", at=now)
    with acting(cast["okafor"]), pytest.raises(admission.SomethingMissing) as missing:
        admission.admit(seat, by=cast["okafor"], at=now)
    assert missing.value.missing == ["alone"]


def test_an_open_meeting_goes_on_so_that_no_line_tells_the_partner(cast, meeting, now):
    both_asked(cast, at=now - timedelta(hours=1))
    seats = {key: at_the_door(cast, key, meeting, now) for key in ("ines", "jonah")}
    with acting(cast["okafor"]):
        admission.ask(meeting, cast["okafor"], at=now)
        for seat in seats.values():
            admission.admit(seat, by=cast["okafor"], at=now)
    not_safe(cast, "ines", at=now)
    for who in ("okafor", "jonah", "ines"):
        with acting(cast[who]):
            assert admission.ask(meeting, cast[who], at=now).state == "admitted"


@pytest.fixture
def spoken(cast, meeting, now):
    """The meeting is open with both partners in it, and Ines has said that she is not safe."""
    both_asked(cast, at=now - timedelta(hours=1))
    seats = {key: at_the_door(cast, key, meeting, now) for key in ("ines", "jonah")}
    with acting(cast["okafor"]):
        admission.ask(meeting, cast["okafor"], at=now)
        for seat in seats.values():
            admission.admit(seat, by=cast["okafor"], at=now)
    not_safe(cast, "ines", at=now)
    return seats


@pytest.mark.parametrize("who", ["ines", "jonah"])
def test_each_partner_says_how_they_leave_whatever_the_other_has_said(cast, meeting, now, spoken, who, client_for):
    with acting(cast[who]):
        admission.leave(spoken[who], by=cast[who], at=now)

    said = client_for(cast[who]).post(f"/sessions/{meeting.pk}/room/leaving", {"how": "not_safe", "key": str(uuid4())})

    assert (said.status_code, said.json()) == (200, {"kept": True})
    with acting(cast["okafor"]):
        assert Flag.objects.filter(patient=cast[who], key__startswith="signal").exists()


def test_an_open_meeting_opens_its_breakouts_whatever_was_said_and_lets_nobody_new_in(cast, meeting, now, spoken):
    with acting(cast["okafor"]):
        by = {"by": cast["okafor"], "at": now}
        breakouts.prepare(meeting, rooms=2, how="hand", minutes=None, late="wait", **by)
        breakouts.open_rooms(meeting, **by)
        assert LiveRoom.objects.filter(session=meeting, place__startswith="breakout:").count() == 2
        with pytest.raises(IntegrityError, match="asked alone first"), transaction.atomic():
            admission.open_room(meeting, "contact", at=now)


def test_staff_who_go_over_beside_the_group_then_are_told_what_to_do_instead(cast, meeting, now, spoken, client_for):
    response = client_for(cast["okafor"]).post(f"/sessions/{meeting.pk}/room/place", {"place": "contact"}, follow=True)

    assert "go to a private place with them" in response.content.decode()
    with acting(cast["okafor"]):
        assert Seat.objects.get(session=meeting, person=cast["okafor"]).place == "group"
        with pytest.raises(admission.Refused, match="joint_place"):
            admission.sit_with(meeting, by=cast["okafor"], place="contact", at=now)
        assert admission.sit_with(meeting, by=cast["okafor"], place="group", at=now).place == "group"


def test_who_is_driving_to_a_meeting_that_is_not_open_reads_the_one_sentence(cast, meeting, now, client_for):
    jonah = client_for(cast["jonah"])
    for way in (1, 2):
        page = jonah.post(f"/sessions/{meeting.pk}/door/{way}")
        assert page.status_code == 200 and NOT_OPEN in page.content.decode()


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
async def test_the_partners_socket_is_told_nothing_of_what_was_said(committed, clock, media):  # noqa: F811
    people = await database_sync_to_async(world.cast)()
    session = await database_sync_to_async(couple_meeting)(people)
    now = session.begins_at - timedelta(minutes=10)
    clock.move_to(now)
    await database_sync_to_async(both_asked)(people, at=now - timedelta(hours=1))
    await database_sync_to_async(at_the_door)(people, "jonah", session, now)
    jonah = await Tab(people["jonah"], session.pk).open()
    async with tabs(jonah):
        await jonah.room(lambda room: room["me"]["state"] == "waiting")
        heard = len(jonah.heard)
        await database_sync_to_async(not_safe)(people, "ines", at=now)
        await database_sync_to_async(ask_alone)(people, "ines", at=now, suitable=False, safe="no")
        # What Jonah himself asks is answered after whatever was on its way to him.
        await jonah.say(type="beat")
        await jonah.until(lambda message: message["type"] == "beat")

        assert [message["type"] for message in jonah.heard[heard:]] == ["beat"]


# --- the staff's pages ---


def test_a_clinician_records_it_on_its_page_and_nobody_else_opens_that(cast, meeting, now, client_for):
    page = f"/patients/{cast['ines'].pk}/joint-screen"
    said = {"alone": "on", "safe_at_home": "yes", "suitable": "yes", "reasons": FOUND}
    okafor = client_for(cast["okafor"])
    assert okafor.post(page, {**said, "alone": ""}).status_code == 422
    assert okafor.post(page, {**said, "safe_at_home": "no"}).status_code == 422
    assert okafor.post(page, said).status_code == 302
    assert FOUND in okafor.get(page).content.decode()
    for who, status in (("hal", 403), ("lin", 403), ("ines", 404), ("jonah", 404)):
        assert client_for(cast[who]).get(page).status_code == status
        assert client_for(cast[who]).post(page, said).status_code == status


def test_the_sessions_page_shows_clinicians_for_whom_it_is_due(cast, meeting, now, client_for):
    ask_alone(cast, "ines", at=now)
    page = client_for(cast["okafor"]).get(f"/sessions/{meeting.pk}/joint").content.decode()

    assert "not asked alone yet" in page and f"/patients/{cast['jonah'].pk}/joint-screen" in page
    assert client_for(cast["lin"]).get(f"/sessions/{meeting.pk}/joint").status_code == 403
    assert "/joint" not in client_for(cast["lin"]).get(f"/sessions/{meeting.pk}").content.decode()


def test_a_partner_sees_nothing_of_it_on_their_own_pages(cast, meeting, now, client_for):
    ask_alone(cast, "ines", at=now, suitable=False, safe="no")
    for who in ("ines", "jonah"):
        browser = client_for(cast[who])
        for path in ("/today", "/week", "/me"):
            page = browser.get(path, follow=True).content.decode()
            assert FOUND not in page and "joint" not in page and "asked alone" not in page
    assert isinstance(cast["ines"], Person)


# --- two at one device ---


def half_an_hour_at_home(cast, session):
    with acting(cast["ines"]):
        for n in range(61):
            presence.note(
                session,
                cast["ines"],
                kind="beat",
                source="room",
                connection="one",
                place="virtual",
                at=session.begins_at + timedelta(seconds=30 * n),
            )


def counted(cast, session):
    with acting(cast["okafor"]):
        presence.close(session, by=cast["okafor"], at=session.ends_at)
        rows = BlockMinutes.objects.filter(entry__session=session).select_related("patient")
        return {row.patient.called: row.seconds for row in rows}


def test_at_one_device_minutes_come_from_the_facilitators_word_alone(cast, meeting, clock):
    half_an_hour_at_home(cast, meeting)
    assert counted(cast, meeting)["Ines"] == 1800
    with acting(cast["okafor"]):
        OneDevice.say(meeting, shared=True, by=cast["okafor"], at=meeting.ends_at)
    assert counted(cast, meeting) == {"Ines": 0, "Jonah": 0}

    with acting(cast["okafor"]):
        for entry in meeting.roster.all():
            presence.correct(
                entry,
                meeting.blocks.get(),
                seconds=3000,
                reason="Both at Ines's laptop, from beginning to end.",
                by=cast["okafor"],
                at=meeting.ends_at,
            )

    assert counted(cast, meeting) == {"Ines": 3000, "Jonah": 3000}


def test_when_each_has_a_device_again_the_devices_count_as_before(cast, meeting, clock):
    half_an_hour_at_home(cast, meeting)
    with acting(cast["okafor"]):
        for shared in (True, True, False):
            OneDevice.say(meeting, shared=shared, by=cast["okafor"], at=meeting.ends_at)

    assert counted(cast, meeting)["Ines"] == 1800


def test_whoever_leads_says_so_and_nobody_else(cast, meeting, client_for):
    page = f"/sessions/{meeting.pk}/one-device"
    for who, status in (("marcus", 403), ("hal", 403), ("ines", 404)):
        assert client_for(cast[who]).post(page, {"shared": "yes"}).status_code == status
    with acting(cast["ines"]), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        OneDevice.say(meeting, shared=True, by=cast["okafor"], at=meeting.ends_at)
    assert client_for(cast["okafor"]).post(page, {"shared": "yes"}).status_code == 302
    with acting(cast["okafor"]):
        assert OneDevice.objects.filter(session=meeting).exists()

"""The delivery of keys: one order, each package bound to its seat, each welcome to its reader, and nothing kept."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Clinic
from openiop.room import admission, aside, breakouts, e2ee, encryption, key_news, protocol, state
from openiop.room.models import EncryptionChoice, KeyCommit, KeyPackage, KeyRoster, KeyWelcome, Neighbour, Seat
from openiop.schedule.models import CareSession
from tests.room.test_consumers import AT_HOME, Tab, media, people, tabs, tonight, wait_at_the_door  # noqa: F401

NOW = world.NOW


class Someone:
    """A person in the room with the delivery's verbs, as their socket would call them."""

    def __init__(self, person, session):
        self.person, self.session = person, session
        with acting(person):
            self.seat_id = admission.ask(session, person, at=NOW).pk
            self.connect()

    def connect(self):
        with acting(self.person):
            Seat.objects.filter(pk=self.seat_id).update(connection=uuid4(), online=True, seen_at=NOW)

    def seat(self):
        return Seat.objects.select_related("person", "session").get(pk=self.seat_id)

    def room(self):
        return state.room_for(self.seat(), at=NOW)

    def ask(self, **request):
        with acting(self.person):
            room = self.room()
            parsed = protocol.Keys.model_validate_json(
                protocol.Keys.model_construct(
                    type="keys",
                    id=1,
                    request={"room": room.room, **request} if request["kind"] != "roster" else request,
                ).model_dump_json(warnings=False)
            )
            return e2ee.handle(self.seat(), parsed.request, at=NOW)

    def publish(self, key="BAEC", **where):
        return UUID(self.ask(kind="package", key=key, package="AAEC", **where)["package"])

    def found(self, package, epoch=0, **where):
        members = [str(package)]
        return self.ask(kind="commit", epoch=epoch, found=True, commit=None, welcome=None, members=members, **where)

    def commit(self, epoch, *members, welcome="AAAA", **where):
        members = [str(m) for m in members]
        return self.ask(
            kind="commit", epoch=epoch, found=False, commit="AAAA", welcome=welcome, members=members, **where
        )

    def sign(self, version=1):
        entries = [{"seat": str(self.seat_id), "key": "BAEC"}]
        return self.ask(kind="roster", version=version, key="BAEC", entries=entries, signature="AAAA")

    def news(self, told=None):
        with acting(self.person):
            seat = self.seat()
            said, told = key_news.news(seat, told or {}, at=NOW, word=encryption.word_for(seat.session))
            return (said[0] if said else None), told

    def seen(self):
        """The room as this person is told of it."""
        with acting(self.person):
            return self.room()

    def news_of(self, live_room):
        """What this person is told of a room they hold the keys of, whichever they sit in."""
        with acting(self.person):
            seat = self.seat()
            said, _ = key_news.news(seat, {}, at=NOW, word=encryption.word_for(seat.session))
        return next((keys for keys in said if str(keys.room) == live_room), None)


@pytest.fixture
def cast(db, clock):
    return world.cast()


@pytest.fixture
def session(cast):
    found = tonight(cast["bea"])
    with acting(cast["bea"]):
        encryption.choose(found, "end_to_end", by=cast["bea"], at=NOW)
    return found


@pytest.fixture
def bea(cast, session):
    return Someone(cast["bea"], session)


def let_in(cast, session, name):
    seat = wait_at_the_door(cast[name], session)
    with acting(cast["bea"]):
        admission.admit(Seat.objects.get(pk=seat.pk), by=cast["bea"], at=NOW)
    return Someone(cast[name], session)


@pytest.fixture
def sam(cast, session, bea):
    return let_in(cast, session, "sam")


def refused(code):
    return pytest.raises(e2ee.KeysRefused, match=f"^{code}$")


def test_the_first_commit_of_an_epoch_is_the_only_one(bea, sam):
    b, s = bea.publish(), sam.publish()
    bea.found(b)
    bea.commit(1, b, s)

    with refused("past_epoch"):
        sam.commit(1, b, s)
    with refused("past_epoch"):
        bea.commit(3, b, s)
    sam.commit(2, b, s)

    with acting(bea.person):
        assert [row.epoch for row in KeyCommit.objects.order_by("epoch")] == [0, 1, 2]


def test_even_two_at_the_very_same_moment_are_one_in_the_database(bea, sam):
    b = bea.publish()
    bea.found(b)

    with acting(bea.person), pytest.raises(DatabaseError), transaction.atomic():
        row = KeyCommit.objects.get()
        row.pk = uuid4()
        row.save(force_insert=True)


def test_a_stale_package_is_refused_with_its_reason(bea, sam):
    b, old = bea.publish(), sam.publish()
    sam.connect()
    new = sam.publish()
    bea.found(b)

    with refused("stale_package"):
        bea.commit(1, b, old)
    bea.commit(1, b, new)


def test_nobody_outside_the_group_commits_and_nobody_inside_puts_out_who_is_there(bea, sam, cast, session):
    b, s = bea.publish(), sam.publish()
    bea.found(b)
    with refused("not_a_member"):
        sam.commit(1, b, s)
    bea.commit(1, b, s)

    with refused("still_here"):
        sam.commit(2, s)
    with refused("still_here"):
        sam.found(s, epoch=2)
    bea.found(b, epoch=2)  # whoever leads may begin anew: the way out of a broken group


def test_who_left_is_put_out_by_the_next_commit(bea, sam):
    b, s = bea.publish(), sam.publish()
    bea.found(b)
    bea.commit(1, b, s)
    with acting(sam.person):
        admission.leave(sam.seat(), by=sam.person, at=NOW)

    bea.commit(2, b, welcome=None)

    assert bea.news()[0].members == [b]


def test_who_waits_or_was_put_out_reads_nothing_and_is_refused(bea, sam, cast, session):
    package = bea.publish()
    sams = sam.publish()
    with acting(cast["bea"]):
        admission.remove(Seat.objects.get(pk=sam.seat_id), by=cast["bea"], at=NOW)

    assert sam.news()[0] is None
    for attempt in (lambda: sam.publish(), lambda: sam.commit(0, package, sams)):
        with refused("not_here"):
            attempt()
    with acting(sam.person):
        assert not KeyPackage.objects.exists() and not KeyCommit.objects.exists()


@pytest.fixture
def maya(cast, session, sam):
    return let_in(cast, session, "maya")


def in_breakouts(bea, **rooms):
    """Open Willow and Cedar with these people in them; whoever leads stays in the group."""
    with acting(bea.person):
        made = breakouts.prepare(bea.session, rooms=2, how="hand", minutes=None, late="ask", by=bea.person, at=NOW)
        by_name = {room.name: room.pk for room in made.rooms.all()}
        for name, someone in rooms.items():
            breakouts.place(bea.session, someone.seat_id, by_name[name], by=bea.person, at=NOW)
        breakouts.open_rooms(bea.session, by=bea.person, at=NOW)
    return by_name


def test_who_leads_is_in_every_breakouts_group_beforehand_and_goes_over_without_an_exchange(bea, sam, maya):
    rooms = in_breakouts(bea, Willow=sam, Cedar=maya)
    willow, cedar = sam.seen().room, maya.seen().room
    hers = {room: bea.publish(room=room) for room in (willow, cedar)}
    for someone, room in ((sam, willow), (maya, cedar)):
        theirs = someone.publish()
        bea.found(hers[room], room=room)
        bea.commit(1, hers[room], theirs, room=room)
        assert [package.seat for package in someone.news()[0].packages] == sorted([bea.seat_id, someone.seat_id])

    before = {room: bea.news_of(room).members for room in (willow, cedar)}
    with acting(bea.person):
        breakouts.hop(bea.session, rooms["Willow"], by=bea.person, at=NOW)

    assert bea.seen().room == willow
    assert {room: bea.news_of(room).members for room in (willow, cedar)} == before
    assert [bea.news_of(room).mine for room in (willow, cedar)] == [hers[willow], hers[cedar]]
    assert bea.news_of(willow).vouch and bea.news_of(cedar).vouch is None, "one roster, signed from where they sit"


def test_a_patient_holds_the_keys_of_their_own_room_and_reads_of_no_other(bea, sam, maya):
    group = bea.seen().room
    sams_in_the_group = sam.publish()
    hers = bea.publish()
    bea.found(hers)
    bea.commit(1, hers, sams_in_the_group)
    in_breakouts(bea, Willow=sam, Cedar=maya)
    cedar = maya.seen().room

    with acting(sam.person):
        assert [str(room) for room in key_news.rooms_of(sam.seat())] == [sam.room().room]
    assert sam.news_of(cedar) is None and sam.news_of(group) is None
    for attempt in (
        lambda: sam.publish(room=cedar),
        lambda: sam.publish(room=group),
        lambda: sam.found(sams_in_the_group, epoch=0, room=cedar),
        lambda: sam.commit(2, sams_in_the_group, room=group),
    ):
        with refused("not_here"):
            attempt()
    bea.commit(2, hers, welcome=None, room=group)
    assert bea.news_of(group).members == [hers], "who was moved away is put out of the group's keys"


def test_a_private_word_is_nobody_elses_whoever_else_leads(bea, sam, cast, session):
    with acting(cast["bea"]):
        aside.call(sam.seat(), by=cast["bea"], at=NOW)
        place = bea.seat().place

    private = bea.seen()
    assert private.lead.key_rooms[0] == UUID(private.room) and len(private.lead.key_rooms) == 2, "hers and the group's"
    row = Neighbour(role="facilitator", state="admitted", place="group", online=True, seen_at=NOW)
    row.companion = False
    assert key_news.holds(row, "breakout:0", at=NOW) and not key_news.holds(row, place, at=NOW)


def test_when_the_breakouts_end_their_keys_are_nobodys(bea, sam, maya):
    in_breakouts(bea, Willow=sam, Cedar=maya)
    willow = sam.seen().room
    assert bea.news_of(willow) is not None
    with acting(bea.person):
        breakouts.close(bea.session, seconds=0, by=bea.person, at=NOW)

    assert bea.news_of(willow) is None
    with refused("not_here"):
        bea.publish(room=willow)


def test_a_package_is_bound_to_the_sign_in_it_came_from(bea, sam):
    sam.publish()
    with acting(sam.person), pytest.raises(DatabaseError), transaction.atomic():
        KeyPackage.objects.create(
            clinic_id=sam.person.clinic_id,
            session=sam.session,
            live_room_id=sam.room().room,
            seat_id=bea.seat_id,
            connection=uuid4(),
            turn=1,
            role="facilitator",
            key="AAAA",
            package="AAAA",
            made_at=NOW,
        )


def test_a_welcome_reaches_the_connection_it_is_for_and_no_other_patient(bea, sam, cast, session):
    maya = let_in(cast, session, "maya")
    b, s, p = bea.publish(), sam.publish(), maya.publish()
    bea.found(b)
    bea.commit(1, b, s)
    bea.commit(2, b, s, p, welcome="BBBB")

    assert sam.news()[0].welcome.welcome == "AAAA"
    assert maya.news()[0].welcome.welcome == "BBBB"
    with acting(sam.person):
        assert [row.welcome for row in KeyWelcome.objects.all()] == ["AAAA"]
    sam.connect()
    assert sam.news()[0].welcome is None, "another tab is another connection"


def test_each_blob_is_told_once_and_from_where_one_came_in(bea, sam):
    b, s = bea.publish(), sam.publish()
    bea.found(b)
    bea.commit(1, b, s)
    bea.commit(2, b, s)

    first, told = sam.news()
    again, _ = sam.news(told)

    assert [commit.epoch for commit in first.commits] == [2], "what came before the welcome cannot be read anyway"
    assert (again.commits, again.welcome) == ([], None)


def test_a_welcome_is_told_to_a_tab_that_was_told_of_the_room_before(bea, sam):
    b, s = bea.publish(), sam.publish()
    bea.found(b)
    before, told = sam.news()
    bea.commit(1, b, s)

    after, told = sam.news(told)

    assert before.welcome is None and after.welcome.epoch == 1
    assert sam.news(told)[0].welcome is None


def test_a_patients_forged_roster_is_refused_and_a_facilitators_is_kept(bea, sam):
    bea.publish()
    with refused("not_allowed"):
        sam.sign()

    bea.sign()

    with refused("past_version"):
        bea.sign()
    assert sam.news()[0].roster.by == bea.seat_id and sam.news()[0].roster.role == "facilitator"


def test_only_those_who_lead_are_told_whom_the_sign_in_vouches_for(bea, sam):
    bea.publish("BAEC")
    sam.publish("BAED")

    assert {(entry.seat, entry.key) for entry in bea.news()[0].vouch} == {(bea.seat_id, "BAEC"), (sam.seat_id, "BAED")}
    assert sam.news()[0].vouch is None


def test_a_browser_that_cannot_is_told_to_those_who_lead_only(bea, sam):
    bea.publish()
    sam.ask(kind="cannot")

    assert bea.news()[0].cannot == [sam.seat_id]
    assert sam.news()[0].cannot == []


def test_a_facilitators_decision_is_a_row_an_audit_line_and_everybodys_word(bea, sam, cast):
    with acting(bea.person):
        encryption.choose(bea.session, "transport", by=bea.person, at=NOW + timedelta(seconds=1))
        assert EncryptionChoice.objects.order_by("-at").first().word == "transport"
    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="room.encryption", detail={"word": "transport"}).count() == 1

    with acting(sam.person):
        assert sam.room().encryption == "transport"
    assert sam.news()[0] is None


def test_a_patient_cannot_take_the_encryption_away(bea, sam):
    with acting(sam.person), pytest.raises(PermissionDenied):
        encryption.choose(sam.session, "transport", by=sam.person, at=NOW)
    with acting(sam.person), pytest.raises(DatabaseError), transaction.atomic():
        EncryptionChoice.objects.create(
            clinic_id=sam.person.clinic_id, session=sam.session, word="transport", by=sam.person, at=NOW
        )


def test_when_the_session_is_over_no_blob_is_left(bea, sam, cast, session):
    b, s = bea.publish(), sam.publish()
    bea.sign()
    bea.found(b)
    bea.commit(1, b, s)

    with acting(bea.person):
        assert e2ee.forget_old(at=session.ends_at) == 0
        assert e2ee.forget_old(at=session.ends_at + e2ee.KEPT_FOR + timedelta(seconds=1)) == 1
        tables = (KeyPackage, KeyCommit, KeyWelcome, KeyRoster)
        assert [table.objects.count() for table in tables] == [0, 0, 0, 0]


async def test_at_the_socket_a_patient_may_ask_for_keys_and_may_not_decide(people, media, clock):  # noqa: F811
    session = await database_sync_to_async(tonight)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    bea = await Tab(people["bea"], session.pk).open()
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(bea, sam):
        await bea.say(type="encryption", word="end_to_end")
        room = await bea.room(lambda room: room["encryption"] == "end_to_end" and room["waiting"])
        await bea.say(type="admit", seat=room["waiting"][0]["seat"])
        inside = await sam.room(lambda room: room["me"]["state"] == "admitted")

        await sam.say(type="encryption", word="transport")
        await sam.until(lambda message: message == {"type": "error", "code": "not_allowed"})
        roster = {"kind": "roster", "version": 1, "key": "BAEC", "entries": [], "signature": "AAAA"}
        roster["entries"] = [{"seat": inside["me"]["seat"], "key": "BAEC"}]
        await sam.say(type="keys", id=1, request=roster)
        reply = await sam.until(lambda message: message["type"] == "keys_reply")
        assert reply["error"] == "not_allowed"

        request = {"kind": "package", "room": inside["room"], "key": "BAEC", "package": "AAEC"}
        await sam.say(type="keys", id=2, request=request)
        told = await bea.until(lambda message: message["type"] == "keys" and message["packages"])
        assert [package["seat"] for package in told["packages"]] == [inside["me"]["seat"]]

        clock.move_to(NOW + timedelta(seconds=1))
        await bea.say(type="encryption", word="transport")
        await bea.room(lambda room: room["encryption"] == "transport")
        clock.move_to(NOW + timedelta(seconds=2))
        await bea.say(type="encryption", word="end_to_end")
        await bea.room(lambda room: room["encryption"] == "end_to_end")
        anew = await bea.until(lambda message: message["type"] == "keys")
        assert anew == told, "what a tab held of the keys went with the encryption: it is told the same again"

        await bea.say(type="end")
        await sam.room(lambda room: room["me"]["state"] == "ended")
        assert await database_sync_to_async(kept)(people["bea"]) == 0


def kept(person):
    with acting(person):
        return KeyPackage.objects.count()


def seal_all_rooms(cast):
    with acting(cast["okafor"]):
        Clinic.objects.update(end_to_end=True)


def test_the_word_is_the_clinics_until_a_facilitator_decides_for_this_session(cast, session):
    bea = cast["bea"]
    with acting(bea):
        other = CareSession.objects.exclude(pk=session.pk).first()
        assert (encryption.word_for(session), encryption.word_for(other)) == ("end_to_end", "transport")
    seal_all_rooms(cast)
    with acting(bea):
        assert encryption.word_for(other) == "end_to_end"
        encryption.choose(session, "transport", by=bea, at=NOW + timedelta(seconds=1))
        assert (encryption.word_for(session), encryption.word_for(other)) == ("transport", "end_to_end")


def test_a_room_that_began_sealed_stays_sealed_though_the_clinic_sets_it_otherwise_meanwhile(cast, db):
    seal_all_rooms(cast)
    session, bea = tonight(cast["bea"]), cast["bea"]
    with acting(bea):
        encryption.begin(session, by=bea, at=NOW)
    with acting(cast["okafor"]):
        Clinic.objects.update(end_to_end=False)

    with acting(bea):
        assert encryption.word_for(session) == "end_to_end"
        encryption.choose(session, "transport", by=bea, at=NOW + timedelta(seconds=1))
        assert encryption.word_for(session) == "transport"


def test_in_a_clinic_that_seals_from_the_start_nobody_chooses_and_who_cannot_is_told_to_those_who_lead(cast, db):
    seal_all_rooms(cast)
    session = tonight(cast["bea"])
    bea = Someone(cast["bea"], session)
    sam = let_in(cast, session, "sam")

    assert (bea.seen().encryption, sam.seen().encryption) == ("end_to_end", "end_to_end")
    bea.publish()
    sam.ask(kind="cannot")
    assert bea.news()[0].cannot == [sam.seat_id]
    with acting(bea.person):
        encryption.choose(session, "transport", by=bea.person, at=NOW)
    assert sam.seen().encryption == "transport"
    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="room.encryption", detail={"word": "transport"}).count() == 1

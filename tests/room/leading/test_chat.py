"""The chat: off until it is opened, never private between patients, and gone afterwards."""

from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import override_settings

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission, breakouts, state
from openiop.room.leading import chat, forgetting, telling
from openiop.room.leading.models import ChatLine
from openiop.room.models import Seat
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession
from tests.room.leading.test_floor import group, mine  # noqa: F401 (fixture)
from tests.room.test_admission import at_the_door, tonight
from tests.room.test_breakout_sockets import in_the_group
from tests.room.test_consumers import media, people, tabs  # noqa: F401 (fixtures)
from tests.room.test_signals import IN_MEMORY

SAID = "The breathing helped me."


def choose(cast, mode):
    with acting(cast["bea"]):
        chat.choose(tonight(cast["bea"]), mode, by=cast["bea"], at=world.NOW)


def write(cast, key, text=SAID, *, line=None, at=world.NOW):
    with acting(cast[key]):
        return chat.write(mine(cast[key]), key=line or uuid4(), text=text, by=cast[key], at=at)


def read(cast, key, *, at=world.NOW):
    """What somebody's browser is sent: (author, words), or None where there is no chat for them."""
    with acting(cast[key]):
        seat = mine(cast[key])
        told = telling.chat(seat, state.room_for(seat, at=at))
        return told and [(line.name, line.text) for line in told.lines]


@pytest.mark.django_db
def test_there_is_no_chat_until_somebody_who_leads_opens_it(cast, group):  # noqa: F811
    assert read(cast, "maya") is None
    with pytest.raises(Refused) as refusal:
        write(cast, "maya")
    assert refusal.value.code == "chat_closed"

    choose(cast, "everyone")
    write(cast, "maya")

    assert read(cast, "sam") == [("Maya", SAID)]


@pytest.mark.django_db
def test_to_those_who_lead_no_other_patient_reads_a_line(cast, group):  # noqa: F811
    choose(cast, "facilitators")
    write(cast, "maya")
    write(cast, "bea", "Thank you, Maya.")

    assert read(cast, "bea") == [("Maya", SAID), ("Bea", "Thank you, Maya.")]
    assert read(cast, "maya") == [("Maya", SAID), ("Bea", "Thank you, Maya.")]
    assert read(cast, "sam") == [("Bea", "Thank you, Maya.")]
    for key, sees in [("sam", 1), ("maya", 2), ("bea", 2), ("rosa", 0), ("hal", 0)]:
        with acting(cast[key]):
            assert (key, ChatLine.objects.count()) == (key, sees), "the database itself says so"


@pytest.mark.django_db
def test_opened_to_everybody_later_a_line_keeps_the_readers_it_was_written_to(cast, group):  # noqa: F811
    choose(cast, "facilitators")
    write(cast, "maya")
    choose(cast, "everyone")

    assert read(cast, "sam") == []


@pytest.mark.django_db
def test_turned_off_it_is_shown_to_nobody_and_refuses_the_next_line(cast, group):  # noqa: F811
    choose(cast, "everyone")
    write(cast, "maya")
    choose(cast, "off")

    assert (read(cast, "maya"), read(cast, "bea")) == (None, None)
    with pytest.raises(Refused):
        write(cast, "maya")


@pytest.mark.django_db
def test_a_line_sent_again_after_a_lost_line_is_one(cast, group):  # noqa: F811
    choose(cast, "everyone")
    key = uuid4()

    first, again = write(cast, "maya", line=key), write(cast, "maya", line=key)

    assert first.pk == again.pk and read(cast, "sam") == [("Maya", SAID)]


@pytest.mark.django_db
def test_nobody_floods_the_others(cast, group):  # noqa: F811
    choose(cast, "everyone")
    for _ in range(chat.LINES):
        write(cast, "maya")

    with pytest.raises(Refused) as refusal:
        write(cast, "maya")
    assert refusal.value.code == "chat_too_fast"
    write(cast, "sam")
    write(cast, "maya", at=world.NOW + chat.IN + timedelta(seconds=1))


@pytest.mark.django_db
def test_who_leads_takes_a_line_away_and_its_words_are_gone_at_once(cast, group):  # noqa: F811
    choose(cast, "everyone")
    line = write(cast, "maya")
    with acting(cast["sam"]), pytest.raises(PermissionDenied):
        chat.remove(line.session, line.pk, by=cast["sam"], at=world.NOW)
    with acting(cast["bea"]):
        chat.remove(line.session, line.pk, by=cast["bea"], at=world.NOW)

    assert read(cast, "sam") == [("Maya", "")]
    with acting(cast["bea"]):
        assert ChatLine.objects.get().removed_by == cast["bea"]
        other = CareSession.objects.filter(staff__staff=cast["bea"]).exclude(pk=line.session_id).first()
        with pytest.raises(Http404):
            chat.remove(other, line.pk, by=cast["bea"], at=world.NOW)


@pytest.mark.django_db
def test_a_paused_group_has_no_chat(cast, group):  # noqa: F811
    choose(cast, "everyone")
    later = world.NOW + timedelta(minutes=3)
    with acting(cast["bea"]):
        Seat.objects.filter(session=tonight(cast["bea"]), role="patient").update(seen_at=later)

    assert read(cast, "maya", at=later) is None
    with pytest.raises(Refused) as refusal:
        write(cast, "maya", at=later)
    assert refusal.value.code == "chat_paused"


@pytest.mark.django_db
def test_who_waits_reads_and_writes_nothing(cast, group):  # noqa: F811
    choose(cast, "everyone")
    write(cast, "maya")
    at_the_door(cast["theo"])

    assert read(cast, "theo") is None
    with pytest.raises(PermissionDenied):
        write(cast, "theo")
    with acting(cast["theo"]):
        assert ChatLine.objects.count() == 0


@pytest.mark.django_db
def test_nobody_writes_in_anothers_name(cast, group):  # noqa: F811
    choose(cast, "everyone")
    with acting(cast["maya"]), pytest.raises(PermissionDenied):
        chat.write(group["sam"], key=uuid4(), text=SAID, by=cast["maya"], at=world.NOW)
    with acting(cast["maya"]), pytest.raises(DatabaseError), transaction.atomic():
        ChatLine.objects.create(
            clinic_id=group["sam"].clinic_id,
            session=group["sam"].session,
            place="group",
            seat=group["sam"],
            key=uuid4(),
            name="Sam",
            role="patient",
            to="everyone",
            text="Not his words",
            at=world.NOW,
        )


@pytest.mark.django_db
def test_each_breakout_has_a_chat_of_its_own_and_those_who_lead_are_reached_from_it(cast, group):  # noqa: F811
    choose(cast, "everyone")
    write(cast, "sam", "In the group.")
    with acting(cast["bea"]):
        session = tonight(cast["bea"])
        breakouts.prepare(session, rooms=2, how="hand", minutes=None, late="smallest", by=cast["bea"], at=world.NOW)
        willow, cedar = session.breakouts.get().rooms.all()
        for key, room in (("maya", willow), ("sam", cedar), ("jonah", willow)):
            breakouts.place(session, group[key].pk, room.pk, by=cast["bea"], at=world.NOW)
        breakouts.open_rooms(session, by=cast["bea"], at=world.NOW)

    write(cast, "maya", "In Willow.")
    assert read(cast, "jonah") == [("Maya", "In Willow.")]
    assert read(cast, "sam") == [], "nothing of the other room, and the group's stays with the group"
    assert read(cast, "bea") == [("Sam", "In the group.")]

    choose(cast, "facilitators")
    write(cast, "maya", "Could you come?")
    with acting(cast["bea"]):
        seat = mine(cast["bea"])
        told = telling.chat(seat, state.room_for(seat, at=world.NOW)).lines
    assert [(line.text, line.room) for line in told] == [("In the group.", ""), ("Could you come?", willow.name)]


@pytest.mark.django_db
def test_nothing_is_kept_when_the_session_is_over(cast, group):  # noqa: F811
    choose(cast, "everyone")
    write(cast, "maya")
    with acting(cast["bea"]):
        session = tonight(cast["bea"])
        assert forgetting.forget_over(at=session.ends_at) == 0
        assert forgetting.forget_over(at=session.ends_at + admission.CLOSES_AFTER + timedelta(minutes=1)) == 1
        assert ChatLine.objects.count() == 0 and chat.mode_of(session) == "off"


@pytest.mark.django_db
def test_the_trail_knows_that_there_was_a_chat_and_never_a_word_of_it(cast, group, caplog):  # noqa: F811
    choose(cast, "everyone")
    write(cast, "maya")

    with acting(cast["vera"]):
        events = str(list(AuditEvent.objects.filter(verb__startswith="room.chat").values()))
    assert "room.chat-everyone" in events and "breathing" not in events + caplog.text


@pytest.mark.django_db
def test_only_who_leads_opens_the_chat(cast, group):  # noqa: F811
    for key in ("maya", "okafor"):
        with acting(cast[key]), pytest.raises(PermissionDenied):
            chat.choose(group["maya"].session, "everyone", by=cast[key], at=world.NOW)


# --- through the socket ---


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_a_line_to_those_who_lead_reaches_no_other_patients_socket(people, media, caplog):  # noqa: F811
    session, at = await in_the_group(people, "maya", "sam")
    bea, maya, sam = at["bea"], at["maya"], at["sam"]
    async with tabs(bea, maya, sam):
        await bea.say(type="chat_mode", mode="facilitators")
        for tab in (maya, sam):
            await tab.until(lambda m: m["type"] == "chat")
        key = str(uuid4())
        await maya.say(type="chat_write", id=key, text=SAID)
        told = await bea.until(lambda m: m["type"] == "chat" and m["lines"])
        assert (await maya.until(lambda m: m["type"] == "chat" and m["lines"]))["lines"][0]["key"] == key

        for message in (
            {"type": "chat_mode", "mode": "everyone"},
            {"type": "chat_remove", "line": told["lines"][0]["id"]},
        ):
            await sam.say(**message)
            assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        # What is everybody's does arrive, and nothing of Maya's line did before it.
        await bea.say(type="chat_write", id=str(uuid4()), text="To all.")
        heard = await sam.until(lambda m: m["type"] == "chat" and m["lines"])
        assert [line["text"] for line in heard["lines"]] == ["To all."]
        assert SAID not in str(sam.heard) and SAID not in caplog.text

        await bea.say(type="end")
        await bea.room(lambda room: room["session"]["phase"] == "ended")

    def left():
        with acting(people["bea"]):
            return ChatLine.objects.filter(session=session).count()

    assert await database_sync_to_async(left)() == 0

"""The private signal: seen by those who lead, answered to one person, and absent from everybody else's traffic."""

import asyncio
import json
import logging
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
from openiop.room import admission, signals, state
from openiop.room.models import Signal, SignalAnswer, SignalKind
from openiop.room.refused import Refused
from openiop.safety.models import Case, Flag
from openiop.schedule.models import CareSession
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_consumers import Tab, media, people, tabs, wait_at_the_door  # noqa: F401 (fixtures)
from tests.room.test_consumers import tonight as tonight_committed

IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def group(cast):
    """Bea leads; Sam and Maya are in the group."""
    come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        return {key: admission.admit(seat, by=cast["bea"], at=world.NOW) for key, seat in seats.items()}


def tapped(cast, seat, kind="word", *, key=None, by="sam", at=world.NOW):
    with acting(cast[by]):
        return signals.tap(seat, key=key or uuid4(), kind=kind, by=cast[by], at=at)


def room_of(person, *, at=world.NOW):
    with acting(person):
        return state.room_for(admission.ask(tonight(person), person, at=at), at=at)


@pytest.mark.django_db
def test_a_tap_is_seen_by_who_leads_and_by_nobody_else(cast, group):
    tapped(cast, group["sam"], "urges")

    assert [(seen.name, seen.kind) for seen in room_of(cast["bea"]).lead.signals] == [("Sam", "urges")]
    mayas = room_of(cast["maya"])
    assert (mayas.lead, mayas.my_signal) == (None, None)
    assert "urges" not in mayas.model_dump_json()


@pytest.mark.django_db
def test_the_same_tap_sent_again_after_a_lost_line_is_one_tap(cast, group):
    key = uuid4()

    first, again = tapped(cast, group["sam"], key=key), tapped(cast, group["sam"], key=key)

    assert first.pk == again.pk and len(room_of(cast["bea"]).lead.signals) == 1


@pytest.mark.django_db
def test_i_am_not_safe_here_raises_a_flag_in_the_same_moment_and_only_once(cast, group):
    key = uuid4()
    tapped(cast, group["sam"], SignalKind.NOT_SAFE, key=key)
    tapped(cast, group["sam"], SignalKind.NOT_SAFE, key=key)

    with acting(cast["bea"]):
        case = Case.objects.visible_to(cast["bea"]).open().get(patient=cast["sam"])
        assert (case.tier, case.flags.count()) == (4, 1)
        assert case.pages.count() >= 1


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind for kind in SignalKind if kind != SignalKind.NOT_SAFE])
def test_the_other_taps_raise_no_flag_by_themselves(cast, group, kind):
    tapped(cast, group["sam"], kind)

    with acting(cast["bea"]):
        assert not Flag.objects.filter(patient=cast["sam"], key__startswith="signal").exists()


@pytest.mark.django_db
def test_if_the_flag_cannot_be_raised_the_tap_is_not_confirmed(cast, group, monkeypatch):
    def fails(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(signals, "raise_flag", fails)
    with pytest.raises(DatabaseError), transaction.atomic():
        tapped(cast, group["sam"], SignalKind.NOT_SAFE)

    assert room_of(cast["sam"]).my_signal is None


@pytest.mark.django_db
def test_the_answer_is_seen_by_the_person_and_by_no_other_patient(cast, group):
    signal = tapped(cast, group["sam"])
    with acting(cast["bea"]):
        signals.answer(tonight(cast["bea"]), signal.pk, preset="soon", by=cast["bea"], at=world.NOW)

    mine = room_of(cast["sam"]).my_signal
    assert (mine.answer, mine.answered_by) == ("soon", "Bea")
    assert room_of(cast["maya"]).my_signal is None


@pytest.mark.django_db
def test_who_may_be_watched_is_answered_in_words_that_give_nothing_away(cast, group):
    not_safe, word = tapped(cast, group["sam"], SignalKind.NOT_SAFE), tapped(cast, group["sam"])
    with acting(cast["bea"]):
        session = tonight(cast["bea"])
        for signal, wrong in [(not_safe, "stay"), (word, "on_its_way")]:
            with pytest.raises(Refused) as refusal:
                signals.answer(session, signal.pk, preset=wrong, by=cast["bea"], at=world.NOW)
            assert refusal.value.code == "wrong_answer"
        signals.answer(session, not_safe.pk, preset="on_its_way", by=cast["bea"], at=world.NOW)


@pytest.mark.django_db
def test_an_unanswered_tap_never_ages_away_and_an_answered_one_does(cast, group):
    old, answered = tapped(cast, group["sam"]), tapped(cast, group["maya"], by="maya")
    with acting(cast["bea"]):
        signals.answer(tonight(cast["bea"]), answered.pk, preset="seen", by=cast["bea"], at=world.NOW)
        later = world.NOW + timedelta(minutes=40)
        kept = signals.on_the_rail(tonight(cast["bea"]), at=later)

    assert [signal.pk for signal, _ in kept] == [old.pk]


@pytest.mark.django_db
def test_nobody_taps_for_another_and_nobody_answers_who_does_not_lead(cast, group):
    signal = tapped(cast, group["sam"])
    with pytest.raises(PermissionDenied):
        tapped(cast, group["sam"], by="maya")
    with pytest.raises(PermissionDenied), acting(cast["maya"]):
        signals.answer(tonight(cast["maya"]), signal.pk, preset="seen", by=cast["maya"], at=world.NOW)
    with pytest.raises(PermissionDenied), acting(cast["okafor"]):
        signals.answer(signal.session, signal.pk, preset="seen", by=cast["okafor"], at=world.NOW)


@pytest.mark.django_db
def test_a_signal_of_another_session_does_not_exist_here(cast, group):
    signal = tapped(cast, group["sam"])
    with acting(cast["bea"]):
        other = CareSession.objects.filter(staff__staff=cast["bea"]).exclude(pk=signal.session_id).first()
        assert other, "needs another session that Bea leads"
        with pytest.raises(Http404):
            signals.answer(other, signal.pk, preset="seen", by=cast["bea"], at=world.NOW)


@pytest.mark.django_db
def test_the_database_itself_hides_taps_from_other_patients_and_from_the_front_desk(cast, group):
    tapped(cast, group["sam"])

    for who, sees in [("sam", 1), ("bea", 1), ("maya", 0), ("hal", 0), ("rosa", 0)]:
        with acting(cast[who]):
            assert (who, Signal.objects.count()) == (who, sees)


@pytest.mark.django_db
def test_what_was_tapped_is_never_changed_or_taken_back(cast, group):
    signal = tapped(cast, group["sam"])
    with acting(cast["bea"]):
        signals.answer(tonight(cast["bea"]), signal.pk, preset="seen", by=cast["bea"], at=world.NOW)

    for row in (Signal, SignalAnswer):
        with pytest.raises(DatabaseError), acting(cast["bea"]), transaction.atomic():
            row.objects.update(at=world.NOW + timedelta(days=1))
        with pytest.raises(DatabaseError), acting(cast["bea"]), transaction.atomic():
            row.objects.all().delete()


@pytest.mark.django_db
def test_the_trail_says_that_somebody_tapped_and_never_what(cast, group, caplog):
    caplog.set_level(logging.DEBUG)
    signal = tapped(cast, group["sam"], "urges")
    with acting(cast["bea"]):
        signals.answer(tonight(cast["bea"]), signal.pk, preset="soon", by=cast["bea"], at=world.NOW)

    with acting(cast["vera"]):
        events = list(AuditEvent.objects.filter(verb__startswith="room.signal").values())
    assert {event["verb"] for event in events} == {"room.signal", "room.signal-answer"}
    told = json.dumps(events, default=str)
    assert "urges" not in told and "soon" not in told
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("openiop")]
    assert not any("urges" in line for line in ours)


# --- through the socket, as others hear it ---


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_another_patients_socket_receives_no_message_at_all(people, media):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    for key in ("sam", "maya"):
        await database_sync_to_async(wait_at_the_door)(people[key], session)
    bea, sam, maya = [await Tab(people[key], session.pk).open() for key in ("bea", "sam", "maya")]
    async with tabs(bea, sam, maya):
        await bea.room(lambda room: len(room["waiting"]) == 2)
        await bea.say(type="admit", seat="all")
        for tab in (sam, maya):
            await tab.room(lambda room: room["me"]["state"] == "admitted" and len(room["seats"]) == 3)
        await quiet(maya)

        key = str(uuid4())
        await sam.say(type="signal", id=key, kind="not_safe")
        seen = await bea.room(lambda room: room["lead"]["signals"])
        kept = await sam.room(lambda room: room["my_signal"])
        assert kept["my_signal"]["id"] == key and kept["my_signal"]["answer"] is None
        await bea.say(type="answer_signal", signal=seen["lead"]["signals"][0]["signal"], preset="on_its_way")
        answered = await sam.room(lambda room: room["my_signal"]["answer"])
        assert answered["lead"] is None
        await bea.room(lambda room: room["lead"]["signals"][0]["answer"])

        assert await maya.socket.receive_nothing(timeout=1)
        # Proof that Maya's tab was listening all the while: what is everybody's does arrive.
        await sam.say(type="hand", raised=True)
        heard = await maya.room(lambda room: any(seat["hand_at"] for seat in room["seats"]))
        assert heard["my_signal"] is None and heard["lead"] is None
        assert "not_safe" not in json.dumps(maya.heard)


async def quiet(tab):
    """Wait until nothing more comes of what happened before."""
    while not await tab.socket.receive_nothing(timeout=0.5):
        await tab.socket.receive_from()


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_a_patient_cannot_answer_a_signal_and_the_room_goes_on(people, media):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    sam = await Tab(people["sam"], session.pk).open()
    async with tabs(sam):
        await sam.say(type="signal", id=str(uuid4()), kind="word")
        await sam.room(lambda room: room["my_signal"])
        await sam.say(type="answer_signal", signal=str(uuid4()), preset="seen")
        assert (await sam.until(lambda m: m["type"] == "error"))["code"] == "not_allowed"
        await sam.say(type="beat")
        await sam.until(lambda message: message["type"] == "beat")


@override_settings(CHANNEL_LAYERS=IN_MEMORY)
async def test_what_was_confirmed_is_there_for_whoever_comes_after_the_process_died(people, media):  # noqa: F811
    session = await database_sync_to_async(tonight_committed)(people["bea"])
    await database_sync_to_async(wait_at_the_door)(people["sam"], session)
    sam = await Tab(people["sam"], session.pk).open()
    await sam.say(type="signal", id=str(uuid4()), kind="urges")
    await sam.room(lambda room: room["my_signal"])
    # No goodbye, no tidying up: whatever held the sockets is gone, and what is committed is all there is.
    sam.socket.future.cancel()
    await asyncio.sleep(0)

    bea = await Tab(people["bea"], session.pk).open()
    async with tabs(bea):
        assert [s["kind"] for s in (await bea.room())["lead"]["signals"]] == ["urges"]

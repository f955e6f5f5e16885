"""There is no way to record a group, to unmute somebody else, or to write to one patient: not hidden, but absent."""

import re
from pathlib import Path
from typing import get_args

import pytest

from openiop.room import protocol
from openiop.room.media import rooms
from openiop.room.media.rooms import MediaRoom

ROOT = Path(__file__).parents[2]
OURS = [
    path
    for folder, ending in (("frontend/room", "ts*"), ("frontend/pages", "ts*"), ("openiop/room", "py"))
    for path in (ROOT / folder).rglob(f"*.{ending}")
    if ".test." not in path.name
]


def kinds_of(union, field):
    """The words by which the members of a protocol's union are told apart."""
    return {word for each in get_args(get_args(union)[0]) for word in get_args(each.model_fields[field].annotation)}


def test_nothing_of_ours_records_in_the_browser():
    assert len(OURS) > 40, "the search must look at our code"
    asks = re.compile(r"MediaRecorder|captureStream|MediaStreamTrackProcessor", re.IGNORECASE)

    assert [path.name for path in OURS if asks.search(path.read_text())] == []


def test_a_room_is_made_without_recording_and_locked_against_it():
    made = rooms._creation(MediaRoom.unguessable(), admin_key="key")

    assert made["lock_record"] is True
    assert not {"record", "rec_dir"} & set(made)


def test_nothing_of_ours_asks_the_media_server_to_record_or_to_forward():
    asks = re.compile(r"[\"'](enable_recording|rtp_forward|record|rec_dir|filename)[\"']")

    assert [path.name for path in OURS if asks.search(path.read_text())] == []


def test_no_request_of_a_browser_records_forwards_or_moderates_at_the_media_server():
    allowed = kinds_of(protocol.MediaRequest, "kind")

    assert allowed == {"publish", "unpublish", "subscribe", "start", "configure", "trickle", "restart"}


@pytest.mark.parametrize("word", ["unmute", "unmute_all", "record", "direct", "whisper", "private_message"])
def test_no_message_unmutes_another_records_or_goes_to_one_person(word):
    with pytest.raises(protocol.ProtocolError) as refusal:
        protocol.parse(f'{{"type": "{word}", "seat": "0191b7a0-0000-7000-8000-000000000002"}}')

    assert refusal.value.code == "unknown"


def test_a_mute_cannot_be_taken_back_by_anybody_but_the_person():
    """`mute` has no opposite, and `speak` takes nobody's name."""
    assert set(protocol.Mute.model_fields) == {"type", "seat"}
    assert "seat" not in protocol.Configure.model_fields


def test_no_patient_can_write_free_text_to_one_person():
    """Words of one's own are a facilitator's, but for lines of the chat and of captions, which name no reader."""
    name_no_reader = {protocol.ChatWrite: {"type", "id", "text"}, protocol.Caption: {"type", "text"}}
    for message in get_args(get_args(protocol.ClientMessage)[0]):
        if "text" in message.model_fields and not issubclass(message, protocol.Led):
            assert name_no_reader.get(message) == set(message.model_fields)

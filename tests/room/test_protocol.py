"""What the room's socket accepts. The cases are shared with frontend/room/protocol.test.ts."""

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from openiop.room import protocol
from openiop.room.protocol import ProtocolError, ServerMessage, parse

CASES = json.loads((Path(__file__).parents[1] / "cases" / "room_protocol.json").read_text())
ACCEPTED, REFUSED = CASES["from_browser"]["accepted"], CASES["from_browser"]["refused"]


@pytest.mark.parametrize("message", ACCEPTED, ids=json.dumps)
def test_what_the_browser_may_say_is_understood(message):
    assert parse(json.dumps(message)).model_dump(mode="json", exclude_unset=True) == message


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["because"])
def test_everything_else_is_refused(case):
    with pytest.raises(ProtocolError) as refusal:
        parse(case["text"])

    assert refusal.value.code == case["code"]


def test_a_message_that_is_too_large_is_refused_before_it_is_read():
    for text in ["x" * (protocol.LARGEST_MESSAGE_BYTES + 1), "é" * (protocol.LARGEST_MESSAGE_BYTES // 2 + 1)]:
        with pytest.raises(ProtocolError) as refusal:
            parse(text)
        assert refusal.value.code == "too_large"


def test_a_refusal_does_not_repeat_what_was_said():
    with pytest.raises(ProtocolError) as refusal:
        parse('{"type": "hand", "raised": "my secret"}')

    assert "secret" not in repr(refusal.value) and refusal.value.__cause__ is None


@pytest.mark.parametrize("message", CASES["from_server"], ids=lambda m: f"{m['type']} {m.get('kind', '')}".strip())
def test_what_the_server_says_has_the_form_the_browser_expects(message):
    said = TypeAdapter(ServerMessage).validate_python(message)

    assert json.loads(said.model_dump_json()) == message


def test_the_limits_are_those_of_the_browser():
    assert CASES["limits"] == {
        "protocol": protocol.PROTOCOL,
        "largest_message_bytes": protocol.LARGEST_MESSAGE_BYTES,
        "beat_seconds": protocol.BEAT_SECONDS,
    }

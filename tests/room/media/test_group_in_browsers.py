"""A short group in three real browsers with a real Janus, in a network of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What was measured in one such group; every test below looks at a part of it."""
    shots = tmp_path_factory.mktemp("shots")
    lived = subprocess.run(
        [ROOT / "bin" / "in-namespace", sys.executable, "-m", "tests.room.media.group_in_browsers", shots],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert lived.returncode == 0, lived.stderr[-3000:]
    return json.loads(lived.stdout.splitlines()[-1])


def test_nobody_is_asked_for_a_camera_at_the_door(told):
    assert told["camera_questions_while_waiting"] == 0


def test_a_facilitator_hears_that_somebody_came_to_the_door(told):
    assert told["arrival_told"] == "Maya is waiting at the door."


def test_whoever_is_admitted_sees_a_face_and_how_long_that_took_is_told(told):
    assert told["join_ms"]["Maya"] > 0


def test_mute_stops_the_sound_itself_and_unmute_brings_it_back(told):
    assert told["audio_bytes_before_mute"] > 1000
    assert told["audio_bytes_muted"] == 0
    assert told["audio_bytes_after_mute"] > 1000


def test_who_talks_is_outlined_and_who_is_muted_is_not(told):
    assert told["talk_is_shown"] >= 1
    assert told["muted_tile_is_outlined"] == 0


def test_a_facilitators_mute_stops_the_sound_and_the_person_may_speak_again(told):
    assert told["audio_bytes_muted_by_facilitator"] == 0
    assert told["audio_bytes_heard_after_all"] > 4000, "both others are heard"


def test_sound_and_picture_do_not_notice_a_lost_line_to_our_server(told):
    assert told["frames_kept_over_a_lost_line"]
    assert told["published_anew_after_a_lost_line"] == 0


def test_a_person_who_leaves_can_come_back(told):
    assert told["back_after_leaving"]


def test_a_reloaded_page_is_back_in_the_group(told):
    assert told["back_after_reload"]


def test_after_the_media_server_was_killed_everybody_is_back_without_a_click(told):
    assert told["back_after_kill"]
    assert told["clicks_after_kill"] == 0


def test_presence_is_heard_from_the_media_itself(told):
    assert all(heard[0] is True for heard in told["presence_heard"].values())
    assert told["presence_heard"]["Bea"] == [True, False, True], "gone with the media server, and back"


def test_no_page_of_the_room_breaks_a_rule_of_access_or_its_own_policy(told):
    assert told["axe"] == {"facilitator": [], "waiting": [], "inside": [], "light": []}
    assert told["problems"] == []

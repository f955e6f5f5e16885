"""A weak line, a lost one and a reload, in three real browsers with a real Janus."""

import json
import os
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
    # A network of its very own: what is done to its cables must not meet the tests that follow.
    environment = {name: value for name, value in os.environ.items() if name != "OPENIOP_IN_NAMESPACE"}
    lived = subprocess.run(
        [ROOT / "bin" / "in-namespace", sys.executable, "-m", "tests.room.media.line_in_browsers", shots],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert lived.returncode == 0, lived.stderr[-3000:]
    return json.loads(lived.stdout.splitlines()[-1])


def test_on_300_kbit_and_five_percent_loss_pictures_give_way_and_speech_goes_on(told):
    assert told["weak"]["sound_kbit"] > 20, "others are heard"
    assert told["weak"]["sound_made_up"] < 0.1
    assert told["weak_at_bea"]["sound_made_up"] < 0.1
    assert told["still_talks"] > 1000
    assert told["weak"]["picture_kbit"] < told["before"]["picture_kbit"]


def test_low_data_stops_the_pictures_at_once_and_outlives_a_reload_with_the_mute(told):
    assert told["low_data"]["picture_kbit"] == 0
    assert told["low_data"]["sound_kbit"] > 20
    assert told["after_reload"] == {"muted": True, "camera": False, "low_data": True, "sound_sent": 0}


@pytest.mark.parametrize(
    "after", ["after_a_lost_socket", "after_five_seconds", "at_another_address", "after_the_page_was_frozen"]
)
def test_whoever_was_muted_with_camera_is_back_muted_with_camera_and_without_a_click(told, after):
    assert told[after] == {"muted": True, "camera": True, "low_data": False, "sound_sent": 0}
    assert told["clicks"] == 0


def test_the_page_breaks_no_rule_of_access_and_no_policy_meanwhile(told):
    assert told["axe"] == {"weak": [], "low data": []}
    assert told["problems"] == []

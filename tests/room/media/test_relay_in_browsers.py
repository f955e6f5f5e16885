"""Sound and picture through the relay alone, in two real browsers with a real Janus and a real coturn."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told():
    """What was seen; every test below looks at a part of it. In a network of its own, as all browsers here."""
    lived = subprocess.run(
        [ROOT / "bin" / "in-namespace", sys.executable, "-m", "tests.room.media.relay_in_browsers"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert lived.returncode == 0, lived.stderr[-3000:]
    return json.loads(lived.stdout.splitlines()[-1])


def test_where_only_the_relay_may_be_taken_two_people_see_and_hear_each_other_through_it(told):
    by_relay = {"sending": "relay", "receiving": "relay"}
    assert told["ways"] == {"Bea": by_relay, "Maya": by_relay}


def test_with_a_wrong_credential_the_relay_refuses_and_no_other_way_is_taken(told):
    wrong = told["with_a_wrong_credential"]
    assert wrong["refusals"] == [401]
    assert wrong["ways"] == {"sending": "", "receiving": ""}
    assert (wrong["received"], wrong["sent"], wrong["pictures"]) == (0, 0, 0)

"""An evening encrypted end to end in three real browsers with a real Janus, in a network of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What was seen in one such evening; every test below looks at a part of it."""
    shots = tmp_path_factory.mktemp("shots")
    lived = subprocess.run(
        [ROOT / "bin" / "in-namespace", sys.executable, "-m", "tests.room.media.sealed_in_browsers", shots],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert lived.returncode == 0, lived.stderr[-3000:]
    return json.loads(lived.stdout.splitlines()[-1])


def test_everybody_sees_everybody_encrypted_end_to_end_and_reads_the_same_code(told):
    assert told["encryption"] == "end_to_end"
    assert len(told["code"]) == 20


def test_those_whose_browsers_seal_in_the_newer_and_in_the_older_way_see_each_other(told):
    assert told["ways"] == {"Bea": "script", "Sam": "streams", "Maya": "script"}


def test_what_the_server_relays_holds_no_piece_of_a_clear_picture(told):
    relayed = told["relayed"]
    assert relayed["frames_relayed"] > 400 and relayed["pieces_of_clear_pictures"] > 1000
    assert relayed["relayed_frames_with_a_clear_piece"] == 0
    assert relayed["key_frames_the_server_can_still_tell"] > 0, "it forwards, and for that it must know key frames"


def test_a_participant_with_a_wrong_key_decodes_no_frame_and_nobody_decodes_theirs(told):
    wrong_key = told["wrong_key"]
    assert wrong_key["dropped"] > 100 and wrong_key["sent"] > 0
    assert (wrong_key["opened"], wrong_key["frames_decoded"], wrong_key["pictures_shown"]) == (0, 0, 0)
    assert wrong_key["frames_others_decoded_of_them"] == 0


def test_who_comes_late_sees_nothing_before_they_are_brought_in_and_opens_nothing_of_before(told):
    late = told["late"]
    before, of_before = late["before_the_add"], late["of_before"]
    assert late["held_back"] > 0 and before["dropped"] > 60, "the server sends from the door on"
    assert (before["opened"], before["frames_decoded"], before["pictures_shown"], before["sent"]) == (0, 0, 0, 0)
    assert of_before["dropped"] >= of_before["handed_over"] == 60


def test_who_was_put_out_decodes_no_frame_though_the_server_goes_on_sending_to_them(told):
    removed = told["removed"]
    assert removed["dropped"] > 100
    assert (removed["opened"], removed["frames_decoded"]) == (0, 0)


def test_the_code_is_that_of_the_people_who_are_in_it_and_stays_through_a_reload_of_one(told):
    removed = told["removed"]
    codes = [told["code_of_two"], told["code"], removed["code_after"]]
    assert len(set(codes)) == 3 and removed["code_before"] == told["code"]
    assert removed["code_after_reload"] == removed["code_after"]


def test_the_code_stays_the_same_through_reloads_and_a_killed_media_server_and_changes_when_somebody_goes(told):
    after = ("after_reload", "after_facilitators_reload", "after_kill")
    assert {told[f"code_{name}"] for name in after} == {told["code"]}
    assert told["code_without_maya"] != told["code"]


def test_who_leads_goes_from_breakout_to_breakout_without_an_exchange_and_the_code_tells_who_may_listen(told):
    hops = told["hops"]
    assert hops["exchanged_by_hopping"] == 0
    assert (hops["willow"], hops["cedar"]) == (hops["beforehand"]["maya"], hops["beforehand"]["sam"])
    assert {hops["cedar_after_reload"], hops["cedar_after_kill"]} == {hops["cedar"]}
    assert hops["moved"] == hops["back"] == told["code"], "the same three, wherever they are"
    assert len({hops["willow"], hops["cedar"], told["code"]}) == 3


def test_a_browser_that_cannot_gets_and_sends_nothing_until_the_facilitator_decides_for_everybody(told):
    cannot = told["cannot"]
    assert (cannot["sent_before_the_decision"], cannot["shown_before_the_decision"]) == (0, 0)
    assert set(cannot["lines"]) == {"Encrypted between each device and the clinic's server"}


def test_no_page_breaks_a_rule_of_access_or_its_own_policy(told):
    assert (told["axe"], told["cannot"]["axe"]) == ({"desk": [], "phone": [], "code": []}, [])
    assert told["problems"] == []

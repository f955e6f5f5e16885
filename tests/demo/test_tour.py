"""The tour: from an empty clinic to the charge in real browsers, and what it leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openiop.demo.tour_setup import one_time_code

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 900
KEYS = set(
    "steps participants alert_ms ledger note_missing_before note_missing_after note_actions charges".split()  # noqa: SIM905
)
OWN_DATABASE = ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "OPENIOP_ROLE", "OPENIOP_VAR")


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_tours_authenticator_shows_the_codes_of_rfc_6238(seconds: int, code: str) -> None:
    assert one_time_code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", at=seconds) == code


@pytest.mark.browser
@pytest.mark.tour
def test_an_empty_clinic_lives_an_evening_from_the_check_in_to_the_charge(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in OWN_DATABASE}

    ended = subprocess.run(
        [sys.executable, "-m", "openiop.demo.run", "--tour", str(tmp_path), "--seed", "1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )

    summary = json.loads((tmp_path / "summary.json").read_text())
    failed = [step["name"] for step in summary["steps"] if not step["ok"]]
    assert (ended.returncode, failed) == (0, []), ended.stdout[-4000:] + ended.stderr[-2000:]
    assert set(summary) == KEYS
    assert len(list(tmp_path.glob("[0-9][0-9]-*.png"))) >= 25
    assert summary["note_missing_before"] and not summary["note_missing_after"]
    assert {row["modality"] for row in summary["participants"]} == {"on_site", "virtual"}

"""The habits under bin/: they explain themselves, refuse what they do not know, and their rules hold."""

import os
import re
import runpy
import subprocess
from pathlib import Path

import pytest

import manage

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (ROOT / "bin").iterdir() if path.suffix != ".sh") + [ROOT / ".ci" / "run"]
BASH = [path for path in SCRIPTS if "bash" in path.read_text().splitlines()[0]]


def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the checkout and collect its words."""
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_habit_can_be_started_and_says_in_its_first_line_what_it_is_for(script: Path) -> None:
    lines = script.read_text().splitlines()
    assert os.access(script, os.X_OK)
    assert lines[0].startswith("#!/usr/bin/env ")
    assert re.match(r'(# |""")[A-Z].{20,}', lines[1])


@pytest.mark.parametrize("script", BASH, ids=lambda path: path.name)
def test_every_shell_script_parses(script: Path) -> None:
    assert run("bash", "-n", str(script)).stderr == ""


def test_setup_finds_everything_in_place_without_doing_it_again() -> None:
    run("bin/setup", "--dev")
    again = run("bin/setup", "--dev")
    assert (again.returncode, again.stdout.strip(), again.stderr) == (0, "Everything is in place.", "")
    assert run("bin/setup", "--dev", "--quiet").stdout == ""


def test_setup_and_demo_explain_themselves_and_refuse_words_they_do_not_know() -> None:
    for script in ("bin/setup", "bin/demo"):
        assert f"{script} " in run(script, "--help").stdout
        refused = run(script, "--teh-port")
        assert refused.returncode != 0
        assert "--teh-port" in refused.stderr


def test_a_network_of_its_own_has_an_address_and_no_way_out() -> None:
    look = "ip -4 -o addr show up | awk '{print $4}'; ip route show default"
    inside = run("bin/in-namespace", "bash", "-c", look, OPENIOP_IN_NAMESPACE="")
    assert inside.stdout.split() == ["127.0.0.1/8", "10.99.0.1/24"]
    assert run("bin/in-namespace", "bash", "-c", "exit 7", OPENIOP_IN_NAMESPACE="").returncode == 7


def test_an_unknown_benchmark_is_refused_and_the_known_ones_are_listed() -> None:
    assert run("bin/bench").returncode == 0
    refused = run("bin/bench", "no-such-benchmark")
    assert refused.returncode == 2
    assert "bin/bench lists them" in refused.stderr


@pytest.mark.parametrize(
    ("command", "role"),
    [("migrate", "owner"), ("collectstatic", "owner"), ("worker", "worker"), ("runserver", "web"), ("shell", "web")],
)
def test_each_command_runs_under_the_role_that_may_do_its_work(command: str, role: str) -> None:
    assert manage.role_for(command) == role


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-2.0-only", True),
        ("(MIT OR Apache-2.0)", True),
        ("Apache-2.0 AND BSD-3-Clause", True),
        ("Apache-2.0 AND GPL-3.0-only", False),
        ("BSD License; GNU General Public License v3 (GPLv3)", False),
        ("AGPL-3.0-only", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_a_licence_is_allowed_only_when_every_part_of_it_is(licence: str, allowed: bool) -> None:
    assert runpy.run_path(str(ROOT / "bin" / "licences"))["is_allowed"](licence) is allowed


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_its_hash_and_no_place_it_comes_from(name: str) -> None:
    words = (ROOT / name).read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", words, flags=re.MULTILINE))
    assert len(entries) > 40
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in words

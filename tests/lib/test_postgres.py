"""The embedded PostgreSQL server: started once, shared, never left running, and with roles that may not do too much."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from openiop.lib import postgres

ROOT = Path(__file__).resolve().parents[2]
HOLD = "import sys, pathlib; from openiop.lib import postgres; s = postgres.ensure(pathlib.Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory of our own, where every user may look, because as root the server runs as another user."""
    place = tmp_path_factory.mktemp("var")
    if os.geteuid() == 0:
        for directory in (place, *place.parents[:-1]):
            if str(directory).startswith("/tmp/"):
                directory.chmod(0o755)
    yield place
    ended = postgres.ensure(place)
    ended.stop()


@pytest.fixture
def server(var: Path) -> Iterator[postgres.Server]:
    """The server, held for one test."""
    held = postgres.ensure(var)
    yield held
    held.stop()


def another_user(var: Path, then: str = "print('ready', flush=True); sys.stdin.read()") -> "subprocess.Popen[str]":
    """Start another process that holds the server until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{HOLD}; {then}", str(var)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def wait_until_gone(pid: int, seconds: float = 20) -> bool:
    """Say whether a process ended in time (a zombie has ended)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_second_user_finds_the_same_server_and_the_last_one_ends_it(var: Path) -> None:
    first = postgres.ensure(var)
    pid = first.pid
    other = another_user(var)
    first.stop()
    time.sleep(2 * postgres.GRACE_SECONDS)
    assert psutil.pid_exists(pid), "somebody still uses it"

    other.communicate()
    assert wait_until_gone(pid)


def test_two_that_start_at_once_share_one_server(var: Path) -> None:
    then = "print('ready', flush=True); print(s.pid, flush=True); sys.stdin.read()"
    users = [
        subprocess.Popen(
            [sys.executable, "-c", f"{HOLD}; {then}", str(var)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    answers = {user.communicate(timeout=60)[0] for user in users if user.stdin}
    assert len(answers) == 1
    assert answers.pop().startswith("ready")


def test_killing_the_only_user_leaves_nothing_running(var: Path) -> None:
    user = another_user(var, "print('ready', flush=True); print(s.pid, flush=True); sys.stdin.read()")
    assert user.stdout is not None
    pid = int(user.stdout.readline())
    user.kill()
    user.wait()
    assert wait_until_gone(pid)


def test_what_was_committed_survives_killing_the_server_and_its_keeper(var: Path) -> None:
    server = postgres.ensure(var)
    with psycopg.connect(server.url("superuser"), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (answer text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
    postmaster = psutil.Process(server.pid)
    keeper = postmaster.parent()
    assert keeper is not None
    keeper.send_signal(signal.SIGKILL)
    postmaster.send_signal(signal.SIGKILL)
    assert wait_until_gone(postmaster.pid)

    again = postgres.ensure(var)
    assert again.pid != postmaster.pid
    with psycopg.connect(again.url("superuser"), autocommit=True) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchall() == [("still here",)]
        connection.execute("DROP TABLE kept")
    server.stop()
    again.stop()


def test_a_pid_file_that_names_another_program_does_not_keep_it_from_starting(var: Path) -> None:
    postgres.ensure(var).stop()
    stale = var / "postgres" / "postmaster.pid"
    assert not stale.exists()
    stale.write_text(f"{os.getpid()}\n{var / 'postgres'}\n")

    server = postgres.ensure(var)
    assert server.pid != os.getpid()
    server.stop()


def test_an_interrupted_first_start_is_not_taken_for_a_whole_one(tmp_path: Path, var: Path) -> None:
    fresh = var / "interrupted"
    (fresh / "postgres" / "unfinished" / "base").mkdir(parents=True)
    (fresh / "postgres" / "base").mkdir()
    server = postgres.ensure(fresh)
    with psycopg.connect(server.url("web")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("openiop_web",)
    server.stop()


def test_the_web_role_reads_and_writes_what_the_owner_makes_but_never_truncates_or_changes_it(
    server: postgres.Server,
) -> None:
    with psycopg.connect(server.url("owner"), autocommit=True) as owner:
        owner.execute("CREATE TABLE note (id bigserial PRIMARY KEY, words text)")
        owner.execute("CREATE FUNCTION seats() RETURNS int LANGUAGE sql AS 'SELECT 12'")
        try:
            for role in ("web", "worker"):
                with psycopg.connect(server.url(role), autocommit=True) as connection:
                    connection.execute("INSERT INTO note (words) VALUES ('a')")
                    connection.execute("UPDATE note SET words = 'b'")
                    assert connection.execute("SELECT words, seats() FROM note").fetchall() == [("b", 12)]
                    connection.execute("DELETE FROM note")
                    for refused in (
                        "TRUNCATE note",
                        "DROP TABLE note",
                        "CREATE TABLE other ()",
                        "SET ROLE openiop_owner",
                    ):
                        with pytest.raises(psycopg.errors.InsufficientPrivilege):
                            connection.execute(refused)
        finally:
            owner.execute("DROP TABLE note; DROP FUNCTION seats()")


def test_a_function_of_the_owner_is_closed_to_other_roles(server: postgres.Server) -> None:
    with psycopg.connect(server.url("superuser")) as connection:
        connection.execute("CREATE ROLE stranger; SET LOCAL ROLE openiop_owner")
        connection.execute("CREATE FUNCTION beds() RETURNS int LANGUAGE sql AS 'SELECT 3'")
        connection.execute("RESET ROLE; SET LOCAL ROLE stranger")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT beds()")
        connection.rollback()


def test_no_role_of_ours_passes_row_level_security(server: postgres.Server) -> None:
    with psycopg.connect(server.url("superuser")) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles"
            " WHERE rolname LIKE 'openiop%' ORDER BY 1"
        ).fetchall()
    assert rows == [("openiop_owner", False), ("openiop_web", False), ("openiop_worker", False)]


def test_a_copied_database_carries_rows_and_privileges_and_can_be_dropped_in_use(server: postgres.Server) -> None:
    server.create_database("pattern")
    with psycopg.connect(server.url("owner", "pattern"), autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 7 AS seats")
    server.create_database("copy", template="pattern")
    with psycopg.connect(server.url("owner", "copy"), autocommit=True) as owner:
        owner.execute("CREATE TABLE later (words text)")
    with psycopg.connect(server.url("web", "copy"), autocommit=True) as web:
        assert web.execute("SELECT seats FROM kept").fetchone() == (7,)
        web.execute("INSERT INTO later VALUES ('x')")
        server.drop_database("copy")
        with pytest.raises(psycopg.OperationalError):
            web.execute("SELECT 1")
    server.drop_database("pattern")
    server.drop_database("pattern")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(server.url("owner", "pattern"))


def test_preparing_a_server_again_changes_nothing_and_two_may_do_it_at_once(server: postgres.Server) -> None:
    dsn = server.url("superuser", "postgres")
    code = "import sys; from openiop.lib import postgres; postgres.prepare(sys.argv[1])"
    both = [subprocess.Popen([sys.executable, "-c", code, dsn], cwd=ROOT) for _ in range(2)]
    assert [one.wait(timeout=60) for one in both] == [0, 0]


def test_committed_rows_wait_for_the_disk_and_logs_hold_no_values(server: postgres.Server) -> None:
    with psycopg.connect(server.url("superuser"), autocommit=True) as connection:
        for name, value in {"fsync": "on", "synchronous_commit": "on", "max_connections": "200"}.items():
            assert connection.execute(f"SHOW {name}").fetchone() == (value,)
        connection.execute("CREATE TABLE once (name text UNIQUE)")
        connection.execute("INSERT INTO once VALUES ('Secretname')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO once VALUES ('Secretname')")
        connection.execute("DROP TABLE once")
    words = (server.var / "log" / "postgres.log").read_text()
    assert "duplicate key" in words
    assert "Secretname" not in words


def test_a_path_too_long_for_a_socket_still_starts(var: Path) -> None:
    deep = var / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    server = postgres.ensure(deep)
    assert len(str(server.socket_directory)) < postgres.LONGEST_SOCKET_DIRECTORY
    with psycopg.connect(server.url("worker")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data ever lies elsewhere")
def test_a_directory_made_anew_at_the_same_path_finds_nothing_of_the_former_one(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    places = []
    for _turn in range(2):
        closed.mkdir(mode=0o700)
        server = postgres.ensure(closed)
        with psycopg.connect(server.url("superuser"), autocommit=True) as connection:
            assert not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'of_before'").fetchone()
            connection.execute("CREATE ROLE of_before")
        server.stop()
        places.append((closed / "postgres").resolve())
        assert places[-1].is_relative_to(postgres.REACHABLE_BY_ALL)
        shutil.rmtree(closed)

    assert places[0] != places[1]
    assert not places[0].exists(), "what was kept for a temporary directory goes when it is gone"


def test_an_unknown_role_is_refused(var: Path) -> None:
    with pytest.raises(KeyError):
        postgres.url(var, "director")

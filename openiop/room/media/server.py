"""Start and stop a Janus of our own, for a laptop, a demo or a test.

Its signalling listens on loopback only and asks for secrets that are made once and kept in `var/janus`, as are the
ports: whoever was told where it is finds it there again after a restart. Its media needs a real interface, because
Janus leaves loopback out when it gathers addresses. In production Janus is installed by deploy/ and never started here.
"""

import fcntl
import glob
import json
import os
import random
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

START_SECONDS = 10
STOP_SECONDS = 5
LET_GO_SECONDS = 2
RTP_PORTS = "20000-21999"
SIGNALLING_PORTS = range(22000, 32768)
PLUGINS = {"libjanus_videoroom.so", "libjanus_echotest.so"}
TRANSPORTS = {"libjanus_websockets.so"}
NOBODY = 65534

Kept = TypeVar("Kept", int, str)

_SIOCGIFFLAGS, _SIOCGIFADDR = 0x8913, 0x8915
_IFF_UP, _IFF_LOOPBACK, _IFF_RUNNING = 0x1, 0x8, 0x40


class NoMediaInterface(Exception):
    """The machine has no network address that media could use; the text says what to do."""


class JanusMissing(Exception):
    """Janus is not installed; the text says what to do."""


class JanusDidNotStart(Exception):
    """Janus ended or stayed silent; the text ends with the last lines of its log."""


class JanusServer:
    """One Janus process with its files in `var`/janus."""

    def __init__(self, var: Path) -> None:
        self.folder = var.resolve() / "janus"
        self.log = self.folder / "janus.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Write the configuration and start; return when signalling answers.

        Raises NoMediaInterface, JanusMissing or JanusDidNotStart.
        """
        binary, library = _installation()
        self._prepare_folder()
        self._end_leftover()
        self._ports = self._kept("ports.json", _free_ports, usable=_soon_free)
        self._secrets = self._kept("secrets.json", _new_secrets)
        self._write_configuration(library, interface=media_interface())
        self._process = self._spawn(binary)
        (self.folder / "pid").write_text(str(self._process.pid))
        self._wait_until_it_answers()

    def poll(self) -> int | None:
        """Return None while it runs, else its exit status (as subprocess does)."""
        return self._process.poll() if self._process else -1

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        (self.folder / "pid").unlink(missing_ok=True)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def env(self) -> dict[str, str]:
        """Return what the web processes and workers need to find it; the same before and after a restart."""
        return {
            "OPENIOP_JANUS_WS": f"ws://127.0.0.1:{self._ports['ws']}/",
            "OPENIOP_JANUS_ADMIN_WS": f"ws://127.0.0.1:{self._ports['admin_ws']}/",
            "OPENIOP_JANUS_API_SECRET": self._secrets["api_secret"],
            "OPENIOP_JANUS_ADMIN_KEY": self._secrets["admin_key"],
            "OPENIOP_JANUS_ADMIN_SECRET": self._secrets["admin_secret"],
        }

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def _kept(
        self, name: str, make: Callable[[], dict[str, Kept]], *, usable: Callable[[dict[str, Kept]], bool] = bool
    ) -> dict[str, Kept]:
        """Return what stands in the file `name`, made now if it is missing or no longer usable."""
        path = self.folder / name
        if path.exists():
            kept: dict[str, Kept] = json.loads(path.read_text())
            if usable(kept):
                return kept
        made = make()
        _write_private(path, json.dumps(made))
        return made

    def _end_leftover(self) -> None:
        """End a Janus of ours that outlived whoever started it; no other process is touched."""
        path = self.folder / "pid"
        if not path.exists():
            return
        pid = int(path.read_text() or 0)
        if pid and str(self.folder) in _command_line(pid):
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while _command_line(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            if _command_line(pid):
                os.kill(pid, signal.SIGKILL)
        path.unlink(missing_ok=True)

    def _write_configuration(self, library: Path, *, interface: str) -> None:
        files: dict[str, dict[str, dict[str, object]]] = {
            "janus.jcfg": {
                "general": {
                    "configs_folder": str(self.folder),
                    "plugins_folder": str(library / "plugins"),
                    "transports_folder": str(library / "transports"),
                    "events_folder": str(library / "events"),
                    "loggers_folder": str(library / "loggers"),
                    "api_secret": self._secrets["api_secret"],
                    "admin_secret": self._secrets["admin_secret"],
                    "debug_level": 3,
                    "debug_timestamps": True,
                    "debug_colors": False,
                    "session_timeout": 60,
                    "reclaim_session_timeout": 15,
                    "hide_dependencies": True,
                },
                "media": {"ipv6": False, "rtp_port_range": RTP_PORTS, "slowlink_threshold": 4},
                "nat": {"full_trickle": True, "ignore_mdns": True, "ice_enforce_list": interface},
                "plugins": {"disable": _all_but(PLUGINS, library / "plugins")},
                "transports": {"disable": _all_but(TRANSPORTS, library / "transports")},
                "loggers": {"disable": _all_but(set(), library / "loggers")},
                "events": {"broadcast": False, "disable": _all_but(set(), library / "events")},
            },
            "janus.transport.websockets.jcfg": {
                "general": {
                    "json": "compact",
                    "ws": True,
                    "ws_ip": "127.0.0.1",
                    "ws_port": self._ports["ws"],
                    "wss": False,
                    "ws_logging": "err,warn",
                    "pingpong_trigger": 10,
                    "pingpong_timeout": 5,
                },
                "admin": {
                    "admin_ws": True,
                    "admin_ws_ip": "127.0.0.1",
                    "admin_ws_port": self._ports["admin_ws"],
                    "admin_wss": False,
                },
            },
            "janus.plugin.videoroom.jcfg": {
                "general": {"admin_key": self._secrets["admin_key"], "lock_rtp_forward": True, "string_ids": True}
            },
            "janus.plugin.echotest.jcfg": {"general": {"events": False}},
        }
        for name, sections in files.items():
            _write_private(self.folder / name, _jcfg(sections))

    def _spawn(self, binary: str) -> subprocess.Popen[bytes]:
        command = [binary, "-F", str(self.folder), "-C", str(self.folder / "janus.jcfg")]
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            if os.geteuid() == 0 and _open_to_all(self.folder.parent) and self._give_to(NOBODY):
                try:
                    return _popen(command, log, user=NOBODY)
                except OSError:  # a user namespace without a "nobody" of its own
                    self._give_to(os.geteuid())
            return _popen(command, log)

    def _give_to(self, user: int) -> bool:
        try:
            for path in [self.folder, *self.folder.iterdir()]:
                os.chown(path, user, -1)
        except OSError:
            return False
        return True

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.poll() is None:
            if _answers(self._ports["ws"]) and _answers(self._ports["admin_ws"]):
                return
            time.sleep(0.05)
        self.stop()
        last = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise JanusDidNotStart(f"The media server (Janus) did not start. It said:\n{last}")


def media_interface() -> str:
    """Return the interface media should use: the default route's, else the first that is up and has an IPv4 address.

    Raises NoMediaInterface.
    """
    candidates = list(_real_interfaces())
    for name in _default_route_interfaces():
        if name in candidates:
            return name
    if candidates:
        return candidates[0]
    raise NoMediaInterface(
        "Sound and picture need a network address besides 127.0.0.1, and this machine has none that is up. "
        "Connect it to a network (wired or Wi-Fi), or run in a network namespace with a veth pair; then start again."
    )


def _real_interfaces() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                reply = fcntl.ioctl(probe, _SIOCGIFFLAGS, request)
                fcntl.ioctl(probe, _SIOCGIFADDR, request)
            except OSError:  # no IPv4 address
                continue
            (flags,) = struct.unpack("16xH", reply[:18])
            if flags & _IFF_UP and flags & _IFF_RUNNING and not flags & _IFF_LOOPBACK:
                yield name


def _default_route_interfaces() -> list[str]:
    try:
        lines = Path("/proc/net/route").read_text().splitlines()[1:]
    except OSError:
        return []
    return [fields[0] for line in lines if len(fields := line.split()) > 1 and fields[1] == "00000000"]


def _installation() -> tuple[str, Path]:
    binary = shutil.which("janus", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin:/opt/janus/bin")
    places = [*glob.glob("/usr/lib/*/janus"), "/usr/lib/janus", "/usr/local/lib/janus", "/opt/janus/lib/janus"]
    libraries = [Path(place) for place in places if (Path(place) / "plugins" / "libjanus_videoroom.so").exists()]
    if not binary or not libraries:
        raise JanusMissing("The media server is not installed. On Debian or Ubuntu: apt-get install janus")
    return binary, libraries[0]


def _popen(command: list[str], log: IO[bytes], *, user: int | None = None) -> subprocess.Popen[bytes]:
    extra: dict[str, object] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    return subprocess.Popen(  # type: ignore[call-overload]
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **extra
    )


def _open_to_all(folder: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in [folder, *folder.parents])


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _new_secrets() -> dict[str, str]:
    return {name: secrets.token_urlsafe(32) for name in ("api_secret", "admin_secret", "admin_key")}


def _free_ports() -> dict[str, int]:
    """Return ports that no connection is given by chance, so that they are still free after a restart."""
    ws, admin_ws, *_ = filter(_free, random.SystemRandom().sample(SIGNALLING_PORTS, k=100))
    return {"ws": ws, "admin_ws": admin_ws}


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _soon_free(ports: dict[str, int]) -> bool:
    """Whether nobody has them, once a process that was killed a moment ago has let go of them."""
    deadline = time.monotonic() + LET_GO_SECONDS
    while any(_answers(port) for port in ports.values()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _all_but(wanted: set[str], folder: Path) -> str:
    return ",".join(sorted(path.name for path in folder.glob("*.so") if path.name not in wanted))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _jcfg(sections: dict[str, dict[str, object]]) -> str:
    """Return libconfig text; JSON's scalars are libconfig's too."""
    lines = []
    for section, settings in sections.items():
        body = "".join(f"\t{name} = {json.dumps(value)}\n" for name, value in settings.items())
        lines.append(f"{section}: {{\n{body}}}\n")
    return "".join(lines)

"""Our own Janus process: where it is found before and after it ended."""

import socket
import threading

from openiop.room.media.server import JanusServer


def test_ports_that_a_killed_server_holds_a_moment_longer_are_waited_for(tmp_path):
    server = JanusServer(tmp_path)
    server.start()
    before = server.env()
    server.stop()
    dying = _listening(before["OPENIOP_JANUS_WS"])

    threading.Timer(0.3, dying.close).start()
    server.start()
    after = server.env()
    server.stop()

    assert after == before


def test_ports_that_another_program_has_taken_meanwhile_are_left_to_it(tmp_path):
    server = JanusServer(tmp_path)
    server.start()
    before = server.env()
    server.stop()

    with _listening(before["OPENIOP_JANUS_WS"]):
        server.start()
        after = server.env()
        server.stop()

    assert after["OPENIOP_JANUS_WS"] != before["OPENIOP_JANUS_WS"]


def _listening(address: str) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(address.rsplit(":", 1)[1].strip("/"))))
    listener.listen()
    return listener

"""Stand-ins for what lies outside the clinic: a provider of texts and a push service, on this machine."""

import http.server
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connections

from openiop.demo import world


class Provider(http.server.BaseHTTPRequestHandler):
    """Takes what is posted to it and answers as `server.answer` says; `None` is a provider that never answers."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.kept.append((self.path, dict(self.headers), body))
        self.server.arrived.set()
        if self.server.answer is None:
            self.server.done.wait(60)
            return
        status, said = self.server.answer
        self.send_response(status)
        self.send_header("Location", "https://push.example/kept/1")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *args):
        return


def texts(server):
    return [{name: values[0] for name, values in parse_qs(body.decode()).items()} for _path, _head, body in server.kept]


@pytest.fixture
def provider():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.kept, server.answer = [], (201, {"sid": "SM1"})
        server.arrived, server.done = threading.Event(), threading.Event()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.done.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def by_text(provider, settings):
    settings.SMS_URL = f"twilio+http://AC1:secret@127.0.0.1:{provider.server_address[1]}/+15550109999"
    return provider


@pytest.fixture
def people(committed):
    return world.cast()


@pytest.fixture
def as_worker(people, committed, databases):
    """Become the worker: its role sends, and reads what was sent."""
    settings = connections["default"].settings_dict
    before = settings["USER"]

    def become():
        connections["default"].close()
        settings["USER"] = urlsplit(databases.server.url("worker", committed)).username

    yield become
    connections["default"].close()
    settings["USER"] = before

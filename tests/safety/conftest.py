"""Being the worker: its database role, and threads that are workers of their own."""

import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from django.db import connections


@pytest.fixture
def worker(committed, databases):
    """Return a context manager: inside it, every connection of this process has the worker's role."""

    @contextmanager
    def as_worker():
        settings = connections["default"].settings_dict
        before = settings["USER"]
        connections["default"].close()
        settings["USER"] = urlsplit(databases.server.url("worker", committed)).username
        try:
            yield
        finally:
            connections["default"].close()
            settings["USER"] = before

    return as_worker


@pytest.fixture
def together():
    """Run functions at the same moment, each in a thread with a connection of its own; return what they returned."""

    def run(*functions):
        start, results, faults = threading.Barrier(len(functions)), [None] * len(functions), []

        def one(index, function):
            try:
                start.wait(10)
                results[index] = function()
            except BaseException as fault:
                faults.append(fault)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        if faults:
            raise faults[0]
        return results

    return run

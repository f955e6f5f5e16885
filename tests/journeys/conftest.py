"""The clinic of the journeys that live by a clock."""

import pytest

from openiop.demo import world
from tests.clocked import Clock
from tests.serving import Server, worker


@pytest.fixture
def clinic(committed, databases, tmp_path):
    """The clinic at six in the evening, with its worker; yields (clock, server, worker)."""
    clock = Clock(tmp_path / "clock", begins_at=world.NOW)
    server = Server(databases, committed, clock=clock.path)
    pager = worker(databases, committed, clock=clock.path)
    yield clock, server, pager
    pager.stop()
    server.stop()

"""Tonight's group at Harbor Street, the kiosk in its lobby, and the ways people come and go."""

from datetime import timedelta

import pytest
from django.test import Client

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.middleware import DEVICE_COOKIE
from openiop.people.models import Device, Site, hashed
from openiop.schedule import presence
from openiop.schedule.models import CareSession

BEGINS = world.NOW + timedelta(minutes=12)
ENDS = BEGINS + timedelta(minutes=190)


def tonights_session():
    """The evening group of 24 November, which begins in twelve minutes."""
    return (
        CareSession.objects.between(BEGINS, BEGINS + timedelta(hours=1))
        .select_related("room__site", "clinic", "series", "track")
        .get()
    )


@pytest.fixture
def tonight(cast, clock):
    with acting(cast["okafor"]):
        return tonights_session()


@pytest.fixture
def entry_of(cast, tonight):
    """Return somebody's place tonight."""

    def find(key):
        with acting(cast["okafor"]):
            return tonight.roster.select_related("session__clinic", "patient").get(patient=cast[key])

    return find


@pytest.fixture
def is_here(tonight):
    """A browser tab in the room: beats every twenty seconds between two minutes of the session."""

    def beat(patient, first_minute, last_minute, *, connection="tab", leaves=False, treatment=True):
        said = {"source": "room", "connection": connection, "place": "virtual", "treatment": treatment}
        begins, ends = (BEGINS + timedelta(minutes=minute) for minute in (first_minute, last_minute))
        at = begins
        while at < ends:
            presence.note(tonight, patient, kind="in" if at == begins else "beat", at=at, **said)
            at += timedelta(seconds=20)
        presence.note(tonight, patient, kind="out" if leaves else "beat", at=ends, **said)

    return beat


def kiosk_at(cast, *, token="lobby", kind=Device.KIOSK, site=None):
    with acting(cast["okafor"]):
        return Device.objects.create(
            clinic_id=cast["okafor"].clinic_id,
            kind=kind,
            name="Lobby",
            site=site or Site.objects.get(),
            token_hash=hashed(token),
            paired_at=world.NOW,
        )


@pytest.fixture
def kiosk(cast, clock):
    return kiosk_at(cast)


@pytest.fixture
def kiosk_client(kiosk):
    client = Client(headers={"host": "localhost"})
    client.cookies[DEVICE_COOKIE] = "lobby"
    return client

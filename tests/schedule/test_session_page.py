"""The evening's page for staff: roster, minutes, corrections, closing; who may and who may not."""

from datetime import timedelta

import pytest

from openiop.audit.models import AuditEvent
from openiop.people.access import acting
from openiop.schedule import presence
from openiop.schedule.models import BlockMinutes, RosterEntry
from tests.schedule.conftest import BEGINS, ENDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea(cast, client_for, clock):
    return client_for(cast["bea"])


def test_it_shows_the_blocks_on_the_clinics_clock(bea, tonight):
    page = bea.get(f"/sessions/{tonight.pk}").content.decode()

    assert "6 p.m. to 7 p.m." in page
    assert "where you are" not in page


def test_a_reader_elsewhere_sees_their_own_clock_beside_it(cast, bea, tonight):
    with acting(cast["okafor"]):
        cast["bea"].zone = "America/Los_Angeles"
        cast["bea"].save()

    assert "(3 p.m. to 6:10 p.m. where you are)" in bea.get(f"/sessions/{tonight.pk}").content.decode()


def test_the_roster_is_read_again_by_itself_without_the_rest_of_the_page(cast, bea, tonight, is_here, clock):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 5)
    clock.move_to(BEGINS + timedelta(minutes=5))

    part = bea.get(f"/sessions/{tonight.pk}", headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert "from home" in part and "5 min" in part and "not seen" in part


def test_somebody_is_put_on_the_roster_and_what_cannot_be_is_said_at_the_field(cast, tonight, client_for, entry_of):
    lin = client_for(cast["lin"])
    clash = lin.post(f"/sessions/{tonight.pk}/roster", {"patient": cast["leo"].pk, "modality": "virtual"})

    assert clash.status_code == 422
    assert "Adolescents and adults are never in one group." in clash.content.decode()

    entry = entry_of("maya")
    lin.post(f"/roster/{entry.pk}/cancel", {"excused": "yes"})
    again = lin.post(f"/sessions/{tonight.pk}/roster", {"patient": cast["maya"].pk, "modality": "on_site"})

    assert again.status_code == 302
    assert entry_of("maya").stands and entry_of("maya").modality == "on_site"


def test_a_place_is_cancelled_excused_or_not(cast, bea, tonight, entry_of):
    entry = entry_of("ruth")

    bea.post(f"/roster/{entry.pk}/cancel", {"excused": "no"})

    entry = entry_of("ruth")
    assert (entry.stands, entry.status, entry.excused) == (False, "cancelled_late", False)
    assert "not excused" in bea.get(f"/sessions/{tonight.pk}").content.decode()


def test_the_evidence_of_one_person_reads_as_words(cast, bea, tonight, is_here, entry_of):
    with acting(cast["bea"]):
        is_here(cast["theo"], 0, 10, leaves=True)
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS + timedelta(minutes=20))

    page = bea.get(f"/roster/{entry_of('theo').pk}").content.decode()

    for words in ("came into the room", "in the room, by the device", "left the room", "arrived on site, noted by Hal"):
        assert words in page
    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="evidence.open", patient_id=cast["theo"].pk).exists()


def test_minutes_are_corrected_with_a_reason_and_never_without(cast, bea, tonight, entry_of, clock):
    clock.move_to(ENDS)
    entry, first = entry_of("ruth"), None
    with acting(cast["bea"]):
        first = tonight.blocks.get(n=1)
    path = f"/roster/{entry.pk}/corrections"

    silent = bea.post(path, {"block": first.pk, "minutes": 30, "reason": ""})
    too_long = bea.post(path, {"block": first.pk, "minutes": 61, "reason": "was there"})
    said = bea.post(path, {"block": first.pk, "minutes": 30, "reason": "on the telephone with me"})

    assert silent.status_code == too_long.status_code == 422
    assert "This block lasts 60 minutes." in too_long.content.decode()
    assert "was there" in too_long.content.decode()
    assert said.status_code == 302
    assert "on the telephone with me" in bea.get(f"/roster/{entry.pk}").content.decode()


def test_closing_counts_and_names_whom_nobody_can_count(cast, bea, tonight, is_here, clock):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 190)
        presence.departure(tonight, cast["theo"], source="hand", by=cast["bea"], at=BEGINS + timedelta(minutes=5))
    clock.move_to(ENDS)

    page = bea.post(f"/sessions/{tonight.pk}/closure", follow=True).content.decode()

    assert "Theo cannot be counted" in page
    with acting(cast["bea"]):
        assert BlockMinutes.objects.filter(patient=cast["maya"], block__counts=True).count() == 3
        assert RosterEntry.objects.get(session=tonight, patient=cast["maya"]).status == "attended"


def test_closing_too_early_is_refused_in_words(bea, tonight):
    assert "has not begun" in bea.post(f"/sessions/{tonight.pk}/closure", follow=True).content.decode()


def test_the_codes_to_print_hold_each_persons_own_picture(cast, bea, tonight, entry_of):
    page = bea.get(f"/sessions/{tonight.pk}/codes").content.decode()

    assert page.count("data:image/svg+xml") == 7
    assert entry_of("theo").arrival_code in page


@pytest.mark.parametrize(("who", "status"), [("rosa", 403), ("hal", 403), ("vera", 403), ("maya", 404), ("leo", 404)])
def test_others_do_not_open_the_session(cast, client_for, tonight, who, status):
    assert client_for(cast[who]).get(f"/sessions/{tonight.pk}").status_code == status


def test_who_does_not_lead_it_neither_closes_nor_corrects(cast, client_for, tonight, entry_of, clock):
    clock.move_to(ENDS)
    lin, entry = client_for(cast["lin"]), entry_of("maya")

    assert lin.get(f"/sessions/{tonight.pk}").status_code == 200
    assert lin.post(f"/sessions/{tonight.pk}/closure").status_code == 403
    assert lin.post(f"/roster/{entry.pk}/corrections", {}).status_code == 403


def test_a_session_moves_with_its_roster_through_the_page(cast, client_for, tonight):
    lin = client_for(cast["lin"])

    lin.post(f"/sessions/{tonight.pk}/move", {"on": "2026-11-25", "starts": "17:00"})

    with acting(cast["lin"]):
        tonight.refresh_from_db()
        assert tonight.begins_at == BEGINS + timedelta(hours=23)
        assert {entry.during.lower for entry in tonight.roster.all()} == {tonight.begins_at}

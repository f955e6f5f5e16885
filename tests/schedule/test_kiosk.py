"""The kiosk in the lobby: it lists nobody, takes a code or a first name and a birth year, and slows down guesses."""

from datetime import date, timedelta

import pytest
from django.test import Client

from openiop.demo import world
from openiop.people.access import acting
from openiop.people.middleware import DEVICE_COOKIE
from openiop.people.models import Device, Person, Site
from openiop.programs.models import Enrolment
from openiop.safety.models import Whereabouts
from openiop.schedule import kiosk as lobby
from openiop.schedule import planning, presence
from openiop.schedule.models import Evidence, KioskTry, RosterEntry
from tests.schedule.conftest import BEGINS, kiosk_at

pytestmark = pytest.mark.django_db


def say(client, do="arrive", **typed):
    return client.post("/kiosk/arrival", {"do": do, **typed})


def evidence_of(cast, patient):
    with acting(cast["okafor"]):
        return [(row.kind, row.source) for row in Evidence.objects.filter(patient=patient).order_by("at", "pk")]


def enrol(cast, tonight, **person):
    """Add a patient to tonight's roster."""
    with acting(cast["okafor"]):
        patient = Person.objects.create(clinic_id=tonight.clinic_id, kind="patient", family_name="Test", **person)
        Enrolment.begin(
            patient,
            tonight.track,
            modality="on_site",
            therapist=cast["marcus"],
            first_on=date(2026, 11, 1),
            by=cast["lin"],
            at=BEGINS,
        )
        planning.put_on_roster(tonight, patient, modality="on_site", by=cast["okafor"], at=BEGINS)
    return patient


def test_the_first_page_names_nobody(cast, tonight, kiosk_client):
    page = kiosk_client.get("/kiosk")

    assert page.status_code == 200
    with acting(cast["okafor"]):
        names = [word for entry in tonight.roster.all() for word in (entry.patient.called, entry.patient.family_name)]
    assert names and not [name for name in names if name in page.content.decode()]


def test_todays_code_brings_one_in_by_first_name_alone(cast, tonight, kiosk_client, entry_of):
    page = say(kiosk_client, code=entry_of("theo").arrival_code)

    assert "You&#x27;re in, Theo. Room 2." in page.content.decode()
    assert "Brandt" not in page.content.decode()
    assert evidence_of(cast, cast["theo"]) == [("in", "kiosk")]
    with acting(cast["okafor"]):
        assert Whereabouts.latest(cast["theo"].pk, at=world.NOW).place == "on_site"


def test_a_scanner_may_add_spaces_and_letters_around_the_digits(tonight, kiosk_client, entry_of):
    code = entry_of("theo").arrival_code

    assert "Theo" in say(kiosk_client, code=f" {code[:3]} {code[3:]}\r").content.decode()


def test_first_name_and_birth_year_do_as_well(cast, kiosk_client, tonight):
    assert "You&#x27;re in, Theo" in say(kiosk_client, name="theo ", year="1984").content.decode()


def test_saying_it_twice_notes_it_once(cast, tonight, kiosk_client, entry_of):
    for _again in range(2):
        say(kiosk_client, code=entry_of("theo").arrival_code)

    assert evidence_of(cast, cast["theo"]) == [("in", "kiosk")]


def test_leaving_is_said_the_same_way(cast, tonight, kiosk_client, entry_of, clock):
    say(kiosk_client, code=entry_of("theo").arrival_code)
    clock.shift(timedelta(minutes=30))
    page = say(kiosk_client, do="leave", name="Theo", year="1984")

    assert "Goodbye, Theo." in page.content.decode()
    assert evidence_of(cast, cast["theo"]) == [("in", "kiosk"), ("out", "kiosk")]


def test_who_was_not_in_cannot_leave(cast, tonight, kiosk_client, entry_of):
    page = say(kiosk_client, do="leave", code=entry_of("theo").arrival_code)

    assert "You were not signed in, Theo" in page.content.decode()
    assert evidence_of(cast, cast["theo"]) == []


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        pytest.param("José", "jose", id="an accent left out"),
        pytest.param("Žofie", "ŽOFIE", id="capitals with a caron"),
        pytest.param("Дарья", "дарья", id="Cyrillic"),
        pytest.param("美玲", "美玲", id="Chinese"),
        pytest.param("فاطمة", "فاطمة", id="Arabic"),
        pytest.param("Mary Ann", "mary  ann", id="two words and two blanks"),
        pytest.param("O'Neill", "o'neill", id="an apostrophe"),
    ],
)
def test_a_name_of_any_script_is_found(cast, tonight, kiosk_client, given, typed):
    patient = enrol(cast, tonight, given_name=given, called=given, born_on=date(1971, 5, 1))

    say(kiosk_client, name=typed, year="1971")

    assert evidence_of(cast, patient) == [("in", "kiosk")]


def test_two_of_a_name_and_year_are_sent_to_their_code_or_the_desk(cast, tonight, kiosk_client):
    other = enrol(cast, tonight, given_name="Theo", called="Theo", born_on=date(1984, 1, 1))

    page = say(kiosk_client, name="Theo", year="1984")

    assert "use today&#x27;s code, or ask the front desk" in page.content.decode()
    assert evidence_of(cast, cast["theo"]) == evidence_of(cast, other) == []


def test_a_wrong_birth_year_says_nothing_about_the_name(tonight, kiosk_client):
    wrong_year = say(kiosk_client, name="Theo", year="1985").content
    wrong_name = say(kiosk_client, name="Nobody", year="1984").content

    def told(page):
        return page.decode().split('role="alert">')[1].split("<")[0]

    assert told(wrong_year) == told(wrong_name)
    assert b"Theo" not in wrong_year


def test_guessing_a_birth_year_gets_slower_and_slower(cast, tonight, kiosk, kiosk_client):
    for year in ("1980", "1981", "1982", "1983"):
        say(kiosk_client, name="Theo", year=year)

    page = say(kiosk_client, name="Theo", year="1984")

    assert "ask the front desk, or try again in 10 seconds" in page.content.decode()
    assert evidence_of(cast, cast["theo"]) == []


def test_after_the_pause_the_right_year_is_taken(cast, tonight, kiosk_client, clock):
    for year in ("1980", "1981", "1982", "1983"):
        say(kiosk_client, name="Theo", year=year)
    clock.shift(timedelta(seconds=11))

    assert "You&#x27;re in, Theo" in say(kiosk_client, name="Theo", year="1984").content.decode()


def test_ones_own_right_code_buys_no_new_guesses(cast, tonight, kiosk, kiosk_client, clock, entry_of):
    for year in ("1980", "1981", "1982", "1983"):
        say(kiosk_client, name="Theo", year=year)
    clock.shift(timedelta(seconds=11))
    say(kiosk_client, code=entry_of("jonah").arrival_code)
    say(kiosk_client, name="Theo", year="1979")

    assert "try again in 20 seconds" in say(kiosk_client, name="Theo", year="1984").content.decode()


@pytest.mark.parametrize(
    ("wrong_tries", "seconds"), [(0, 0), (3, 0), (4, 10), (5, 20), (6, 40), (8, 160), (9, 300), (40, 300)]
)
def test_the_pause_doubles_up_to_five_minutes(wrong_tries, seconds):
    assert lobby.pause_seconds(wrong_tries) == seconds


def test_a_try_keeps_nothing_of_what_was_typed(kiosk, kiosk_client, tonight):
    say(kiosk_client, name="Theodora", year="1985")

    with acting(kiosk):
        (one,) = KioskTry.objects.values()
    assert set(one) == {"id", "clinic_id", "device_id", "at"}


def test_one_kiosks_wrong_tries_do_not_stop_another(cast, tonight, kiosk_client):
    for year in range(1970, 1980):
        say(kiosk_client, name="Theo", year=year)
    kiosk_at(cast, token="side door")
    other = Client(headers={"host": "localhost"})
    other.cookies[DEVICE_COOKIE] = "side door"

    assert "You&#x27;re in, Theo" in say(other, name="Theo", year="1984").content.decode()


def test_a_code_of_another_day_does_not_fit(cast, tonight, kiosk_client):
    with acting(cast["okafor"]):
        later = RosterEntry.objects.filter(patient=cast["theo"], during__startswith__gt=BEGINS).first()

    assert "does not fit today" in say(kiosk_client, code=later.arrival_code).content.decode()


def test_a_code_fits_at_the_sessions_own_site_only(cast, tonight, entry_of):
    with acting(cast["okafor"]):
        elsewhere = Site.objects.create(clinic_id=tonight.clinic_id, name="Elsewhere", address="2 Far Road", state="NY")
    kiosk_at(cast, token="elsewhere", site=elsewhere)
    client = Client(headers={"host": "localhost"})
    client.cookies[DEVICE_COOKIE] = "elsewhere"

    assert "does not fit today" in say(client, code=entry_of("theo").arrival_code).content.decode()


def test_who_cancelled_is_not_found(cast, tonight, kiosk_client, entry_of):
    entry = entry_of("theo")
    with acting(cast["okafor"]):
        entry.cancel(excused=True, by=cast["okafor"], at=world.NOW)

    assert "does not fit" in say(kiosk_client, code=entry.arrival_code).content.decode()


def test_an_empty_form_is_no_wrong_try(kiosk, kiosk_client, tonight):
    for _again in range(5):
        say(kiosk_client, code="")

    with acting(kiosk):
        assert not KioskTry.objects.exists()


def test_the_database_shows_a_kiosk_no_patient_and_nothing_it_wrote(cast, tonight, kiosk, kiosk_client, entry_of):
    say(kiosk_client, code=entry_of("theo").arrival_code)

    with acting(kiosk):
        assert not Person.objects.patients().exists()
        assert not RosterEntry.objects.exists()
        assert not Evidence.objects.exists()


def test_a_person_who_asks_the_matching_function_gets_nothing(cast, tonight, entry_of):
    code = entry_of("theo").arrival_code
    for who in ("maya", "hal"):
        with acting(cast[who]):
            assert lobby._match(code, "", 0, at=BEGINS) is None


@pytest.mark.parametrize("path", ["/front-desk", "/sessions", "/series", "/hours", "/outreach", "/programs", "/today"])
def test_the_kiosk_opens_no_other_page(tonight, kiosk_client, path):
    assert kiosk_client.get(path).status_code in (403, 404)


def test_people_and_room_devices_do_not_open_the_kiosk(cast, tonight, client_for):
    kiosk_at(cast, token="camera", kind=Device.ROOM)
    camera = Client(headers={"host": "localhost"})
    camera.cookies[DEVICE_COOKIE] = "camera"

    assert camera.get("/kiosk").status_code == 404
    assert client_for(cast["maya"]).get("/kiosk").status_code == 404
    assert client_for(cast["hal"]).get("/kiosk").status_code == 404


def test_what_was_typed_is_not_shown_to_the_next_person(tonight, kiosk_client):
    assert b"Theodora" not in say(kiosk_client, name="Theodora", year="1984").content


def test_the_desk_sees_who_came_by_the_kiosk(cast, tonight, kiosk_client, entry_of):
    say(kiosk_client, code=entry_of("theo").arrival_code)

    with acting(cast["hal"]):
        assert presence.who_is_here(tonight, at=world.NOW)[cast["theo"].pk].here_as == "on_site"

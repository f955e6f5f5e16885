"""Where a person is, the numbers of that place, what is read out to a dispatcher, and what was told in an emergency."""

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Site
from openiop.programs.models import Program
from openiop.safety import ladder, location
from openiop.safety.models import EmergencyDisclosure, LocalHelp, Whereabouts, raise_flag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW


class Place(NamedTuple):
    state: str
    locality: str


KNOWN = [
    Place("NY", ""),
    Place("NY", "Ashford"),
    Place("NY", "Ashford Falls"),
    Place("NJ", "Ashford"),
    Place("CT", "Bay"),
]


@pytest.mark.parametrize(
    ("address", "state", "found"),
    [
        pytest.param("14 Orchard Lane, Ashford", "NY", Place("NY", "Ashford"), id="the town the address names"),
        pytest.param("14 orchard lane, ASHFORD", "NY", Place("NY", "Ashford"), id="whatever its case"),
        pytest.param("2 Mill Rd, Ashford Falls", "NY", Place("NY", "Ashford Falls"), id="the longest name counts"),
        pytest.param("1 Ashfordshire Way, Troy", "NY", Place("NY", ""), id="part of a word is no town"),
        pytest.param("9 Main St, Troy", "NY", Place("NY", ""), id="else the state's"),
        pytest.param(
            "14 Orchard Lane, Ashford", "NJ", Place("NJ", "Ashford"), id="another state's town is another town"
        ),
        pytest.param("14 Orchard Lane, Ashford", "CT", None, id="no number rather than a wrong one"),
        pytest.param("14 Orchard Lane, Ashford", "", None, id="no state, no guess"),
    ],
)
def test_which_numbers_fit_a_place(address, state, found):
    assert location.nearest(address, state, KNOWN) == found


@pytest.mark.parametrize(("days", "stale"), [(0, False), (180, False), (181, True)])
def test_numbers_unchecked_for_half_a_year_say_so(days, stale):
    assert location.is_stale(date(2026, 11, 24) - timedelta(days=days), today=date(2026, 11, 24)) is stale


@pytest.mark.parametrize("said", ["(555) 010-0911", "555.010.0911", "+1 555 010 0911", "5550100911"])
def test_ten_digits_however_they_are_written(said):
    assert location.ten_digits(said) == "5550100911"
    assert location.spoken("5550100911") == "(555) 010-0911"


@pytest.mark.parametrize("said", ["911", "555 0100", "25550100911", "call 5550100911", "", "٥٥٥٠١٠٠٩١١"])
def test_what_is_not_ten_digits_is_refused(said):
    with pytest.raises(location.NotTenDigits):
        location.ten_digits(said)


# --- the sheet ---


def keep(cast, *, locality="Ashford", checked_on=date(2026, 11, 1), phone="5550102911"):
    with acting(cast["okafor"]):
        return LocalHelp.objects.create(
            clinic_id=cast["okafor"].clinic_id,
            state="NY",
            locality=locality,
            emergency_phone=phone,
            department="Ashford Community Hospital",
            source="the county's list",
            checked_on=checked_on,
            checked_by=cast["okafor"],
        )


def tell(patient, *, at=NOW, address="14 Orchard Lane, Ashford"):
    with acting(patient):
        Whereabouts.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            told_at=at,
            place="virtual",
            address=address,
            state="NY",
            callback="(555) 010-7777",
            company="a sister",
            source="door",
        )


def text(response):
    return " ".join(response.content.decode().split())


def sheet(client, patient):
    return text(client.get(reverse("where-now", args=[patient.pk])))


def test_the_sheet_says_where_whom_to_dial_and_who_is_there(cast, client_for):
    keep(cast)
    tell(cast["maya"])

    shown = sheet(client_for(cast["marcus"]), cast["maya"])

    for word in ("(555) 010-2911", "tel:5550102911", "14 Orchard Lane, Ashford, NY", "(555) 010-7777", "a sister"):
        assert word in shown
    for word in ("Maya Rivera", "35 years old", "Alex Rivera", "may be told", "Ashford Community Hospital"):
        assert word in shown
    assert "reaches the dispatcher of the place where you are" in shown
    assert "more than half a year" not in shown


def test_stale_numbers_say_so_and_a_place_without_any_says_what_to_do(cast, client_for):
    client = client_for(cast["marcus"])
    assert "We keep no number for this place." in sheet(client, cast["maya"])

    keep(cast, checked_on=date(2026, 1, 2))
    shown = sheet(client, cast["maya"])

    assert "Nobody has checked these numbers for more than half a year." in shown
    assert "checked Jan. 2, 2026" in shown


def test_whoever_left_the_site_is_not_said_to_have_said_that_they_are_at_home(cast, client_for):
    patient = cast["maya"]
    with acting(cast["okafor"]):
        site = Site.objects.filter(clinic_id=patient.clinic_id).first()
        for hours, where in ((3, {"place": "on_site", "site": site}), (1, {"place": "virtual"})):
            Whereabouts.objects.create(
                clinic_id=patient.clinic_id,
                patient=patient,
                told_at=NOW - timedelta(hours=hours),
                source="desk",
                **where,
            )

    shown = sheet(client_for(cast["marcus"]), patient)

    assert "as they said" not in shown
    assert f"left {site.name} Nov 24, 4:48 p.m., not said where to" in shown
    assert patient.home_address in shown and "their home; they have not said where they are" in shown
    assert site.address not in shown.split('id="read-out"')[1]


def test_a_place_told_yesterday_is_shown_with_its_age_and_the_home_beside_it(cast, client_for):
    tell(cast["maya"], at=NOW - timedelta(hours=20), address="5 Pine Street, Troy")

    shown = sheet(client_for(cast["marcus"]), cast["maya"])

    assert "5 Pine Street, Troy, NY" in shown
    assert "they may be elsewhere" in shown
    assert "Lives at 14 Orchard Lane, Ashford, NY" in shown


def test_the_sheet_names_neither_diagnosis_nor_substance_nor_the_kind_of_clinic(cast, client_for):
    """It is read aloud to a stranger, and left lying on a desk."""
    with acting(cast["okafor"]):
        clinic = cast["okafor"].clinic
        clinic.name = "Harbor Recovery and Addiction Intensive Outpatient"
        clinic.save()
        Program.objects.update(name="Alcohol program", part2=True)
        keep(cast)
    tell(cast["maya"])
    with acting(cast["maya"]):
        raise_flag(cast["maya"], key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)

    shown = sheet(client_for(cast["marcus"]), cast["maya"])
    read_out = shown[shown.index('id="read-out"') : shown.index("</section>", shown.index('id="read-out"'))]
    printed = shown[shown.index("<main") : shown.index('<section class="section no-print"')]

    for part in (read_out, printed):
        words = re.sub(r"<[^>]+>", " ", part).lower()
        for never in (
            "depress", "f33", "diagnos", "disorder", "suicid", "mental", "psych", "behavioral", "alcohol", "addict",
            "substance", "drug", "recovery", "rehab", "treatment", "therap", "patient", "program", "intensive",
            "outpatient", "clinic", "harbor recovery", "42 cfr",
        ):  # fmt: skip
            assert never not in words, never


def test_only_clinicians_open_the_sheet_and_in_a_crisis_any_of_them(cast, client_for):
    for key in ("hal", "rosa", "vera", "lin", "maya", "theo"):
        assert client_for(cast[key]).get(reverse("where-now", args=[cast["maya"].pk])).status_code == 404, key
    bea = client_for(cast["bea"])
    assert bea.get(reverse("where-now", args=[cast["leo"].pk])).status_code == 404

    with acting(cast["leo"]):
        raise_flag(cast["leo"], key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)

    assert bea.get(reverse("where-now", args=[cast["leo"].pk])).status_code == 200


# --- the numbers, kept by the clinic ---

NUMBERS = {
    "state": "NY",
    "locality": "Ashford",
    "emergency_phone": "(555) 010-2911",
    "source": "the county's list",
    "checked_on": "2026-11-20",
}


def test_the_director_keeps_numbers_with_their_source_and_who_checked_them(cast, client_for):
    client = client_for(cast["okafor"])

    assert client.post(reverse("local-help"), NUMBERS).status_code == 302

    with acting(cast["okafor"]):
        kept = LocalHelp.objects.get(locality="Ashford")
    assert (kept.emergency_phone, kept.checked_by_id) == ("5550102911", cast["okafor"].pk)
    again = client.post(reverse("local-help-edit", args=[kept.pk]), {**NUMBERS, "checked_on": "2026-11-24"})
    assert again.status_code == 302
    assert "checked Nov. 24, 2026" in text(client.get(reverse("local-help")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"emergency_phone": "911"}, "Ten digits, please"),
        ({"checked_on": "2026-11-30"}, "That lies in the future."),
        ({"source": ""}, "This field is required."),
    ],
)
def test_three_digits_a_future_day_and_no_source_are_refused_and_nothing_is_lost(cast, client_for, change, said):
    refused = client_for(cast["lin"]).post(reverse("local-help"), {**NUMBERS, **change})

    assert refused.status_code == 422
    assert said in text(refused)
    assert 'value="Ashford"' in text(refused)


def test_one_place_has_its_numbers_once(cast, client_for):
    client = client_for(cast["okafor"])
    client.post(reverse("local-help"), NUMBERS)

    refused = client.post(reverse("local-help"), {**NUMBERS, "locality": "ashford"})

    assert refused.status_code == 422
    assert "has its numbers already" in text(refused)


def test_nobody_else_changes_the_numbers(cast, client_for):
    keep(cast)
    for key, status in {"bea": 403, "marcus": 403, "hal": 403, "rosa": 403, "vera": 403, "maya": 404}.items():
        assert client_for(cast[key]).post(reverse("local-help"), NUMBERS).status_code == status, key
    with acting(cast["marcus"]):
        assert LocalHelp.objects.update(emergency_phone="5550100000") == 0
    with pytest.raises(DatabaseError), acting(cast["okafor"]):
        LocalHelp.objects.update(emergency_phone="911")


# --- what was told in an emergency ---

TOLD = {
    "told_at": "2026-11-24T17:40",
    "recipient": "Paramedic J. Ortiz",
    "organisation": "Ashford Ambulance",
    "nature": "Took many tablets, hard to wake",
    "what": "What she takes and how much",
}


def test_what_was_told_is_written_down_and_stands_in_the_trail(cast, client_for):
    client = client_for(cast["marcus"])

    assert client.post(reverse("disclosure-new", args=[cast["maya"].pk]), TOLD).status_code == 302

    assert "Paramedic J. Ortiz" in sheet(client, cast["maya"])
    shown = text(client_for(cast["vera"]).get(reverse("disclosures")))
    for word in ("Maya Rivera", "Nov 24, 2026, 5:40 p.m.", "Ashford Ambulance", "hard to wake", "Marcus Reyes"):
        assert word in shown
    with acting(cast["vera"]):
        line = AuditEvent.objects.get(verb="disclosure.emergency")
        assert (line.patient_id, line.person_id) == (cast["maya"].pk, cast["marcus"].pk)
        assert line.detail == {"rule": "42 CFR 2.51"}


@pytest.mark.parametrize("missing", ["told_at", "recipient", "organisation", "nature", "what"])
def test_every_part_that_the_rule_asks_for_is_asked(cast, client_for, missing):
    refused = client_for(cast["marcus"]).post(reverse("disclosure-new", args=[cast["maya"].pk]), {**TOLD, missing: ""})

    assert refused.status_code == 422


def test_nothing_is_told_in_the_future(cast, client_for):
    later = {**TOLD, "told_at": "2026-11-24T23:59"}
    refused = client_for(cast["marcus"]).post(reverse("disclosure-new", args=[cast["maya"].pk]), later)

    assert refused.status_code == 422
    assert "That lies in the future." in text(refused)


def test_a_disclosure_is_never_changed_and_is_read_by_those_it_concerns(cast, client_for):
    client_for(cast["marcus"]).post(reverse("disclosure-new", args=[cast["maya"].pk]), TOLD)

    for key, may in {"marcus": 1, "okafor": 1, "vera": 1, "lin": 0, "hal": 0, "rosa": 0, "maya": 0}.items():
        with acting(cast[key]):
            assert EmergencyDisclosure.objects.visible_to(cast[key]).count() == may, key
            assert EmergencyDisclosure.objects.count() == may, f"{key} by a query that forgot to ask"
    for key in ("bea", "hal", "rosa", "lin"):
        assert client_for(cast[key]).get(reverse("disclosures")).status_code == 403
    with pytest.raises(DatabaseError), acting(cast["okafor"]):
        EmergencyDisclosure.objects.update(what="nothing")


def test_when_it_was_told_is_read_in_the_writers_own_time(cast, client_for):
    client_for(cast["marcus"]).post(reverse("disclosure-new", args=[cast["maya"].pk]), TOLD)

    with acting(cast["vera"]):
        told = EmergencyDisclosure.objects.get().told_at
    assert told == datetime(2026, 11, 24, 22, 40, tzinfo=timezone.get_fixed_timezone(0))

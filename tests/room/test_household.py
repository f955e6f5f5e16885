"""The household plan: the patient's and their therapist's, and nobody else's in the house."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission
from openiop.room.household import keeping
from openiop.room.household.models import HouseholdPlan
from tests.room.family import ana_of, family_meeting, link_to, used
from tests.room.test_admission import at_the_door, come_in, tonight
from tests.room.test_helpers import booked

pytestmark = pytest.mark.django_db
PLAN = {
    "where": "Kitchen, door shut",
    "sound": "Headphones on the hook",
    "at_home": "My brother",
    "code_word": "Marmalade",
}


def write(cast, parts=PLAN, *, by="sam", begun_from=0):
    with acting(cast[by]):
        return keeping.write(cast["sam"], parts, begun_from=begun_from, by=cast[by], at=world.NOW)


def versions_seen_by(actor):
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT code_word FROM room_householdplan ORDER BY version")
        return [word for (word,) in cursor.fetchall()]


def test_both_write_versions_and_nothing_new_makes_none(cast):
    write(cast)
    assert write(cast, begun_from=0).version == 1
    again = write(cast, {**PLAN, "helps": "A cup of tea"}, by="marcus", begun_from=1)

    assert (again.version, again.written_by) == (2, cast["marcus"])


def test_the_last_writer_never_overwrites_the_other_unread(cast):
    write(cast)
    write(cast, {**PLAN, "helps": "Tea"}, by="marcus", begun_from=1)

    with pytest.raises(keeping.NotTheNewest):
        write(cast, {**PLAN, "helps": "The dog"}, begun_from=1)
    with acting(cast["sam"]):
        assert HouseholdPlan.objects.newest_of(cast["sam"]).helps == "Tea"


def test_whoever_is_neither_the_patient_nor_a_clinician_writes_nothing(cast):
    for key in ("maya", "hal", "rosa"):
        with pytest.raises(PermissionDenied):
            write(cast, by=key)


def test_no_partner_no_supporter_and_no_helper_reads_it_even_past_the_pages(cast, clock):
    write(cast)
    helper = booked(cast, tonight_of(cast))
    meeting = family_meeting(cast, patient="sam", begins_at=world.NOW + timedelta(hours=6))
    ana = used(link_to(meeting, ana_of(cast, patient="sam"), cast))
    assert ana is not None

    assert versions_seen_by(cast["sam"]) == ["Marmalade"]
    for nobody in (cast["maya"], cast["leo"], helper, ana):
        assert versions_seen_by(nobody) == []


def tonight_of(cast):
    with acting(cast["bea"]):
        return tonight(cast["bea"])


def test_a_version_is_never_changed_and_written_in_nobody_elses_name(cast):
    plan = write(cast)
    with acting(cast["sam"]), pytest.raises(DatabaseError), transaction.atomic():
        HouseholdPlan.objects.filter(pk=plan.pk).update(helps="x")
    with acting(cast["maya"]), pytest.raises(DatabaseError), transaction.atomic():
        HouseholdPlan.objects.create(
            clinic_id=plan.clinic_id, patient=cast["sam"], version=2, written_by=cast["sam"], written_at=world.NOW
        )


def test_the_page_keeps_what_was_typed_when_the_other_wrote_meanwhile(cast, client_for, clock):
    write(cast)
    browser, url = client_for(cast["sam"]), reverse("my-household-plan")
    write(cast, {**PLAN, "helps": "Tea from Marcus"}, by="marcus", begun_from=1)

    answer = browser.post(url, {**PLAN, "helps": "The dog", "begun_from": 1})
    page = answer.content.decode()
    assert answer.status_code == 409 and "The dog" in page and "Tea from Marcus" in page

    assert browser.post(url, {**PLAN, "helps": "The dog, and tea", "begun_from": 2}).status_code == 302
    assert "The dog, and tea" in browser.get(url).content.decode()


def test_staff_who_may_not_open_the_record_find_no_plan(cast, client_for, clock):
    write(cast)
    url = reverse("household-plan", args=[cast["sam"].pk])

    assert "Marmalade" in client_for(cast["okafor"]).get(url).content.decode()
    for key in ("hal", "rosa", "maya"):
        assert client_for(cast[key]).get(url).status_code in (403, 404), key


def test_before_joining_one_line_is_shown_and_nothing_that_others_in_the_room_should_not_read(cast, client_for, clock):
    write(cast)

    page = client_for(cast["sam"]).get(reverse("door", args=[tonight_of(cast).pk])).content.decode()

    assert "Kitchen, door shut · Headphones on the hook" in page
    assert "Marmalade" not in page and "My brother" not in page


def test_whoever_leads_reads_it_one_click_from_the_room_and_a_patient_does_not(cast, client_for, clock):
    write(cast)
    come_in(cast["bea"])
    seat = at_the_door(cast["sam"])
    url = reverse("room-person", args=[seat.session_id, seat.pk])
    assert "Marmalade" in client_for(cast["bea"]).get(url).content.decode(), (
        "at the door, too: somebody may walk in there"
    )
    with acting(cast["bea"]):
        admission.admit(seat, by=cast["bea"], at=world.NOW)

    assert "Marmalade" in client_for(cast["bea"]).get(url).content.decode()
    assert client_for(cast["maya"]).get(url).status_code == 404

"""The rail, the case, the concern and the rota, through their pages."""

from datetime import timedelta

import pytest
from django.urls import reverse

from openiop.demo import world
from openiop.lib.ids import uuid7
from openiop.people.access import acting
from openiop.people.models import Site
from openiop.safety import ladder
from openiop.safety.models import Case, OnCallShift, Whereabouts, acknowledge, log_contact, raise_flag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
NOT_SAFE = ladder.Evidence("safe_now", "no")


def flag(patient, *, key="a", label="Are you safe right now?", value="No", at=NOW):
    with acting(patient):
        raise_flag(patient, key=key, evidence=NOT_SAFE, label=label, value=value, at=at)
        return Case.objects.open().get(patient=patient)


def tell(patient, *, place="virtual", address="14 Orchard Lane, Ashford", site=None):
    with acting(patient):
        Whereabouts.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            told_at=NOW,
            place=place,
            site=site,
            address=address,
            state="NY",
            callback="(555) 010-7777",
            company="nobody",
            source="door",
        )


def text(response):
    return " ".join(response.content.decode().split())


def rail(client):
    return client.get(reverse("rail"), headers={"HX-Request": "true"})


def test_the_rail_says_who_what_where_and_how_long_is_left(cast, client_for):
    flag(cast["maya"])
    tell(cast["maya"])

    shown = text(rail(client_for(cast["bea"])))

    assert "Maya Rivera" in shown
    assert "“No”" in shown
    assert "14 Orchard Lane, Ashford, NY" in shown
    assert "(555) 010-7777" in shown
    assert "Alex Rivera" in shown
    assert "Asked: Marcus Reyes" in shown
    assert "2 min left to take it" in shown
    assert "10 min left to reach them" in shown
    assert "data-alarm=" in shown


def test_somebody_on_site_is_found_with_the_numbers_of_that_site(cast, client_for):
    flag(cast["theo"])
    with acting(cast["okafor"]):
        site = Site.objects.get()
        site.emergency_notes = "Defibrillator behind the front desk."
        site.save()
    tell(cast["theo"], place="on_site", address="", site=site)

    shown = text(rail(client_for(cast["bea"])))

    assert "On site: Harbor Street, 1 Harbor Street, Harbor" in shown
    assert "Defibrillator" in shown


@pytest.mark.parametrize("who", ["hal", "rosa", "vera"])
def test_front_desk_billing_and_privacy_learn_only_that_someone_is_looked_after(cast, client_for, who):
    case = flag(cast["maya"])
    client = client_for(cast[who])

    shown = text(rail(client))

    assert "Someone is being looked after." in shown
    assert "Maya" not in shown
    assert client.get(reverse("case", args=[case.pk])).status_code == 404


def test_a_patient_reaches_neither_the_rail_nor_a_case(cast, client_for):
    case = flag(cast["maya"])
    client = client_for(cast["maya"])

    assert client.get(reverse("rail")).status_code == 404
    assert client.get(reverse("case", args=[case.pk])).status_code == 404
    assert client.post(reverse("case-acknowledgement", args=[case.pk])).status_code == 404
    assert client.post(reverse("case-closure", args=[case.pk])).status_code == 404


def test_taking_it_on_the_rail_answers_with_the_rail_and_stops_the_sound(cast, client_for):
    case = flag(cast["maya"])
    client = client_for(cast["bea"])

    shown = text(client.post(reverse("case-acknowledgement", args=[case.pk]), headers={"HX-Request": "true"}))

    assert "Bea took it at 5:48 p.m. ·" in shown
    assert "data-alarm" not in shown
    assert "to reach them" in shown


def test_the_rail_says_when_the_system_pages_nobody(cast, client_for, clock):
    flag(cast["maya"])
    clock.move_to(NOW + timedelta(seconds=31))

    assert "Call people yourself." in text(rail(client_for(cast["bea"])))


def test_the_rails_queries_do_not_grow_with_the_cases(cast, client_for, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_for(cast["bea"])
    flag(cast["maya"])
    rail(client)
    with CaptureQueriesContext(
        connection,
    ) as one:
        rail(client)
    for key in ("theo", "sam", "priya", "ruth"):
        flag(cast[key])
        tell(cast[key])
    rail(client)  # the first look at each is noted in the trail
    with CaptureQueriesContext(connection) as five:
        assert text(rail(client)).count("data-alarm") == 5
    assert len(five) == len(one)


def test_the_trail_notes_the_first_look_at_each_danger_and_not_every_refresh(cast, client_for):
    from openiop.audit.models import AuditEvent

    flag(cast["maya"])
    client = client_for(cast["bea"])
    for _again in range(3):
        rail(client)

    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="case.show", person_id=cast["bea"].pk).count() == 1


def test_the_case_page_shows_the_ladder_and_closes_only_after_contact_or_with_a_disposition(cast, client_for):
    case = flag(cast["maya"])
    client = client_for(cast["marcus"])

    shown = text(client.get(reverse("case", args=[case.pk])))
    assert "asked at 5:48 p.m." in shown
    assert "next, at 5:50 p.m." in shown

    refused = client.post(reverse("case-closure", args=[case.pk]), {"disposition": "", "note": "she is well"})
    assert refused.status_code == 422
    assert "Nobody has logged contact yet." in text(refused)
    assert "she is well" in text(refused)

    logged = client.post(
        reverse("case-contacts", args=[case.pk]), {"how": "phone", "reached": "yes", "note": "We spoke."}
    )
    assert logged.status_code == 302
    closed = client.post(reverse("case-closure", args=[case.pk]), {"disposition": "", "note": "she is well"})
    assert closed.status_code == 302
    assert "Closed Nov 24, 5:48 p.m. by Marcus Reyes" in text(client.get(reverse("case", args=[case.pk])))
    assert "Maya" not in text(rail(client))


def test_the_front_desk_may_raise_a_concern_and_pressing_twice_raises_one(cast, client_for):
    client = client_for(cast["hal"])
    address = reverse("flag-new", args=[cast["theo"].pk])
    sent = {"tier": "3", "what": "He sat in the car park and cried.", "key": str(uuid7())}

    assert client.get(address).status_code == 200
    assert client.post(address, sent).status_code == 302
    assert client.post(address, sent).status_code == 302

    with acting(cast["marcus"]):
        case = Case.objects.open().get()
        assert case.tier == 3
        assert [flag.value for flag in case.flags.all()] == ["He sat in the car park and cried."]


def test_billing_may_not_raise_a_concern_about_a_stranger_and_a_patient_never(cast, client_for):
    address = reverse("flag-new", args=[cast["theo"].pk])

    assert client_for(cast["vera"]).get(address).status_code == 403
    assert client_for(cast["maya"]).get(address).status_code == 404


# --- the rota ---


def shift(staff, begins, ends, rung=1):
    return {"staff": staff.pk, "rung": rung, "begins_at": begins, "ends_at": ends}


def test_the_director_plans_who_is_on_call_in_the_clinics_own_time(cast, client_for):
    client = client_for(cast["okafor"])

    made = client.post(reverse("on-call"), shift(cast["bea"], "2027-01-25T21:30", "2027-01-26T08:00", rung=2))

    assert made.status_code == 302
    with acting(cast["okafor"]):
        during = OnCallShift.objects.get(staff=cast["bea"], rung=2, during__startswith__gt=NOW).during
        assert during.lower.isoformat() == "2027-01-26T02:30:00+00:00"
    shown = text(client.get(reverse("on-call")))
    assert "America/New_York" in shown
    assert "Mon Jan 25, 9:30 p.m." in shown


def test_two_people_are_not_on_call_in_the_same_place_at_once(cast, client_for):
    client = client_for(cast["okafor"])

    refused = client.post(reverse("on-call"), shift(cast["bea"], "2026-11-25T21:30", "2026-11-26T08:00"))

    assert refused.status_code == 422
    assert "Somebody else is already on call" in text(refused)


def test_a_shift_that_ends_before_it_begins_is_refused_in_words(cast, client_for):
    refused = client_for(cast["okafor"]).post(
        reverse("on-call"), shift(cast["bea"], "2026-11-26T08:00", "2026-11-25T21:30", rung=2)
    )
    assert "The end comes before the beginning." in text(refused)


def test_a_running_shift_taken_off_ends_now_and_stays_written(cast, client_for):
    client = client_for(cast["okafor"])
    with acting(cast["okafor"]):
        running = OnCallShift.objects.get(rung=1)

    assert client.post(reverse("on-call-end", args=[running.pk])).status_code == 302
    with acting(cast["okafor"]):
        assert OnCallShift.objects.get(pk=running.pk).during.upper == NOW


def test_only_the_director_changes_the_rota_and_all_staff_may_read_it(cast, client_for):
    client = client_for(cast["bea"])

    assert client.get(reverse("on-call")).status_code == 200
    assert client.post(reverse("on-call"), {}).status_code == 403


# --- what the patient is told ---


def told(client):
    return text(client.get(reverse("what-happens"), headers={"HX-Request": "true"}))


def test_the_patient_is_told_the_truth_at_each_step(cast, client_for, clock):
    case = flag(cast["maya"])
    client = client_for(cast["maya"])
    assert "has been sent to your team" in told(client)

    clock.move_to(NOW + timedelta(minutes=2))
    assert "Nobody has answered yet. Please use these now." in told(client)

    with acting(cast["marcus"]):
        acknowledge(case, by=cast["marcus"], at=NOW + timedelta(minutes=2))
    assert "Marcus has seen your answer" in told(client)

    clock.move_to(NOW + timedelta(minutes=12))
    assert "Nobody has answered yet" in told(client)

    with acting(cast["marcus"]):
        log_contact(case, how="phone", reached=True, note="", by=cast["marcus"], at=NOW + timedelta(minutes=12))
    assert "Nobody has answered yet" not in told(client)


def test_the_page_has_the_words_at_hand_for_when_it_hears_nothing_more(cast, client_for):
    flag(cast["maya"])
    client = client_for(cast["maya"])

    for page in ("what-happens", "today"):
        shown = text(client.get(reverse(page)))
        kept = shown[shown.index("<template data-live-stale-words>") : shown.index("</template>")]
        assert "This page cannot hear from your team right now" in kept
        assert "please use these numbers now" in kept
    assert "cannot hear" not in told(client), "what is read again are the words that are true"


def test_help_lines_and_the_clinics_own_numbers_stand_beside_every_word(cast, client_for, clock):
    flag(cast["maya"])
    client = client_for(cast["maya"])
    for number in ("tel:988", "sms:988", "988lifeline.org", "tel:911", "(555) 010-0100"):
        assert number in told(client)

    clock.move_to(NOW + timedelta(hours=5))  # out of hours
    assert "(555) 010-0199" in told(client)


def test_somebody_on_site_is_given_the_numbers_of_that_site(cast, client_for):
    flag(cast["theo"])
    with acting(cast["okafor"]):
        site = Site.objects.get()
    tell(cast["theo"], place="on_site", address="", site=site)

    assert "Call Harbor Street" in told(client_for(cast["theo"]))

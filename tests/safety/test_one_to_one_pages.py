"""Who stays with somebody: on every clinician's desk, on the case, at the hand-over, and with whoever is asked."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Site
from openiop.safety import ladder, rungs
from openiop.safety.models import (
    HARMED,
    Case,
    OneToOne,
    OneToOneClock,
    OneToOneEnd,
    Whereabouts,
    acknowledge,
    confirm_presence,
    hand_over_mine,
    log_contact,
    name_who_stays,
    raise_flag,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW


def text(response):
    return " ".join(response.content.decode().split())


def rail(client):
    return text(client.get(reverse("rail"), headers={"HX-Request": "true"}))


@pytest.fixture
def case(cast):
    """Theo came on site, is at high risk, and Marcus has spoken with him."""
    with acting(cast["hal"]):
        Whereabouts.objects.create(
            clinic_id=cast["theo"].clinic_id,
            patient=cast["theo"],
            told_at=NOW,
            place="on_site",
            site=Site.objects.first(),
            source="desk",
        )
    with acting(cast["theo"]):
        evidence = ladder.Evidence("staff_concern", 3)
        found = raise_flag(cast["theo"], key="k", evidence=evidence, label="Worry", value="x", at=NOW).case
    with acting(cast["marcus"]):
        acknowledge(found, by=cast["marcus"], at=NOW)
        log_contact(found, how="person", reached=True, note="", by=cast["marcus"], at=NOW)
    return found


def named(cast, case, who="hal", *, by="marcus"):
    with acting(cast[by]):
        return name_who_stays(case, who=cast[who], place=rungs.ON_SITE, where="Room 2", by=cast[by], at=timezone.now())


def with_them(cast, case, who="hal"):
    row = named(cast, case, who)
    with acting(cast[who]):
        return confirm_presence(row, by=cast[who], at=timezone.now())


def said(cast, who="bea", **more):
    return {"who": cast[who].pk, "place": rungs.ON_SITE, "where": "Room 2", "instead_of": "", **more}


def test_high_on_site_with_nobody_named_is_red_at_once_and_sounds_when_the_minutes_are_over(
    cast, client_for, case, clock
):
    bea = client_for(cast["bea"])
    seen = rail(bea)
    assert "Somebody must be with them" in seen and "Nobody is named to stay with them." in seen
    assert "data-alarm" not in seen

    clock.move_to(NOW + timedelta(minutes=5))
    assert "data-alarm" in rail(bea)
    assert "nobody was named" in text(bea.get(reverse("case", args=[case.pk])))
    assert "Theo" not in rail(client_for(cast["hal"]))


def test_a_clinician_names_somebody_who_says_on_their_own_desk_that_they_are_there(cast, client_for, case, clock):
    page = text(client_for(cast["marcus"]).get(reverse("case", args=[case.pk])))
    assert "Hal Whitaker · Front desk" in page and "Maya Rivera" not in page.partition('id="stay_who"')[2][:3000]
    client_for(cast["marcus"]).post(reverse("one-to-one-named", args=[case.pk]), said(cast, "hal"))
    hal = client_for(cast["hal"])
    shown = rail(hal)
    assert "Please stay with Theo B." in shown and "Room 2" in shown and "Brandt" not in shown

    with acting(cast["hal"]):
        row = OneToOne.objects.get()
    clock.move_to(NOW + timedelta(minutes=2))
    after = text(hal.post(reverse("one-to-one-confirmed", args=[row.pk]), headers={"HX-Request": "true"}))

    assert "You are with Theo B." in after and "I am with them" not in after
    seen = rail(client_for(cast["bea"]))
    assert "Hal Whitaker is with them since Nov 24, 5:50 p.m." in seen
    assert "Somebody must be with them" not in seen


def test_whoever_is_with_them_hands_on_by_name_and_stays_until_the_other_is_there(cast, client_for, case):
    row = with_them(cast, case)
    hal, bea = client_for(cast["hal"]), client_for(cast["bea"])
    assert "You stay until they have said" in text(hal.get(reverse("one-to-ones")))

    assert hal.post(reverse("one-to-one-next", args=[row.pk]), {"who": ""}).status_code == 422
    hal.post(reverse("one-to-one-next", args=[row.pk]), said(cast, "bea"))
    assert "Bea Lindqvist was asked at" in text(hal.get(reverse("one-to-ones")))
    page = text(bea.get(reverse("case", args=[case.pk])))
    assert "Bea Lindqvist was asked at" in page and "Hal Whitaker stays until then." in page
    with acting(cast["bea"]):
        asked = OneToOne.objects.get(who=cast["bea"])
    bea.post(reverse("one-to-one-confirmed", args=[asked.pk]))

    assert "Bea Lindqvist is with them since" in text(bea.get(reverse("case", args=[case.pk])))
    assert "Nobody stays with anybody" in text(hal.get(reverse("one-to-ones")))


def test_whoever_named_the_next_may_name_another_while_nobody_has_come(cast, client_for, case):
    row = with_them(cast, case)
    hal = client_for(cast["hal"])
    hal.post(reverse("one-to-one-next", args=[row.pk]), said(cast, "bea"))
    asked = text(hal.get(reverse("one-to-ones"))).partition('name="instead_of" value="')[2].partition('"')[0]

    hal.post(reverse("one-to-one-next", args=[row.pk]), said(cast, "marcus", instead_of=asked))

    with acting(cast["okafor"]):
        assert [one.who for one in OneToOne.objects.open().filter(confirmed_at=None)] == [cast["marcus"]]
        assert OneToOne.objects.get(pk=row.pk).is_with_them


def test_at_night_a_clinician_who_is_there_names_themselves(cast, client_for, case, clock):
    clock.move_to(NOW + timedelta(hours=6))
    bea = client_for(cast["bea"])

    bea.post(reverse("one-to-one-named", args=[case.pk]), said(cast, "bea"))

    assert "Bea Lindqvist is with them since" in text(bea.get(reverse("case", args=[case.pk])))


def test_in_a_clinic_with_several_sites_it_is_said_at_which_one(cast, client_for, case):
    named_at = reverse("one-to-one-named", args=[case.pk])
    with acting(cast["okafor"]):
        first = Site.objects.first()
        Site.objects.create(clinic_id=case.clinic_id, name="Annexe", address="2 Harbor Street", state="NY")
    bea = client_for(cast["bea"])

    assert bea.post(named_at, said(cast, "hal")).status_code == 422
    assert bea.post(named_at, said(cast, "hal", site=first.pk)).status_code == 302

    with acting(cast["okafor"]):
        assert OneToOne.objects.get().site == first


def test_whoever_is_alone_stands_first_on_the_desk(cast, client_for, case):
    with acting(cast["maya"]):
        evidence = ladder.Evidence("staff_concern", 2)
        newer = raise_flag(cast["maya"], key="n", evidence=evidence, label="Worry", value="x", at=NOW).case
    with acting(cast["marcus"]):
        log_contact(newer, how="phone", reached=True, note="", by=cast["marcus"], at=NOW)

    seen = rail(client_for(cast["bea"]))
    assert seen.index("Theo Brandt") < seen.index("Maya Rivera")


def test_who_hands_on_after_somebody_else_came_is_told_so_and_not_refused(cast, client_for, case):
    row = with_them(cast, case)
    with_them(cast, case, "bea")

    reply = client_for(cast["hal"]).post(reverse("one-to-one-next", args=[row.pk]), said(cast, "marcus"), follow=True)
    assert reply.status_code == 200 and "Somebody else changed this in the meantime" in text(reply)


def test_the_list_of_cases_calls_nobody_alone_with_whom_somebody_is_past_their_duty(cast, client_for, case, clock):
    row = with_them(cast, case)
    clock.move_to(row.until_at)

    shown = text(client_for(cast["bea"]).get(reverse("cases")))
    assert "others are asked" in shown and "nobody is with them" not in shown


def test_whose_name_is_read_on_the_list_of_who_stays_is_in_the_trail_also_while_nobody_is_named(cast, client_for, case):
    assert "Theo Brandt" in text(client_for(cast["bea"]).get(reverse("one-to-ones")))

    with acting(cast["okafor"]):
        assert AuditEvent.objects.filter(
            verb="case.show", patient_id=case.patient_id, person_id=cast["bea"].pk
        ).exists()


def test_it_ends_on_the_cases_page_with_a_reason(cast, client_for, case):
    with_them(cast, case)
    bea = client_for(cast["bea"])
    over = reverse("one-to-one-over", args=[case.pk])

    assert bea.post(over, {"why": "ambulance", "words": ""}).status_code == 422
    assert "not below high" in text(bea.post(over, {"why": "lowered", "words": "Calm."}))
    assert "First say why nobody needs to stay" in text(
        bea.post(reverse("case-closure", args=[case.pk]), {"disposition": "safe_with_plan", "note": "x"})
    )
    assert bea.post(over, {"why": "ambulance", "words": "Taken to Harbor General."}).status_code == 302

    page = text(bea.get(reverse("case", args=[case.pk])))
    assert "Nobody needs to stay, by a clinician" in page
    report = text(bea.get(reverse("case-report", args=[case.pk])))
    assert "Left with an ambulance · Taken to Harbor General." in report
    assert bea.get(reverse("case-paper", args=[case.pk])).content.startswith(b"%PDF")


def test_of_two_who_name_at_once_the_second_reads_that_it_changed(cast, client_for, case):
    named(cast, case, "hal")

    reply = client_for(cast["bea"]).post(reverse("one-to-one-named", args=[case.pk]), said(cast, "marcus"), follow=True)

    assert "Somebody else changed this in the meantime" in text(reply)
    with acting(cast["bea"]):
        assert OneToOne.objects.get().who == cast["hal"]


def test_it_stands_on_the_directors_red_list_until_somebody_is_there(cast, client_for, case):
    ada = client_for(cast["okafor"])
    assert "At high risk: who stays with them" in text(ada.get(reverse("red-list")))

    with_them(cast, case)
    assert "At high risk: who stays with them" not in text(ada.get(reverse("red-list")))


def test_it_stands_on_the_hand_over(cast, client_for, case):
    with acting(cast["marcus"]):
        row = hand_over_mine(by=cast["marcus"], to=None, key="s", at=NOW)
    ada = client_for(cast["okafor"])
    assert "Nobody is with them." in text(ada.get(reverse("hand-over", args=[row.pk])))

    with_them(cast, case)
    assert "Hal Whitaker is with them since" in text(ada.get(reverse("hand-over", args=[row.pk])))


@pytest.mark.parametrize("who", ["lin", "rosa", "hal", "vera", "theo", "maya"])
def test_nobody_but_clinicians_names_or_ends_and_nobody_answers_for_another(cast, client_for, case, who):
    row = with_them(cast, case, "bea")
    client = client_for(cast[who])

    assert client.post(reverse("one-to-one-named", args=[case.pk]), said(cast, "marcus")).status_code in (403, 404)
    assert client.post(reverse("one-to-one-over", args=[case.pk]), {"why": "left", "words": "x"}).status_code in (
        403,
        404,
    )
    for name in ("one-to-one-confirmed", "one-to-one-stayed", "one-to-one-next"):
        assert client.post(reverse(name, args=[row.pk]), said(cast, "marcus")).status_code == 404
    with acting(cast["okafor"]):
        assert OneToOne.objects.get().is_with_them
        assert not OneToOneEnd.objects.exists()


@pytest.mark.parametrize("who", ["marcus", "okafor"])
def test_a_clinician_answers_for_nobody_else_either(cast, client_for, case, who):
    row = named(cast, case, "bea")

    for name in ("one-to-one-confirmed", "one-to-one-stayed", "one-to-one-next"):
        assert client_for(cast[who]).post(reverse(name, args=[row.pk]), said(cast, "hal")).status_code == 404


def test_only_directors_set_the_minutes_each_time_with_where_they_are_from(cast, client_for):
    page = reverse("one-to-one-clock")
    for who in ("marcus", "hal", "maya"):
        assert client_for(cast[who]).post(page, {"minutes": 60, "source": "x"}).status_code in (403, 404)
    ada = client_for(cast["okafor"])
    assert "the project’s own design" in text(ada.get(page))

    assert ada.post(page, {"minutes": 3, "source": ""}).status_code == 422
    assert ada.post(page, {"minutes": 0, "source": "x"}).status_code == 422
    ada.post(page, {"minutes": 3, "source": "Policy 7 of 2026"})

    assert "Policy 7 of 2026" in text(ada.get(page))
    with acting(cast["okafor"]):
        assert OneToOneClock.in_force(cast["okafor"].clinic_id, at=NOW).minutes == 3


def test_the_patients_own_pages_name_nobody_who_stays(cast, client_for, case):
    with_them(cast, case, "bea")
    theo = client_for(cast["theo"])

    assert "Bea" not in text(theo.get(reverse("what-happens")))
    assert theo.get(reverse("one-to-ones")).status_code == 404


def test_of_a_private_matter_the_printed_case_repeats_no_words_of_the_decision(cast, client_for, case):
    with acting(cast["theo"]):
        evidence = ladder.Evidence("harmed_at_home", "yes")
        raise_flag(cast["theo"], key="p", evidence=evidence, label="Harmed", value="Yes", at=NOW, kind=HARMED)
    with_them(cast, case, "bea")
    ada = client_for(cast["okafor"])
    ada.post(reverse("one-to-one-over", args=[case.pk]), {"why": "family", "words": "Her sister, not her husband."})

    assert "not her husband" not in text(ada.get(reverse("case-report", args=[case.pk])))
    with acting(cast["okafor"]):
        assert Case.objects.get(pk=case.pk).one_to_one_ends.get().words


def test_the_list_says_who_is_with_somebody_already_and_with_whom_it_does_not(cast, client_for, case):
    with_them(cast, case, "bea")
    with acting(cast["maya"]):
        evidence = ladder.Evidence("staff_concern", 3)
        other = raise_flag(cast["maya"], key="k", evidence=evidence, label="Worry", value="x", at=NOW).case

    shown = text(client_for(cast["marcus"]).get(reverse("case", args=[other.pk])))

    (option,) = [each for each in shown.split("</option>") if "Bea Lindqvist" in each and "<option" in each][:1]
    assert option.endswith("is with somebody now") and "Theo" not in option
    assert shown.count("is with somebody now") == 1

"""The clinic's own ladders: what is refused, what the database refuses beneath, and that a crisis follows them."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import System, acting
from openiop.safety import jobs, ladder, rungs
from openiop.safety.models import (
    FAULTS,
    BrokenLadder,
    Case,
    Ladder,
    LadderRung,
    Page,
    raise_flag,
    rungs_for,
    set_ladder,
)
from openiop.safety.rungs import Ask

NOW = world.NOW
HIGH = ladder.Evidence("suicide_screen", "high")
GOOD = [Ask(rungs.PRIMARY, 5), Ask(rungs.SUPERVISOR, 7), Ask(rungs.EVERYONE, 10)]


def minutes(count):
    return timedelta(minutes=count)


def set_by(person, rows=GOOD, *, at=NOW, tier=3, contact=40, begins=None):
    with acting(person):
        return set_ladder(
            tier=tier,
            place=rungs.AT_HOME,
            in_hours=True,
            rows=rows,
            contact_minutes=contact,
            repeat_minutes=10,
            effective_from=begins or at,
            why="After the review in November",
            by=person,
            at=at,
        )


def flag(patient, *, key="a", at=NOW, evidence=HIGH):
    with acting(patient):
        raise_flag(patient, key=key, evidence=evidence, label="l", value="v", at=at)
        return Case.objects.open().get(patient=patient)


@pytest.mark.parametrize(
    ("rows", "contact", "wrong"),
    [
        pytest.param([GOOD[0], None, *GOOD[1:]], 40, (1, rungs.HOLE), id="a hole"),
        pytest.param([Ask(rungs.PRIMARY, None), *GOOD[1:]], 40, (0, rungs.NO_CLOCK), id="no clock"),
        pytest.param([Ask(rungs.ROLE, 5, "prescriber"), *GOOD[1:]], 40, (0, rungs.EMPTY_RUNG), id="no such role"),
        pytest.param([Ask(rungs.PERSON, 5, "gone"), *GOOD[1:]], 40, (0, rungs.NOBODY_LEFT), id="somebody who left"),
        pytest.param([GOOD[0], *GOOD], 40, (1, rungs.TWICE), id="asked twice"),
        pytest.param([GOOD[0], GOOD[2]], 40, (-1, rungs.NO_SUPERVISOR), id="no supervisor"),
        pytest.param(GOOD[:2], 40, (-1, rungs.NOT_EVERYONE_LAST), id="an end"),
        pytest.param([Ask(rungs.PRIMARY, 5, ways=("sms",)), *GOOD[1:]], 40, (0, rungs.NO_WAY), id="not on the desk"),
        pytest.param(GOOD, 4, (-1, rungs.CONTACT_TOO_SOON), id="contact due before anybody is asked"),
        pytest.param([], 40, (-1, rungs.NOT_EVERYONE_LAST), id="nothing at all"),
    ],
)
def test_a_broken_ladder_is_refused_and_says_where(rows, contact, wrong):
    found = rungs.faults(rows, contact_minutes=contact, staffing={})

    assert wrong in found
    assert all(key in FAULTS for _row, key in found)


def test_a_whole_ladder_has_no_faults_and_the_one_to_begin_with_has_none_either():
    assert rungs.faults(GOOD, contact_minutes=40, staffing={}) == []
    for tier, deadlines in ladder.DEADLINES.items():
        for in_hours in (True, False):
            begun = rungs.begun_with(deadlines, in_hours=in_hours)
            assert rungs.faults(begun.rungs, contact_minutes=begun.contact_minutes, staffing={}) == [], tier


@pytest.mark.django_db
def test_a_crisis_follows_the_clinics_own_ladder_and_its_clocks(cast):
    set_by(cast["okafor"], [Ask(rungs.PERSON, 5, cast["bea"].pk, ("desk", "push")), *GOOD])
    case = flag(cast["maya"])

    with acting(cast["okafor"]):
        first = Page.objects.get()
        assert (first.to, first.ways) == (cast["bea"], ["desk", "push"])
        assert (case.ack_due_at, case.contact_due_at) == (NOW + minutes(5), NOW + minutes(40))
        assert case.told(at=NOW + minutes(4)) == "sent"
        assert case.told(at=NOW + minutes(5)) == "nobody_yet"


@pytest.mark.django_db
def test_an_edit_is_followed_by_the_next_page_but_what_the_person_was_promised_stands(cast):
    case = flag(cast["maya"])
    set_by(cast["okafor"], [Ask(rungs.PERSON, 5, cast["bea"].pk), *GOOD], at=NOW + minutes(1), contact=20)

    with acting(cast["okafor"]):
        case = Case.objects.with_steps().get(pk=case.pk)
        assert case.contact_due_at == NOW + minutes(60)
        assert [rung.who for rung in rungs_for(cast["maya"], tier=3, at=NOW + minutes(1))][0] == (cast["bea"].pk,)


@pytest.mark.django_db
def test_a_version_holds_from_its_time_on_and_each_place_and_hour_has_its_own(cast):
    set_by(cast["okafor"], begins=NOW + minutes(60))

    with acting(cast["okafor"]):
        clinic = cast["okafor"].clinic_id
        which = {"tier": 3, "place": rungs.AT_HOME, "in_hours": True}
        assert Ladder.objects.in_force(clinic, **which, at=NOW) is None
        assert Ladder.objects.in_force(clinic, **which, at=NOW + minutes(60))
        assert Ladder.objects.in_force(clinic, **which | {"place": rungs.ON_SITE}, at=NOW + minutes(60)) is None
        assert Ladder.objects.in_force(clinic, **which | {"in_hours": False}, at=NOW + minutes(60)) is None


@pytest.mark.django_db
def test_nobody_but_a_director_sets_a_ladder(cast):
    for key in ("bea", "hal", "maya"):
        with pytest.raises(PermissionDenied):
            set_by(cast[key])
    with pytest.raises(BrokenLadder):
        set_by(cast["okafor"], GOOD[:2])


def test_a_page_for_a_rung_the_plan_no_longer_knows_skips_nobody():
    order = ["safety.person.x", ladder.PRIMARY, ladder.SUPERVISOR, ladder.EVERYONE_ON_THE_DESK]
    rungs = [ladder.Rung((name,), name) for name in order]

    assert ladder.place_of("safety.person.x", rungs, order=order) == 0
    assert ladder.place_of("safety.person.gone", rungs, order=order) == -1
    assert ladder.place_of(ladder.ON_CALL, rungs, order=order) == -1  # the named one has not been asked yet
    assert ladder.place_of(ladder.SUPERVISOR, rungs, order=order) == 2


# --- what the database refuses, whoever asks ---


def write(cast, steps, *, by="okafor"):
    with acting(cast["okafor"]), transaction.atomic():
        clinic = cast["okafor"].clinic_id
        made = Ladder.objects.create(
            clinic_id=clinic,
            tier=3,
            place=rungs.AT_HOME,
            in_hours=True,
            effective_from=NOW,
            contact_minutes=60,
            repeat_minutes=10,
            made_by=cast[by],
            made_at=NOW,
            why="because",
        )
        for number, fields in steps:
            LadderRung.objects.create(
                clinic_id=clinic, ladder=made, rung=number, **{"minutes": 5, "ways": ["desk"]} | fields
            )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


WHOLE = [(0, {"asks": "supervisor"}), (1, {"asks": "everyone"})]


@pytest.mark.django_db
def test_a_whole_ladder_is_taken_by_the_database(cast):
    write(cast, WHOLE)


@pytest.mark.django_db
@pytest.mark.parametrize("asks", ["family", "police", "emergency_contact", "guardian", "welfare_check", "911"])
def test_family_police_and_emergency_contacts_can_be_no_rung(cast, asks):
    with pytest.raises(DatabaseError, match="rung_asks_the_clinics_own"):
        write(cast, [(0, {"asks": asks}), (1, WHOLE[0][1]), (2, WHOLE[1][1])])


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["maya", "leo", "hal", "rosa"])
def test_a_named_rung_is_a_clinician_never_a_patient_or_their_family(cast, key):
    with pytest.raises(DatabaseError, match="names a clinician"):
        write(cast, [(0, {"asks": "person", "person": cast[key]}), (1, WHOLE[0][1]), (2, WHOLE[1][1])])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rungs", "words"),
    [
        ([], "no hole"),
        ([(0, WHOLE[0][1]), (2, WHOLE[1][1])], "no hole"),
        ([(0, {"asks": "everyone"})], "asks the supervisor"),
        ([(0, {"asks": "everyone"}), (1, {"asks": "supervisor"})], "at last everyone"),
        ([(0, {"asks": "supervisor", "minutes": 0}), WHOLE[1]], "rung_has_its_clock"),
        ([(0, {"asks": "supervisor", "ways": ["sms"]}), WHOLE[1]], "rung_has_its_ways"),
        ([(0, {"asks": "role", "role": "billing"}), (1, WHOLE[0][1]), (2, WHOLE[1][1])], "rung_role"),
    ],
)
def test_a_ladder_that_would_leave_somebody_unasked_is_refused_beneath_the_verbs(cast, rungs, words):
    with pytest.raises(DatabaseError, match=words):
        write(cast, rungs)


@pytest.mark.django_db
def test_a_ladder_in_somebody_elses_name_is_refused_and_none_is_ever_changed(cast):
    with pytest.raises(DatabaseError, match="in their own name"):
        write(cast, WHOLE, by="bea")
    made = set_by(cast["okafor"])
    with pytest.raises(DatabaseError), acting(cast["okafor"]), transaction.atomic():
        Ladder.objects.filter(pk=made.pk).update(contact_minutes=2000)


@pytest.mark.django_db
def test_a_case_keeps_the_clocks_it_was_promised(cast):
    case = flag(cast["maya"])
    with pytest.raises(DatabaseError, match="promised"), acting(cast["maya"]), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(contact_minutes=1440)


# --- the pages ---


def text(response):
    return " ".join(response.content.decode().split())


def typed(*rows, **fields):
    data = {"contact_minutes": "40", "repeat_minutes": "10", "why": "After the review"} | fields
    for number, (asks, wait) in enumerate(rows):
        data |= {f"rung-{number}-asks": asks, f"rung-{number}-minutes": wait}
        data[f"rung-{number}-ways"] = ["desk", "push"]
    return data


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_the_director_writes_the_next_version_on_a_page(cast, client_for):
    client = client_for(cast["okafor"])
    path = reverse("ladder", args=[3, rungs.AT_HOME, "in-hours"])

    answer = client.post(path, typed(("primary", 5), ("role:facilitator", 6), ("supervisor", 7), ("everyone", 10)))

    assert answer.status_code == 302
    shown = text(client.get(path))
    assert "After the review" in shown
    assert "Program director" not in shown.split("Versions")[0]
    assert "after 6 min the next" in shown
    assert "the clinic" in text(client.get(reverse("ladders")))


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_a_broken_ladder_is_refused_with_words_at_its_row_and_nothing_is_lost(cast, client_for):
    client = client_for(cast["okafor"])
    path = reverse("ladder", args=[3, rungs.AT_HOME, "in-hours"])

    answer = client.post(path, typed(("primary", ""), ("", ""), ("everyone", 10)))

    assert answer.status_code == 422
    shown = text(answer)
    assert "This rung has no clock." in shown
    assert "This rung is empty, and others follow it." in shown
    assert "The supervisor is missing from the ladder." in shown
    assert "After the review" in shown
    with acting(cast["okafor"]):
        assert not Ladder.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
def test_clinicians_read_the_ladders_and_only_the_director_writes(cast, client_for):
    path = reverse("ladder", args=[3, rungs.AT_HOME, "in-hours"])
    good = typed(("supervisor", 7), ("everyone", 10))

    assert client_for(cast["bea"]).get(path).status_code == 200
    assert client_for(cast["bea"]).post(path, good).status_code == 403
    assert client_for(cast["hal"]).get(path).status_code == 403
    assert client_for(cast["maya"]).get(path).status_code == 404
    assert client_for(cast["maya"]).post(path, good).status_code == 404
    assert client_for(cast["okafor"]).get(reverse("ladder", args=[9, "moon", "never"])).status_code == 404


def test_the_worker_climbs_the_clinics_ladder_each_rung_waiting_its_own_time(committed, worker):
    people = world.cast()
    set_by(people["okafor"], [Ask(rungs.PERSON, 2, people["bea"].pk), *GOOD])
    flag(people["maya"])
    with worker():
        for minute in range(25):
            jobs.climb(NOW + minutes(minute))
        with acting(System(people["maya"].clinic_id)):
            pages = Page.objects.order_by("made_at", "to__called").select_related("to")
            asked = [(int((page.made_at - NOW) / minutes(1)), page.to.called) for page in pages]

    assert asked[:3] == [(0, "Bea"), (2, "Marcus"), (7, "Ada")]
    assert asked[3:] == [(at, who) for at in (14, 24) for who in ("Ada", "Bea", "Marcus")]

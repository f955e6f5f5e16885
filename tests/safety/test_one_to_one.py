"""A named person stays with somebody at high risk: with no gap, in their own word, until a clinician decides."""

from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import System, acting
from openiop.people.models import Person, Site
from openiop.safety import jobs, ladder, one_to_one, rungs
from openiop.safety.models import (
    Case,
    ChangedMeanwhile,
    MayNotClose,
    MayNotEnd,
    NotOnDuty,
    OnCallShift,
    OneToOne,
    OneToOneClock,
    OneToOneEnd,
    Page,
    StaffPlace,
    Whereabouts,
    acknowledge,
    assess,
    close,
    confirm_presence,
    end_one_to_one,
    log_contact,
    name_who_stays,
    raise_flag,
    set_clock,
    somebody_is_called,
    states_of,
    stay_on,
)
from openiop.safety.report import timeline

NOW = world.NOW
CLOSING = NOW.replace(hour=2, minute=30) + timedelta(days=1)  # 9:30 pm in New York


def after(minutes):
    return NOW + timedelta(minutes=minutes)


pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def people(committed):
    return world.cast()


def flag(patient, *, tier=3, at=NOW, key="k"):
    with acting(patient):
        evidence = ladder.Evidence("staff_concern", tier)
        return raise_flag(patient, key=key, evidence=evidence, label="Worry", value="x", at=at).case


def arrives(people, patient, *, at=NOW, place="on_site"):
    with acting(people["hal"]):
        site = Site.objects.first() if place == "on_site" else None
        Whereabouts.objects.create(
            clinic_id=patient.clinic_id, patient=patient, told_at=at, place=place, site=site, source="desk"
        )


@pytest.fixture
def case(people):
    """Theo came on site, and is at high risk."""
    arrives(people, people["theo"])
    return flag(people["theo"])


def name(people, case, who, *, by="marcus", at=NOW, **more):
    with acting(people[by]):
        return name_who_stays(
            case, **{"who": people[who], "place": rungs.ON_SITE, "where": "Room 2", "by": people[by], "at": at, **more}
        )


def comes(people, row, *, by=None, at=NOW):
    person = people[by] if by else Person.objects.get(pk=row.who_id)
    with acting(person):
        return confirm_presence(row, by=person, at=at)


def with_them(people, case, who="bea", *, at=NOW):
    return comes(people, name(people, case, who, at=at), by=who, at=at)


def ends(people, case, *, by="marcus", at=NOW, why="ambulance", words="Taken to Harbor General."):
    with acting(people[by]):
        return end_one_to_one(case, why=why, words=words, by=people[by], at=at)


def state(people, case, *, at=NOW):
    with acting(people["okafor"]):
        found = Case.objects.with_steps().with_one_to_ones().get(pk=case.pk)
        return states_of([found], at=at)[case.pk]


def watch(worker, *minutes):
    with worker():
        for minute in minutes:
            jobs.stay_with_them(after(minute))


def asked(people, case):
    with acting(people["okafor"]):
        pages = Page.objects.filter(case=case, because__startswith=one_to_one.PAGED).select_related("to")
        return [
            (page.because.removeprefix(one_to_one.PAGED), page.to.called) for page in pages.order_by("made_at", "pk")
        ]


def test_whoever_is_named_is_asked_on_every_way_and_is_with_them_once_they_say_so(people, case, worker):
    row = name(people, case, "hal")

    assert state(people, case).with_them is None
    assert asked(people, case) == [("named", "Hal")]
    watch(worker, 1)
    with acting(people["okafor"]):
        page = Page.objects.get(case=case, because=one_to_one.NAMED)
        sent = Delivery.objects.about([page.delivered_as])
        assert {delivery.way for delivery in sent} >= {"email"}
        assert page.sent_at
    comes(people, row, by="hal", at=after(2))
    assert state(people, case).with_them.confirmed_at == after(2)
    with acting(people["okafor"]):
        verbs = AuditEvent.objects.filter(verb__startswith="one-to-one", patient_id=people["theo"].pk)
        assert set(verbs.values_list("verb", flat=True)) == {"one-to-one.name", "one-to-one.confirm"}


def test_a_clinician_who_names_themselves_is_with_them_in_one_tap(people, case):
    assert name(people, case, "marcus").is_with_them
    assert asked(people, case) == []


def test_handing_on_leaves_no_gap_the_first_stays_until_the_other_has_said_so(people, case):
    first = with_them(people, case, "hal")

    second = name(people, case, "bea", by="hal", at=after(20))  # whoever is with them names the next, clinician or not

    assert state(people, case, at=after(40)).with_them.who == people["hal"].pk
    comes(people, second, by="bea", at=after(41))
    with acting(people["okafor"]):
        first.refresh_from_db()
        assert (first.how, first.ended_at) == ("handed", after(41))
        assert OneToOne.objects.open().get().who == people["bea"]


def test_nobody_else_says_that_somebody_is_with_them_and_nobody_without_a_part_in_it_names_anybody(people, case):
    row = name(people, case, "hal")

    for who in ("bea", "marcus", "okafor", "rosa"):
        with pytest.raises(PermissionDenied):
            comes(people, row, by=who)
    for who in ("hal", "rosa", "lin", "theo"):  # asked is not yet with them
        with pytest.raises(PermissionDenied):
            name(people, case, "bea", by=who)
    with pytest.raises(PermissionDenied):
        ends(people, case, by="hal")


@pytest.mark.parametrize("who", ["theo", "maya"])
def test_no_patient_stays_with_a_patient_nor_does_a_supporter(people, case, who):
    with pytest.raises(ValueError, match="staff of the clinic"):
        name(people, case, who)
    with acting(people["okafor"]):
        ana = Person.objects.create(
            clinic_id=case.clinic_id, kind="supporter", given_name="Ana", family_name="Brandt", called="Ana"
        )
        with pytest.raises(ValueError, match="staff of the clinic"):
            name_who_stays(case, who=ana, place=rungs.ON_SITE, by=people["okafor"], at=NOW)
        for person in (ana, people[who]):  # and the database refuses it too
            with pytest.raises(DatabaseError), transaction.atomic():
                written(case, person, by=people["okafor"])


def written(case, who, *, by, **more):
    return OneToOne.objects.create(
        clinic_id=case.clinic_id,
        case=case,
        patient_id=case.patient_id,
        who=who,
        place=rungs.ON_SITE,
        named_by=by,
        named_at=NOW,
        within_minutes=5,
        **more,
    )


def test_somebody_is_named_for_an_open_case_of_high_or_imminent_risk_and_for_no_other(people, case):
    low = flag(people["maya"], tier=2)

    with pytest.raises(ValueError, match="high or imminent"):
        name(people, low, "bea")
    with acting(people["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
        written(low, people["bea"], by=people["marcus"])


def test_staff_who_are_not_on_duty_are_not_named(people, case):
    with acting(people["bea"]):
        StaffPlace.tell(site=None, by=people["bea"], at=NOW)
    with pytest.raises(NotOnDuty):
        name(people, case, "bea")  # she said that she is at none of the buildings today
    assert name(people, case, "bea", place=rungs.AT_HOME).is_asked  # and may stay on the line

    night = CLOSING + timedelta(hours=1)
    with pytest.raises(NotOnDuty):
        name(people, case, "hal", at=night)
    assert name(people, case, "okafor", at=night).is_asked  # on call tonight


def test_two_who_press_at_once_leave_one_with_them(people, case, together):
    rows = together(
        lambda: name(people, case, "bea", by="marcus", instead_of=""),
        lambda: name(people, case, "bea", by="okafor", instead_of=""),
    )

    assert rows[0].pk == rows[1].pk
    together(*[lambda: comes(people, rows[0], by="bea", at=after(1))] * 2)
    with acting(people["okafor"]):
        assert OneToOne.objects.filter(case=case).count() == 1


def test_of_two_who_name_different_people_the_second_is_told_and_nobody_is_replaced_unseen(people, case):
    name(people, case, "bea", instead_of="")

    with pytest.raises(ChangedMeanwhile):
        name(people, case, "hal", by="okafor", instead_of="")
    shown = str(name(people, case, "bea").pk)
    name(people, case, "hal", by="okafor", instead_of=shown)

    with acting(people["okafor"]):
        assert dict(OneToOne.objects.values_list("who__called", "how")) == {"Bea": "instead", "Hal": ""}
        replaced = OneToOne.objects.get(how="instead")
    with pytest.raises(ChangedMeanwhile):
        comes(people, replaced, by="bea")


def test_the_database_keeps_one_with_them_and_one_asked_and_lets_nothing_be_unsaid(people, case):
    row = with_them(people, case, "marcus")
    with acting(people["marcus"]):
        with pytest.raises(IntegrityError, match="one_is_with_them"), transaction.atomic():
            written(case, people["marcus"], by=people["marcus"], confirmed_at=NOW)
        for change in ({"confirmed_at": after(9)}, {"who": people["bea"]}, {"ended_at": after(1), "how": "over"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                OneToOne.objects.filter(pk=row.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            OneToOne.objects.filter(pk=row.pk).delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            written(case, people["bea"], by=people["marcus"], confirmed_at=NOW)  # in somebody else's name
    with pytest.raises(DatabaseError), acting(people["marcus"]):  # handed on to nobody: refused as it is committed
        OneToOne.objects.filter(pk=row.pk).update(ended_at=after(1), how="handed")
    name(people, case, "bea")
    with acting(people["marcus"]), pytest.raises(IntegrityError, match="one_is_asked"), transaction.atomic():
        written(case, people["hal"], by=people["marcus"])


def test_a_patient_and_nobody_of_another_clinic_reads_who_stays(people, case):
    with_them(people, case)

    with acting(people["theo"]):
        assert not OneToOne.objects.exists()
    with acting(people["okafor"]):
        assert OneToOne.objects.visible_to(people["okafor"]).exists()
        assert not OneToOne.objects.visible_to(people["hal"]).exists()
        assert OneToOne.objects.visible_to(people["bea"]).exists()


def test_it_ends_by_a_clinicians_decision_with_a_reason_and_never_by_itself(people, case, worker):
    row = with_them(people, case)
    arrives(people, people["theo"], at=after(1), place="virtual")  # left the building, somebody says

    watch(worker, 60, 600)
    with acting(people["okafor"]):
        row.refresh_from_db()
        assert row.is_with_them
    with pytest.raises(MayNotEnd):
        ends(people, case, words=" ")
    with pytest.raises(MayNotEnd):
        ends(people, case, why="lowered", words="Calm now.")
    with acting(people["marcus"]):
        assess(people["theo"], level=2, plan="Home with a plan", lowered_because="x", by=people["marcus"], at=after(2))
    ends(people, case, why="lowered", words="Calm now.", at=after(3))

    with acting(people["okafor"]):
        row.refresh_from_db()
        assert (row.how, row.ended_at) == ("over", after(3))
    with pytest.raises(ChangedMeanwhile):
        ends(people, case, at=after(4))


def test_the_worker_cannot_end_it(people, case, worker):
    row = with_them(people, case)

    with worker(), acting(System(case.clinic_id)):
        with pytest.raises(DatabaseError), transaction.atomic():
            OneToOne.objects.filter(pk=row.pk).update(ended_at=after(1), how="over")
        with pytest.raises(DatabaseError), transaction.atomic():
            OneToOneEnd.objects.create(
                clinic_id=case.clinic_id,
                case=case,
                patient_id=case.patient_id,
                why="left",
                words="x",
                by=people["marcus"],
                at=after(1),
            )


def test_a_case_is_not_closed_while_somebody_is_named_to_stay(people, case):
    with_them(people, case)
    with acting(people["marcus"]):
        log_contact(case, how="person", reached=True, note="", by=people["marcus"], at=after(1))
        with pytest.raises(MayNotClose) as refused:
            close(case, disposition="safe_with_plan", note="", by=people["marcus"], at=after(2))
        assert refused.value.reasons == (ladder.CLOSING_ENDS_THE_ONE_TO_ONE_FIRST,)

    ends(people, case, at=after(3))
    with acting(people["marcus"]):
        close(case, disposition="safe_with_plan", note="", by=people["marcus"], at=after(4))


def test_with_nobody_named_in_time_every_desk_sounds_and_it_climbs_until_somebody_is_with_them(people, case, worker):
    with acting(people["marcus"]):
        acknowledge(case, by=people["marcus"], at=NOW)
        log_contact(case, how="person", reached=True, note="", by=people["marcus"], at=NOW)
    with acting(people["vera"]):
        assert not somebody_is_called(people["vera"], at=after(4))
        assert somebody_is_called(people["vera"], at=after(5))

    watch(worker, 4)
    assert asked(people, case) == []
    watch(worker, 5, 5, 9)
    first = asked(people, case)
    assert first and len(first) == len(set(first))
    watch(worker, 10, 15, 20, 25)
    assert {because for because, _who in asked(people, case)} >= {ladder.EVERYONE_ON_THE_DESK}
    with acting(people["okafor"]):
        rung_of_the_ladder = Case.objects.with_steps().get(pk=case.pk).on_the_ladder().paged
        assert len(rung_of_the_ladder) == Page.objects.exclude(because__startswith=one_to_one.PAGED).count()

    with_them(people, case, "bea", at=after(26))
    before = asked(people, case)
    watch(worker, 30, 60)
    assert asked(people, case) == before
    with acting(people["vera"]):
        assert not somebody_is_called(people["vera"], at=after(60))


def test_what_fails_for_one_case_holds_up_no_other_and_leaves_no_line_in_the_trail(people, case, worker, monkeypatch):
    arrives(people, people["maya"])
    other = flag(people["maya"])

    def fails_for_the_first(found, *, at):
        if found.pk == case.pk:
            raise ValueError

    monkeypatch.setattr("openiop.safety.models.staying.send_pages", fails_for_the_first)
    watch(worker, 5)

    assert asked(people, case) == [] and asked(people, other)
    with acting(people["okafor"]):
        lines = AuditEvent.objects.filter(verb="case.page", detail__because__startswith=one_to_one.PAGED)
        assert {line.patient_id for line in lines} == {people["maya"].pk}


def test_whoever_has_one_case_in_hand_holds_up_no_other_and_is_not_waited_for(
    people, case, worker, databases, committed
):
    """The desk takes a case while the worker looks: neither waits for the other, and the next look finds it."""
    arrives(people, people["maya"])
    other = flag(people["maya"])

    with psycopg.connect(databases.server.url("owner", committed)) as desk:
        assert desk.execute("SELECT id FROM safety_case WHERE id = %s FOR UPDATE", [case.pk]).fetchone()
        with worker(), waits_at_most(seconds=5):
            jobs.stay_with_them(after(5))
        assert asked(people, case) == [] and asked(people, other)
    watch(worker, 5)
    assert asked(people, case)


def test_while_one_persons_case_is_looked_after_no_other_is_held(
    people, case, worker, databases, committed, monkeypatch
):
    arrives(people, people["maya"])
    cases, taken = {case.pk, flag(people["maya"]).pk}, []

    def meanwhile(found, *, at):
        with psycopg.connect(databases.server.url("owner", committed)) as desk:
            for other in cases - {found.pk}:
                taken.extend(desk.execute("SELECT id FROM safety_case WHERE id = %s FOR UPDATE NOWAIT", [other]))

    monkeypatch.setattr("openiop.safety.models.staying.send_pages", meanwhile)
    watch(worker, 5)

    assert {pk for (pk,) in taken} == cases


@contextmanager
def waits_at_most(*, seconds):
    """A lock that is not to be had within this is an error and no waiting for ever."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{seconds}s'")
    yield


def test_as_their_duty_ends_others_are_asked_and_who_stays_all_the_same_says_so(people, case, worker):
    with acting(people["okafor"]):
        OnCallShift.objects.all().delete()
    row = with_them(people, case)
    assert row.until_at == CLOSING
    late = int((CLOSING - NOW).total_seconds() // 60)

    watch(worker, late - 1)
    assert [because for because, _who in asked(people, case)] == ["named"]
    watch(worker, late)
    assert len(asked(people, case)) > 1
    assert state(people, case, at=CLOSING).with_them.who == people["bea"].pk  # and she is responsible still

    with acting(people["hal"]), pytest.raises(PermissionDenied):
        stay_on(row, by=people["hal"], at=after(late + 1))
    with acting(people["bea"]):
        stay_on(row, by=people["bea"], at=after(late + 1))
    found = state(people, case, at=after(late + 60))
    assert (found.with_them.who, found.is_late(at=after(late + 60))) == (people["bea"].pk, False)


def test_whoever_said_once_in_the_evening_that_they_stay_is_asked_again_and_not_forgotten(people, case, worker):
    with acting(people["okafor"]):
        OnCallShift.objects.all().delete()
    row = with_them(people, case)
    late = int((CLOSING - NOW).total_seconds() // 60)
    with acting(people["bea"]):
        stay_on(row, by=people["bea"], at=after(late + 1))
    before = asked(people, case)

    watch(worker, late + 60)
    assert asked(people, case) == before
    watch(worker, late + 61)
    assert len(asked(people, case)) > len(before)
    found = state(people, case, at=after(late + 61))
    assert (found.with_them.who, found.why) == (people["bea"].pk, one_to_one.SHIFT_OVER)


def test_at_home_somebody_stays_on_the_line_and_nobody_is_asked_for_by_the_clock_alone(people, worker):
    case = flag(people["maya"])
    watch(worker, 30)
    assert asked(people, case) == []

    row = name(people, case, "bea", place=rungs.AT_HOME, where="", at=after(30))
    watch(worker, 34, 35)
    assert len(asked(people, case)) > 1
    comes(people, row, by="bea", at=after(36))
    assert not state(people, case, at=after(60)).is_late(at=after(60))


def test_the_clinics_minutes_are_dated_name_their_source_and_never_begin_in_the_past(people, case):
    with acting(people["okafor"]):
        set_clock(minutes=2, source="Policy 7, 2026", effective_from=after(-60), by=people["okafor"], at=after(1))
        clocks = [OneToOneClock.in_force(case.clinic_id, at=after(minute)).minutes for minute in (0, 1)]
        assert clocks == [one_to_one.BEGUN_WITH.minutes, 2]
        with pytest.raises(DatabaseError), transaction.atomic():
            OneToOneClock.objects.create(
                clinic_id=case.clinic_id, minutes=5, source="", effective_from=NOW, by=people["okafor"], at=NOW
            )
    with acting(people["marcus"]), pytest.raises(PermissionDenied):
        set_clock(minutes=60, source="x", effective_from=NOW, by=people["marcus"], at=NOW)


def test_how_it_went_tells_every_change_with_its_time(people, case):
    hal = with_them(people, case, "hal", at=after(1))
    comes(people, name(people, case, "bea", by="hal", at=after(20)), by="bea", at=after(28))
    ends(people, case, at=after(40))

    with acting(people["okafor"]):
        told = [
            (int((event.at - NOW).total_seconds() // 60), event.what, event.who)
            for event in timeline(Case.objects.get(pk=case.pk), reader=people["okafor"])
            if event.at > NOW and not event.is_clock and event.what != "Paged"
        ]
        late = [event for event in timeline(Case.objects.get(pk=case.pk), reader=people["okafor"]) if event.is_clock]

    assert hal.confirmed_at == after(1)
    assert told == [
        (1, "Named to stay with them", "Hal Whitaker"),
        (1, "Is with them", "Hal Whitaker"),
        (20, "Named to stay with them", "Bea Lindqvist"),
        (28, "Handed on", "Hal Whitaker"),
        (28, "Is with them", "Bea Lindqvist"),
        (40, "Nobody needs to stay any more", "Marcus Reyes"),
    ]
    assert ("Due: they are with them", after(25)) in [(event.what, event.at) for event in late]

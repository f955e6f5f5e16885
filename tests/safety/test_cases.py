"""Noticing, acknowledging, reaching, closing: through the verbs, and what the database refuses beneath them."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, ProgrammingError, connection, transaction

from openiop.demo import world
from openiop.people.access import System, acting
from openiop.people.models import Person, Tie
from openiop.safety import ladder
from openiop.safety.models import (
    Acknowledgement,
    Case,
    Closure,
    Contact,
    Flag,
    MayNotClose,
    OnCallShift,
    Page,
    acknowledge,
    close,
    log_contact,
    raise_flag,
    rungs_for,
)

pytestmark = pytest.mark.django_db

NOW = world.NOW
NOT_SAFE = ladder.Evidence("safe_now", "no")
SEVERAL_DAYS = ladder.Evidence("self_harm_thoughts", 1)


def minutes(count):
    return timedelta(minutes=count)


def flag(patient, *, key="answer-1", evidence=NOT_SAFE, at=NOW):
    with acting(patient):
        return raise_flag(patient, key=key, evidence=evidence, label="Are you safe right now?", value="No", at=at)


def case_of(patient):
    return Case.objects.with_steps().get(patient=patient, closed_at=None)


def test_a_flag_pages_the_first_rung_in_the_same_transaction(cast):
    flag(cast["maya"])

    with acting(cast["marcus"]):
        page = Page.objects.get()
        assert page.to == cast["marcus"]
        assert page.because == ladder.PRIMARY
        assert page.made_at == NOW


def test_a_flag_that_is_rolled_back_leaves_neither_case_nor_page(cast):
    with pytest.raises(RuntimeError), acting(cast["maya"]):
        raise_flag(cast["maya"], key="k", evidence=NOT_SAFE, label="l", value="v", at=NOW)
        raise RuntimeError("the answer could not be saved")

    with acting(cast["marcus"]):
        assert not Case.objects.exists()
        assert not Page.objects.exists()


def test_the_same_evidence_twice_raises_one_flag(cast):
    assert flag(cast["maya"]) == flag(cast["maya"])

    with acting(cast["marcus"]):
        assert Flag.objects.count() == 1
        assert Page.objects.count() == 1


def test_a_key_made_on_one_persons_phone_cannot_silence_another_persons_flag(cast):
    flag(cast["maya"], key="same")
    flag(cast["theo"], key="same")

    with acting(cast["marcus"]):
        assert Flag.objects.count() == 2


def test_more_evidence_of_a_higher_tier_pages_again_and_starts_the_clocks_anew(cast):
    flag(cast["maya"], key="1", evidence=SEVERAL_DAYS)
    with acting(cast["marcus"]):
        acknowledge(case_of(cast["maya"]), by=cast["marcus"], at=NOW + minutes(1))

    flag(cast["maya"], key="2", evidence=NOT_SAFE, at=NOW + minutes(5))

    with acting(cast["marcus"]):
        case = case_of(cast["maya"])
        assert case.tier == 4
        assert case.rings(at=NOW + minutes(5))
        assert case.contact_due_at == NOW + minutes(15)
        assert Page.objects.count() == 2


@pytest.mark.parametrize("later", [timedelta(), -timedelta(seconds=1)])
def test_a_graver_answer_of_the_same_moment_or_of_a_clock_behind_raises_the_case(cast, later):
    flag(cast["maya"], evidence=SEVERAL_DAYS)
    flag(cast["maya"], key="answer-2", evidence=NOT_SAFE, at=NOW + later)

    with acting(cast["marcus"]):
        case = case_of(cast["maya"])
        assert (case.tier, case.since) == (4, NOW)
        assert Page.objects.filter(case=case).count() == 2


def test_a_flag_keeps_the_clock_it_started_and_none_where_it_joined_one_that_ran(cast):
    flag(cast["maya"], key="1", evidence=SEVERAL_DAYS)
    flag(cast["maya"], key="2", evidence=SEVERAL_DAYS, at=NOW + minutes(1))
    flag(cast["maya"], key="3", evidence=NOT_SAFE, at=NOW + minutes(2))

    with acting(cast["marcus"]):
        assert list(Flag.objects.order_by("raised_at").values_list("contact_minutes", flat=True)) == [480, None, 10]


def test_more_of_the_same_adds_evidence_and_calls_nobody_twice(cast):
    flag(cast["maya"], key="1")
    flag(cast["maya"], key="2", at=NOW + minutes(1))

    with acting(cast["marcus"]):
        assert case_of(cast["maya"]).flags.count() == 2
        assert Page.objects.count() == 1


def test_new_evidence_after_contact_begins_again(cast):
    flag(cast["maya"], key="1")
    with acting(cast["marcus"]):
        log_contact(
            case_of(cast["maya"]), how="phone", reached=True, note="safe", by=cast["marcus"], at=NOW + minutes(2)
        )
    flag(cast["maya"], key="2", at=NOW + minutes(30))

    with acting(cast["marcus"]):
        case = case_of(cast["maya"])
        assert not case.reached
        assert case.rings(at=NOW + minutes(30))
        with pytest.raises(MayNotClose):
            close(case, disposition="", note="she is well", by=cast["marcus"], at=NOW + minutes(31))


def test_an_answer_that_means_no_danger_raises_nothing(cast):
    with acting(cast["maya"]), pytest.raises(ValueError, match="raises no flag"):
        raise_flag(cast["maya"], key="k", evidence=ladder.Evidence("safe_now", "yes"), label="l", value="Yes", at=NOW)


def test_staff_read_the_evidence_in_their_own_language(cast):
    from django.utils import translation
    from django.utils.translation import gettext_lazy

    with acting(cast["ruth"]), translation.override("es"):
        raised = raise_flag(
            cast["ruth"], key="k", evidence=NOT_SAFE, label=gettext_lazy("Yes"), value=gettext_lazy("No"), at=NOW
        )
    assert raised.label == "Yes"


# --- who is asked ---


def test_in_hours_the_therapist_is_asked_first_and_at_night_who_is_on_call(cast):
    with acting(cast["marcus"]):
        assert rungs_for(cast["maya"], at=NOW)[0].who == (cast["marcus"].pk,)
        night = (NOW, NOW + timedelta(hours=12))
        OnCallShift.objects.filter(rung=2).delete()
        OnCallShift.objects.create(clinic_id=cast["maya"].clinic_id, staff=cast["marcus"], rung=2, during=night)
        at_night = rungs_for(cast["maya"], at=NOW + timedelta(hours=6))
        assert [rung.who for rung in at_night] == [(cast["okafor"].pk,), (cast["marcus"].pk,), ()]
        assert [rung.because for rung in at_night][:2] == [ladder.ON_CALL, ladder.SECOND_ON_CALL]


def test_whoever_is_live_with_the_person_is_asked_before_anybody_else(cast):
    with acting(cast["bea"]):
        Tie.knot(staff=cast["bea"], patient=cast["maya"], role="live", because="live", at=NOW, until=NOW + minutes(1))

        assert [rung.because for rung in rungs_for(cast["maya"], at=NOW)][:2] == [ladder.LIVE, ladder.PRIMARY]
        assert rungs_for(cast["maya"], at=NOW + minutes(2))[0].because == ladder.PRIMARY


def test_when_the_one_who_was_live_has_gone_the_next_in_line_is_not_skipped():
    now_left = [ladder.Rung(("okafor",), ladder.ON_CALL), ladder.Rung((), ladder.EVERYONE_ON_THE_DESK, everyone=True)]

    assert ladder.place_of(ladder.LIVE, now_left) == -1
    assert ladder.place_of(ladder.ON_CALL, now_left) == 0
    assert ladder.place_of(ladder.SUPERVISOR, now_left) == 0


def test_the_clinics_own_deadlines_hold_and_a_slip_in_them_stops_no_page(cast):
    assert ladder.deadlines_for(3, {"3": {"contact_minutes": 45}}).contact_minutes == 45
    assert ladder.deadlines_for(3, {"3": {"acknowledge_minutes": 0}}) == ladder.DEADLINES[3]
    assert ladder.deadlines_for(3, {"3": "soon"}) == ladder.DEADLINES[3]


# --- acknowledging, reaching, closing ---


def test_acknowledging_stops_the_paging_clock_and_not_the_second_one(cast):
    flag(cast["maya"])
    with acting(cast["marcus"]):
        acknowledge(case_of(cast["maya"]), by=cast["marcus"], at=NOW + minutes(1))

        case = case_of(cast["maya"])
        assert not case.rings(at=NOW + minutes(9))
        assert case.rings(at=NOW + minutes(10))
        assert not case.reached


def test_the_second_to_acknowledge_changes_nothing(cast):
    flag(cast["maya"])
    with acting(cast["marcus"]):
        acknowledge(case_of(cast["maya"]), by=cast["marcus"], at=NOW + minutes(1))
    with acting(cast["bea"]):
        assert acknowledge(case_of(cast["maya"]), by=cast["bea"], at=NOW + minutes(2)) is None
        assert case_of(cast["maya"]).acknowledgement.by == cast["marcus"]


def test_an_attempt_that_reached_nobody_stops_no_clock(cast):
    flag(cast["maya"])
    with acting(cast["marcus"]):
        case = case_of(cast["maya"])
        log_contact(case, how="phone", reached=False, note="rang out", by=cast["marcus"], at=NOW + minutes(1))

        assert not case_of(cast["maya"]).reached
        assert case_of(cast["maya"]).rings(at=NOW + minutes(1))


def test_a_case_closes_after_contact_or_with_a_disposition_and_not_otherwise(cast):
    flag(cast["maya"])
    flag(cast["theo"])
    with acting(cast["marcus"]):
        maya, theo = case_of(cast["maya"]), case_of(cast["theo"])
        with pytest.raises(MayNotClose) as refused:
            close(maya, disposition="", note="done", by=cast["marcus"], at=NOW)
        assert refused.value.reasons == (ladder.CLOSING_NEEDS_CONTACT_OR_DISPOSITION,)
        log_contact(maya, how="phone", reached=True, note="", by=cast["marcus"], at=NOW + minutes(3))

        close(maya, disposition="", note="we spoke", by=cast["marcus"], at=NOW + minutes(4))
        close(theo, disposition="emergency", note="the ambulance is there", by=cast["marcus"], at=NOW + minutes(4))

        assert not Case.objects.open().exists()


def test_only_a_clinician_acknowledges_logs_contact_or_closes(cast):
    flag(cast["maya"])
    with acting(cast["marcus"]):
        case = case_of(cast["maya"])
    for who in ("maya", "hal", "rosa", "vera"):
        with acting(cast[who]):
            with pytest.raises(PermissionDenied), transaction.atomic():
                acknowledge(case, by=cast[who], at=NOW)
            with pytest.raises(PermissionDenied), transaction.atomic():
                log_contact(case, how="phone", reached=True, note="", by=cast[who], at=NOW)
            with pytest.raises(PermissionDenied), transaction.atomic():
                close(case, disposition="emergency", note="", by=cast[who], at=NOW)


# --- beneath the verbs ---


def refused(statement, *values):
    with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    return True


def rows(case, by):
    return {"clinic_id": case.clinic_id, "case": case, "patient_id": case.patient_id, "by": by, "at": NOW}


@pytest.mark.parametrize("who", ["maya", "hal"])
def test_the_database_refuses_answers_by_anybody_but_a_clinician(cast, who):
    case = flag(cast["maya"]).case
    with acting(cast[who]):
        for table, more in ((Acknowledgement, {}), (Contact, {"how": "phone", "reached": True}), (Closure, {})):
            with pytest.raises(ProgrammingError), transaction.atomic():
                table.objects.create(**rows(case, cast[who]), **more)
            with pytest.raises(ProgrammingError), transaction.atomic():
                table.objects.create(**rows(case, cast["marcus"]), **more)  # in a clinician's name


def test_the_database_refuses_that_a_patient_answers_closes_or_delays_their_case(cast):
    case = flag(cast["maya"]).case
    with acting(cast["maya"]):
        for change in (
            {"closed_at": NOW},
            {"contacted_at": NOW},
            {"next_step_at": NOW + timedelta(days=365)},
            {"tier": 1},
        ):
            with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic():
                Case.objects.filter(pk=case.pk).update(**change)
        assert refused("DELETE FROM safety_case WHERE id = %s", case.pk)
        assert refused("UPDATE safety_page SET sent_at = now()")


def test_the_database_refuses_a_case_closed_without_contact_or_disposition(cast):
    case = flag(cast["maya"]).case
    with acting(cast["marcus"]):
        with pytest.raises(IntegrityError, match="without contact"), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(closed_at=NOW)
        with pytest.raises(IntegrityError, match="without contact"), transaction.atomic():
            Closure.objects.create(**rows(case, cast["marcus"]), disposition="", note="")
            Case.objects.filter(pk=case.pk).update(closed_at=NOW)
        with pytest.raises(IntegrityError, match="logged contact"), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(contacted_at=NOW)

        close(case, disposition="not_a_risk", note="", by=cast["marcus"], at=NOW)
        with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(tier=1)


def test_evidence_and_answers_are_added_to_and_never_changed(cast):
    case = flag(cast["maya"]).case
    with acting(cast["marcus"]):
        log_contact(case, how="phone", reached=False, note="", by=cast["marcus"], at=NOW)
        acknowledge(case, by=cast["marcus"], at=NOW)
        for table in ("safety_flag", "safety_contact", "safety_acknowledgement"):
            assert refused(f"UPDATE {table} SET patient_id = patient_id")
            assert refused(f"DELETE FROM {table}")


def test_nothing_hangs_on_another_persons_case(cast):
    case = flag(cast["maya"]).case
    with acting(cast["theo"]), pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic():
        Flag.objects.create(
            clinic_id=case.clinic_id,
            case_id=case.pk,
            patient=cast["theo"],
            key="k",
            tier=1,
            label="l",
            value="v",
            raised_at=NOW,
        )


def test_a_patient_sees_their_own_case_and_not_the_staffs_notes(cast):
    case = flag(cast["maya"]).case
    with acting(cast["marcus"]):
        log_contact(case, how="phone", reached=True, note="what was said", by=cast["marcus"], at=NOW)
    with acting(cast["maya"]):
        assert Case.objects.visible_to(cast["maya"]).get() == case
        assert not Contact.objects.exists()
    with acting(cast["theo"]):
        assert not Case.objects.exists()
        assert not Flag.objects.exists()


def test_billing_front_desk_and_privacy_open_no_case(cast):
    flag(cast["maya"])
    for who in ("rosa", "hal", "vera", "lin"):
        with acting(cast[who]):
            assert not Case.objects.visible_to(cast[who]).exists()
    with acting(cast["bea"]):
        assert Case.objects.visible_to(cast["bea"]).exists()


def test_the_worker_pages_but_answers_for_nobody(cast):
    case = flag(cast["maya"]).case
    with acting(System(case.clinic_id)), pytest.raises(ProgrammingError), transaction.atomic():
        Acknowledgement.objects.create(**rows(case, Person(pk=cast["marcus"].pk)))

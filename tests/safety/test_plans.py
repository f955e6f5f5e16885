"""The crisis safety plan: versions, both signatures, what the database refuses, and when it is gone through again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import ladder, plans, reviews
from openiop.safety.models import (
    MeansTalk,
    NothingWritten,
    NotTheNewest,
    SafetyPlan,
    SafetyPlanReview,
    SafetyPlanSignature,
    in_hand,
    note_means_talk,
    raise_flag,
    review_plan,
    sign_plan,
    write_plan,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
DAY = timedelta(days=1)
WORDS = {"warning_signs": "I stop answering\n\n  I sleep all day ", "by_myself": "Walk the dog"}


def write(patient, *, by, parts=WORDS, at=NOW):
    with acting(by):
        return write_plan(patient, parts=parts, by=by, at=at)


def sign(plan, *, by, at=NOW):
    with acting(by):
        return sign_plan(plan, by=by, at=at)


def signed_by_both(cast, *, parts=WORDS, at=NOW):
    plan = write(cast["maya"], by=cast["marcus"], parts=parts, at=at)
    sign(plan, by=cast["marcus"], at=at)
    sign(plan, by=cast["maya"], at=at)
    return plan


def versions(reader):
    return list(SafetyPlan.objects.visible_to(reader).newest_first())


# --- writing and signing ---


def test_a_plan_has_seven_parts_and_no_part_must_be_filled(cast):
    plan = write(cast["maya"], by=cast["maya"])

    with acting(cast["maya"]):
        assert len(plan.parts) == 7
        assert plan.parts[0][1] == ["I stop answering", "I sleep all day"]
        assert plan.parts[6][1] == []
        with pytest.raises(NothingWritten):
            write_plan(cast["maya"], parts={"by_myself": " \n "}, by=cast["maya"], at=NOW)


def test_every_change_is_a_new_version_and_no_change_is_none(cast):
    first = write(cast["maya"], by=cast["marcus"])
    same = write(cast["maya"], by=cast["maya"])
    second = write(cast["maya"], by=cast["maya"], parts={**WORDS, "worth_living_for": "My niece"})

    assert same == first
    assert (first.version, second.version) == (1, 2)
    with acting(cast["maya"]):
        assert SafetyPlan.objects.get(pk=first.pk).worth_living_for == ""


def test_a_plan_is_in_force_once_both_have_signed_and_until_both_signed_a_later_one(cast):
    first = write(cast["maya"], by=cast["marcus"])
    sign(first, by=cast["marcus"])
    with acting(cast["maya"]):
        assert versions(cast["maya"])[0].in_force_since is None
    sign(first, by=cast["maya"], at=NOW + timedelta(minutes=5))
    later = write(cast["maya"], by=cast["maya"], parts={"by_myself": "Swim"})
    sign(later, by=cast["maya"])

    with acting(cast["maya"]):
        found = versions(cast["maya"])
        assert found[1].in_force_since == NOW + timedelta(minutes=5)
        assert in_hand(found) == first

    sign(later, by=cast["bea"])
    with acting(cast["maya"]):
        assert in_hand(versions(cast["maya"])) == later


def test_half_a_plan_is_better_than_none_in_a_bad_hour(cast):
    plan = write(cast["maya"], by=cast["maya"])

    with acting(cast["maya"]):
        assert in_hand(versions(cast["maya"])) == plan
    assert in_hand([]) is None


def test_signing_twice_signs_once_and_nobody_signs_words_that_were_replaced(cast):
    plan = write(cast["maya"], by=cast["marcus"])
    assert sign(plan, by=cast["maya"]) == sign(plan, by=cast["maya"])

    write(cast["maya"], by=cast["marcus"], parts={"by_myself": "Swim"})

    with pytest.raises(NotTheNewest):
        sign(plan, by=cast["marcus"])


def test_only_the_patient_and_clinicians_write_sign_and_review(cast):
    plan = signed_by_both(cast)

    for key in ("hal", "rosa", "vera", "lin", "theo"):
        with pytest.raises(PermissionDenied):
            write(cast["maya"], by=cast[key], parts={"by_myself": "Other"})
        with pytest.raises(PermissionDenied):
            sign(plan, by=cast[key])
    with acting(cast["maya"]), pytest.raises(PermissionDenied):
        review_plan(plan, by=cast["maya"], at=NOW)


# --- whose eyes ---


@pytest.mark.parametrize("key", ["maya", "marcus", "bea", "okafor"])
def test_the_patient_and_those_who_treat_them_read_the_plan(cast, key):
    signed_by_both(cast)

    with acting(cast[key]):
        assert len(versions(cast[key])) == 1


@pytest.mark.parametrize("key", ["theo", "hal", "rosa", "vera", "lin"])
def test_nobody_else_reads_the_plan_even_with_a_query_that_forgot_to_ask(cast, key):
    signed_by_both(cast)

    with acting(cast[key]):
        assert versions(cast[key]) == []
        assert SafetyPlan.objects.count() == 0
        assert SafetyPlanSignature.objects.count() == 0
        assert SafetyPlanReview.objects.count() == 0


def test_in_a_crisis_any_clinician_reads_the_plan(cast):
    with acting(cast["leo"]):
        write_plan(cast["leo"], parts=WORDS, by=cast["leo"], at=NOW)
    with acting(cast["bea"]):
        assert versions(cast["bea"]) == []

    with acting(cast["leo"]):
        raise_flag(cast["leo"], key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)

    with acting(cast["bea"]):
        assert len(versions(cast["bea"])) == 1


def test_the_talk_about_means_is_read_by_those_who_treat_and_nobody_else(cast):
    with acting(cast["marcus"]):
        note_means_talk(
            cast["leo"], about=["medicines"], agreed="His mother keeps them.", helper="Ana", by=cast["marcus"], at=NOW
        )

    for key, may in {"marcus": 1, "okafor": 1, "bea": 0, "lin": 0, "leo": 0, "hal": 0, "maya": 0}.items():
        with acting(cast[key]):
            assert MeansTalk.objects.visible_to(cast[key]).count() == may, key
            assert MeansTalk.objects.count() == may, f"{key} by a query that forgot to ask"


# --- what the database itself refuses ---


def refused(cast, who, statement, *values):
    with pytest.raises(DatabaseError), acting(cast[who]), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize("who", ["maya", "marcus", "okafor"])
def test_the_database_refuses_to_change_or_delete_a_version_or_a_signature(cast, who):
    plan = signed_by_both(cast)

    refused(cast, who, "UPDATE safety_safetyplan SET by_myself = 'x' WHERE id = %s", plan.pk)
    refused(cast, who, "DELETE FROM safety_safetyplan WHERE id = %s", plan.pk)
    refused(cast, who, "UPDATE safety_safetyplansignature SET at = now() WHERE plan_id = %s", plan.pk)
    refused(cast, who, "DELETE FROM safety_safetyplansignature WHERE plan_id = %s", plan.pk)
    refused(cast, who, "UPDATE safety_safetyplanreview SET at = now() WHERE plan_id = %s", plan.pk)


def put(plan, *, role, by):
    return SafetyPlanSignature(
        clinic_id=plan.clinic_id, plan=plan, patient_id=plan.patient_id, role=role, by=by, at=NOW
    )


@pytest.mark.parametrize(
    ("who", "role", "named"),
    [
        pytest.param("marcus", "patient", "maya", id="a clinician for the patient"),
        pytest.param("maya", "clinician", "marcus", id="the patient for a clinician"),
        pytest.param("maya", "clinician", "maya", id="the patient as a clinician"),
        pytest.param("marcus", "patient", "marcus", id="a clinician in the patient's place"),
        pytest.param("hal", "clinician", "hal", id="the front desk"),
        pytest.param("theo", "patient", "theo", id="another patient"),
    ],
)
def test_the_database_refuses_a_signature_in_anothers_name_or_place(cast, who, role, named):
    plan = write(cast["maya"], by=cast["marcus"])

    with pytest.raises(DatabaseError), acting(cast[who]):
        put(plan, role=role, by=cast[named]).save(force_insert=True)


def test_the_database_refuses_a_signature_on_a_version_that_was_replaced(cast):
    old = write(cast["maya"], by=cast["marcus"])
    write(cast["maya"], by=cast["marcus"], parts={"by_myself": "Swim"})

    with pytest.raises(DatabaseError), acting(cast["maya"]):
        put(old, role="patient", by=cast["maya"]).save(force_insert=True)


def test_the_database_refuses_a_plan_written_in_anothers_name(cast):
    row = {"clinic_id": cast["maya"].clinic_id, "patient": cast["maya"], "version": 1, "written_at": NOW}

    with pytest.raises(DatabaseError), acting(cast["marcus"]):
        SafetyPlan.objects.create(**row, written_by=cast["maya"])
    with pytest.raises(DatabaseError), acting(cast["theo"]):
        SafetyPlan.objects.create(**row, written_by=cast["theo"])


# --- when it is gone through again ---


def day(n, hour=12):
    return datetime(2026, 11, n, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "because", "due_at"),
    [
        pytest.param({"in_force_at": None}, "no_plan", day(2), id="no plan: the day after enrolment"),
        pytest.param(
            {"in_force_at": None, "enrolled_at": day(3), "risks": [day(3, 18)]},
            "no_plan",
            day(4),
            id="no plan and a risk later that day: still the day after enrolment",
        ),
        pytest.param({"in_force_at": day(1)}, "interval", day(11), id="every ten days from the second signature"),
        pytest.param({"in_force_at": day(1), "reviews": [day(5)]}, "interval", day(15), id="from the last review"),
        pytest.param({"in_force_at": day(1), "risks": [day(4)]}, "after_risk", day(5), id="within a day of a risk"),
        pytest.param(
            {"in_force_at": day(1), "risks": [day(4), day(6)]}, "after_risk", day(5), id="the first risk counts"
        ),
        pytest.param(
            {"in_force_at": day(1), "risks": [day(4)], "reviews": [day(4, 15)]},
            "interval",
            day(14, 15),
            id="gone through after the risk",
        ),
        pytest.param(
            {"in_force_at": day(5), "risks": [day(4)]}, "interval", day(15), id="a new version answers the risk"
        ),
        pytest.param(
            {"in_force_at": day(1), "last_day_at": day(10)}, "discharge", day(10), id="before the last day in care"
        ),
        pytest.param(
            {"in_force_at": day(1), "reviews": [day(4)], "last_day_at": day(10)},
            "interval",
            day(14),
            id="gone through in the last week",
        ),
    ],
)
def test_when_a_plan_is_gone_through_again(given, because, due_at):
    due = plans.review_due(**{"enrolled_at": day(1), "every": timedelta(days=10), **given})

    assert due == (because, due_at)


def test_the_due_review_stands_before_those_who_treat_and_not_before_others(cast):
    with acting(cast["marcus"]):
        whose = {row.patient.called for row in reviews.due_plans(cast["marcus"], at=NOW)}
    assert "Maya" in whose

    signed_by_both(cast)
    with acting(cast["marcus"]):
        assert "Maya" not in {row.patient.called for row in reviews.due_plans(cast["marcus"], at=NOW)}
        assert "Maya" in {row.patient.called for row in reviews.due_plans(cast["marcus"], at=NOW + 29 * DAY)}
    for key in ("hal", "rosa", "vera", "lin"):
        with acting(cast[key]):
            assert reviews.due_plans(cast[key], at=NOW) == []


def test_a_moderate_risk_makes_the_review_due_within_a_day_and_a_review_answers_it(cast):
    plan = signed_by_both(cast)
    with acting(cast["maya"]):
        raise_flag(
            cast["maya"],
            key="b",
            evidence=ladder.Evidence("self_harm_thoughts", 2),
            label="Item 9",
            value="2",
            at=NOW + DAY,
        )

    with acting(cast["marcus"]):
        due = reviews.plan_due(cast["maya"], at=NOW + DAY)
        assert (due.due_at, due.is_late) == (NOW + 2 * DAY, False)
        review_plan(plan, by=cast["marcus"], at=NOW + DAY + timedelta(hours=1))
        assert reviews.plan_due(cast["maya"], at=NOW + DAY).due_at == NOW + 31 * DAY + timedelta(hours=1)

"""At the case of a minor: what their state asks about telling a guardian, who may be told, and whether one was."""

import pytest
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import ladder
from openiop.safety.models import (
    Case,
    Guardian,
    GuardianRule,
    acknowledge,
    enter_rule,
    raise_flag,
    raise_restricted,
    tell_guardian,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
NOT_TOLD, NOT_THIS_ONE = "no guardian was told yet", "This guardian may not be told."


@pytest.fixture
def case(cast):
    with acting(cast["leo"]):
        return raise_flag(
            cast["leo"], key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW
        ).case


@pytest.fixture
def ana(cast):
    with acting(cast["lin"]):
        return Guardian.add(
            cast["leo"], name="Ana", relation="mother", phone="5550100", authority="seen", by=cast["lin"], at=NOW
        )


def rule(cast, telling, **more):
    with acting(cast["okafor"]):
        enter_rule(
            GuardianRule(
                state="NY", source="Counsel's letter", checked_on=NOW.date(), effective_from=NOW.date(),
                minor_until=18, telling=telling, words="As counsel wrote.", **more,
            ),
            by=cast["okafor"],
            at=NOW,
        )  # fmt: skip


def told(cast, guardian):
    with acting(cast["marcus"]):
        said = {"what": "Danger", "why": "High risk", "agreed": True, "considered": "He asked for her"}
        tell_guardian(guardian, told_at=NOW, **said, by=cast["marcus"], at=NOW)


def shown(client, case):
    return " ".join(client.get(reverse("case", args=[case.pk])).content.decode().split())


def test_the_case_of_a_minor_says_what_the_state_asks_and_whether_a_guardian_was_told(cast, client_for, case, ana):
    rule(cast, "must")
    marcus = client_for(cast["marcus"])

    before = shown(marcus, case)
    told(cast, ana)
    after = shown(marcus, case)

    for word in ("A minor,", "NY: a guardian of a minor in danger is told.", "As counsel wrote.", "tel:5550100"):
        assert word in before
    assert NOT_TOLD in before
    assert NOT_TOLD not in after and "Ana was told by Marcus Reyes" in after


@pytest.mark.parametrize("telling", ["may", "minor_agrees"])
def test_where_the_state_does_not_ask_for_it_nobody_is_pressed(cast, client_for, case, ana, telling):
    rule(cast, telling)

    found = shown(client_for(cast["marcus"]), case)

    assert "a guardian of a minor in danger" in found and NOT_TOLD not in found


def test_where_no_rule_is_entered_the_case_says_that_none_is_known(cast, client_for, case, ana):
    found = shown(client_for(cast["marcus"]), case)

    assert "No rule is known." in found and NOT_TOLD not in found


def test_nobody_is_pressed_to_tell_a_guardian_who_is_implicated_nor_given_their_number(cast, client_for, case, ana):
    rule(cast, "must")
    with acting(cast["vera"]):
        raise_restricted(
            kind="child_abuse",
            words="She hits him.",
            by=cast["vera"],
            at=NOW,
            patient=cast["leo"],
            about_guardians=[ana],
        )

    found = shown(client_for(cast["marcus"]), case)

    assert NOT_THIS_ONE in found
    assert NOT_TOLD not in found and "5550100" not in found and "hits" not in found


def test_whoever_does_not_treat_them_reads_names_once_they_have_taken_the_case(cast, client_for, case, ana):
    bea = client_for(cast["bea"])
    before = shown(bea, case)
    with acting(cast["bea"]):
        acknowledge(Case.objects.get(pk=case.pk), by=cast["bea"], at=NOW)

    after = shown(bea, case)

    assert "Take the case to see who their guardians are." in before
    assert "5550100" not in before
    assert "5550100" in after


def test_at_the_case_of_somebody_of_age_no_guardian_is_spoken_of(cast, client_for):
    with acting(cast["maya"]):
        case = raise_flag(
            cast["maya"], key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW
        ).case

    found = shown(client_for(cast["marcus"]), case)

    assert "A minor" not in found and "uardian" not in found

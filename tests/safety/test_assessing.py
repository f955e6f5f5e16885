"""Risk assessments: the level, the reason when it is lowered, the clock to the next, and who reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import assessing, ladder, reviews
from openiop.safety.assessing import HIGH, IMMINENT, LOW, MODERATE, NONE, Screen
from openiop.safety.models import Case, NoReason, RiskAssessment, assess, close, raise_flag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
DAY = timedelta(days=1)


@pytest.mark.parametrize(("level", "days"), [(NONE, None), (LOW, 30), (MODERATE, 14), (HIGH, 7), (IMMINENT, 7)])
def test_how_soon_a_person_is_assessed_again(level, days):
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)

    assert assessing.due_again_at(level, at=at) == (at + timedelta(days=days) if days else None)


@pytest.mark.parametrize(
    ("level", "screened", "before", "lowered"),
    [
        pytest.param(MODERATE, HIGH, None, True, id="below the screen"),
        pytest.param(LOW, None, MODERATE, True, id="below the time before"),
        pytest.param(HIGH, HIGH, MODERATE, False, id="as the screen, above the time before"),
        pytest.param(HIGH, LOW, None, False, id="a clinician may always go higher"),
        pytest.param(NONE, None, None, False, id="nothing to compare with"),
        pytest.param(NONE, None, LOW, True, id="none after low is lower too"),
    ],
)
def test_when_a_level_counts_as_lowered(level, screened, before, lowered):
    assert assessing.is_lowered(level, screened=screened, before=before) is lowered


def found(cast, *, by="marcus", at=NOW, level=LOW, **more):
    with acting(cast[by]):
        return assess(cast["maya"], level=level, plan="See her on Thursday.", by=cast[by], at=at, **more)


def test_a_lower_level_needs_a_reason_and_with_one_it_is_kept(cast):
    with pytest.raises(NoReason):
        found(cast, level=LOW, screen=Screen(MODERATE, ("93374-7 LA6751-7",)))

    row = found(
        cast, level=LOW, screen=Screen(MODERATE, ("93374-7 LA6751-7",)), lowered_because="The attempt was in 1994."
    )

    assert (row.screened, row.level, row.codes) == (MODERATE, LOW, ["93374-7 LA6751-7"])
    with pytest.raises(NoReason):
        found(cast, level=NONE, at=NOW + DAY)


def test_the_database_refuses_a_level_below_the_screen_without_a_reason_and_any_change(cast):
    with pytest.raises(DatabaseError), acting(cast["marcus"]):
        RiskAssessment.objects.create(
            clinic_id=cast["maya"].clinic_id, patient=cast["maya"], by=cast["marcus"], at=NOW, screened=HIGH, level=LOW,
            plan="x",
        )  # fmt: skip
    found(cast)
    with pytest.raises(DatabaseError), acting(cast["okafor"]):
        RiskAssessment.objects.update(level=NONE)
    with pytest.raises(DatabaseError), acting(cast["okafor"]):
        RiskAssessment.objects.all().delete()


def test_it_joins_the_open_case_and_a_moderate_risk_without_one_opens_one_that_its_finder_has(cast):
    assert found(cast, level=LOW).case is None
    found(cast, level=MODERATE)

    with acting(cast["marcus"]):
        case = Case.objects.open().get(patient=cast["maya"])
        assert (case.tier, case.acknowledgement.by) == (2, cast["marcus"])
    again = found(cast, level=MODERATE, at=NOW + DAY)
    assert again.case == case
    with acting(cast["marcus"]):
        assert case.flags.count() == 1

    found(cast, level=HIGH, at=NOW + 2 * DAY)
    with acting(cast["marcus"]):
        assert Case.objects.get(pk=case.pk).tier == 3


def test_only_clinicians_assess_and_read_and_in_a_crisis_any_of_them(cast):
    found(cast)
    for key in ("hal", "rosa", "vera", "lin", "maya", "theo"):
        with acting(cast[key]):
            assert RiskAssessment.objects.visible_to(cast[key]).count() == 0
            assert RiskAssessment.objects.count() == 0, f"{key} by a query that forgot to ask"
        with pytest.raises(PermissionDenied):
            found(cast, by=key)
    with acting(cast["marcus"]):
        assess(cast["leo"], level=LOW, plan="x", by=cast["marcus"], at=NOW)
    with acting(cast["bea"]):
        assert not RiskAssessment.objects.visible_to(cast["bea"]).filter(patient=cast["leo"]).exists()
    with acting(cast["leo"]):
        raise_flag(cast["leo"], key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)
    with acting(cast["bea"]):
        assert RiskAssessment.objects.visible_to(cast["bea"]).filter(patient=cast["leo"]).exists()


def test_the_next_assessment_stands_among_what_is_due_two_days_before(cast):
    found(cast, level=HIGH)

    def due(at):
        with acting(cast["marcus"]):
            return [(row.patient.called, row.due_at) for row in reviews.due_assessments(cast["marcus"], at=at)]

    assert due(NOW + 4 * DAY) == []
    assert due(NOW + 5 * DAY) == [("Maya", NOW + 7 * DAY)]
    found(cast, level=LOW, at=NOW + 6 * DAY, lowered_because="Sleeps again.")
    assert due(NOW + 8 * DAY) == []


AT = datetime(2026, 11, 10, 12, tzinfo=UTC)


def ended(level, *, since=AT, closed_at=AT + timedelta(hours=1)):
    return assessing.Ended(level, since, closed_at)


@pytest.mark.parametrize(
    ("assessed", "cases", "due"),
    [
        pytest.param(None, [], None, id="nothing was ever found"),
        pytest.param(None, [ended(4)], (AT + timedelta(hours=1) + 7 * DAY, True), id="closed, and nobody assessed"),
        pytest.param(None, [ended(1)], (AT + timedelta(hours=1) + 30 * DAY, True), id="a low one has its month"),
        pytest.param((NONE, AT), [ended(4)], None, id="assessed at the very evidence"),
        pytest.param((LOW, AT + DAY), [ended(4)], (AT + 31 * DAY, False), id="assessed the day after it was closed"),
        pytest.param(
            (LOW, AT - DAY), [ended(3)], (AT + timedelta(hours=1) + 7 * DAY, True), id="the one before knew it not"
        ),
        pytest.param((HIGH, AT - DAY), [ended(1)], (AT + 6 * DAY, False), id="what asks sooner counts"),
    ],
)
def test_who_is_assessed_again_after_a_case_and_by_when(assessed, cases, due):
    assert assessing.first_due(assessed, cases) == due


def test_a_high_case_that_was_closed_without_an_assessment_is_not_forgotten(cast):
    marcus, maya = cast["marcus"], cast["maya"]

    def closed(key, disposition, *, at):
        with acting(maya):
            flag = raise_flag(
                maya, key=key, evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=at
            )
        with acting(marcus):
            close(flag.case, disposition=disposition, note="We spoke.", by=marcus, at=at)

    def due(at):
        with acting(marcus):
            rows = reviews.due_assessments(marcus, at=at)
            return [(row.due_at, row.because) for row in rows if row.patient == maya]

    closed("a", "not_a_risk", at=NOW - 2 * DAY)
    assert due(NOW + 30 * DAY) == [], "found not to be a risk: no clock runs"
    closed("b", "safe_with_plan", at=NOW)

    assert due(NOW + 4 * DAY) == []
    assert due(NOW + 5 * DAY) == [(NOW + 7 * DAY, reviews.ASSESS_AFTER_A_CASE)]
    assert due(NOW + 60 * DAY) == [(NOW + 7 * DAY, reviews.ASSESS_AFTER_A_CASE)], "until somebody does it"
    with acting(cast["hal"]):
        assert reviews.due_assessments(cast["hal"], at=NOW + 8 * DAY) == []
    found(cast, level=NONE, at=NOW + 6 * DAY)
    assert due(NOW + 60 * DAY) == []


def test_an_assessment_of_moderate_risk_makes_the_safety_plan_due(cast):
    from openiop.safety.models import sign_plan, write_plan

    for who in ("marcus", "maya"):
        with acting(cast[who]):
            sign_plan(write_plan(cast["maya"], parts={"by_myself": "Walk"}, by=cast[who], at=NOW), by=cast[who], at=NOW)
    found(cast, level=MODERATE, at=NOW + DAY)

    with acting(cast["marcus"]):
        assert reviews.plan_due(cast["maya"], at=NOW + DAY).due_at == NOW + 2 * DAY


# --- the page ---

SAID = {
    "screened": "2",
    "codes": "93374-7 LA6751-7, 93246-7 LA33-6",
    "found": "Thoughts at night, no plan.",
    "risk_factors": ["hopeless", "means"],
    "protective_factors": ["people"],
    "level": "2",
    "plan": "Call tomorrow at nine.",
}


def text(response):
    return " ".join(response.content.decode().split())


def test_a_clinician_records_it_on_its_page_and_lands_at_the_case(cast, client_for):
    client = client_for(cast["marcus"])
    address = reverse("assessments", args=[cast["maya"].pk])

    answer = client.post(address, SAID)

    assert answer["Location"].startswith("/cases/")
    shown = text(client.get(address))
    for word in ("Risk: moderate", "Hopelessness, Means within reach", "93246-7 LA33-6", "again by Dec 8"):
        assert word in shown


def test_a_lower_level_is_asked_for_its_reason_and_nothing_is_lost(cast, client_for):
    refused = client_for(cast["marcus"]).post(reverse("assessments", args=[cast["maya"].pk]), {**SAID, "level": "1"})

    assert refused.status_code == 422
    assert "Please say why." in text(refused)
    assert "Call tomorrow at nine." in text(refused)


def test_nobody_else_opens_the_page(cast, client_for):
    for key in ("hal", "rosa", "vera", "lin", "maya", "theo"):
        client = client_for(cast[key])
        assert client.get(reverse("assessments", args=[cast["maya"].pk])).status_code == 404
        assert client.post(reverse("assessments", args=[cast["maya"].pk]), SAID).status_code == 404

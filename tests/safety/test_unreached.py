"""Not reached: the case climbs, a clinician decides, and nobody outside the clinic is ever called by the system."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import System, acting
from openiop.people.models import Agreement, Document, Person
from openiop.safety import jobs, ladder, unreached
from openiop.safety.models import (
    HARMED,
    Case,
    DoNotContact,
    MayNotDecide,
    NothingToDecide,
    Page,
    ReachDecision,
    acknowledge,
    decide_unreached,
    lift,
    log_contact,
    mark,
    raise_flag,
)

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests/cases/unreached.json").read_text(encoding="utf-8"))
START = datetime(2026, 3, 16, 22, 0, tzinfo=UTC)
NOW = world.NOW
WHY = {"reasons": "No answer on three lines", "consulted": "Dr. Okafor"}


def after(minutes, start=START):
    return None if minutes is None else start + timedelta(minutes=minutes)


# --- the rule ---


@pytest.mark.parametrize("row", TABLE["asked"], ids=lambda row: row["name"])
def test_from_when_a_clinician_is_asked_to_decide(row):
    found = unreached.asked_at(
        since=START,
        contact_minutes=row["contact"],
        attempts=[after(minute) for minute in row["attempts"]],
        decided=[unreached.Decided(after(at), after(until)) for at, until in row["decided"]],
    )

    assert found == after(row["asked"])


def test_nobody_is_asked_once_the_person_was_reached():
    assert unreached.asked_at(since=START, contact_minutes=60, attempts=[after(20)], is_over=True) is None


class Marked(NamedTuple):
    name: str
    phone: str
    source_of_harm: bool
    whom: str = unreached.PERSON
    until: date | None = None


@pytest.mark.parametrize("row", TABLE["marks"], ids=lambda row: row["name"])
def test_whom_a_mark_meets(row):
    name, phone = row["asked"]
    found = unreached.marked([Marked(*row["mark"])], name=name, phone=phone)

    assert (found is not None) is row["met"]


def test_the_source_of_harm_is_met_before_any_other_mark():
    marks = [Marked("Rob", "", False), Marked("Miller", "", True)]

    assert unreached.marked(marks, name="Rob Miller").source_of_harm


def test_a_mark_about_the_police_meets_the_police_alone():
    police = Marked("", "", False, whom=unreached.POLICE)

    assert unreached.marked([police], helper="police") == police
    assert unreached.marked([police], helper="mobile_crisis") is None
    assert unreached.marked([police], name="Rob") is None


def test_the_last_day_of_a_mark_counts():
    until = Marked("Rob", "", False, until=date(2026, 3, 16))

    assert unreached.holds(until, today=date(2026, 3, 16))
    assert not unreached.holds(until, today=date(2026, 3, 17))


def test_the_page_tells_the_same_figures():
    page = (ROOT / "docs/rules/unreached.md").read_text(encoding="utf-8")
    for row in TABLE["asked"]:
        assert f"| {row['name']} | {'not asked' if row['asked'] is None else row['asked']} |" in page


def test_paging_rests_until_the_time_that_was_set_and_no_longer_than_contact_may_take():
    desk = [ladder.Rung(("Bea",), "live"), ladder.Rung((), ladder.EVERYONE_ON_THE_DESK, everyone=True)]
    known = ladder.Case(since=START, rungs=desk, acknowledged=[after(65)])
    tier_3 = ladder.DEADLINES[3]

    def opens_at(tries_again_at):
        return ladder.next_step(known._replace(tries_again_at=tries_again_at), at=after(66), deadlines=tier_3).next_at

    assert opens_at(after(80)) == after(80)
    assert opens_at(None) == opens_at(after(500)) == after(125)
    assert opens_at(after(64)) == after(125)  # set before they took it: another time's


# --- the case ---


@pytest.fixture
def unanswered(cast, clock):
    """Maya is not safe; Marcus takes it, calls, and reaches nobody in the ten minutes that there are."""
    with acting(cast["maya"]):
        raise_flag(
            cast["maya"],
            key="1",
            evidence=ladder.Evidence("safe_now", "no"),
            label="Are you safe right now?",
            value="No",
            at=NOW,
        )
    with acting(cast["marcus"]):
        case = Case.objects.get()
        acknowledge(case, by=cast["marcus"], at=after(1, NOW))
        log_contact(case, how="phone", reached=False, note="Voicemail", by=cast["marcus"], at=after(3, NOW))
    clock.move_to(after(11, NOW))
    return case


def text(response):
    return " ".join(response.content.decode().split())


def page_of(client, case):
    return reverse("case-decision", args=[case.pk])


@pytest.mark.django_db
def test_it_stands_on_the_desk_at_the_case_and_in_the_list_of_what_is_due(cast, client_for, unanswered):
    okafor = client_for(cast["okafor"])

    for shown in (
        text(okafor.get(reverse("rail"), headers={"HX-Request": "true"})),
        text(okafor.get(reverse("case", args=[unanswered.pk]))),
        text(okafor.get(reverse("safety-due"))),
    ):
        assert page_of(okafor, unanswered) in shown
    assert "Not reached" in text(okafor.get(reverse("safety-due")))
    assert reverse("where-now", args=[cast["maya"].pk]) in text(okafor.get(page_of(okafor, unanswered)))


@pytest.mark.django_db
def test_while_nobody_has_tried_somebody_tries_first(cast, client_for, clock):
    with acting(cast["maya"]):
        flag = raise_flag(
            cast["maya"], key="1", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW
        )
    clock.move_to(after(30, NOW))
    shown = text(client_for(cast["okafor"]).get(reverse("case", args=[flag.case_id])))

    assert "it is to be decided" not in shown


@pytest.mark.django_db
def test_a_clinician_decides_and_it_is_written_down_with_the_advice(cast, client_for, unanswered):
    marcus = client_for(cast["marcus"])
    said = {"choice": "welfare_check", "helper": "mobile_crisis", **WHY}

    assert marcus.post(page_of(marcus, unanswered), said).status_code == 302

    shown = text(marcus.get(reverse("case", args=[unanswered.pk])))
    assert "Ask for a welfare check by a mobile crisis team" in shown
    assert "Advice: Dr. Okafor" in shown
    assert "it is to be decided" not in shown
    assert "Ask for a welfare check" in text(marcus.get(reverse("case-report", args=[unanswered.pk])))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        pytest.param({"choice": "welfare_check", **WHY}, "helper", id="a welfare check by nobody"),
        pytest.param({"choice": "keep_trying", "minutes": "", **WHY}, "minutes", id="keep trying for ever"),
        pytest.param({"choice": "keep_trying", "minutes": "11", **WHY}, "minutes", id="longer than contact may take"),
        pytest.param({"choice": "other", "reasons": "", "consulted": "Bea"}, "reasons", id="no reason"),
        pytest.param({"choice": "other", "reasons": "So", "consulted": " "}, "consulted", id="nobody's advice"),
        pytest.param({"choice": "emergency_contact", "whom": "", **WHY}, "whom", id="nobody named"),
        pytest.param({"choice": "ask the family by itself", **WHY}, "choice", id="what is no choice"),
    ],
)
def test_a_decision_that_lacks_something_is_refused_with_a_word_at_its_place(cast, client_for, unanswered, said, wrong):
    marcus = client_for(cast["marcus"])
    response = marcus.post(page_of(marcus, unanswered), said)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [wrong]
    with acting(cast["marcus"]):
        assert not ReachDecision.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["hal", "rosa", "vera", "lin", "maya"])
def test_nobody_but_a_clinician_decides(cast, client_for, unanswered, who):
    client = client_for(cast[who])

    assert client.get(page_of(client, unanswered)).status_code == 404
    assert client.post(page_of(client, unanswered), {"choice": "other", **WHY}).status_code == 404
    with pytest.raises(PermissionDenied), acting(cast[who]):
        decide_unreached(unanswered, choice="other", **WHY, by=cast[who], at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["hal", "rosa"])
def test_the_database_refuses_a_decision_of_anybody_else_or_in_anothers_name(cast, unanswered, who):
    row = {"clinic_id": unanswered.clinic_id, "case": unanswered, "patient": cast["maya"], "at": NOW, **WHY}

    for by in (cast[who], cast["marcus"]):
        with pytest.raises(DatabaseError), acting(cast[who]), transaction.atomic():
            ReachDecision.objects.create(**row, choice="other", by=by)


@pytest.mark.django_db
def test_a_decision_stays_as_it_was_written(cast, unanswered):
    with acting(cast["marcus"]):
        made = decide_unreached(unanswered, choice="other", **WHY, by=cast["marcus"], at=after(11, NOW))
    for change in (lambda row: row.update(reasons="others"), lambda row: row.delete()):
        with pytest.raises(DatabaseError), acting(cast["marcus"]), transaction.atomic():
            change(ReachDecision.objects.filter(pk=made.pk))


@pytest.mark.django_db
def test_nothing_is_decided_about_somebody_who_was_reached(cast, unanswered):
    with acting(cast["marcus"]):
        log_contact(unanswered, how="phone", reached=True, note="", by=cast["marcus"], at=after(11, NOW))
        with pytest.raises(NothingToDecide):
            decide_unreached(unanswered, choice="other", **WHY, by=cast["marcus"], at=after(12, NOW))


@pytest.mark.django_db
def test_until_when_we_keep_trying_is_nobodys_to_move(cast, unanswered):
    for who in ("maya", "marcus"):
        with pytest.raises(DatabaseError), acting(cast[who]), transaction.atomic():
            Case.objects.filter(pk=unanswered.pk).update(tries_again_at=after(600, NOW))


def test_keep_trying_lets_paging_rest_until_then_and_it_opens_again(committed, worker):
    people = world.cast()
    with acting(people["maya"]):
        raise_flag(
            people["maya"], key="1", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW
        )
    with acting(people["marcus"]):
        case = Case.objects.get()
        log_contact(case, how="phone", reached=False, note="", by=people["marcus"], at=after(1, NOW))
    with worker():
        for minute in range(2, 12):
            jobs.climb(after(minute, NOW))
    with acting(people["marcus"]):
        decide_unreached(
            case, choice="keep_trying", tries_again_at=after(16, NOW), **WHY, by=people["marcus"], at=after(12, NOW)
        )
        before = Page.objects.count()
    with worker():
        for minute in range(12, 16):
            jobs.climb(after(minute, NOW))
        with acting(System(people["maya"].clinic_id)):
            assert Page.objects.count() == before
        jobs.climb(after(16, NOW))
        with acting(System(people["maya"].clinic_id)):
            assert Page.objects.count() > before
            assert {page.to.kind for page in Page.objects.all()} == {"staff"}


@pytest.mark.django_db
def test_a_page_can_go_to_nobody_outside_the_staff(cast, unanswered):
    with acting(cast["okafor"]):
        family = Person.objects.create(
            clinic_id=unanswered.clinic_id, kind="supporter", given_name="Rob", family_name="Miller", called="Rob"
        )
    for outside in (family, cast["leo"]):
        with pytest.raises(DatabaseError), acting(cast["okafor"]), transaction.atomic():
            Page.objects.create(
                clinic_id=unanswered.clinic_id,
                case=unanswered,
                patient=cast["maya"],
                rung=0,
                to=outside,
                because=ladder.PRIMARY,
                made_at=NOW,
            )


# --- who must not be contacted ---


def contact_on_file(cast, *, name="Rob Miller", phone="(555) 010-7000", may_tell=True):
    with acting(cast["okafor"]):
        document = Document.objects.filter(kind=Document.EMERGENCY).first()
        return Agreement.give(
            cast["maya"],
            document,
            by=cast["okafor"],
            at=NOW,
            details={"contact_name": name, "contact_phone": phone, "may_tell_contact": may_tell},
        )


def mark_rob(cast, **also):
    with acting(cast["marcus"]):
        return mark(
            cast["maya"], name="Rob Miller", relation="brother", why="He shouts", by=cast["marcus"], at=NOW, **also
        )


ASK_ROB = {"choice": "emergency_contact", "whom": "Rob Miller", "phone": "5550107000", **WHY}


@pytest.mark.django_db
def test_a_mark_stands_wherever_somebody_would_be_called(cast, client_for, unanswered):
    contact_on_file(cast)
    mark_rob(cast)
    okafor = client_for(cast["okafor"])

    for url in ("case-decision", "case"):
        shown = text(okafor.get(reverse(url, args=[unanswered.pk])))
        assert "Rob Miller</strong>, brother" in shown
        assert "do not contact</span>" in shown
    for url in ("where-now", "patient"):
        shown = text(okafor.get(reverse(url, args=[cast["maya"].pk])))
        assert "Rob Miller</strong>, brother" in shown
    assert "do not contact</span>" in text(okafor.get(reverse("rail"), headers={"HX-Request": "true"}))


@pytest.mark.django_db
def test_what_is_read_aloud_or_seen_by_others_does_not_say_why(cast, client_for, unanswered):
    contact_on_file(cast)
    mark_rob(cast)
    okafor = client_for(cast["okafor"])

    assert "He shouts" in text(okafor.get(reverse("case-decision", args=[unanswered.pk])))
    assert "He shouts" not in text(okafor.get(reverse("where-now", args=[cast["maya"].pk])))
    assert "He shouts" not in text(okafor.get(reverse("rail"), headers={"HX-Request": "true"}))


@pytest.mark.django_db
def test_contacting_somebody_marked_needs_a_written_reason(cast, client_for, unanswered):
    found = mark_rob(cast)
    marcus = client_for(cast["marcus"])

    refused = marcus.post(page_of(marcus, unanswered), ASK_ROB)
    assert list(refused.context["form"].errors) == ["despite_mark"]

    kept = marcus.post(page_of(marcus, unanswered), {**ASK_ROB, "despite_mark": "The only one with a key"})
    assert kept.status_code == 302
    with acting(cast["marcus"]):
        made = ReachDecision.objects.get()
        assert (made.mark, made.despite_mark) == (found, "The only one with a key")


@pytest.mark.django_db
def test_the_source_of_harm_is_refused_whatever_is_written(cast, client_for, unanswered):
    contact_on_file(cast)
    found = mark_rob(cast, source_of_harm=True)
    marcus = client_for(cast["marcus"])

    refused = marcus.post(page_of(marcus, unanswered), {**ASK_ROB, "despite_mark": "The only one with a key"})

    assert list(refused.context["form"].errors) == ["choice"]
    assert "tel:(555) 010-7000" not in text(marcus.get(reverse("where-now", args=[cast["maya"].pk])))
    row = {"clinic_id": unanswered.clinic_id, "case": unanswered, "patient": cast["maya"], "by": cast["marcus"]}
    with pytest.raises(DatabaseError), acting(cast["marcus"]), transaction.atomic():
        ReachDecision.objects.create(
            **row, **WHY, choice="emergency_contact", whom="Rob", mark=found, despite_mark="Must be", at=NOW
        )


@pytest.mark.django_db
def test_something_else_asks_nobody_though_the_form_names_the_contact_on_file(cast, client_for, unanswered):
    mark_rob(cast, source_of_harm=True)
    marcus = client_for(cast["marcus"])

    assert marcus.post(page_of(marcus, unanswered), {**ASK_ROB, "choice": "other"}).status_code == 302

    with acting(cast["marcus"]):
        made = ReachDecision.objects.get()
        assert (made.whom, made.phone, made.mark) == ("", "", None)


@pytest.mark.django_db
def test_a_welfare_check_by_the_police_is_weighed_against_a_mark_about_them(cast, unanswered):
    with acting(cast["marcus"]):
        mark(cast["maya"], whom="police", why="They hurt me last time", by=cast["marcus"], at=NOW)
        check = {"choice": "welfare_check", **WHY, "by": cast["marcus"], "at": after(11, NOW)}
        with pytest.raises(MayNotDecide) as refusal:
            decide_unreached(unanswered, helper="police", **check)
        assert refusal.value.reasons == (unreached.MARKED,)
        assert decide_unreached(unanswered, helper="mobile_crisis", **check).mark is None


@pytest.mark.django_db
def test_a_mark_that_is_over_or_lifted_stands_in_nobodys_way(cast, unanswered):
    with acting(cast["marcus"]):
        mark(cast["maya"], name="Rob", why="For now", until=NOW.date() - timedelta(days=1), by=cast["marcus"], at=NOW)
        found = mark(cast["maya"], name="Rob Miller", why="He shouts", by=cast["marcus"], at=NOW)
        lift(found, why="We talked", by=cast["marcus"], at=NOW)
        ask = {name: value for name, value in ASK_ROB.items()}
        assert decide_unreached(unanswered, **ask, by=cast["marcus"], at=after(11, NOW)).mark is None


@pytest.mark.django_db
def test_a_mark_is_added_to_and_never_changed(cast):
    found = mark_rob(cast)
    for change in (lambda row: row.update(source_of_harm=True), lambda row: row.delete()):
        with pytest.raises(DatabaseError), acting(cast["marcus"]), transaction.atomic():
            change(DoNotContact.objects.filter(pk=found.pk))


@pytest.mark.django_db
def test_marks_are_written_and_lifted_by_the_clinicians_who_treat_and_seen_by_no_patient(cast, client_for, clock):
    marcus = client_for(cast["marcus"])
    url = reverse("do-not-contact", args=[cast["maya"].pk])
    said = {"whom": "person", "name": "Rob Miller", "why": "He shouts"}

    assert marcus.post(url, {**said, "name": ""}).status_code == 422
    assert marcus.post(url, said).status_code == 302
    with acting(cast["marcus"]):
        found = DoNotContact.objects.get()
    for who in ("hal", "rosa", "maya"):
        client = client_for(cast[who])
        assert client.get(url).status_code == 404
        assert client.post(reverse("mark-lifted", args=[found.pk]), {"why": "no"}).status_code == 404
        with pytest.raises(PermissionDenied), acting(cast[who]):
            mark(cast["maya"], name="Rob", why="no", by=cast[who], at=NOW)
    with acting(cast["maya"]):
        assert not DoNotContact.objects.exists()
    marcus.post(reverse("mark-lifted", args=[found.pk]), {"why": "We talked"})
    assert "We talked" in text(marcus.get(url))


@pytest.mark.django_db
def test_what_they_agreed_to_is_shown_as_it_stands(cast, client_for, unanswered):
    given = contact_on_file(cast, may_tell=False)
    okafor = client_for(cast["okafor"])
    assert "ask before telling" in text(okafor.get(page_of(okafor, unanswered)))

    with acting(cast["okafor"]):
        Agreement.objects.filter(pk=given.pk).update(withdrawn_at=NOW)

    assert "taken back" in text(okafor.get(page_of(okafor, unanswered)))


@pytest.mark.django_db
def test_where_somebody_near_does_the_harm_the_page_offers_no_contact_on_file_to_call(cast, client_for, unanswered):
    contact_on_file(cast)
    with acting(cast["maya"]):
        raise_flag(
            cast["maya"],
            key="2",
            evidence=ladder.Evidence("harmed_at_home", "yes"),
            label="Is anybody near you hurting you?",
            value="Yes",
            kind=HARMED,
            at=NOW,
        )

    shown = text(client_for(cast["okafor"]).get(reverse("case-decision", args=[unanswered.pk])))

    assert "do not call them about this" in shown
    assert "Rob Miller" not in shown and "5550107000" not in shown


@pytest.mark.django_db
def test_a_number_pasted_into_the_wrong_field_loses_no_decision(cast, client_for, unanswered):
    said = {"choice": "keep_trying", "minutes": "5551234567890", **WHY}

    answer = client_for(cast["marcus"]).post(reverse("case-decision", args=[unanswered.pk]), said)

    assert answer.status_code == 422
    assert WHY["reasons"] in text(answer)

"""The pages of restricted flags: raising, the worksheet, the clinic's settings, a patient's grievance, guardians."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.programs.models import Program
from openiop.safety.models import (
    Guardian,
    GuardianNotice,
    GuardianRule,
    ReadingRule,
    ReportMade,
    RestrictedFlag,
    StateRule,
    decide,
    enter_rule,
    raise_restricted,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
TODAY, WHEN = NOW.date().isoformat(), "2026-11-24T17:40"
SECRET = "Her brother hits her with a belt"


def raised(cast, kind="child_abuse", *, by="marcus", patient="maya", **more):
    with acting(cast[by]):
        return raise_restricted(
            kind=kind, words=SECRET, by=cast[by], at=NOW, patient=cast[patient] if patient else None, **more
        )


def said(**more):
    return {"kind": "child_abuse", "words": SECRET, "learned_at": WHEN, "state": "NY"} | more


def test_the_front_desk_raises_one_and_reads_its_own_words_but_not_the_worksheet(cast, client_for):
    desk = client_for(cast["hal"])
    reply = desk.post(reverse("restricted-new", args=[cast["maya"].pk]), said(), follow=True)

    assert SECRET in reply.text
    assert "Decide" not in reply.text
    with acting(cast["hal"]):
        flag = RestrictedFlag.objects.get()
    assert desk.post(reverse("restricted-decisions", args=[flag.pk]), {"report": "no", "why": "x"}).status_code == 403
    assert desk.get(reverse("restricted-paper", args=[flag.pk])).status_code == 403


@pytest.mark.parametrize("hour", [5, 6], ids=["the first time it is half past one", "the second time"])
def test_when_clocks_go_back_what_is_learned_and_told_now_is_noted_now(cast, client_for, clock, hour):
    now = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
    clock.move_to(now)
    desk = client_for(cast["marcus"])
    desk.post(reverse("restricted-new", args=[cast["maya"].pk]), said(learned_at="2026-11-01T01:30"))
    with acting(cast["okafor"]):
        flag = RestrictedFlag.objects.get()
    assert flag.learned_at == now

    again = {"what": "Called the school", "next_at": "2026-11-01T01:59"}
    assert client_for(cast["okafor"]).post(reverse("restricted-follow-ups", args=[flag.pk]), again).status_code == 302


@pytest.mark.parametrize("who", ["bea", "lin", "rosa", "hal"])
def test_for_those_who_may_not_read_it_the_page_is_not_there_and_no_list_has_it(cast, client_for, who):
    flag = raised(cast)
    browser = client_for(cast[who])

    for name in ("restricted", "restricted-paper"):
        assert browser.get(reverse(name, args=[flag.pk])).status_code == 404
    for name in ("decisions", "reports", "follow-ups", "replies", "implicated"):
        assert browser.post(reverse(f"restricted-{name}", args=[flag.pk]), {}).status_code == 404
    listed = browser.get(reverse("restricted-list")).text
    assert str(flag.pk) not in listed
    assert "Rivera" not in listed


def pages_of(cast, key):
    """Ordinary pages of this person that stand near a patient."""
    common = ["/", reverse("restricted-list")]
    if key == "maya":
        return [*common[:1], reverse("week"), reverse("me"), reverse("my-plan"), reverse("my-grievances")]
    if key == "vera":
        return [reverse("trail")]
    return [*common, reverse("desk"), reverse("rail"), reverse("cases"), reverse("safety-due"), reverse("caseload"),
            reverse("patient", args=[cast["maya"].pk])]  # fmt: skip


@pytest.mark.parametrize("who", ["bea", "maya"])
def test_it_stands_on_no_ordinary_page_of_those_who_may_not_read_it(cast, client_for, who):
    before = {path: client_for(cast[who]).get(path, follow=True).text for path in pages_of(cast, who)}
    flag = raised(cast)

    for path in before:
        text = client_for(cast[who]).get(path, follow=True).text
        assert SECRET not in text
        assert str(flag.pk) not in text
        assert text.count("chip warm") == before[path].count("chip warm"), path


def test_the_trails_page_shows_no_line_about_it_to_the_person_complained_about(cast, client_for):
    flag = raised(cast, "grievance", by="maya", about=[cast["okafor"]])
    page = client_for(cast["okafor"]).get(reverse("trail")).text
    export = {who: client_for(cast[who]).post(reverse("trail-export"), {}).text for who in ("okafor", "vera")}

    for text in (page, export["okafor"]):
        assert "restricted.raise" not in text
        assert "RestrictedFlag" not in text
        assert str(flag.pk) not in text
    assert "restricted.raise" in export["vera"]


def test_the_due_list_runs_the_clock_for_its_readers_and_names_nobody(cast, client_for):
    raised(cast)
    due = client_for(cast["marcus"]).get(reverse("safety-due")).text
    at_the_desk = client_for(cast["marcus"]).get(reverse("safety-due"), headers={"HX-Request": "true"}).text
    others = client_for(cast["bea"]).get(reverse("safety-due")).text

    assert "Decide whether to report" in due
    assert "Decide whether to report" in client_for(cast["marcus"]).get(reverse("restricted-list")).text
    for text in (at_the_desk, others):
        assert "Decide whether to report" not in text


def test_a_shipped_rule_is_shown_as_unconfirmed_until_the_clinic_has_checked_its_own(cast, client_for):
    flag = raised(cast, state="NY")
    sheet = reverse("restricted", args=[flag.pk])
    marcus, director = client_for(cast["marcus"]), client_for(cast["okafor"])
    before = marcus.get(sheet).text
    rule = {
        "which": "report", "report-state": "NY", "report-kind": "child_abuse", "report-agency": "The register",
        "report-phone": "5550100111", "report-first_amount": "0", "report-first_unit": "hours",
        "report-written_amount": "48", "report-written_unit": "hours", "report-written_since": "first_report",
        "report-source": "Read with counsel", "report-checked_on": TODAY, "report-effective_from": "2026-01-01",
    }  # fmt: skip

    assert director.post(reverse("state-rules"), rule | {"report-source": ""}).status_code == 422
    assert director.post(reverse("state-rules"), rule).status_code == 302

    after = marcus.get(sheet).text
    assert "Unconfirmed." in before
    assert "415" in before
    assert "Unconfirmed." not in after
    assert "Read with counsel" in after
    with acting(cast["okafor"]):
        assert StateRule.objects.get().checked_by == cast["okafor"]


def test_where_no_rule_is_known_the_sheet_says_so_and_makes_none_up(cast, client_for):
    flag = raised(cast, "adult_abuse", state="TX")
    text = client_for(cast["marcus"]).get(reverse("restricted", args=[flag.pk])).text

    assert "No rule is known." in text
    assert "now: no rule is known" in text


def report(**more):
    return {"told_at": WHEN, "agency": "The hotline", "recipient": "Worker 12", "written": "no", "identifying": "yes",
            "number": "A-17"} | more  # fmt: skip


def test_the_worksheet_says_in_words_what_part2_does_not_allow_and_keeps_what_was_typed(cast, client_for):
    with acting(cast["okafor"]):
        Program.objects.update(part2=True)
    flag = raised(cast, "adult_abuse", state="CA")
    marcus = client_for(cast["marcus"])
    url = reverse("restricted-reports", args=[flag.pk])

    undecided = marcus.post(url, report())
    assert undecided.status_code == 422
    assert "Nobody has decided to report it" in undecided.text

    marcus.post(reverse("restricted-decisions", args=[flag.pk]), {"report": "yes", "why": "I believe her"})
    sheet = marcus.get(reverse("restricted", args=[flag.pk])).text
    assert "The exception for child abuse does not cover this" in sheet
    refused = marcus.post(url, report())
    assert refused.status_code == 422
    assert "42 CFR Part 2 protects this person" in refused.text
    assert "A-17" in refused.text
    for path in ("child_abuse_exception", "privacy_decision", "medical_emergency", "court_order"):
        assert marcus.post(url, report(path=path)).status_code == 422

    privacy = reverse("restricted-privacy-decisions", args=[flag.pk])
    allowed = {"allowed": "yes", "why": "To the county, the name alone"}
    assert marcus.post(privacy, allowed).status_code == 403
    assert client_for(cast["vera"]).post(privacy, allowed).status_code == 302
    told = marcus.post(url, report(path="privacy_decision", told_at="2026-11-24T17:48"), follow=True)
    assert "A-17" in told.text
    with acting(cast["marcus"]):
        assert ReportMade.objects.get().path == "privacy_decision"


def test_a_matter_is_followed_up_closed_and_printed(cast, client_for):
    flag = raised(cast)
    marcus = client_for(cast["marcus"])
    lines = reverse("restricted-follow-ups", args=[flag.pk])

    too_soon = marcus.post(lines, {"what": "Done", "closes": "on"})
    assert too_soon.status_code == 422
    assert "It is over when it was decided" in too_soon.text
    marcus.post(reverse("restricted-decisions", args=[flag.pk]), {"report": "no", "why": "An old scar, explained"})
    assert marcus.post(lines, {"what": "Done", "closes": "on"}).status_code == 302
    assert "Over. A new line opens it again." in marcus.get(reverse("restricted", args=[flag.pk])).text
    paper = marcus.get(reverse("restricted-paper", args=[flag.pk]))
    assert (paper.headers["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_a_reader_who_names_themselves_is_led_away_from_what_they_may_no_longer_read(cast, client_for):
    flag = raised(cast)
    marcus = client_for(cast["marcus"])
    reply = marcus.post(reverse("restricted-implicated", args=[flag.pk]), {"person": cast["marcus"].pk})

    assert reply.headers["Location"] == reverse("restricted-list")
    assert marcus.get(reverse("restricted", args=[flag.pk])).status_code == 404


def test_an_incident_is_reported_from_a_session_and_is_about_no_patient(cast, client_for):
    url = reverse("incident-new") + f"?session={cast['maya'].pk}"
    reply = client_for(cast["bea"]).post(url, said(kind="incident"), follow=True)

    assert SECRET in reply.text
    with acting(cast["vera"]):
        flag = RestrictedFlag.objects.get()
        assert (flag.kind, flag.patient, flag.session_id) == ("incident", None, cast["maya"].pk)


def test_an_incident_that_nobody_could_read_is_not_kept_and_the_form_says_where_to_turn(cast, client_for):
    named = [cast[key].pk for key in ("okafor", "vera", "bea", "marcus")]
    reply = client_for(cast["hal"]).post(reverse("incident-new"), said(kind="incident", about=named))

    assert reply.status_code == 422
    assert "Nobody here would be left to read this, so it was not kept." in reply.text
    assert SECRET in reply.text
    with acting(cast["hal"]):
        assert not RestrictedFlag.objects.exists()


def test_nothing_but_an_incident_is_about_nobody(cast, client_for):
    assert client_for(cast["bea"]).post(reverse("incident-new"), said()).status_code == 422


def test_what_was_learned_does_not_lie_in_the_future_and_what_was_typed_stays(cast, client_for):
    reply = client_for(cast["bea"]).post(
        reverse("restricted-new", args=[cast["maya"].pk]), said(learned_at="2027-01-01T10:00")
    )

    assert reply.status_code == 422
    assert "That lies in the future." in reply.text
    assert SECRET in reply.text


# --- grievances ---


def test_a_patient_complains_sees_who_reads_it_and_what_becomes_of_it(cast, client_for):
    maya, vera = client_for(cast["maya"]), client_for(cast["vera"])
    page = maya.post(
        reverse("my-grievances"), {"words": "Nobody called me back.", "about": [cast["okafor"].pk]}, follow=True
    ).text
    assert "Nobody called me back." in page
    assert "Vera Novak" in page
    with acting(cast["vera"]):
        flag = RestrictedFlag.objects.get()
    replies = reverse("restricted-replies", args=[flag.pk])

    assert client_for(cast["okafor"]).get(reverse("restricted", args=[flag.pk])).status_code == 404
    assert "Acknowledge the grievance" in vera.get(reverse("restricted", args=[flag.pk])).text
    vera.post(replies, {"answers": "no", "words": ""})
    assert "Somebody has it" in maya.get(reverse("my-grievances")).text
    assert vera.post(replies, {"answers": "yes", "words": ""}).status_code == 422
    vera.post(replies, {"answers": "yes", "words": "We are sorry, and will call tomorrow."})
    assert "We are sorry, and will call tomorrow." in maya.get(reverse("my-grievances")).text
    assert "Nobody called" not in client_for(cast["theo"]).get(reverse("my-grievances")).text


def test_an_empty_grievance_is_not_sent(cast, client_for):
    assert client_for(cast["maya"]).post(reverse("my-grievances"), {"words": " "}).status_code == 422


# --- settings ---


def table(**more):
    kinds = ("harm_to_others", "child_abuse", "adult_abuse", "harmed_at_home", "incident", "grievance")
    return {f"{kind}-roles": ["director", "privacy"] for kind in kinds} | {
        "acknowledge_days": "1", "answer_days": "10"
    } | more  # fmt: skip


def test_the_clinic_says_who_reads_grievances_and_how_soon_they_are_answered(cast, client_for):
    director = client_for(cast["okafor"])
    url = reverse("reading-rules")

    assert director.post(url, table(answer_days="0")).status_code == 422
    chosen = table(**{"grievance-roles": [], "grievance-people": [str(cast["lin"].pk)]})
    assert director.post(url, chosen).status_code == 302

    with acting(cast["okafor"]):
        assert ReadingRule.objects.get(kind="grievance").person == cast["lin"]
    assert "10 until you have an answer" in client_for(cast["maya"]).get(reverse("my-grievances")).text
    assert client_for(cast["marcus"]).post(url, table()).status_code == 403


# --- guardians ---


def test_a_guardian_is_named_and_told_by_a_clinician_and_not_if_implicated(cast, client_for):
    leo = cast["leo"]
    marcus, lin = client_for(cast["marcus"]), client_for(cast["lin"])
    page = reverse("guardians", args=[leo.pk])
    lin.post(page, {"name": "Ana Castellan", "relation": "mother", "phone": "5550100", "authority": "certificate"})
    with acting(cast["lin"]):
        ana = Guardian.objects.get()
    notice = {
        "guardian": ana.pk,
        "told_at": WHEN,
        "what": "Danger",
        "why": "High risk",
        "considered": "He asked for her",
    }
    url = reverse("guardian-notices", args=[leo.pk])

    assert lin.post(url, notice).status_code == 403
    assert marcus.post(url, notice | {"considered": ""}).status_code == 422
    assert marcus.post(url, notice).status_code == 302
    raised(cast, patient="leo", by="vera", about_guardians=[ana])
    refused = marcus.post(url, notice)
    assert refused.status_code == 422
    assert "This guardian may not be told" in refused.text
    assert "5550100" not in marcus.get(page).text
    with acting(cast["marcus"]):
        assert GuardianNotice.objects.count() == 1


def test_the_page_asks_why_it_could_not_wait_for_the_minors_agreement_and_shows_it(cast, client_for):
    leo, marcus = cast["leo"], client_for(cast["marcus"])
    with acting(cast["okafor"]):
        enter_rule(
            GuardianRule(
                state="NY", source="Counsel's letter", checked_on=NOW.date(), effective_from=NOW.date(),
                minor_until=18, telling="minor_agrees", words="As counsel wrote.",
            ),
            by=cast["okafor"],
            at=NOW,
        )  # fmt: skip
    with acting(cast["lin"]):
        ana = Guardian.add(leo, name="Ana", relation="mother", phone="", authority="seen", by=cast["lin"], at=NOW)
    url = reverse("guardian-notices", args=[leo.pk])
    notice = {
        "guardian": ana.pk,
        "told_at": WHEN,
        "what": "Danger",
        "why": "High risk",
        "considered": "He asked for her",
    }

    refused = marcus.post(url, notice)
    assert refused.status_code == 422
    assert "If it could not wait for that, say below why." in refused.text
    kept = marcus.post(url, notice | {"emergency": "He stood on the bridge."}, follow=True)
    assert "In an emergency: He stood on the bridge." in kept.text


def test_for_somebody_of_age_there_is_no_guardian_to_tell(cast, client_for):
    assert "of age" in client_for(cast["marcus"]).get(reverse("guardians", args=[cast["maya"].pk])).text


def test_deciding_again_shows_both_decisions(cast, client_for):
    flag = raised(cast)
    with acting(cast["marcus"]):
        decide(flag, report=False, why="An old scar", by=cast["marcus"], at=NOW)
        decide(flag, report=True, why="A new one", consulted="Dr. Okafor", by=cast["marcus"], at=NOW)
    text = client_for(cast["okafor"]).get(reverse("restricted", args=[flag.pk])).text

    assert "An old scar" in text
    assert "A new one" in text
